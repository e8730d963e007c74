"""Knows where the jobs on screen stand in the queue, as often as that can be counted at little cost."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final

from core.queue import TaskQueue
from gui.tasks import Tasks

_SHORTEST: Final = 0.25  # seconds between two counts
_SHARE: Final = 20  # so many times as long as a count took, the next one waits: it walks along the queue


class QueuePlaces:
    """The places of the jobs that are on screen; `changed` is called with the ids whose places did."""

    def __init__(
        self,
        queue: TaskQueue,
        tasks: Tasks,
        visible: Callable[[], array[int]],
        changed: Callable[[Sequence[int]], None],
    ) -> None:
        self._queue = queue
        self._tasks = tasks
        self._visible = visible
        self._changed = changed
        self._places: dict[int, int] = {}
        self._counted: set[int] = set()
        self._outdated = False
        self._wanted = True
        self._last = self._took = 0.0
        self._counting: asyncio.Task[Any] | None = None

    def of(self, job: int) -> int | None:
        """Return the place of a job on screen, 1 for the next to run; None for what is not queued."""
        if job not in self._counted:
            self.count_again()
        return self._places.get(job)

    def want(self, wanted: bool) -> None:
        """Count while someone looks at the places, and only then."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.count_again()

    def count_again(self) -> None:
        """Hear that the queue, or what is on screen, is another: places are counted soon."""
        self._outdated = True
        if self._wanted and self._counting is None:
            self._counting = self._tasks.start(self._count())

    def end(self) -> None:
        """Count no more."""
        self._wanted = False
        if self._counting is not None:
            self._counting.cancel()

    async def _count(self) -> None:
        try:
            while self._outdated and self._wanted:
                rest = self._last + max(_SHORTEST, _SHARE * self._took) - time.monotonic()
                await asyncio.sleep(max(0.0, rest))
                self._outdated = False
                began = time.monotonic()
                ids = self._visible()
                places = await self._queue.places(ids)
                self._last = time.monotonic()
                self._took = self._last - began
                before, self._places, self._counted = self._places, places, set(ids)
                self._changed([job for job in ids if before.get(job) != places.get(job)])
        finally:
            self._counting = None
