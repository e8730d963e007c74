"""One line of the table of measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, the figure in words, and what it should reach."""

    what: str
    figure: str
    target: str = ""  # empty where none is set
    reached: bool | None = None


def lacking(what: str, why: str) -> Row:
    """The line of a measurement that could not be made."""
    return Row(what, f"not measured: {why}")


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in plain text, which is also one in Markdown."""
    marks = {None: "", True: "reached", False: "MISSED"}
    cells = [
        ("measured", "figure", "target", ""),
        *((r.what, r.figure, r.target, marks[r.reached]) for r in rows),
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
