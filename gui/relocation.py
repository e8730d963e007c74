"""Computes how the rows of the table move when the list of jobs is another one; runs in any thread."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_CHUNK = 5_000  # ids looked at in one go: between two of them other threads have their turn
_MOST_RANGES = 4_000  # a selection that falls into more pieces is let go: to make them takes a frame or two


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be found again after the rows have moved, by the jobs' ids."""

    selected: Sequence[int] = ()
    current: int | None = None
    anchors: Sequence[
        int
    ] = ()  # the jobs on screen, from the top: the first that is still there keeps its place


@dataclass(frozen=True, slots=True)
class Relocation:
    """What becomes of the rows: those from `start` to `old_end` are replaced by those up to `new_end`."""

    start: int
    old_end: int
    new_end: int
    selected: list[tuple[int, int]] = field(default_factory=list)  # first and last rows
    current: int | None = None  # its row
    anchor: int | None = None  # the place in `Kept.anchors` of the first one that is still there
    anchor_row: int | None = None


def relocate(old: array[int], new: array[int], kept: Kept) -> Relocation:
    """Return how to get from the old list to the new one, and where the kept jobs are in it."""
    start = _common(old, new)
    end = _common_end(old, new, min(len(old), len(new)) - start)
    wanted = set(kept.anchors)
    if kept.current is not None:
        wanted.add(kept.current)
    selected: set[int] = set()
    for chunk in _chunks(kept.selected):
        selected.update(chunk)
    rows, ranges = _find(new, wanted, selected)
    anchor = next((place for place, job in enumerate(kept.anchors) if job in rows), None)
    return Relocation(
        start, len(old) - end, len(new) - end,
        ranges if len(ranges) <= _MOST_RANGES else [],
        None if kept.current is None else rows.get(kept.current),
        anchor,
        None if anchor is None else rows[kept.anchors[anchor]],
    )  # fmt: skip


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _find(
    ids: array[int], wanted: set[int], selected: set[int]
) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Return the rows of the wanted ids, and the selected ones as ranges of rows."""
    rows: dict[int, int] = {}
    ranges: list[tuple[int, int]] = []
    for number, chunk in enumerate(_chunks(ids)):
        first = number * _CHUNK
        if wanted and not wanted.isdisjoint(chunk):
            rows.update({job: row for row, job in enumerate(chunk, first) if job in wanted})
        if selected and not selected.isdisjoint(chunk):
            for row in [row for row, job in enumerate(chunk, first) if job in selected]:
                if ranges and ranges[-1][1] == row - 1:
                    ranges[-1] = (ranges[-1][0], row)
                else:
                    ranges.append((row, row))
    return rows, ranges


def _common(one: array[int], other: array[int]) -> int:
    """Return how many ids are the same at the beginning."""
    known, end = 0, min(len(one), len(other))
    while known < end:
        middle = (known + end + 1) // 2
        if one[known:middle] == other[known:middle]:
            known = middle
        else:
            end = middle - 1
    return known


def _common_end(one: array[int], other: array[int], most: int) -> int:
    """Return how many ids are the same at the end, `most` at most."""
    known, end = 0, most
    while known < end:
        middle = (known + end + 1) // 2
        if one[len(one) - middle : len(one) - known] == other[len(other) - middle : len(other) - known]:
            known = middle
        else:
            end = middle - 1
    return known
