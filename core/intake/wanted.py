"""Says what of a folder or an archive is wanted: by patterns, by format, by size, hidden or in archives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final

from core.errors import BadUsage
from core.formats import FORMATS, format_named

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_MOST_BYTES: Final = 2**50
_SIZE: Final = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,6})?) ?([kKmMgG]?)[bB]?")
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


@dataclass(frozen=True)
class Wanted:
    """What to take of a folder's images; what is given by itself is always taken.

    Raises BadUsage, naming the field, for a value that cannot be.
    """

    ignore: tuple[str, ...] = ()  # patterns as lines of a .gitignore; a later one goes before an earlier one
    only_formats: tuple[str, ...] = ()  # names of formats, such as "jpeg"; none for all
    min_bytes: int = 0  # smaller files are left out
    hidden: bool = False  # whether hidden files and folders are taken, too
    archives: bool = False  # whether archives in a folder are opened as folders

    def __post_init__(self) -> None:
        for name in ("ignore", "only_formats"):
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(one, str) for one in value):
                raise BadUsage(f"{name} takes a list of texts.")
            object.__setattr__(self, name, tuple(value))
        unknown = [name for name in self.only_formats if format_named(name) is None]
        if unknown:
            raise BadUsage(
                f"only_formats takes some of {', '.join(one.name for one in FORMATS)}, not {unknown[0]!r}."
            )
        if isinstance(self.min_bytes, bool) or not isinstance(self.min_bytes, int):
            raise BadUsage("min_bytes takes a whole number of bytes.")
        if not 0 <= self.min_bytes <= _MOST_BYTES:
            raise BadUsage(f"min_bytes takes a whole number from 0 to {_MOST_BYTES:,}.")
        if not (isinstance(self.hidden, bool) and isinstance(self.archives, bool)):
            raise BadUsage("hidden and archives take true or false.")
        if self.ignore:
            _ = self._spec

    @property
    def all(self) -> bool:
        """Whether no image is left out by a pattern, format or size, so that there is nothing to look at."""
        return not (self.ignore or self.only_formats or self.min_bytes)

    def ignores(self, path: str) -> bool:
        """Return whether a pattern leaves this path out; it is relative, and a folder's has / at its end."""
        return bool(self.ignore) and bool(self._spec.match_file(path.encode("utf-8", "replace").decode()))

    def has_format(self, name: str) -> bool:
        """Return whether a file of this name has one of the formats that are wanted."""
        return not self.only_formats or f".{name.rpartition('.')[2].lower()}" in self._suffixes

    @cached_property
    def _suffixes(self) -> frozenset[str]:
        chosen = [format_named(name) for name in self.only_formats]
        return frozenset(suffix for one in chosen if one is not None for suffix in one.suffixes)

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        from pathspec import GitIgnoreSpec

        try:
            return GitIgnoreSpec.from_lines(_checked(self.ignore))
        except ValueError as error:
            raise BadUsage(f"ignore takes patterns as a .gitignore has them: {error}.") from error


def bytes_from(text: str) -> int:
    """Return the bytes that a text means, such as "500", "20k" or "1.5 MB" (of 1,000). Raises BadUsage."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadUsage(f"A size is a number of bytes such as 500, 20k or 1.5M, not {text!r}.")
    return int(Decimal(found[1]) * _UNITS[found[2].lower()])


def bytes_text(number: int) -> str:
    """Return a number of bytes as `bytes_from` reads it back, without a loss."""
    for sign, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= unit and number * 1_000 % unit == 0:
            return f"{Decimal(number) / unit:f} {sign}"
    return str(number)


def _checked(patterns: Iterable[str]) -> list[str]:
    lines = list(patterns)
    if any("\n" in line or "\0" in line for line in lines):
        raise ValueError("a pattern is one line")
    return lines
