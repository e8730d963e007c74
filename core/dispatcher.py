"""Gives the next jobs to free slots, and brings home how each attempt ended."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.clock import Alarm, Clock
from core.errors import DiskFull, ImageQueueError, WorkerCrashed, describe
from core.executor import Done, Failed, Outcome, Processor, Skipped, Stopped, Task
from core.imaging.made import memory_of
from core.job import JobState
from core.leftovers import UNTIDY, Leftovers
from core.links.address import is_link
from core.links.kept import downloads_of
from core.machine import processors
from core.retry import RetryPolicy
from core.store import Claimed, Ended, JobStore, StaleAttempt
from core.store_writer import StoreWriter

log = logging.getLogger(__name__)

STORE_PATIENCE: Final = 20.0
"""Seconds at the end, beyond the grace, until the store's disk is taken for one that stalls."""

_WRITE_AGAIN: Final = 2.0  # seconds until results that the store could not take are tried again
_BRIEF: Final = 0.002  # seconds; an attempt that takes less costs less than its commit
_NAME_AFTER: Final = 0.25  # seconds until the machine of an attempt is noted, which most have ended before
_PATIENCE: Final = 0.01  # seconds that an end waits for others at most, while they use all processors


@dataclass(slots=True, eq=False)
class Run:
    """An attempt that is under way in a slot."""

    claimed: Claimed
    task: Task
    began: float  # by the clock
    settled: asyncio.Future[None]  # resolved when its end is in the store
    wish: JobState | None = None  # CANCELLED or QUEUED: what it is to become when it is ended from outside
    outcome: Outcome | None = None
    seconds: float = 0.0
    machine: str = ""  # the other machine that has it, once it has begun
    left: bool = False  # whether it goes on there without the app


@dataclass(slots=True)
class _Turn:
    """What one commit brought about."""

    ended: list[tuple[Run, JobState]] = field(default_factory=list)
    woken: list[int] = field(default_factory=list)
    claimed: list[Claimed] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    next_due: float | None = None


