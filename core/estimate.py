"""Estimates how large files will be from a few that were made in memory.

The size of a file is taken for its pixels times the bytes that a pixel took in the samples of the same output
and format (a ratio estimate: Cochran, Sampling Techniques, chapter 6). How much the samples differ among each
other says how far the sum may be off.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.job import OutputFile

SAMPLES: Final = 24
"""How many images are made in memory, or somewhat more where they become of many formats."""

_FEWEST: Final = 3  # of each kind
_SIGMAS: Final = 2.0  # standard errors that are told: the truth is within them some 19 times of 20

Kind: TypeAlias = tuple[str, str]
"""The name of an output of the recipe, and the suffix of its file."""


def kind_of(output: OutputFile) -> Kind:
    """Return the kind of an output."""
    return output.name, os.path.splitext(output.path)[1].lower()  # noqa: PTH122 (text alone)


def spread_out(groups: Sequence[Sequence[int]], samples: int = SAMPLES) -> list[int]:
    """Return some of the ids of each group, in even steps: each group's share of the samples, 3 at least."""
    total = sum(map(len, groups))
    chosen: list[int] = []
    for ids in groups:
        number = min(len(ids), max(_FEWEST, round(samples * len(ids) / total)))
        chosen += [ids[(2 * place + 1) * len(ids) // (2 * number)] for place in range(number)]
    return chosen


@dataclass(slots=True)
class _Samples:
    pixels: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def ratio(self) -> float:
        return sum(self.sizes) / sum(self.pixels)

    def error(self) -> float:
        """Return the standard error of the ratio, as a part of it; half of it for a single sample."""
        number, ratio = len(self.sizes), self.ratio()
        if number < 2 or not ratio:
            return 0.5
        squares = sum(
            (size - ratio * pixels) ** 2 for size, pixels in zip(self.sizes, self.pixels, strict=True)
        )
        return math.sqrt(squares / (number * (number - 1))) / (sum(self.sizes) / number)


class Estimator:
    """Learns from samples, and tells the sizes of others; `sum` of what it told says how far that may be off.

    limits: of each output that has one, the most bytes that it may have.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._samples: defaultdict[Kind, _Samples] = defaultdict(_Samples)
        self._true: dict[tuple[str, str], int] = {}  # by source and name of the output

    def learn(self, source: str, output: OutputFile) -> None:
        """Take the true size of an output that was made."""
        self._true[source, output.name] = output.bytes
        if output.width and output.height:
            samples = self._samples[kind_of(output)]
            samples.pixels.append(output.width * output.height)
            samples.sizes.append(output.bytes)

    def true_bytes_of(self, source: str, output: OutputFile) -> int | None:
        """Return how many bytes an output will have when it was made, or is its source again; else None."""
        return output.bytes or self._true.get((source, output.name))

    def bytes_of(self, source: str, output: OutputFile) -> int | None:
        """Return about how many bytes an output will have; None when nothing of its kind is known."""
        true = self.true_bytes_of(source, output)
        if true is not None:
            return true
        samples = self._samples.get(kind_of(output))
        if samples is None:
            return None
        size = round(samples.ratio() * output.width * output.height)
        return min(size, self._limits.get(output.name, size))

    def margin(self, told: Mapping[Kind, int]) -> int:
        """Return by how many bytes a sum may be off; `told` are its parts by their kinds."""
        squares = 0.0
        for kind, size in told.items():
            if kind in self._samples:
                squares += (size * self._samples[kind].error()) ** 2
        return round(_SIGMAS * math.sqrt(squares))
