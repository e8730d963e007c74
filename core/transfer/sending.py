"""Writes waiting jobs into a queue file, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from core.errors import BadUsage
from core.job import WAITING
from core.links.kept import keeper
from core.queue import TaskQueue
from core.status import JobQuery, SortKey
from core.store_moving import MovedJob
from core.store_reader import StoreReader
from core.transfer.queue_file import MAX_JOBS, QueueFileWriter

_PAGE: Final = 2_000  # jobs that are read and written at a time


class Reader(Protocol):
    """What of the store is needed to send jobs on; see core.store_reader."""

    def find(self, query: JobQuery) -> Sequence[int]:
        """Return the ids of the jobs that the query asks for, in its order."""

    def waiting(self, ids: Sequence[int]) -> list[MovedJob]:
        """Return those of these jobs that wait."""

    def recipe(self, recipe: int) -> str:
        """Return the JSON of a recipe."""


class Then(StrEnum):
    """What becomes of jobs in their own queue when they have been sent on."""

    KEEP = "keep"  # they wait as before, and are made here, too, unless something is done
    HOLD = "hold"  # they stay, and run when they are released
    REMOVE = "remove"


class Written(NamedTuple):
    """What went into a file."""

    ids: list[int]
    left_out: int = 0  # jobs whose sources the app keeps itself: no other machine could reach them


def write_store(store: Path, path: Path, only: Sequence[int] | None = None) -> Written:
    """Write waiting jobs as `write_waiting` does, by a reader of its own, for a thread of its own."""
    with closing(StoreReader(store)) as reader:
        return write_waiting(reader, path, only, keeper(store.parent))


async def part_with(queue: TaskQueue, then: Then, ids: Sequence[int]) -> int:
    """Hold or remove those of these jobs that still wait; returns how many. What runs by now goes on."""
    if then is Then.KEEP:
        return 0
    still: list[int] = []
    for start in range(0, len(ids), _PAGE):
        still += [job.id for job in await queue.jobs(ids[start : start + _PAGE]) if job.state in WAITING]
    if then is Then.REMOVE:
        return await queue.remove(still)
    await queue.hold(still)
    return len(still)


def write_waiting(
    reader: Reader, path: Path, only: Sequence[int] | None, is_kept: Callable[[str], bool]
) -> Written:
    """Write the waiting jobs, or those of `only` that wait, into a file.

    The file is there, whole, when this returns, in the place of an earlier one. Where no job waits, none is
    written. is_kept: tells of a source whether it is left out, as `keeper` does. Raises BadUsage for more
    than MAX_JOBS, or what `from_os_error` gives.
    """
    ids = reader.find(JobQuery(states=WAITING, sort=SortKey.ORDER))
    if only is not None:
        chosen = frozenset(only)
        ids = [job for job in ids if job in chosen]
    if not ids:
        return Written([])
    if len(ids) > MAX_JOBS:
        raise BadUsage(f"A file takes at most {MAX_JOBS:,} jobs, and {len(ids):,} wait.")
    writer = QueueFileWriter(path, reader.recipe)
    try:
        written: list[int] = []
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            jobs = reader.waiting(page)
            if any(is_kept(job.source) for job in jobs):
                page = [one for one in page if not any(is_kept(job.source) for job in reader.waiting([one]))]
                jobs = reader.waiting(page)
            writer.add(jobs)
            written += page
        if written:
            writer.finish()
    finally:
        writer.close()
    return Written(written, len(ids) - len(written))
