"""What runs next: the queue over the store and the slots, which tells its changes by signals."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from psygnal import EmitLoopError, Signal, SignalInstance

from core.clock import Clock, SteadyClock
from core.dispatcher import Dispatcher
from core.errors import BadUsage, ImageQueueError, Interrupted
from core.executor import Done, Processor
from core.imaging.naming import is_counted, name_key, name_keys
from core.job import JobState
from core.links.kept import remove_unneeded
from core.queue_reads import QueueReads
from core.recipe import Recipe
from core.retry import RetryPolicy
from core.status import Accepted, BatchAdded, ChangeKind, JobChange, QueueStatus, Recovery, RunState
from core.store import Ended, JobStore, Mended, NewJobs
from core.store_file import STORE_NAME
from core.store_moving import MovedJob
from core.store_reader import StoreReader
from core.store_writer import StoreWriter

log = logging.getLogger(__name__)

_CLOSED_UNEXPECTEDLY: Final = "Image Queue closed unexpectedly while this image was being worked on."


class TaskQueue(QueueReads):
    """A queue of images that survives anything.

    `processor` runs the jobs in `concurrency` slots at the same time. All methods belong to the thread of the
    running event loop, asyncio's own or qasync's. Signals are emitted there too, after the commit of what
    they tell; a subscriber that raises is logged and hurts nobody.
    """

    job_changed = Signal(JobChange)
    batch_added = Signal(BatchAdded)
    status_changed = Signal(QueueStatus)
    progress = Signal(int, float)  # a job's id, and its fraction done from 0 to 1

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
        super().__init__()
        _check_int("The number of workers", concurrency, 1, 64)
        self.name = name
        self._concurrency = concurrency
        self._clock = clock or SteadyClock()
        self._path = data_dir / STORE_NAME
        self._writer = StoreWriter(self._path, aging=aging is not None)
        self._dispatcher = Dispatcher(
            self._writer, processor, data_dir,
            retry=retry or RetryPolicy(), timeout=timeout, aging=aging,
            clock=self._clock, rng=rng or random.SystemRandom(),
            changed=self._tell_changed, turned=self._tell_status, pause_itself=self._pause_itself,
        )  # fmt: skip
        self._idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reason = ""
        self._last_status: QueueStatus | None = None
        self.was_running = True
        """Whether the queue was running when it was last closed, or killed; True for a new one."""

    # -- opening and closing ------------------------------------------------------------------------------

    async def open(self) -> Recovery:
        """Open the store, put back what an earlier run of the app left running, make the slots ready.

        Nothing runs until `start`. Raises StoreUnusable or StoreTooNew.
        """
        set_aside, salvaged = await self._writer.open()
        uid, paused = await self._writer.call(lambda store: (store.uid, store.paused))
        self.was_running = not paused
        self._reader = await self._in_reader(lambda: StoreReader(self._path))
        recovery = replace(await self._recover(uid), set_aside=set_aside, salvaged=salvaged)
        await self._read(partial(remove_unneeded, self._path.parent, uid))
        await self._dispatcher.open(uid, self._concurrency, self._on_progress)
        self._tell_status()
        return recovery

    async def _recover(self, uid: str) -> Recovery:
        now = self._clock.now()
        await self._writer.call(JobStore.forget_removed)
        self._dispatcher.leftovers.remove_owed()
        left = await self._writer.call(JobStore.running)
        boot, booted_at = self._clock.boot, self._clock.booted_at
        await self._writer.call(lambda store: store.anchor_backoffs(now, boot, booted_at))
        error = Interrupted(_CLOSED_UNEXPECTEDLY).as_job_error()
        found = Counter[str]()
        for claimed in left:
            task = self._dispatcher.task_of(claimed, uid)
            files = await self._dispatcher.leftovers.tidied(task)
            end = Ended(claimed.job_id, claimed.attempt, now, 0.0)
            if files is not None:
                await self._writer.call(partial(JobStore.finish, end=end, done=Done(files)))
                found["finished"] += 1
            elif claimed.attempts > claimed.max_retries:
                await self._writer.call(partial(JobStore.fail, end=end, error=error))
                found["exhausted"] += 1
            else:
                await self._writer.call(partial(JobStore.put_back_after_crash, end=end, error=error))
                found["put_back"] += 1
        ids = tuple(claimed.job_id for claimed in left)
        return Recovery(found["put_back"], found["exhausted"], found["finished"], ids)

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
        _check_int("A priority", priority, -(2**31), 2**31)
        _check_int("Max retries", max_retries, 0, 1_000)
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

        return self._tell_accepted(await self._writer.call(add))

    def _tell_accepted(self, accepted: Accepted) -> Accepted:
        if accepted.ids:
            self._emit(self.batch_added, BatchAdded(accepted.ids))
            self._tell_status()
            self._dispatcher.wake()
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

        return self._tell_accepted(await self._writer.call(add))

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
        _check_int("The number of workers", slots, 1, 64)
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

    def status(self) -> QueueStatus:
        """Return how many jobs are in each state, what is active, and whether the queue runs."""
        counts, due = self._writer.counts, self._dispatcher.next_due
        active = counts[JobState.RUNNING]
        state = RunState.RUNNING
        if self._dispatcher.paused:
            state = RunState.PAUSING if active else RunState.PAUSED
        return QueueStatus(
            self.name, state, self._concurrency, active, counts, self._reason,
            None if due is None else max(0.0, due - self._clock.now()),
            self._dispatcher.bytes_in, self._dispatcher.bytes_out,
        )  # fmt: skip

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

    # -- what the user asks for jobs ------------------------------------------------------------------------

    async def cancel(self, ids: Sequence[int]) -> int:
        """Give jobs up; running ones are ended at once, and their partial outputs removed.

        Returns how many were cancelled when that is so: a job that completed in the same instant is done.
        """
        now = self._clock.now()
        changed = await self._writer.call(lambda store: store.cancel(ids, now))
        self._tell_change(changed, JobState.CANCELLED)
        running = self._dispatcher.running(ids)
        ended = await self._dispatcher.end(running, JobState.CANCELLED)
        if ended < len(running):  # an attempt that had just failed would be made again
            rest = [run.claimed.job_id for run in running]
            ended += await self._change(lambda store: store.cancel(rest, now), JobState.CANCELLED)
        return len(changed) + ended

    async def hold(self, ids: Sequence[int]) -> int:
        """Keep waiting jobs back until they are released; returns how many."""
        return await self._change(lambda store: store.hold(ids), JobState.HELD)

    async def release(self, ids: Sequence[int]) -> int:
        """Let held jobs go, at their old places; returns how many."""
        return await self._change(lambda store: store.release(ids), JobState.QUEUED)

    async def retry(self, ids: Sequence[int]) -> int:
        """Queue failed and cancelled jobs again with all their attempts, and retrying ones at once."""
        return await self._change(lambda store: store.retry(ids), JobState.QUEUED)

    async def retry_with(self, ids: Sequence[int], mend: Callable[[Recipe], Recipe]) -> int:
        """Queue failed and cancelled jobs again, as new, with what `mend` makes of the recipe of each.

        Returns how many. For some thousands at a time: see core.failures. `mend` is called in another thread.
        """

        def mended(body: str, sources: Sequence[str], root: str) -> Mended:
            recipe = mend(Recipe.from_json(body))
            keys = name_keys(sources, recipe, root)
            return Mended(recipe.name, recipe.id_hash, recipe.to_json(), keys, is_counted(recipe))

        return await self._change(lambda store: store.retry_with(ids, mended), JobState.QUEUED)

    async def set_priority(self, ids: Sequence[int], priority: int) -> int:
        """Change the priority of jobs that have not ended; returns how many."""
        _check_int("A priority", priority, -(2**31), 2**31)
        return await self._change(lambda store: store.set_priority(ids, priority), None)

    async def add_note(self, job: int, note: str) -> int:
        """Add a sentence to the notes of a job that is done; returns how many jobs that was."""
        return await self._change(lambda store: store.add_note(job, note), None)

    async def do_next(self, ids: Sequence[int]) -> int:
        """Move waiting jobs to the front of the queue, in the order given; returns how many."""
        return await self._change(lambda store: store.do_next(ids), None)

    async def remove(self, ids: Sequence[int]) -> int:
        """Forget jobs that are not running, with their attempts; returns how many. Files stay.

        Until the next removal or the end of the app, `restore` takes it back.
        """
        removed = await self._writer.call(lambda store: store.remove(ids))
        self._tell(removed, ChangeKind.REMOVED)
        return len(removed)

    async def restore(self) -> int:
        """Bring back the jobs that were removed last, as they were; returns how many."""
        restored = await self._writer.call(JobStore.restore)
        if restored:
            self._emit(self.batch_added, BatchAdded(restored))
            self._tell_status()
            self._dispatcher.wake()
        return len(restored)

    async def _change(self, function: Callable[[JobStore], list[int]], state: JobState | None) -> int:
        changed = await self._writer.call(function)
        self._tell_change(changed, state)
        return len(changed)

    # -- telling ------------------------------------------------------------------------------------------

    def _tell_change(self, ids: list[int], state: JobState | None) -> None:
        self._tell(ids, ChangeKind.DETAILS if state is None else ChangeKind.STATE, state)

    def _tell_changed(self, state: JobState, ids: list[int]) -> None:
        """Hear from the dispatcher, which tells the status itself when it has told all."""
        self._emit(self.job_changed, JobChange(ids, ChangeKind.STATE, state))

    def _tell(self, ids: Sequence[int], kind: ChangeKind, state: JobState | None = None) -> None:
        if ids:
            self._emit(self.job_changed, JobChange(ids, kind, state))
            self._tell_status()
            self._dispatcher.wake()

    def _tell_status(self) -> None:
        status = self.status()
        counts = status.counts
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        active = self._dispatcher.busy or status.active
        if self._dispatcher.shut_out and self._dispatcher.paused:
            active = bool(self._dispatcher.running_now)
        if active or (waiting and status.run_state is RunState.RUNNING):
            self._idle.clear()
        else:
            self._idle.set()
        if status != self._last_status:
            self._last_status = status
            self._emit(self.status_changed, status)

    def _on_progress(self, job_id: int, fraction: float) -> None:
        self._emit(self.progress, job_id, fraction)

    def _emit(self, signal: SignalInstance, *args: object) -> None:
        """Tell the subscribers; one that raises is logged, and neither the queue nor the others notice."""
        if len(signal):
            try:
                signal.emit(*args)
            except EmitLoopError:
                log.exception("A subscriber of %s raised", signal.name)


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


def _check_int(what: str, value: int, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadUsage(f"{what} is a whole number from {least} to {most}, not {value!r}.")
