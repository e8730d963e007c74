"""Whatever a user does in whatever order, the queue does as a simple model of it says."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.executor import Done, Outcome
from core.failures import retry_failed
from core.job import ENDED, LEGAL_CHANGES, JobState
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.retry import RetryPolicy
from core.status import BatchAdded, ChangeKind, JobChange, JobQuery, SortKey
from core.undo import Deed
from tests.core.bench import crash
from tests.core.clocks import ManualClock
from tests.core.processors import BAD, BUSY, CRASH, SKIP, ByHand

T = TypeVar("T")

SLOTS = 2
RECIPE = builtin_recipes()[0]
WAITING = (JobState.QUEUED, JobState.RETRYING, JobState.HELD)


@dataclass
class ModelJob:
    id: int
    source: str
    priority: int
    place: float
    max_retries: int
    added: float
    state: JobState = JobState.QUEUED
    attempts: int = 0
    crashes: int = 0  # workers that died of it, since it was last queued anew
    slot: int = 0
    due: float = 0.0
    given_up: bool = False  # as it crashes the decoder

    def crashed_too_often(self, outcome: Outcome) -> bool:
        """Whether this crash was one too many."""
        return outcome is CRASH and self.crashes >= RetryPolicy().crashes


class QueueAgainstModel(RuleBasedStateMachine):
    """Drives the real queue and store by hand, and the model beside it."""

    aging: ClassVar[float | None] = None  # seconds
    pick: ClassVar = st.integers(0, 30)
    picks: ClassVar = st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True)

    @initialize()
    def make(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.jobs: dict[int, ModelJob] = {}
        self.removals: list[list[ModelJob]] = []  # what undos bring back, the latest last
        self.changes = Counter[tuple[JobState, JobState]]()  # that were told
        self.slots = SLOTS
        self.paused = True
        self.order: list[int] = []
        self.last_id = 0
        self.open()

    def open(self) -> None:
        self.hand = ByHand()
        self.order_seen: list[int] = []
        self.hand.order = self.order_seen
        self.order = []
        self.queue = TaskQueue(
            self.folder,
            self.hand,
            concurrency=self.slots,
            aging=self.aging,
            clock=self.clock,
            retry=RetryPolicy(jitter=0),
            rng=random.Random(0),
        )
        self.run(self.queue.open())
        self.told = {job.id: job.state for job in self.jobs.values()}
        for job in self.in_state(JobState.RETRYING):  # a backoff may have passed while it was closed
            if job.due <= self.clock.now():
                self.told[job.id] = JobState.QUEUED
        self.queue.batch_added.connect(self.hear_of_batch)
        self.queue.job_changed.connect(self.hear_of_change)

    def hear_of_batch(self, batch: BatchAdded) -> None:
        for job in batch.ids:
            before = next(
                (one.state for some in self.removals for one in some if one.id == job), JobState.QUEUED
            )
            self.told[job] = before

    def hear_of_change(self, change: JobChange) -> None:
        for job in change.ids:
            if change.kind is ChangeKind.REMOVED:
                del self.told[job]
            elif change.state is not None:
                self.changes[self.told[job], change.state] += 1
                self.told[job] = change.state

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        result = self.loop.run_until_complete(coroutine)
        self.loop.run_until_complete(self.settle())
        return result

    async def settle(self) -> None:
        """Wait until the queue has done all that it will do by itself."""
        dispatcher, quiet = self.queue._dispatcher, 0
        while quiet < 3:
            await self.queue._writer.call(lambda _: None)
            await asyncio.sleep(0)
            busy = dispatcher._wake.is_set() or dispatcher._came_in or len(dispatcher._runs) != len(
                self.hand.tasks
            )  # fmt: skip
            quiet = 0 if busy else quiet + 1

    # -- the model ----------------------------------------------------------------------------------------

    def in_state(self, *states: JobState) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.state in states]

    def model_turn(self) -> None:
        for job in self.in_state(JobState.RETRYING):
            if job.due <= self.clock.now():
                job.state = JobState.QUEUED
        if self.paused:
            return
        busy = {job.slot for job in self.in_state(JobState.RUNNING)}
        for slot in sorted(set(range(self.slots)) - busy):
            queued = self.in_state(JobState.QUEUED)
            if not queued:
                return
            job = min(queued, key=lambda j: (-j.priority, j.place, j.id))
            if self.aging is not None:
                old = [one for one in queued if one.added < self.clock.now() - self.aging]
                job = min(old, key=lambda one: one.id, default=job)
            job.state, job.slot = JobState.RUNNING, slot
            job.attempts += 1
            self.order.append(job.id)

    def choose(self, picks: list[int]) -> list[ModelJob]:
        jobs = list(self.jobs.values())
        return [jobs[pick] for pick in picks if pick < len(jobs)]

    # -- what a user does -----------------------------------------------------------------------------------

    @rule(number=st.integers(1, 4), priority=st.sampled_from([-10, 0, 10]), retries=st.integers(0, 4))
    def add(self, number: int, priority: int, retries: int) -> None:
        names = [f"/photos/{self.last_id + offset + 1}.jpg" for offset in range(number)]
        self.accept(names, priority, retries)

    @rule(picks=picks, priority=st.sampled_from([-10, 0, 10]))
    def add_again(self, picks: list[int], priority: int) -> None:
        """Drop what was dropped before: what has not ended is left out, and what has runs anew."""
        sources = [job.source for job in self.choose(picks)]
        self.accept([*sources, *sources], priority, 1)

    def accept(self, sources: Sequence[str], priority: int, retries: int) -> None:
        accepted = self.run(self.queue.enqueue_batch(sources, RECIPE, priority, retries))
        live = {job.source for job in self.jobs.values() if job.state not in ENDED}
        fresh = [source for source in dict.fromkeys(sources) if source not in live]
        assert (len(accepted.ids), accepted.duplicates) == (len(fresh), len(sources) - len(fresh))
        for job, source in zip(accepted.ids, fresh, strict=True):
            self.jobs[job] = ModelJob(job, source, priority, job, retries, self.clock.now())
            self.last_id = job
        self.model_turn()

    @rule()
    def start(self) -> None:
        self.run(self.queue.start())
        self.paused = False
        self.model_turn()

    @rule()
    def pause(self) -> None:
        self.run(self.queue.pause())
        self.paused = True

    @rule()
    def stop(self) -> None:
        self.run(self.queue.stop())
        self.paused = True
        self.put_back()

    def put_back(self) -> None:
        for job in self.in_state(JobState.RUNNING):
            job.state = JobState.QUEUED
            job.attempts -= 1

    @rule(slots=st.integers(1, 4))
    def set_concurrency(self, slots: int) -> None:
        self.run(self.queue.set_concurrency(slots))
        self.slots = slots
        self.model_turn()

    @rule(pick=pick, outcome=st.sampled_from([Done(), Done(), SKIP, BUSY, BUSY, BAD, CRASH, CRASH]))
    def end(self, pick: int, outcome: Outcome) -> None:
        running = self.in_state(JobState.RUNNING)
        if not running:
            return
        job = running[pick % len(running)]
        self.hand.end_job(job.id, outcome)
        job.crashes += outcome is CRASH
        if outcome == Done():
            job.state = JobState.DONE
        elif outcome is SKIP:
            job.state = JobState.SKIPPED
        elif outcome is BAD or job.attempts > job.max_retries or job.crashed_too_often(outcome):
            job.state = JobState.FAILED
            job.given_up = job.crashed_too_often(outcome)
        else:
            job.state = JobState.RETRYING
            job.due = self.clock.now() + 2.0**job.attempts
        self.model_turn()
        self.run(self.settle())

    @rule(picks=picks)
    def cancel(self, picks: list[int]) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.cancel([job.id for job in chosen]))
        for job in chosen:
            if job.state not in ENDED:
                job.state = JobState.CANCELLED
        self.model_turn()

    @rule(picks=picks)
    def hold(self, picks: list[int]) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.hold([job.id for job in chosen]))
        for job in chosen:
            if job.state in (JobState.QUEUED, JobState.RETRYING):
                job.state = JobState.HELD

    @rule(picks=picks)
    def release(self, picks: list[int]) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.release([job.id for job in chosen]))
        for job in chosen:
            if job.state is JobState.HELD:
                job.state = JobState.QUEUED
        self.model_turn()

    @rule(picks=picks)
    def retry(self, picks: list[int]) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.retry([job.id for job in chosen]))
        self.queue_anew(chosen)

    @rule()
    def retry_failed(self) -> None:
        given_up = [job for job in self.in_state(JobState.FAILED) if job.given_up]
        chosen = [job for job in self.in_state(JobState.FAILED) if not job.given_up]
        assert self.run(retry_failed(self.queue)) == (len(chosen), len(given_up))
        self.queue_anew(chosen)

    def queue_anew(self, chosen: list[ModelJob]) -> None:
        for job in chosen:
            if job.state in (JobState.FAILED, JobState.CANCELLED):
                job.state, job.attempts, job.crashes, job.given_up = JobState.QUEUED, 0, 0, False
            elif job.state is JobState.RETRYING:
                job.state = JobState.QUEUED
        self.model_turn()

    @rule(picks=picks, priority=st.sampled_from([-10, 0, 10]))
    def set_priority(self, picks: list[int], priority: int) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.set_priority([job.id for job in chosen], priority))
        for job in chosen:
            if job.state not in ENDED:
                job.priority, job.place = priority, job.id

    @rule(picks=picks)
    def do_next(self, picks: list[int]) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.do_next([job.id for job in chosen]))
        top = max((job.priority for job in self.in_state(JobState.QUEUED)), default=0)
        live = self.in_state(*WAITING, JobState.RUNNING)
        first = min((job.place for job in live), default=0)
        moved = [job for job in chosen if job.state not in ENDED]
        for offset, job in enumerate(moved):
            job.priority, job.place = max(job.priority, top), first - len(moved) + offset

    @rule(picks=picks)
    def do_last(self, picks: list[int]) -> None:
        moved = [job for job in self.choose(picks) if job.state in WAITING]
        self.run(self.queue.do_last([job.id for job in moved]))
        if moved:
            priority = min(job.priority for job in self.in_state(*WAITING))
            last = max([self.last_id, *(j.place for j in self.in_state(*WAITING) if j.priority == priority)])
            self.put(moved, priority, last, self.last_id + 1)

    @rule(picks=picks, beside=pick, after=st.booleans())
    def move(self, picks: list[int], beside: int, after: bool) -> None:
        chosen = self.choose(picks)
        for to in self.choose([beside]):
            self.run(self.queue.move([job.id for job in chosen], to.id, after=after))
            self.model_move([job for job in chosen if job.state in WAITING and job is not to], to, after)

    @rule(picks=picks, up=st.booleans())
    def shift(self, picks: list[int], up: bool) -> None:
        chosen = self.choose(picks)
        self.run(self.queue.shift([job.id for job in chosen], up=up))
        waiting = sorted(self.in_state(*WAITING), key=lambda job: (-job.priority, job.place, job.id))
        moved = [job for job in waiting if job in chosen]
        if moved:
            first = waiting.index(moved[0 if up else -1])
            others = waiting[first::-1] if up else waiting[first:]
            beside = next((job for job in others if job not in moved), None)
            if beside is not None:
                self.model_move(moved, beside, not up)

    def model_move(self, moved: list[ModelJob], to: ModelJob, after: bool) -> None:
        beside = [job.place for job in self.in_state(*WAITING) if job.priority == to.priority]
        if after:
            beyond = min((place for place in beside if place > to.place), default=self.last_id + 1)
            self.put(moved, to.priority, to.place, beyond)
        else:
            beyond = max((one for one in beside if one < to.place), default=to.place - len(moved) - 1)
            self.put(moved, to.priority, beyond, to.place)

    def put(self, moved: list[ModelJob], priority: int, low: float, high: float) -> None:
        step = (high - low) / (len(moved) + 1)
        for number, job in enumerate(moved, 1):
            job.priority, job.place = priority, low + step * number

    @rule(picks=picks)
    def remove(self, picks: list[int]) -> None:
        self.forget(self.choose(picks))

    @rule()
    def clear(self) -> None:
        """Remove all that has ended, but what failed."""
        self.forget(self.in_state(JobState.DONE, JobState.SKIPPED, JobState.CANCELLED))

    def forget(self, chosen: list[ModelJob]) -> None:
        async def remove() -> None:
            async with self.queue.undo.step(Deed.REMOVE):
                await self.queue.remove([job.id for job in chosen])

        self.run(remove())
        removed = [job for job in chosen if job.state is not JobState.RUNNING]
        for job in removed:
            del self.jobs[job.id]
        if removed:
            self.removals.append(removed)

    @rule()
    def undo(self) -> None:
        """Bring back what was removed last."""
        undone = self.run(self.queue.undo.undo())
        removed = self.removals.pop() if self.removals else []
        assert (undone.changed if undone else 0) == len(removed)
        self.jobs |= {job.id: job for job in removed}
        self.model_turn()

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run(self.settle())
        self.model_turn()

    @rule()
    def quit_and_start_again(self) -> None:
        self.run_alone(self.queue.close(grace=0))
        self.put_back()
        self.paused = True  # until `start`, whatever was before
        self.removals = []
        self.open()
        self.model_turn()

    @rule()
    def crash_and_start_again(self) -> None:
        self.run_alone(crash(self.queue))
        for job in self.in_state(JobState.RUNNING):
            job.state = JobState.QUEUED if job.attempts <= job.max_retries else JobState.FAILED
        self.paused = True
        self.removals = []
        self.open()
        self.model_turn()

    def run_alone(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(coroutine)

    # -- what must hold --------------------------------------------------------------------------------

    @invariant()
    def g2_every_job_is_where_the_model_says(self) -> None:
        found = self.run(self.queue.jobs(list(self.jobs)))
        seen = {job.id: (job.state, job.priority, job.attempts) for job in found}
        assert seen == {job.id: (job.state, job.priority, job.attempts) for job in self.jobs.values()}
        for job in self.in_state(JobState.RUNNING):  # of several that end at once, any slot may be free first
            job.slot = self.hand.slot_of(job.id)

    @invariant()
    def g8_jobs_ran_in_the_order_of_the_model(self) -> None:
        assert self.order_seen == self.order

    @invariant()
    def g8_waiting_jobs_are_in_the_order_of_the_model(self) -> None:
        waiting = JobQuery(states=frozenset(WAITING), sort=SortKey.ORDER)
        ordered = sorted(self.in_state(*WAITING), key=lambda job: (-job.priority, job.place, job.id))
        assert list(self.run(self.queue.find(waiting))) == [job.id for job in ordered]

    @invariant()
    def g9_backoffs_are_as_long_as_the_model_says(self) -> None:
        found = self.run(self.queue.jobs([job.id for job in self.in_state(JobState.RETRYING)]))
        assert {job.id: job.due_at for job in found} == {job.id: self.jobs[job.id].due for job in found}

    @invariant()
    def g12_what_was_told_is_a_legal_path_to_where_every_job_is(self) -> None:
        assert self.changes.keys() <= LEGAL_CHANGES
        assert self.told == {job.id: job.state for job in self.jobs.values()}

    @invariant()
    def g12_counts_equal_the_stores(self) -> None:
        counts = self.queue.status().counts
        for state in JobState:
            assert counts[state] == len(self.in_state(state))

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            self.run_alone(self.queue.close(grace=0))
            self.loop.close()
            shutil.rmtree(self.folder)


class AgingQueueAgainstModel(QueueAgainstModel):
    """The same where a job that has waited for long goes before all others."""

    aging: ClassVar[float | None] = 6.0


TestQueueAgainstModel = QueueAgainstModel.TestCase
TestAgingQueueAgainstModel = AgingQueueAgainstModel.TestCase
TestQueueAgainstModel.settings = TestAgingQueueAgainstModel.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
