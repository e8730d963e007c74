"""What an attack is, how it keeps count of what it finds, and the table that all end in."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

KINDS: Final = ("lost", "duplicated", "stuck", "torn", "leaked")
"""What an attack must never bring about; the last columns of the table.

lost: a job, an output, a slot or a reason that should be there and is not, or is not what it should be.
duplicated: work that was done twice, or out of its order. stuck: a job that never ends, or something that
takes longer than its limit. torn: a file that is not whole. leaked: processes, files, handles or memory that
stay.
"""


@dataclass(frozen=True)
class Scale:
    """How hard to attack: the full form, or the short one that `make test` runs."""

    short: bool = False
    seed: int = 1
    until: float | None = None  # by time.monotonic: begin no further round after it; None for no such limit

    def of(self, full: int, short: int) -> int:
        """Return the number for this form."""
        return short if self.short else full

    def rounds(self, full: int, short: int) -> Iterator[int]:
        """Count so many rounds from 0, or fewer when the time is over; there is always a first."""
        for number in range(self.of(full, short)):
            if number and self.until is not None and time.monotonic() > self.until:
                return
            yield number

    def rng(self, name: str) -> random.Random:
        """Return a source of chance that gives the same for the same seed and name."""
        return random.Random(f"{self.seed} {name}")


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    count: int  # blows that were dealt
    survived: int  # those after which every promise held
    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    torn: int = 0
    leaked: int = 0
    findings: tuple[str, ...] = ()  # what was found, one sentence each
    seconds: float = 0.0
    notes: tuple[str, ...] = ()  # how it was done, where that depends on the machine

    @property
    def clean(self) -> bool:
        """Whether every promise held."""
        return not any(getattr(self, kind) for kind in KINDS) and self.survived == self.count > 0


class Attack(Protocol):
    """One way to attack."""

    name: str

    def run(self, scale: Scale, folder: Path) -> Result:
        """Attack in a folder that is empty, and return what became of it."""


@dataclass
class Tally:
    """Counts the blows of one attack, and what they broke."""

    count: int = 0
    survived: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def finding(self, kind: str, sentence: str) -> None:
        """Note that something broke: one of KINDS, and what it is."""
        assert kind in KINDS, kind
        self.findings.append((kind, sentence))

    def expect(self, holds: object, kind: str, sentence: str) -> None:
        """Note a finding unless it holds."""
        if not holds:
            self.finding(kind, sentence)

    @contextmanager
    def blow(self, what: str, number: int = 1) -> Iterator[None]:
        """Count so many blows, which are survived when nothing is found, and nothing raised, within."""
        before = len(self.findings)
        self.count += number
        try:
            yield
        except Exception as error:
            self.finding("lost", f"{type(error).__name__}: {error}")
        if len(self.findings) == before:
            self.survived += number
        else:
            self.findings[before:] = [(kind, f"{what}: {said}") for kind, said in self.findings[before:]]

    def result(self) -> Result:
        """Return the row."""
        kinds = Counter(kind for kind, _ in self.findings)
        return Result(
            self.count,
            self.survived,
            findings=tuple(f"{kind}: {sentence}" for kind, sentence in self.findings),
            seconds=time.monotonic() - self.began,
            notes=tuple(self.notes),
            **{kind: kinds[kind] for kind in KINDS},
        )


def table(results: Sequence[tuple[str, Result]]) -> str:
    """Return the results as a table in plain text, which is also one in Markdown."""
    cells: list[tuple[str, ...]] = [("attack", "count", "survived", *KINDS, "time")]
    for name, one in results:
        numbers = (one.count, one.survived, *(getattr(one, kind) for kind in KINDS))
        cells.append((name, *(f"{number:,}" for number in numbers), f"{one.seconds:,.0f} s"))
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ) + " |"
        for row in cells
    ]  # fmt: skip
    ruler = ["-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)]
    lines.insert(1, "|" + "|".join(ruler) + "|")
    return "\n".join(lines)
