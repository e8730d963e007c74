"""What the queue is asked: its jobs, their attempts, the failures by kind; none of it changes anything."""

from __future__ import annotations

import asyncio
import threading
from array import array
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.errors import BadUsage
from core.job import Attempt, Job
from core.status import FailureGroup, HistoryLine, JobQuery
from core.store_moving import MovedJob
from core.store_reader import StoreReader

T = TypeVar("T")


class QueueReads:
    """The reading half of the queue: one connection, in a thread of its own, beside the writer's."""

    def __init__(self) -> None:
        self._reader: StoreReader | None = None
        self._threads = ThreadPoolExecutor(1, "store-reader")

    async def find(self, query: JobQuery, most: int | None = None) -> array[int]:
        """Return the ids of the jobs that the query asks for, in its order; the first `most` ones, or all.

        Once it is cancelled, the reader has done with it: what is asked next does not wait for its end.
        """
        if self._reader is None:
            raise BadUsage("The queue is not open.")
        search = _Search(self._reader, query, most)
        try:
            return await self._in_reader(search.run)
        except asyncio.CancelledError:
            search.leave()
            raise

    async def jobs(self, ids: Sequence[int]) -> list[Job]:
        """Return these jobs, in this order; those that are gone are left out."""
        return await self._read(lambda reader: reader.jobs(ids))

    async def places(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the places in the queue of those of these jobs that are queued, 1 for the next to run."""
        return await self._read(lambda reader: reader.places(ids))

    async def waiting(self, ids: Sequence[int]) -> list[MovedJob]:
        """Return those of these jobs that wait, in this order, fit to go to another queue."""
        return await self._read(lambda reader: reader.waiting(ids))

    async def attempts(self, job_id: int) -> list[Attempt]:
        """Return the attempts of a job, first to last."""
        return await self._read(lambda reader: reader.attempts(job_id))

    async def recipe(self, recipe_id: int) -> str:
        """Return a recipe as JSON, by `Job.recipe_id`."""
        return await self._read(lambda reader: reader.recipe(recipe_id))

    async def failures(self) -> list[FailureGroup]:
        """Return the failed jobs by the codes of their errors, the largest group first."""
        return await self._read(StoreReader.failures)

    async def history(self, text: str = "") -> list[HistoryLine]:
        """Return what was done on which day, the latest first, where it has a text in it."""
        return await self._read(lambda reader: reader.history(text))

    async def _read(self, function: Callable[[StoreReader], T]) -> T:
        if self._reader is None:
            raise BadUsage("The queue is not open.")
        reader = self._reader
        return await self._in_reader(lambda: function(reader))

    def _in_reader(self, function: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function)


class _Search:
    """A query that can be left while it runs in the reader's thread."""

    def __init__(self, reader: StoreReader, query: JobQuery, most: int | None) -> None:
        self._reader = reader
        self._query = query
        self._most = most
        self._lock = threading.Lock()
        self._runs = False
        self._left = False

    def run(self) -> array[int]:
        """Return the ids, none when it was left before; raises sqlite3.OperationalError when it is now."""
        with self._lock:
            if self._left:
                return array("q")
            self._runs = True
        try:
            return self._reader.find(self._query, self._most)
        finally:
            with self._lock:  # from here on the next read must not be ended in its place
                self._runs = False

    def leave(self) -> None:
        """End it where it is; called from another thread."""
        with self._lock:
            self._left = True
            if self._runs:
                self._reader.interrupt()
