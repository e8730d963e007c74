"""Prints the formats that are read and written, with the reason where a library is missing."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from core.cli.terminal import Printer, json_line
from core.formats import FORMATS, PARTS, Format, unavailable


def print_formats(options: argparse.Namespace, printer: Printer) -> int:
    """Print the formats, as a table or as a JSON array; 1 when one of them is unavailable."""
    reasons = {one.name: unavailable(one) for one in FORMATS}
    if options.json:
        printer.out(json_line([_as_object(one, reasons[one.name]) for one in FORMATS]))
    else:
        printer.out(f"{'FORMAT':<12}{'WRITE':<7}{'READS':<36}KEEPS")
        for one in FORMATS:
            keeps = _listed(one.writes) if one.writes is not None else ""
            written = "yes" if one.writable else ""
            row = f"{one.spoken:<12}{written:<7}{_listed(one.reads):<36}{keeps}".rstrip()
            printer.out(f"{one.spoken:<12}{reasons[one.name]}" if reasons[one.name] else row)
    return int(any(reasons.values()))


def _listed(parts: Collection[str]) -> str:
    return ", ".join(part for part in PARTS if part in parts)


def _as_object(one: Format, reason: str) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.spoken,
        "suffixes": list(one.suffixes),
        "reads": [part for part in PARTS if part in one.reads],
        "writes": None if one.writes is None else [part for part in PARTS if part in one.writes],
        "unavailable": reason or None,
    }
