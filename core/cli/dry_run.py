"""Says what a run would write, replace and skip, and does none of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from core.cli.terminal import Printer, json_line
from core.imaging.made import copy_memory, memory_of
from core.intake.adding import AddSummary, add_paths
from core.intake.wanted import Wanted
from core.job import Job, JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.settings import Settings
from core.slots import ProcessSlots
from core.status import JobQuery

_PAGE: Final = 500  # jobs that are read at a time
_WORK: Final = "core.imaging.process:foresee"


def dry_run(
    options: argparse.Namespace,
    settings: Settings,
    data_dir: Path,
    paths: list[str],
    recipe: Recipe,
    wanted: Wanted,
    printer: Printer,
) -> tuple[AddSummary, int]:
    """Print what a run would do; returns what was found, and the exit status: 1 when something would fail.

    The sources go through a queue of their own, in a folder that is gone afterwards, to workers that look at
    them and write nothing: names that would collide, and files that hang or crash a decoder, show here too.
    """
    with tempfile.TemporaryDirectory(prefix="imagequeue-dry-run-") as folder:
        copy_memory(memory_of(data_dir), memory_of(Path(folder)))
        return asyncio.run(_dry_run(options, settings, Path(folder), paths, recipe, wanted, printer))


async def _dry_run(
    options: argparse.Namespace,
    settings: Settings,
    folder: Path,
    paths: list[str],
    recipe: Recipe,
    wanted: Wanted,
    printer: Printer,
) -> tuple[AddSummary, int]:
    timeout = settings.timeout if options.timeout is None else options.timeout
    queue = TaskQueue(
        folder,
        ProcessSlots(memory_limit=settings.memory_limit_mb * 2**20 or None, work=_WORK),
        concurrency=options.workers or settings.workers,
        timeout=timeout or None,
    )
    queue.set_by_content(bool(options.by_content) or settings.by_content)
    counts: Counter[str] = Counter()
    try:
        await queue.open()
        await queue.start()
        summary = await add_paths(
            queue, paths, recipe, max_retries=0, take_every_file=True, wanted=wanted, data_dir=folder,
            again=bool(options.force),
        )  # fmt: skip
        await queue.drained()
        async for job in _jobs(queue):
            counts += _print_job(job, printer, as_json=options.json)
    finally:
        await queue.close(0)
    counts["numbered"] = summary.numbered
    _print_summary(counts, printer, as_json=options.json)
    return summary, int(counts["fail"] > 0)


async def _jobs(queue: TaskQueue) -> AsyncIterator[Job]:
    ids = await queue.find(JobQuery())
    for start in range(0, len(ids), _PAGE):
        for job in await queue.jobs(ids[start : start + _PAGE]):
            yield job


def _print_job(job: Job, printer: Printer, *, as_json: bool) -> Counter[str]:
    """Print what would become of a job; returns its part of the summary."""
    replaced = [os.path.lexists(one.path) for one in job.outputs]  # nothing was written: it was there before
    if job.state is JobState.DONE:
        would, why = "write", job.reason
    elif job.state is JobState.SKIPPED:
        would, why = "skip", job.reason
    else:
        would, why = "fail", job.error.message if job.error is not None else "It was not looked at."
    if as_json:
        outputs = [
            {"path": one.path, "width": one.width, "height": one.height, "name": one.name, "replaces": there}
            for one, there in zip(job.outputs, replaced, strict=True)
        ]
        error = None if job.error is None else {"code": job.error.code, "message": job.error.message}
        values = {"source": job.source, "would": would, "outputs": outputs, "reason": job.reason}
        printer.out(json_line(values | {"error": error}))
    elif would == "write":
        for one, there in zip(job.outputs, replaced, strict=True):
            size = f"{one.width} × {one.height}"
            printer.out(f"{'replace' if there else 'write':<8} {one.path}  ({size}, of {job.source})")
        if why:
            printer.out(f"{'note':<8} {job.source}: {why}")
    else:
        printer.out(f"{would:<8} {job.source}: {why}")
    return Counter({would: 1, "files": len(replaced) - sum(replaced), "replaced": sum(replaced)})


def _print_summary(counts: Counter[str], printer: Printer, *, as_json: bool) -> None:
    if as_json:
        names = ("write", "skip", "fail", "files", "replaced", "numbered")
        printer.out(json_line({"summary": {name: counts[name] for name in names}}))
        return
    if counts["numbered"]:
        gets = "gets" if counts["numbered"] == 1 else "get"
        printer.out(f"{counts['numbered']:,} would have the name of another and {gets} a number.")
    printer.out(
        f"Nothing was written. A run would write {_of(counts['files'], 'new file')} and replace "
        f"{_of(counts['replaced'], 'file')}, of {_of(counts['write'], 'image')}; skip {counts['skip']:,}, "
        f"and fail at {counts['fail']:,}."
    )


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
