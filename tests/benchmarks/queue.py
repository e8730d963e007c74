"""Jobs a second through the store and the queue when the work itself is nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.executor import Done, InProcess, Outcome, Processor, Task
from core.queue import TaskQueue
from core.recipe import Recipe, builtin_recipes
from core.slots import ProcessSlots
from tests.benchmarks.row import Row
from tests.benchmarks.timing import seconds_until_done

PATHS = 100_000
ACCEPT_TARGET = 3.0  # seconds for all of PATHS
JOBS = 20_000
COMMITS = 3_000
ROUNDS = 3  # of which the best counts
IN_PROCESS_TARGET = 8_000  # jobs a second
PROCESSES_TARGET = 4_000


async def nothing(_: Task) -> Outcome:
    """Be done at once, in the queue's own process."""
    return Done()


def nothing_in_a_worker(_task: Task, _report: Callable[[float], None]) -> Outcome:
    """Be done at once, in a worker process."""
    return Done()


def recipe() -> Recipe:
    """Return the default recipe, as a real batch has it."""
    return builtin_recipes()[0]


def commits(folder: Path) -> float:
    """Write one row a commit, each synced, by SQLite alone; commits a second: what this disk allows."""
    folder.mkdir()
    db = sqlite3.connect(folder / "plain.sqlite3", isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE numbers (number INTEGER)")
        started = time.perf_counter()
        for number in range(COMMITS):
            db.execute("INSERT INTO numbers VALUES (?)", (number,))
        return COMMITS / (time.perf_counter() - started)
    finally:
        db.close()


async def accept(folder: Path) -> float:
    """Enqueue `PATHS` paths in one batch; seconds until it is accepted, synced to disk."""
    queue = TaskQueue(folder, InProcess(nothing))
    await queue.open()
    try:
        await queue.pause()
        paths = [f"/pictures/{number // 1000}/IMG_{number:06}.jpg" for number in range(PATHS)]
        started = time.perf_counter()
        accepted = await queue.enqueue_batch(paths, recipe())
        seconds = time.perf_counter() - started
        assert len(accepted.ids) == PATHS
        return seconds
    finally:
        await queue.close()


async def drain(folder: Path, processor: Processor) -> float:
    """Run `JOBS` jobs through four slots; jobs a second from start to the last one's commit."""
    queue = TaskQueue(folder, processor, concurrency=4)
    await queue.open()
    try:
        await queue.pause()
        await queue.enqueue_batch([f"/pictures/IMG_{number:06}.jpg" for number in range(JOBS)], recipe())
        return JOBS / await seconds_until_done(queue)
    finally:
        await queue.close()


def measure(folder: Path) -> Iterator[Row]:
    """Enqueue many, then run many in the process itself and through the four processes."""
    seconds = min(asyncio.run(accept(folder / f"accept-{number}")) for number in range(ROUNDS))
    target = f"{ACCEPT_TARGET:g} s"
    yield Row(f"{PATHS:,} paths accepted", f"{seconds:.2f} s", target, seconds <= ACCEPT_TARGET)

    disk = max(commits(folder / f"commits-{number}") for number in range(ROUNDS))
    yield Row("commits of plain SQLite, each synced", f"{disk:,.0f}/s")

    work = f"{nothing_in_a_worker.__module__}:{nothing_in_a_worker.__name__}"
    processors: tuple[tuple[str, Callable[[], Processor], int], ...] = (
        ("in one process", lambda: InProcess(nothing), IN_PROCESS_TARGET),
        ("through four processes", lambda: ProcessSlots(memory_limit=None, work=work), PROCESSES_TARGET),
    )
    for where, make, goal in processors:
        rate = max(asyncio.run(drain(folder / f"{where}-{number}", make())) for number in range(ROUNDS))
        figure = f"{rate:,.0f}/s, {rate / disk:.2f} times the plain commits"
        yield Row(f"no-op jobs, {where}, synced", figure, f"{goal:,}/s", rate >= goal)
