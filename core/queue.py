"""What runs next: the queue over the store and the slots, which tells its changes by signals."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from core.clock import Clock, SteadyClock
from core.dispatcher import Dispatcher
from core.errors import ImageQueueError, Interrupted
from core.executor import Done, Processor
from core.imaging.naming import is_counted, name_key, name_keys
from core.job import JobState
from core.links.kept import remove_unneeded
from core.queue_wishes import QueueWishes, check_whole
from core.recipe import Recipe
from core.retry import RetryPolicy
from core.status import Accepted, Recovery
from core.store import Ended, JobStore, NewJobs
from core.store_file import STORE_NAME
from core.store_moving import MovedJob
from core.store_reader import StoreReader
from core.store_writer import StoreWriter
from core.undo import Undo

_CLOSED_UNEXPECTEDLY: Final = "Image Queue closed unexpectedly while this image was being worked on."


class TaskQueue(QueueWishes):
    """A queue of images that survives anything.

    `processor` runs the jobs in `concurrency` slots at the same time. All methods belong to the thread of the
    running event loop, asyncio's own or qasync's. Signals are emitted there too, after the commit of what
    they tell; a subscriber that raises is logged and hurts nobody.
    """

    def __init__(
        self,
        data_dir: Path,
        processor: Processor,
        *,
        name: str = "images",
        concurrency: int = 4,
        retry: RetryPolicy | None = None,
        timeout: float | None = 300.0,
        aging: float | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Make a queue whose store is in `data_dir`; nothing is opened yet.

        timeout: seconds that an attempt may take; None for no limit.
        aging: seconds after which a waiting job runs before any priority; None to let high priorities starve
            low ones for as long as they keep coming.
        """
        check_whole("The number of workers", concurrency, 1, 64)
        super().__init__(name, concurrency)
        self._clock = clock or SteadyClock()
        self._path = data_dir / STORE_NAME
        self._writer = StoreWriter(self._path, aging=aging is not None)
        self._dispatcher = Dispatcher(
            self._writer, processor, data_dir,
            retry=retry or RetryPolicy(), timeout=timeout, aging=aging,
            clock=self._clock, rng=rng or random.SystemRandom(),
            changed=self._tell_changed, turned=self._tell_status, pause_itself=self._pause_itself,
        )  # fmt: skip
        self._dispatcher.slots = concurrency
        self.undo = Undo(self._writer, self._tell_taken_back)
        self._tasks: set[asyncio.Task[None]] = set()
        self.was_running = True
        """Whether the queue was running when it was last closed, or killed; True for a new one."""

    # -- opening and closing ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let the store be opened in its own thread, before there is a loop; `open` goes on from there."""
        self._writer.begin()

    def leave(self) -> None:
        """Close what `begin` began, where the queue will not be opened after all."""
        self._writer.leave()

    async def open(self, readable: Callable[[], Awaitable[None]] | None = None) -> Recovery:
        """Open the store, put back what an earlier run of the app left running, make the slots ready.

        `readable` is awaited when the jobs are as they are to be and can be read, before the slots are warm.
        Nothing runs until `start`. Raises StoreUnusable or StoreTooNew.
        """
        set_aside, salvaged = await self._writer.open()
        uid, paused = await self._writer.call(lambda store: (store.uid, store.paused))
        self.was_running = not paused
        self._reader = await self._in_reader(lambda: StoreReader(self._path))
        recovery = replace(await self._recover(uid), set_aside=set_aside, salvaged=salvaged)
        if readable is not None:
            await readable()
        await self._read(partial(remove_unneeded, self._path.parent, uid))
        await self._dispatcher.open(uid, self._concurrency, self._on_progress)
        self._tell_status()
        return recovery

    async def _recover(self, uid: str) -> Recovery:
        now = self._clock.now()
        await self._writer.call(JobStore.trim_history)
        self._dispatcher.leftovers.remove_owed()
        left, elsewhere = await self._writer.call(lambda store: (store.running(), store.left()))
        boot, booted_at = self._clock.boot, self._clock.booted_at
        await self._writer.call(lambda store: store.anchor_backoffs(now, boot, booted_at))
        error = Interrupted(_CLOSED_UNEXPECTEDLY).as_job_error()
        found = Counter[str]()
        ids: list[int] = []
        taken_up = await self._dispatcher.take_up(left, uid)
        for claimed, (task, made) in zip(left, taken_up, strict=True):
            files = await self._dispatcher.leftovers.tidied(task)
            end = Ended(claimed.job_id, claimed.attempt, now, 0.0)
            went_on = (claimed.job_id, claimed.attempt) in elsewhere
            if files is not None:
                done = replace(made or Done(), outputs=files)
                await self._writer.call(partial(JobStore.finish, end=end, done=done))
                found["brought" if went_on else "finished"] += 1
            elif went_on:  # nothing of it came: it is as if the app had put it back when it was closed
                await self._writer.call(partial(JobStore.put_back, end=end))
                continue
            elif claimed.attempts > claimed.max_retries:
                await self._writer.call(partial(JobStore.fail, end=end, error=error))
                found["exhausted"] += 1
            else:
                await self._writer.call(partial(JobStore.put_back_after_crash, end=end, error=error))
                found["put_back"] += 1
            ids.append(claimed.job_id)
        if elsewhere:
            await self._writer.call(lambda store: store.note_left(()))
        return Recovery(
            found["put_back"], found["exhausted"], found["finished"], tuple(ids), brought=found["brought"]
        )

    async def close(self, grace: float = 5.0) -> None:
        """End in order: start nothing new, give running jobs `grace` seconds, put the rest back, close all.

        Whether the queue was running or paused stays as it was, for the next `open`. May be called again,
        also while it is under way: the shorter `grace` counts. A store whose disk stalls is not waited for.
        """
        answers = await self._dispatcher.close(grace)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=None if answers else 0)
        reader, self._reader = self._reader, None
        if reader is not None and answers:
            await self._in_reader(reader.close)
        await self._writer.close(wait=answers)
        self._threads.shutdown(wait=answers)

    # -- accepting ----------------------------------------------------------------------------------------

    async def enqueue(
        self, source: str | Path, recipe: Recipe, priority: int = 0, max_retries: int = 3
    ) -> int:
        """Accept one source; returns the job's id when the job is on disk.

        The same source may be enqueued twice by this; `enqueue_batch` leaves duplicates out.
        """
        accepted = await self._accept([source], recipe, priority, max_retries, keep_duplicates=True)
        return accepted.ids[0]

    async def enqueue_batch(
        self,
        sources: Sequence[str | Path],
        recipe: Recipe,
        priority: int = 0,
        max_retries: int = 3,
        first_index: int = 1,
        root: str = "",
    ) -> Accepted:
        """Accept a batch, all of it or nothing; returns when it is on disk.

        Sources that are waiting or running with the same recipe are left out and counted as duplicates.
        first_index: the `{index}` of the first source in names, for a batch that comes in several parts.
        root: the folder that was given, and that all sources are in or below: what a recipe mirrors is their
        folders below it. "" for sources that were given themselves.
        """
        return await self._accept(
            sources, recipe, priority, max_retries, first_index=first_index, root=root, keep_duplicates=False
        )

    async def _accept(
        self,
        sources: Sequence[str | Path],
        recipe: Recipe,
        priority: int,
        max_retries: int,
        *,
        first_index: int = 1,
        root: str = "",
        keep_duplicates: bool,
    ) -> Accepted:
        check_whole("A priority", priority, -(2**31), 2**31)
        check_whole("Max retries", max_retries, 0, 1_000)
        now = self._clock.now()

        def add(store: JobStore) -> Accepted:
            texts = [str(source) for source in sources]
            batch = NewJobs(
                texts, name_keys(texts, recipe, root), recipe.name, recipe.id_hash, recipe.to_json(),
                priority, max_retries, root, is_counted(recipe),
            )  # fmt: skip
            added = store.add(batch, now, first_index=first_index, keep_duplicates=keep_duplicates)
            # What replaces its original has its name, whatever others there are.
            return replace(added, numbered=0) if recipe.replace_original else added

        return self._tell_accepted(await self.undo.write(add, _number))

    def _tell_accepted(self, accepted: Accepted) -> Accepted:
        self._tell_added(accepted.ids)
        return accepted

    async def take_in(self, jobs: Sequence[MovedJob], recipes: Sequence[Recipe]) -> Accepted:
        """Accept jobs that waited in another queue, all of them or none; returns when they are on disk.

        `MovedJob.recipe` counts `recipes` from 0. They run after those of their priority that are here, in
        this order. Those that wait or run here already with the same recipe are counted as duplicates.
        """
        now = self._clock.now()

        def add(store: JobStore) -> Accepted:
            kept = [(one.id_hash, one.name, one.to_json()) for one in recipes]
            counted = [is_counted(one) for one in recipes]
            return store.take_in(jobs, _keys_of(jobs, recipes), kept, counted, now)

        return self._tell_accepted(await self.undo.write(add, _number))

    # -- running ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start, or go on after a pause."""
        await self._writer.call(lambda store: store.set_paused(False))
        self._dispatcher.paused, self._reason = False, ""
        self._tell_status()
        self._dispatcher.wake()

    async def pause(self) -> None:
        """Start nothing new, across restarts too, until `start`; running jobs finish."""
        self._dispatcher.paused, self._reason = True, ""
        await self._writer.call(lambda store: store.set_paused(True))
        self._tell_status()

    async def stop(self) -> None:
        """Pause, and put the running jobs back in the queue without counting their attempts."""
        await self.pause()
        await self._dispatcher.end(self._dispatcher.running(), JobState.QUEUED)

    def set_by_content(self, by_content: bool) -> None:
        """Choose whether the content of a source tells if it has changed since it was made, not its time.

        It holds for the attempts that begin from now on; each source is then read once more, in its worker.
        """
        self._dispatcher.by_content = by_content

    async def set_concurrency(self, slots: int) -> None:
        """Change the number of slots; a busy one that is to go finishes its job."""
        check_whole("The number of workers", slots, 1, 64)
        self._concurrency = slots
        await self._dispatcher.resize(slots)
        self._tell_status()

    def set_timeout(self, seconds: float | None) -> None:
        """Change the time limit of the attempts that begin from now on; None for no limit."""
        self._dispatcher.timeout = seconds

    async def set_aging(self, seconds: float | None) -> None:
        """Change the time after which a waiting job runs before any priority; None for never."""
        await self._writer.call(lambda store: store.keep_oldest(aging=seconds is not None))
        self._dispatcher.aging = seconds
        self._dispatcher.wake()

    async def drained(self) -> None:
        """Return when no job is queued, running or retrying, or the queue is paused and nothing runs.

        Also when it paused itself as its store takes nothing any more, not even how the last attempts ended.
        """
        await self._idle.wait()

    def _pause_itself(self, reason: str) -> None:
        """Pause for a reason that the user is told; the store may not be writable, so it is asked softly."""
        self._dispatcher.paused, self._reason = True, reason

        async def keep() -> None:
            with suppress(ImageQueueError):
                await self._writer.call(lambda store: store.set_paused(True))

        task = asyncio.create_task(keep())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._tell_status()


def _number(accepted: Accepted) -> int:
    return len(accepted.ids)


def _keys_of(jobs: Sequence[MovedJob], recipes: Sequence[Recipe]) -> list[int]:
    """Return the name key of each job by its own recipe."""
    keys = [0] * len(jobs)
    places: list[list[int]] = [[] for _ in recipes]
    for place, job in enumerate(jobs):
        places[job.recipe].append(place)
    for recipe, its in zip(recipes, places, strict=True):
        if recipe.mirror:
            for place in its:
                keys[place] = name_key(jobs[place].source, recipe, jobs[place].root)
            continue
        for place, key in zip(its, name_keys([jobs[one].source for one in its], recipe), strict=True):
            keys[place] = key
    return keys