class Dispatcher:
    """Keeps the slots busy with what the store says is next.

    It works in turns. Each turn is one commit: the ends of attempts that have come in, the backoffs that have
    passed, and the claims for the slots that are free. Only after it are the claimed jobs started, and
    `changed` told. While the disk syncs, more ends come in and share the next turn.
    """

    def __init__(
        self,
        writer: StoreWriter,
        processor: Processor,
        data_dir: Path,
        *,
        retry: RetryPolicy,
        timeout: float | None,
        aging: float | None,
        clock: Clock,
        rng: random.Random,
        changed: Callable[[JobState | None, list[int]], None],
        turned: Callable[[], None],
        pause_itself: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._processor = processor
        self._data_dir = data_dir
        self._receipts = data_dir / "receipts"
        self._retry = retry
        self.timeout = timeout
        """Seconds that the attempts which begin from now on may take; None for no limit."""
        self.aging = aging
        """Seconds after which a waiting job goes first; None for never. The store keeps an index for it."""
        self._clock = clock
        self._rng = rng
        self._changed = changed
        self._turned = turned
        self._pause_itself = pause_itself
        self._uid = ""
        self.leftovers = Leftovers(data_dir)
        self._runs: dict[int, Run] = {}  # slot -> what runs in it
        self._came_in: list[Run] = []  # attempts that ended, and are not in the store yet
        self._unsettled: set[Run] = set()  # both, and those whose end is on its way into the store
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._others_in: asyncio.Future[None] | None = None  # waited for while ends gather for one turn
        self._enough = 0  # attempts under way with which the wait is over
        self._processors = processors()
        self._alarm: Alarm | None = None
        self._to_name: list[Run] = []  # whose machines the next turn notes
        self._loop_task: asyncio.Task[None] | None = None
        self._closing = False
        self.slots = 0
        """Of this machine."""
        self.by_content = False
        self.paused = True
        self.shut_out = False
        """Whether the store took nothing of the last turn."""
        self.next_due: float | None = None
        """When the next backoff passes, by the clock."""
        self.bytes_in = 0
        self.bytes_out = 0

    # -- opening and closing ------------------------------------------------------------------------------

    async def open(self, uid: str, slots: int, on_progress: Callable[[int, float], None]) -> None:
        """Make the slots ready and begin to turn; nothing is claimed while `paused`."""
        self._uid = uid
        self.slots = slots
        self._receipts.mkdir(parents=True, exist_ok=True)
        self._processor.listen(self._on_slots, self._on_taken)
        await self._processor.start(slots, on_progress)
        self._loop_task = asyncio.create_task(self._turns(), name="dispatcher")
        self.wake()

    async def close(self, grace: float) -> bool:
        """Claim nothing more, give running jobs `grace` seconds, put the rest back, end the slots.

        Returns whether the store took all of it. One that does not answer is left: the next start puts back
        what ran.
        """
        self._closing = True
        ending = asyncio.ensure_future(self._end_in_order(grace))
        done, _ = await asyncio.wait([ending], timeout=max(grace, 0) + STORE_PATIENCE)
        if done:
            ending.result()
        else:
            log.error("The disk with the queue (%s) does not answer: it is left as it is", self._data_dir)
            ending.cancel()
            if self._loop_task is not None:
                self._loop_task.cancel()
        await self._processor.close()
        if self._alarm is not None:
            self._alarm.cancel()
        return bool(done)

    async def _end_in_order(self, grace: float) -> None:
        if self._loop_task is not None:
            with suppress(ImageQueueError):
                await self._writer.call(lambda _: None)  # a claim under way is started before this returns
            if self._runs:
                await asyncio.wait([run.settled for run in self._runs.values()], timeout=max(grace, 0))
            left = self._left_to_others()
            rest = [run for run in self._runs.values() if run not in left]
            await asyncio.gather(self.end(rest, JobState.QUEUED), self._note_left(left))
            self.wake()
            await self._loop_task

    def _left_to_others(self) -> list[Run]:
        """Let other machines go on with what they have; the next start of the app takes what they made."""
        for run in self._runs.values():
            if not run.left and run.wish is None and run.outcome is None:
                run.left = self._processor.leave(run.claimed.worker)
        return [run for run in self._runs.values() if run.left]

    async def _note_left(self, left: list[Run]) -> None:
        if left:
            await asyncio.wait([run.settled for run in left])
            jobs = [(run.claimed.job_id, run.claimed.attempt) for run in left]
            with suppress(ImageQueueError):  # then the next start takes it for a crash
                await self._writer.call(lambda store: store.note_left(jobs))

    async def take_up(self, left: Sequence[Claimed], uid: str) -> list[tuple[Task, Done | None]]:
        """Return the tasks of what an earlier run of the app left running, with what came of them since."""
        tasks = [self.task_of(claimed, uid) for claimed in left]
        slots = [claimed.worker for claimed in left]
        made = await self._processor.take_up(uid, list(zip(slots, tasks, strict=True)))
        return [(task, made.get(task.job_id)) for task in tasks]

    async def resize(self, slots: int) -> None:
        """Change the number of slots of this machine."""
        self.slots = slots
        if self._loop_task is not None and not self._closing:
            await self._processor.resize(slots)
            self.wake()

    def _on_slots(self) -> None:
        self._turned()
        self.wake()

    def _on_taken(self, task: Task, machine: str) -> None:
        run = next((run for run in self._runs.values() if run.task is task), None)
        if run is not None and run.machine != machine:
            run.machine = machine
            self._clock.call_later(_NAME_AFTER, lambda: self._name_machine(run))

    def _name_machine(self, run: Run) -> None:
        if run.outcome is None:  # else it is noted with the end
            self._to_name.append(run)
            self.wake()

    @property
    def slot_count(self) -> int:
        """How many slots there are now, on all machines."""
        return len(self._processor.open_slots()) if self._loop_task is not None else self.slots

    def wake(self) -> None:
        """Take a turn soon: something may have changed that lets a job start."""
        self._wake.set()

    @property
    def busy(self) -> bool:
        """Whether an attempt is under way, or ended and not in the store yet."""
        return bool(self._runs or self._came_in)

    @property
    def running_now(self) -> int:
        """How many attempts are under way in slots."""
        return len(self._runs)

    # -- ending running jobs from outside -------------------------------------------------------------------

    def running(self, ids: Iterable[int] | None = None) -> list[Run]:
        """Return the attempts that are not in the store as ended: all, or those of these jobs."""
        wanted = None if ids is None else set(ids)
        return [run for run in self._unsettled if wanted is None or run.claimed.job_id in wanted]

    async def end(self, runs: Iterable[Run], wish: JobState) -> int:
        """End these attempts at once; their jobs become `wish`, but for those that had just ended.

        Returns how many became so, when it is in the store. To be cancelled goes before to be put back.
        """
        chosen = list(runs)
        for run in chosen:
            if run.outcome is None and (run.wish is None or wish is JobState.CANCELLED):
                first, run.wish = run.wish is None, wish
                if first:
                    self._processor.cancel(run.claimed.worker)
        if chosen:
            await asyncio.wait([run.settled for run in chosen])
        return sum(isinstance(run.outcome, Stopped) and run.wish is wish for run in chosen)

    # -- turns --------------------------------------------------------------------------------------------

    async def _turns(self) -> None:
        while True:
            await self._wake.wait()
            await self._until_others_came_in()
            self._wake.clear()
            ended, self._came_in = self._came_in, []
            try:
                turn = await self._writer.call(self._next_turn(ended))
            except Exception as error:
                # The store took nothing of this turn. What ended is kept here until it does.
                if isinstance(error, ImageQueueError):
                    log.error("The store could not be written: %s", error)
                else:
                    log.exception("A turn could not be taken")
                self.shut_out = True
                if not self.paused:
                    self._pause_itself(describe(error).message)
                if self._closing:
                    self._release(ended)  # the next start finds them running, and knows what to do
                else:
                    self._came_in = ended + self._came_in
                    if ended:
                        self._clock.call_later(_WRITE_AGAIN, self.wake)
                self._turned()
            else:
                self.shut_out = False
                self._apply(turn, ended)
            if self._closing and not self._runs and not self._wake.is_set():
                return

    async def _until_others_came_in(self) -> None:
        """Let attempts share a turn where that leaves no processor idle: a turn costs a fifth of a small job.

        Those that take no longer than a commit wait for all the others, which are about to end, too. Others
        wait while more are under way than there are processors, and no longer than half of what they took.
        """
        if not self._came_in or self._closing or any(run.wish is not None for run in self._came_in):
            return
        if all(run.seconds < _BRIEF for run in self._came_in):
            self._enough, seconds = 0, _BRIEF
        else:
            seconds = min(_PATIENCE, min(run.seconds for run in self._came_in) / 2)
            self._enough = self._processors
        if len(self._runs) <= self._enough:
            return
        loop = asyncio.get_running_loop()
        self._others_in = loop.create_future()
        alarm = loop.call_later(seconds, _settle, self._others_in)
        await self._others_in
        alarm.cancel()
        self._others_in = None

    def _next_turn(self, ended: list[Run]) -> Callable[[JobStore], _Turn]:
        now = self._clock.now()
        free = []
        if not self.paused and not self._closing:
            free = [slot for slot in self._processor.open_slots() if slot not in self._runs]
        to_name, self._to_name = self._to_name, []
        oldest_before = None if self.aging is None else now - self.aging

        def turn(store: JobStore) -> _Turn:
            result = _Turn()
            for run in ended:
                try:
                    state = self._write(store, run, now)
                except StaleAttempt as error:
                    log.warning("Dropped a late result: %s", error)
                except (OverflowError, TypeError, ValueError) as error:
                    log.exception("The store cannot hold a result")
                    store.fail(_end_of(run, now), describe(error))
                    result.ended.append((run, JobState.FAILED))
                else:
                    result.ended.append((run, state))
            for run in to_name:
                if store.note_machine(run.claimed.job_id, run.claimed.attempt, run.machine):
                    result.named.append(run.claimed.job_id)
            if store.counts[JobState.RETRYING]:
                result.woken = store.wake_due(now)
            if free:
                result.claimed = store.claim(free, now, oldest_before)
            if store.counts[JobState.RETRYING]:
                result.next_due = store.next_due()
            return result

        return turn

    def _write(self, store: JobStore, run: Run, now: float) -> JobState:
        """Write what the job becomes by this end of its attempt, and return it; in the store's thread."""
        end = _end_of(run, now)
        match run.outcome:
            case Done() as done:
                store.finish(end, done)
                return JobState.DONE
            case Skipped(reason, source_bytes):
                store.skip(end, reason, source_bytes)
                return JobState.SKIPPED
            case Failed(error):
                if error.code == WorkerCrashed.code:
                    error = self._retry.after_crashes(error, store.crashes(end.job) + 1)
                attempts = run.claimed.attempts
                if self._retry.gives_up(error, attempts, run.claimed.max_retries):
                    store.fail(end, error)
                    return JobState.FAILED
                store.retry_later(end, error, self._retry.delay(attempts, self._rng, error.wait))
                return JobState.RETRYING
        if run.wish is JobState.CANCELLED:
            store.cancel_running(end)
            return JobState.CANCELLED
        store.put_back(end)
        return JobState.QUEUED

    def _apply(self, turn: _Turn, came_in: list[Run]) -> None:
        states: defaultdict[JobState, list[int]] = defaultdict(list)
        for run, state in turn.ended:
            states[state].append(run.claimed.job_id)
            if state is JobState.DONE and isinstance(run.outcome, Done):
                self.bytes_in += run.outcome.source_bytes or 0
                self.bytes_out += sum(file.bytes for file in run.outcome.outputs)
        for state, ids in states.items():
            self._changed(state, ids)
        if turn.named:
            self._changed(None, turn.named)
        if turn.woken:
            self._changed(JobState.QUEUED, turn.woken)
        if turn.claimed:
            for claimed in turn.claimed:
                self._launch(claimed)
            self._changed(JobState.RUNNING, [claimed.job_id for claimed in turn.claimed])
        for run in came_in:
            self._processor.settled(run.task)
        self._release(came_in)
        self._set_alarm(turn.next_due)
        self._turned()

    def _release(self, runs: list[Run]) -> None:
        for run in runs:
            self._unsettled.discard(run)
            _settle(run.settled)

    def _set_alarm(self, due: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self.next_due = due
        self._alarm = None
        if due is not None and not self._closing:
            self._alarm = self._clock.call_later(due - self._clock.now(), self.wake)

    # -- one attempt --------------------------------------------------------------------------------------

    def _launch(self, claimed: Claimed) -> None:
        run = Run(
            claimed,
            self.task_of(claimed, self._uid),
            self._clock.now(),
            asyncio.get_running_loop().create_future(),
        )
        self._runs[claimed.worker] = run
        self._unsettled.add(run)
        task = asyncio.create_task(self._attempt(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def task_of(self, claimed: Claimed, uid: str) -> Task:
        """Return what a worker is told of this attempt; `uid` is the store's own, part of temporary names."""
        return Task(
            claimed.job_id,
            claimed.attempt,
            claimed.source,
            claimed.recipe_body,
            claimed.twin,
            claimed.batch_index,
            f"{uid}-{claimed.job_id}-{claimed.attempt}",
            f"{self._receipts}/{claimed.worker}.json",
            self.timeout,
            downloads_of(self._data_dir, uid, claimed.job_id) if is_link(claimed.source) else "",
            memory_of(self._data_dir),
            claimed.below,
            self.by_content,
        )

    async def _attempt(self, run: Run) -> None:
        try:
            outcome: Outcome = Stopped()  # if it was ended before now: the slot had nothing to end
            if run.wish is None:
                outcome = await self._processor.run(run.claimed.worker, run.task)
            if run.left:
                del self._runs[run.claimed.worker]
                self._release([run])
                self.wake()
                return
            if isinstance(outcome, Stopped) or (isinstance(outcome, Failed) and outcome.error.code in UNTIDY):
                wish = run.wish
                files = await self.leftovers.tidied(run.task, wish is JobState.CANCELLED)
                if run.wish is not wish:  # put back, and then cancelled
                    files = await self.leftovers.tidied(run.task, run.wish is JobState.CANCELLED)
                if files is not None:
                    outcome = Done(files)
        except Exception as error:  # a processor never raises: this is our bug, and the job's failure
            log.exception("A processor raised")
            outcome = Failed(describe(error))
        if run.wish is JobState.CANCELLED and isinstance(outcome, Failed):
            outcome = Stopped()
        run.outcome = outcome
        run.seconds = self._clock.now() - run.began
        del self._runs[run.claimed.worker]
        self._came_in.append(run)
        if self._others_in is not None and (len(self._runs) <= self._enough or run.wish is not None):
            _settle(self._others_in)
        if isinstance(outcome, Failed) and outcome.error.code == DiskFull.code and not self.paused:
            # The others are not to spend their retries on it as well.
            self._pause_itself(outcome.error.message)
        self.wake()


def _end_of(run: Run, now: float) -> Ended:
    return Ended(run.claimed.job_id, run.claimed.attempt, now, run.seconds, run.machine)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
