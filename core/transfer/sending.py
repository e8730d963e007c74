"""Writes waiting jobs into a queue file, in the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from core.errors import BadUsage
from core.job import WAITING
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


def write_store(store: Path, path: Path, only: Sequence[int] | None = None) -> list[int]:
    """Write waiting jobs as `write_waiting` does, by a reader of its own, for a thread of its own."""
    with closing(StoreReader(store)) as reader:
        return write_waiting(reader, path, only)


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


def write_waiting(reader: Reader, path: Path, only: Sequence[int] | None = None) -> list[int]:
    """Write the waiting jobs, or those of `only` that wait, into a file; returns their ids.

    The file is there, whole, when this returns, in the place of an earlier one. Where no job waits, none is
    written. Raises BadUsage for more than MAX_JOBS, or what `from_os_error` gives.
    """
    ids = reader.find(JobQuery(states=WAITING, sort=SortKey.ORDER))
    if only is not None:
        chosen = frozenset(only)
        ids = [job for job in ids if job in chosen]
    if not ids:
        return []
    if len(ids) > MAX_JOBS:
        raise BadUsage(f"A file takes at most {MAX_JOBS:,} jobs, and {len(ids):,} wait.")
    writer = QueueFileWriter(path, reader.recipe)
    try:
        for start in range(0, len(ids), _PAGE):
            writer.add(reader.waiting(ids[start : start + _PAGE]))
        writer.finish()
    finally:
        writer.close()
    return list(ids)
