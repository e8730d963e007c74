"""The defects that users of other queues met, each as a test of this one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from core.executor import Done, Outcome, Task
from core.job import JobError, JobState
from core.retry import RetryPolicy
from core.status import JobQuery
from core.store import Ended, JobStore, StaleAttempt
from core.store_file import STORE_NAME
from core.store_reader import StoreReader
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, Bench, crash, opened
from tests.core.clocks import ManualClock, until
from tests.core.processors import BUSY, CRASH, ByHand

_LATE: Final = JobError("interrupted", "The app died.", True)
_RESCUES: Final[dict[str, Callable[[JobStore, Ended], None]]] = {
    "put back": lambda store, end: store.put_back(end),
    "put back after a crash": lambda store, end: store.put_back_after_crash(end, _LATE),
    "retried later": lambda store, end: store.retry_later(end, _LATE, 1.0),
    "failed": lambda store, end: store.fail(end, _LATE),
    "cancelled": lambda store, end: store.cancel_running(end),
}


@pytest.mark.parametrize("later", [0.0, 1e6, -1e6])  # seconds, by the clock at the next start
def test_g3_no_job_stays_running_after_a_crash_of_the_app(
    run_on_loop: RunOnLoop, tmp_path: Path, later: float
) -> None:
    """Oban 429 and 1037, BullMQ 652, Procrastinate 1518: jobs stuck as running after a crash."""

    async def story() -> None:
        first = Bench(tmp_path)
        await first.queue.open()
        ids = await first.add(*"abcdef")
        await first.queue.start()
        await first.running(4)
        await crash(first.queue)
        # Whatever time has passed meanwhile: it goes by ownership, and never by age.
        async with opened(tmp_path, clock=ManualClock(first.clock.now() + later)) as second:
            assert second.queue.status().counts[JobState.RUNNING] == 0
            assert second.queue.status().counts[JobState.QUEUED] == 6
            second.hand.script = lambda task: Done()
            await second.queue.start()
            await second.queue.drained()
            assert second.hand.order == ids  # at their old places, too

    run_on_loop(story())


@pytest.mark.parametrize("rescue", _RESCUES.values(), ids=_RESCUES)
@pytest.mark.parametrize("meanwhile", ["done", "put back", "running anew"])
def test_g2_what_puts_jobs_back_never_overwrites_what_became_of_one_meanwhile(
    run_on_loop: RunOnLoop, tmp_path: Path, rescue: Callable[[JobStore, Ended], None], meanwhile: str
) -> None:
    """River 1302: a rescuer read a job as running, and wrote its old state over what it had become."""

    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)  # the rescuer reads this: attempt 1 runs
            if meanwhile == "done":
                bench.hand.end_job(job)
                await bench.queue.drained()
            else:
                await bench.queue.stop()
            if meanwhile == "running anew":
                await bench.queue.start()
                await bench.running(1)
            before = await bench.queue.jobs([job]), await bench.queue.attempts(job)
            with pytest.raises(StaleAttempt):
                await bench.queue._writer.call(lambda store: rescue(store, Ended(job, 1, 9.0, 1.0)))
            assert (await bench.queue.jobs([job]), await bench.queue.attempts(job)) == before
            counts = bench.queue.status().counts
            assert counts[before[0][0].state] == sum(counts.values()) == 1

    run_on_loop(story())


def test_g2_a_result_that_comes_after_its_job_was_given_to_another_changes_nothing(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """BullMQ 439: a worker that had stalled came back, and its job was done, and told, twice."""

    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("a")
            told: list[JobState | None] = []
            bench.queue.job_changed.connect(lambda change: told.append(change.state))
            await bench.queue.start()
            await bench.running(1)
            await bench.queue.stop()
            await bench.queue.start()
            await bench.running(1)  # attempt 2
            with pytest.raises(StaleAttempt):
                await bench.queue._writer.call(lambda store: store.finish(Ended(job, 1, 9.0, 1.0), Done()))
            assert await bench.state(job) is JobState.RUNNING
            bench.hand.end_job(job)
            await until(lambda: JobState.DONE in told)
            await bench.queue.drained()
            assert told.count(JobState.DONE) == 1

    run_on_loop(story())


def test_g6_two_slots_are_never_given_the_same_job(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    """saq 124: a sweep put a job back that was still running, and two workers had it."""

    async def story() -> None:
        at_once: set[int] = set()
        most: list[int] = []

        def script(task: Task) -> Outcome | None:
            most.append(task.job_id)
            return None if task.job_id in at_once else Done()

        async with opened(tmp_path, ByHand(script), concurrency=8) as bench:
            at_once |= {1, 2}  # these two take long
            await bench.add(*(f"{number}" for number in range(200)))
            await bench.queue.start()
            await bench.count(JobState.DONE, 198)
            for _ in range(3):  # what might sweep: a pause, a change of slots, a retry, a wake-up
                await bench.queue.pause()
                await bench.queue.set_concurrency(4)
                await bench.queue.retry([1, 2])
                bench.clock.advance(10_000)
                await bench.queue.set_concurrency(8)
                await bench.queue.start()
            assert {task.job_id for task in bench.hand.tasks.values()} == {1, 2}
            assert sorted(most) == list(range(1, 201))
            for job in (1, 2):
                bench.hand.end_job(job)
            await bench.queue.drained()

    run_on_loop(story())


def test_g1_a_job_that_was_handed_out_is_still_in_the_store_when_all_is_killed(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """Huey 559 and 844: a task was taken out of the storage to be run, and gone when all was killed."""

    async def story() -> None:
        bench = Bench(tmp_path)
        await bench.queue.open()
        ids = await bench.add(*"abc", max_retries=0)
        await bench.queue.start()
        await bench.running(3)
        # Another process looks into the file at this very instant: nothing has left it.
        reader = StoreReader(tmp_path / STORE_NAME)
        assert list(reader.find(JobQuery(states=frozenset({JobState.RUNNING})))) == ids
        reader.close()
        await crash(bench.queue)
        async with opened(tmp_path) as again:
            # They had one attempt each: these are used up, and said so, and nothing is gone.
            assert again.queue.status().counts[JobState.FAILED] == 3
            for job in await again.queue.jobs(ids):
                assert job.error is not None
                assert job.error.code == "interrupted"

    run_on_loop(story())


def test_g9_a_thousand_jobs_that_failed_at_once_do_not_come_back_at_once(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """Sidekiq 480: all retries of one outage came due in the same second, and made the next one."""

    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BUSY), concurrency=16) as bench:
            await bench.add(*(f"{number}" for number in range(1_000)))
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1_000)
            failed_at = bench.clock.now()
            jobs = await bench.queue.jobs(await bench.queue.find(JobQuery()))
            waits = sorted(job.due_at - failed_at for job in jobs if job.due_at is not None)
            assert len(waits) == 1_000
            assert waits[0] >= 2.0  # never less than the backoff
            burst = max(sum(start <= wait < start + 0.1 for wait in waits) for start in waits)
            assert burst < 250  # of a thousand, within a tenth of a second

    run_on_loop(story())


def test_g9_later_retries_are_spread_over_ever_longer_times() -> None:
    """Sidekiq 480, too: the spread grows with the backoff, or later bursts would be as dense as the first."""
    policy, rng = RetryPolicy(), random.Random(1)
    for attempt in range(1, 12):
        delays = [policy.delay(attempt, rng) for _ in range(1_000)]
        least = min(policy.cap, policy.base * 2**attempt)
        assert min(delays) >= least
        assert max(delays) - min(delays) > 0.4 * least


def test_g3_a_source_that_takes_everything_down_with_it_ends_in_failed(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """Celery 9082: a task that killed its worker was delivered again without end."""

    async def story() -> None:
        for _ in range(4):  # each start, it takes the whole app with it
            bench = Bench(tmp_path)
            await bench.queue.open()
            if not bench.queue.status().total:
                await bench.queue.enqueue("/photos/poison.jpg", RECIPE, max_retries=3)
            await bench.queue.start()
            await bench.running(1)
            await crash(bench.queue)
        async with opened(tmp_path) as last:
            assert last.queue.status().counts[JobState.FAILED] == 1
            await last.queue.start()
            await last.queue.drained()
            assert last.hand.order == []
            assert len(await last.queue.attempts(1)) == 4

    run_on_loop(story())


def test_g3_a_source_that_kills_its_worker_is_given_up_whatever_retries_it_has(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """Celery 9082, where only the worker dies."""

    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: CRASH)) as bench:
            (job,) = await bench.add("poison", max_retries=1_000)
            await bench.queue.start()
            for number in (1, 2):
                await until(lambda n=number: len(bench.hand.order) == n)  # type: ignore[misc]
                await until(lambda: bool(bench.queue.status().next_due_in))
                bench.clock.advance(10_000)
            await bench.count(JobState.FAILED, 1)
            (found,) = await bench.queue.jobs([job])
            assert found.error is not None
            assert (found.attempts, found.error.code) == (3, "crashes-decoder")

    run_on_loop(story())
