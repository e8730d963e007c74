"""Prints what a run would write, replace and skip, and about how large it would be."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from core.cli.terminal import Printer, json_line, printable
from core.dry_run import DryRun, Foreseen, Totals, Would
from core.intake.adding import AddSummary
from core.intake.wanted import Wanted
from core.recipe import Recipe
from core.settings import Settings


def dry_run(
    options: argparse.Namespace,
    settings: Settings,
    data_dir: Path,
    paths: list[str],
    recipe: Recipe,
    wanted: Wanted,
    printer: Printer,
) -> tuple[AddSummary, int]:
    """Print what a run would do; returns what was found, and the exit status: 1 when something would fail."""
    return asyncio.run(_dry_run(options, settings, data_dir, paths, recipe, wanted, printer))


async def _dry_run(
    options: argparse.Namespace,
    settings: Settings,
    data_dir: Path,
    paths: list[str],
    recipe: Recipe,
    wanted: Wanted,
    printer: Printer,
) -> tuple[AddSummary, int]:
    run = DryRun(
        data_dir, settings, workers=options.workers or settings.workers,
        timeout=settings.timeout if options.timeout is None else options.timeout,
        by_content=bool(options.by_content) or settings.by_content,
    )  # fmt: skip
    async with run:
        summary = await run.look(
            paths, recipe, wanted=wanted, again=bool(options.force), take_every_file=True
        )
        await run.weigh()
        async for row in run.rows():
            _print_row(row, printer, as_json=options.json)
        _print_summary(run.totals, summary.numbered, printer, as_json=options.json)
        return summary, int(run.totals.fail > 0)


def _print_row(row: Foreseen, printer: Printer, *, as_json: bool) -> None:
    if as_json:
        outputs = [
            {"path": one.path, "width": one.width, "height": one.height, "name": one.name,
             "replaces": one.replaces, "bytes": one.bytes}
            for one in row.files
        ]  # fmt: skip
        error = None if row.error is None else {"code": row.error.code, "message": row.error.message}
        values = {"source": row.source, "would": str(row.would), "outputs": outputs, "reason": row.reason}
        printer.out(json_line(values | {"error": error}))
    elif row.would is Would.WRITE:
        for one in row.files:
            size = f"{one.width} × {one.height}"
            if one.bytes is not None:
                size += f", about {bytes_told(one.bytes)}"
            line = f"{'replace' if one.replaces else 'write':<8} {one.path}  ({size}, of {row.source})"
            printer.out(printable(line))
        if row.reason:
            printer.out(printable(f"{'note':<8} {row.source}: {row.reason}"))
    else:
        why = row.reason if row.error is None else row.error.message
        printer.out(printable(f"{row.would:<8} {row.source}: {why}"))


def _print_summary(totals: Totals, numbered: int, printer: Printer, *, as_json: bool) -> None:
    if as_json:
        names = ("write", "skip", "fail", "files", "replaced", "bytes", "margin", "unsized", "sampled")
        values = {name: getattr(totals, name) for name in names}
        printer.out(json_line({"summary": values | {"numbered": numbered}}))
        return
    if numbered:
        gets = "gets" if numbered == 1 else "get"
        printer.out(f"{numbered:,} could have the name of another and {gets} a number.")
    printer.out(
        f"Nothing was written. A run would write {_of(totals.files, 'new file')} and replace "
        f"{_of(totals.replaced, 'file')}, of {_of(totals.write, 'image')}; skip {totals.skip:,}, "
        f"and fail at {totals.fail:,}."
    )
    if totals.files + totals.replaced > totals.unsized:
        how = f", as {_of(totals.sampled, 'image')} made in memory tell" if totals.sampled else ""
        off = f", give or take {bytes_told(totals.margin)}" if totals.margin else ""
        printer.out(f"Together they would have about {bytes_told(totals.bytes)}{off}{how}.")


def bytes_told(number: int) -> str:
    """Return a number of bytes as a person reads it, in units of 1,000: "3.1 MB"."""
    size, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1_000, larger
    return f"{number:,} B" if unit == "B" else f"{size:.3g} {unit}"


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
