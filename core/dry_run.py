"""Looks at what a run would do, and does none of it.

The sources go through a queue of their own, in a folder that is gone afterwards, to workers that look at them
and write nothing: names that would collide, and files that hang or crash a decoder, show here too. A few of
the images are then made in memory, from which the sizes of all files are estimated.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from core.estimate import Estimator, Kind, kind_of, spread_out
from core.imaging.made import copy_memory, memory_of
from core.intake.adding import AddSummary, add_paths
from core.intake.wanted import Wanted
from core.job import ENDED, Job, JobError, JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.settings import Settings
from core.slots import ProcessSlots
from core.status import JobQuery, Recovery

_PAGE: Final = 500  # jobs that are read at a time
_REMOVALS: Final = 5
_PAUSE: Final = 0.2  # seconds between two of these
_FORESEE: Final = "core.imaging.process:foresee"
_WEIGH: Final = "core.imaging.process:weigh"

OnProgress = Callable[[int, int], None]
"""Hears how many images were looked at so far, and how many were found."""


class Would(StrEnum):
    """What a run would do with a source."""

    WRITE = "write"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ForeseenFile:
    """A file that a run would write."""

    path: str
    name: str  # of the recipe's output
    width: int  # pixels
    height: int
    replaces: bool  # whether a file of this name is there
    bytes: int | None = None  # about; None when that cannot be told


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of one source."""

    source: str
    would: Would
    files: tuple[ForeseenFile, ...] = ()
    reason: str = ""  # why it would be skipped, or a note on what would be made
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run would do in all."""

    write: int = 0  # sources
    skip: int = 0
    fail: int = 0
    files: int = 0  # new ones
    replaced: int = 0
    bytes: int = 0  # of all files whose sizes are estimated
    margin: int = 0  # bytes that this may be off, up or down
    unsized: int = 0  # files whose sizes cannot be told; links are not among them, and have no files yet
    sampled: int = 0  # images that were made in memory for the estimate
    found: int = 0  # sources that were found, of which the others were not looked at


class DryRun:
    """One dry run on one loop: `async with` it, `look`, `weigh`, then read `totals` and `rows`."""

    def __init__(
        self, data_dir: Path, settings: Settings, *, workers: int, timeout: float | None, by_content: bool
    ) -> None:
        self._data_dir = data_dir
        self._memory_limit = settings.memory_limit_mb * 2**20 or None
        self._workers = workers
        self._timeout = timeout
        self._by_content = by_content
        self._limits: dict[str, int] = {}
        self._estimator = Estimator({})
        self._sampled = 0
        self.totals = Totals()

    async def __aenter__(self) -> DryRun:
        """Make the folder and the queue."""
        self._folder = Path(tempfile.mkdtemp(prefix="imagequeue-dry-run-"))  # at once: it is to be known of
        self._queue = self._new_queue(self._folder, _FORESEE)
        try:
            await _to_its_end(self._begin())
        except BaseException:
            await self._end()
            raise
        return self

    async def _begin(self) -> None:
        await asyncio.to_thread(copy_memory, memory_of(self._data_dir), memory_of(self._folder))
        await self._queue.open()
        await self._queue.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers, and remove the folder."""
        await self._end()

    async def _end(self) -> None:
        try:
            await self._queue.close(0)
        finally:
            await asyncio.to_thread(_remove, self._folder)

    def _new_queue(self, folder: Path, work: str) -> TaskQueue:
        queue = TaskQueue(
            folder,
            ProcessSlots(memory_limit=self._memory_limit, work=work),
            concurrency=self._workers,
            timeout=self._timeout or None,
        )
        queue.set_by_content(self._by_content)
        return queue

    async def look(
        self,
        paths: Sequence[str],
        recipe: Recipe,
        *,
        wanted: Wanted,
        again: bool = False,
        take_every_file: bool = False,
        on_progress: OnProgress = lambda *_: None,
        stopped: asyncio.Event | None = None,
    ) -> AddSummary:
        """Find the images, and look at each; returns what was found. Setting `stopped` ends it early.

        Raises what `add_paths` raises.
        """
        self._limits = {one.name: one.max_bytes for one in recipe.outputs if one.max_bytes is not None}
        queue, stop = self._queue, stopped or asyncio.Event()

        def tell(*_: object) -> None:
            status = queue.status()
            on_progress(status.ended, status.total)

        queue.status_changed.connect(tell)
        try:
            summary = await add_paths(
                queue, paths, recipe, max_retries=0, take_every_file=take_every_file, wanted=wanted,
                data_dir=self._folder, again=again, cancelled=stop,
            )  # fmt: skip
            await _first_of(queue.drained(), stop.wait())
        finally:
            queue.status_changed.disconnect(tell)
        if stop.is_set():
            await queue.stop()
        await self._sum_up()
        return summary

    async def weigh(self, stopped: asyncio.Event | None = None) -> None:
        """Make a few of the images in memory, and estimate the sizes of all files from them."""
        groups: dict[tuple[Kind, ...], list[int]] = {}
        async for jobs in self._pages():
            for job in jobs:
                if any(not one.bytes for one in job.outputs):
                    groups.setdefault(tuple(map(kind_of, job.outputs)), []).append(job.id)
        if not groups:
            return
        chosen = await self._queue.jobs(spread_out(list(groups.values())))
        estimator = Estimator(self._limits)
        queue = self._new_queue(self._folder / "samples", _WEIGH)
        (self._folder / "samples").mkdir()
        try:
            await _to_its_end(queue.open())
            recipes: dict[int, list[str]] = {}
            for job in chosen:
                recipes.setdefault(job.recipe_id, []).append(job.source)
            for number, sources in recipes.items():
                recipe = Recipe.from_json(await self._queue.recipe(number))
                await queue.enqueue_batch(sources, recipe, max_retries=0)
            await queue.start()
            await _first_of(queue.drained(), (stopped or asyncio.Event()).wait())
            for job in await queue.jobs(await queue.find(JobQuery(states=frozenset({JobState.DONE})))):
                self._sampled += 1
                for output in job.outputs:
                    estimator.learn(job.source, output)
        finally:
            await queue.close(0)
        self._estimator = estimator
        await self._sum_up()

    async def rows(self) -> AsyncGenerator[Foreseen, None]:
        """Yield what would become of each source that was looked at, in their order."""
        async for jobs in self._pages():
            for row in await asyncio.to_thread(self._rows_of, jobs):
                yield row

    async def _pages(self) -> AsyncGenerator[list[Job], None]:
        """Yield the jobs that were looked at."""
        ids = await self._queue.find(JobQuery())
        for start in range(0, len(ids), _PAGE):
            jobs = await self._queue.jobs(ids[start : start + _PAGE])
            yield [job for job in jobs if job.state in ENDED]

    def _rows_of(self, jobs: Sequence[Job]) -> list[Foreseen]:
        return [self._row(job) for job in jobs]

    def _row(self, job: Job) -> Foreseen:
        if job.state is JobState.SKIPPED:
            return Foreseen(job.source, Would.SKIP, reason=job.reason)
        if job.state is not JobState.DONE:
            return Foreseen(job.source, Would.FAIL, error=job.error)
        # Nothing was written: what is there now was there before.
        files = [
            ForeseenFile(
                one.path, one.name, one.width, one.height, os.path.lexists(one.path),
                self._estimator.bytes_of(job.source, one),
            )
            for one in job.outputs
        ]  # fmt: skip
        return Foreseen(job.source, Would.WRITE, tuple(files), job.reason)

    async def _sum_up(self) -> None:
        counts: Counter[str] = Counter()
        told: Counter[Kind] = Counter()
        async for jobs in self._pages():
            rows = await asyncio.to_thread(self._rows_of, jobs)
            for job, row in zip(jobs, rows, strict=True):
                counts[row.would] += 1
                for output, file in zip(job.outputs, row.files, strict=False):  # a failed job has no files
                    counts["replaced" if file.replaces else "files"] += 1
                    if file.bytes is None:
                        counts["unsized"] += 1
                    elif self._estimator.true_bytes_of(job.source, output) is not None:
                        counts["exact"] += file.bytes
                    else:
                        told[kind_of(output)] += file.bytes
        self.totals = Totals(
            counts[Would.WRITE], counts[Would.SKIP], counts[Would.FAIL], counts["files"], counts["replaced"],
            counts["exact"] + told.total(), self._estimator.margin(told), counts["unsized"], self._sampled,
            self._queue.status().total,
        )  # fmt: skip


def _remove(folder: Path) -> None:
    """Remove the folder, also while an archive that was given up is still unpacked into it for a moment."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_PAUSE)


async def _to_its_end(work: Coroutine[Any, Any, None] | Coroutine[Any, Any, Recovery]) -> None:
    """Await something that must not be left half done; who cancels it waits for its end."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of these, and give up the others."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in tasks:
            one.cancel()
