"""Keeps the watches of all watched folders, between the queue on its loop and their threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from core.errors import StoreUnusable
from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.intake.watching import FolderWatch, Pace
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.status import ChangeKind, JobChange

log = logging.getLogger(__name__)

_PATIENCE: Final = 60.0  # seconds that the queue may take to accept a batch


class Watches:
    """The watches under way. All methods belong to the loop of the queue.

    `changed` is called there with a folder's path and a sentence on how it is.
    """

    def __init__(
        self,
        queue: TaskQueue,
        data_dir: Path,
        *,
        max_retries: int,
        wanted: Callable[[], Wanted] = Wanted,
        changed: Callable[[str, str], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._queue = queue
        self._data_dir = data_dir
        self.max_retries = max_retries
        """What images that arrive from now on get."""
        self._wanted = wanted
        self._changed = changed
        self._pace = pace
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watches: dict[WatchedFolder, FolderWatch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.states: dict[str, str] = {}
        """How each watched folder is, by its path: one sentence."""

    async def watch(self, folders: Sequence[WatchedFolder]) -> None:
        """Watch these folders, and no others any more."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._queue.job_changed.connect(self._on_change)
        gone = [one for one in self._watches if one not in folders]
        await self._end([self._watches.pop(one) for one in gone])
        for one in gone:
            self.states.pop(one.path, None)
        for one in folders:
            if one not in self._watches:
                self._watches[one] = FolderWatch(
                    one, self._data_dir / "watched.sqlite3", partial(self._take, one.path),
                    partial(self._say, one.path),
                    wanted=self._wanted(), pace=self._pace,
                )  # fmt: skip
                self._watches[one].start()

    async def close(self) -> None:
        """End all watches; what they have not taken is taken at the next start."""
        if self._loop is not None:
            self._queue.job_changed.disconnect(self._on_change, missing_ok=True)
        watches = list(self._watches.values())
        self._watches.clear()
        await self._end(watches)
        for task in self._tasks:
            task.cancel()

    async def _end(self, watches: list[FolderWatch]) -> None:
        for one in watches:
            one.stop()
        for one in watches:
            await asyncio.to_thread(one.join)  # the loop turns on: it may be waited for by the thread

    def _take(self, root: str, sources: list[str], recipe: Recipe, priority: int) -> None:
        """In a watch's thread: put sources into the queue, and wait until they are accepted."""
        assert self._loop is not None
        enqueue = self._queue.enqueue_batch(sources, recipe, priority, self.max_retries, root=root)
        try:
            asyncio.run_coroutine_threadsafe(enqueue, self._loop).result(_PATIENCE)
        except (RuntimeError, TimeoutError) as error:
            enqueue.close()
            raise StoreUnusable("The queue takes nothing just now.") from error

    def _say(self, path: str, sentence: str) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._told, path, sentence)
        except RuntimeError:  # the loop is closed
            log.info("%s: %s", path, sentence)

    def _told(self, path: str, sentence: str) -> None:
        self.states[path] = sentence
        if self._changed is not None:
            self._changed(path, sentence)

    def _on_change(self, change: JobChange) -> None:
        if self._watches and change.kind is ChangeKind.STATE and change.state is JobState.DONE:
            task = asyncio.ensure_future(self._tell_made(change.ids))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell_made(self, ids: Sequence[int]) -> None:
        paths = [one.path for job in await self._queue.jobs(ids) for one in job.outputs]
        for one in self._watches.values():
            one.made(paths)
