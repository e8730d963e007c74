"""The queue gives out jobs in order, retries what can be helped, pauses, cancels and tells of it all."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import BadUsage, DiskFull, Interrupted
from core.executor import Done, Failed, InProcess, Outcome, Task
from core.job import LEGAL_CHANGES, AttemptEnd, JobError, JobState, OutputFile, Priority
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.retry import RetryPolicy
from core.status import BatchAdded, ChangeKind, JobChange, JobQuery, QueueStatus, RunState
from tests.conftest import RunOnLoop
from tests.core.clocks import ManualClock, until
from tests.core.processors import BAD, BUSY, SKIP, ByHand

RECIPE = builtin_recipes()[0]


class Bench:
    """A queue on a processor that is driven by hand, and a clock that is set by hand."""

    def __init__(self, path: Path, processor: ByHand | None = None, **options: object) -> None:
        self.hand = processor or ByHand()
        self.clock = ManualClock()
        self.queue = TaskQueue(
            path, self.hand, clock=self.clock, rng=random.Random(1), **options  # type: ignore[arg-type]
        )  # fmt: skip

    async def add(self, *names: str, priority: int = 0, max_retries: int = 3) -> list[int]:
        sources = [f"/photos/{name}.jpg" for name in names]
        return list((await self.queue.enqueue_batch(sources, RECIPE, priority, max_retries)).ids)

    async def state(self, job: int) -> JobState:
        (found,) = await self.queue.jobs([job])
        return found.state

    async def running(self, number: int) -> None:
        """Wait until so many jobs run."""
        await until(lambda: len(self.hand.tasks) == number and self.queue.status().active == number)

    async def count(self, state: JobState, number: int) -> None:
        await until(lambda: self.queue.status().counts[state] == number)


@asynccontextmanager
async def opened(path: Path, processor: ByHand | None = None, **options: object) -> AsyncIterator[Bench]:
    bench = Bench(path, processor, **options)
    await bench.queue.open()
    try:
        yield bench
    finally:
        await bench.queue.close(grace=0)


async def drive_a_small_batch(path: Path) -> None:
    async with opened(path, ByHand(lambda task: Done())) as bench:
        await bench.add(*"abcdefghij")
        await bench.queue.start()
        await bench.queue.drained()
        assert bench.queue.status().counts[JobState.DONE] == 10
        assert bench.hand.order == sorted(bench.hand.order)


def test_a_batch_runs_to_its_end_on_asyncio_and_on_qasync(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    run_on_loop(drive_a_small_batch(tmp_path))


def test_at_most_concurrency_jobs_run_at_once(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            await bench.add(*"abcdef")
            await bench.queue.start()
            await bench.running(4)
            assert bench.queue.status().concurrency == 4
            assert bench.queue.status().counts[JobState.QUEUED] == 2
            bench.hand.end(2)
            await until(lambda: bench.queue.status().counts[JobState.QUEUED] == 1)
            await bench.running(4)
            assert bench.hand.most_at_once == 4

    run_on_loop(story())


def test_the_number_of_workers_can_change_while_jobs_run(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            await bench.add(*"abcd")
            await bench.queue.start()
            await bench.running(1)
            await bench.queue.set_concurrency(3)
            await bench.running(3)
            await bench.queue.set_concurrency(1)
            for slot in (1, 2):
                bench.hand.end(slot)
            await bench.count(JobState.DONE, 2)
            await bench.running(1)

    run_on_loop(story())


def test_g8_priority_decides_what_runs_next_and_a_retry_keeps_it(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        failures = {2}

        def script(task: Task) -> Outcome | None:
            if task.job_id in failures:
                failures.discard(task.job_id)
                return BUSY
            return Done()

        async with opened(tmp_path, ByHand(script), concurrency=1) as bench:
            await bench.add("low", priority=Priority.LOW)
            await bench.add("urgent", "second", priority=Priority.HIGH)
            await bench.queue.start()
            await bench.count(JobState.DONE, 2)
            assert bench.hand.order == [2, 3, 1]
            await bench.add("waits", priority=Priority.NORMAL)  # runs at once
            await bench.count(JobState.DONE, 3)
            await bench.queue.pause()
            await bench.add("normal", priority=Priority.NORMAL)
            bench.clock.advance(10)
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [2, 3, 1, 4, 2, 5]

    run_on_loop(story())


def test_g9_a_job_that_waits_for_its_retry_holds_no_worker(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BUSY), concurrency=1) as bench:
            await bench.add(*"abc")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 3)
            status = bench.queue.status()
            assert status.active == 0
            assert status.next_due_in is not None
            assert 2 <= status.next_due_in <= 3

    run_on_loop(story())


def test_g9_exactly_max_retries_then_failed_with_every_attempt_kept(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BUSY)) as bench:
            (job,) = await bench.add("a", max_retries=2)
            await bench.queue.start()
            for number, expected in enumerate((2.0, 4.0), start=1):
                await until(lambda n=number: len(bench.hand.order) == n)  # type: ignore[misc]
                await bench.count(JobState.RETRYING, 1)
                bench.clock.advance(expected - 0.01)  # never earlier than the backoff
                bench.queue._dispatcher.wake()
                (found,) = await bench.queue.jobs([job])
                assert found.state is JobState.RETRYING
                bench.clock.advance(expected)
            await bench.count(JobState.FAILED, 1)
            (found,) = await bench.queue.jobs([job])
            assert found.attempts == 3
            assert found.error is not None
            assert found.error.code == "file-busy"
            attempts = await bench.queue.attempts(job)
            assert [a.end for a in attempts] == [AttemptEnd.FAILED] * 3

    run_on_loop(story())


def test_g9_what_a_retry_cannot_help_fails_at_once(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BAD)) as bench:
            await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [1]
            assert bench.queue.status().counts[JobState.FAILED] == 1

    run_on_loop(story())


def test_g9_a_backoff_survives_a_restart(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BUSY)) as bench:
            await bench.add("a")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            await bench.queue.start()
            await until(lambda: bench.queue.status().next_due_in is not None)
            assert bench.queue.status().counts[JobState.RETRYING] == 1
            bench.clock.advance(4)
            await bench.queue.drained()
            assert bench.queue.status().counts[JobState.DONE] == 1

    run_on_loop(story())


def test_g9_a_full_disk_pauses_the_queue_with_a_sentence_instead_of_spending_all_retries(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        full = Failed(DiskFull("The disk with /out is full.").as_job_error())
        async with opened(tmp_path, ByHand(lambda task: full), concurrency=1) as bench:
            await bench.add(*"abc")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)
            await bench.queue.drained()
            status = bench.queue.status()
            assert status.run_state is RunState.PAUSED
            assert status.reason == "The disk with /out is full."
            assert status.counts[JobState.QUEUED] == 2
            bench.hand.script = lambda task: Done()
            await bench.queue.start()
            assert bench.queue.status().reason == ""
            await bench.count(JobState.DONE, 2)

    run_on_loop(story())


def test_g10_after_pause_nothing_starts_across_restarts_until_start(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            await bench.add(*"abc")
            await bench.queue.start()
            await bench.running(1)
            await bench.queue.pause()
            assert bench.queue.status().run_state is RunState.PAUSING
            bench.hand.end(0)
            await bench.queue.drained()
            assert bench.queue.status().run_state is RunState.PAUSED
            assert bench.hand.order == [1]
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            assert not bench.queue.was_running
            assert bench.hand.order == []
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [2, 3]

    run_on_loop(story())


def test_a_queue_that_was_running_says_so_at_its_next_opening(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            assert bench.queue.was_running
            await bench.queue.start()
        async with opened(tmp_path) as bench:
            assert bench.queue.was_running

    run_on_loop(story())


def test_g10_an_orderly_end_puts_running_jobs_back_uncounted(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            await bench.add(*"ab")
            await bench.queue.start()
            await bench.running(2)
        async with opened(tmp_path) as bench:
            assert bench.queue.status().counts[JobState.QUEUED] == 2
            for job in await bench.queue.jobs([1, 2]):
                assert job.attempts == 0
            (attempt,) = await bench.queue.attempts(1)
            assert attempt.end is AttemptEnd.INTERRUPTED
            assert not attempt.counted

    run_on_loop(story())


def test_g10_an_orderly_end_lets_running_jobs_finish_for_a_while(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        bench = Bench(tmp_path)
        await bench.queue.open()
        await bench.add(*"ab")
        await bench.queue.start()
        await bench.running(2)
        bench.hand.end(0)
        bench.hand.end(1)
        await bench.queue.close(grace=20)
        async with opened(tmp_path) as again:
            assert again.queue.status().counts[JobState.DONE] == 2

    run_on_loop(story())


def test_stop_puts_running_jobs_back_at_once(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            await bench.add(*"ab")
            await bench.queue.start()
            await bench.running(2)
            await bench.queue.stop()
            status = bench.queue.status()
            assert (status.active, status.counts[JobState.QUEUED]) == (0, 2)
            assert status.run_state is RunState.PAUSED

    run_on_loop(story())


def test_g11_cancelling_ends_waiting_and_running_jobs(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            running, waiting, held, other = await bench.add(*"abcd")
            await bench.queue.hold([held, other])
            await bench.queue.start()
            await bench.running(1)
            assert await bench.queue.cancel([running, waiting, held, 999]) == 3
            for job in (running, waiting, held):
                assert await bench.state(job) is JobState.CANCELLED
            await bench.queue.release([other])
            await bench.running(1)  # the slot is free again

    run_on_loop(story())


def test_g11_where_cancel_and_completion_race_the_job_is_done(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.end(0, Done())
            assert await bench.queue.cancel([job]) == 0
            await bench.queue.drained()
            assert await bench.state(job) is JobState.DONE

    run_on_loop(story())


def test_hold_keeps_a_job_back_until_it_is_released(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            first, second = await bench.add(*"ab")
            assert await bench.queue.hold([first]) == 1
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [second]
            assert await bench.queue.release([first, second]) == 1
            await bench.queue.drained()
            assert bench.hand.order == [second, first]

    run_on_loop(story())


def test_a_failed_job_can_be_retried_with_all_its_attempts(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BAD)) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            bench.hand.script = lambda task: Done()
            assert await bench.queue.retry([job]) == 1
            await bench.queue.drained()
            assert await bench.state(job) is JobState.DONE
            assert len(await bench.queue.attempts(job)) == 2

    run_on_loop(story())


def test_retry_now_does_not_wait_for_the_backoff(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: BUSY)) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)
            bench.hand.script = lambda task: Done()
            await bench.queue.retry([job])
            await bench.queue.drained()
            assert await bench.state(job) is JobState.DONE

    run_on_loop(story())


def test_priority_can_change_while_jobs_wait(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done()), concurrency=1) as bench:
            jobs = await bench.add(*"abc")
            await bench.queue.set_priority([jobs[2]], 10)
            await bench.queue.do_next([jobs[1]])
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [jobs[1], jobs[2], jobs[0]]

    run_on_loop(story())


def test_removed_jobs_are_gone_and_running_ones_stay(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            jobs = await bench.add(*"abc")
            await bench.queue.start()
            await bench.running(1)
            assert await bench.queue.remove(jobs) == 2
            assert list(await bench.queue.find(JobQuery())) == [jobs[0]]
            assert await bench.queue.restore() == 2
            assert list(await bench.queue.find(JobQuery())) == jobs

    run_on_loop(story())


def test_g12_signals_form_a_legal_path_for_each_job_and_counts_equal_the_stores(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        outcomes: list[Outcome] = [Done(), BUSY, BAD, SKIP]
        states: dict[int, JobState] = {}
        statuses: list[QueueStatus] = []

        def added(batch: BatchAdded) -> None:
            states.update(dict.fromkeys(batch.ids, JobState.QUEUED))

        def changed(change: JobChange) -> None:
            for job in change.ids:
                if change.kind is ChangeKind.STATE:
                    assert change.state is not None
                    assert (states[job], change.state) in LEGAL_CHANGES
                    states[job] = change.state

        rng = random.Random(7)
        async with opened(tmp_path, ByHand(lambda task: rng.choice(outcomes))) as bench:
            bench.queue.batch_added.connect(added)
            bench.queue.job_changed.connect(changed)
            bench.queue.status_changed.connect(statuses.append)
            await bench.add(*(str(n) for n in range(40)))
            await bench.queue.hold([3, 4, 5])
            await bench.queue.cancel([4])
            await bench.queue.start()
            while bench.queue.status().live > 2:
                await until(lambda: bench.queue.status().active == 0)
                bench.clock.advance(20)
                await bench.queue._writer.call(lambda store: None)
            counts = await bench.queue._read(lambda reader: reader.counts())
            assert statuses[-1].counts == counts == bench.queue.status().counts
            for job in await bench.queue.jobs(list(states)):
                assert states[job.id] is job.state
            assert statuses[-1].total == 40

    run_on_loop(story())


def test_g12_a_signal_comes_after_its_commit(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        import sqlite3

        seen = []

        def look(change: JobChange) -> None:
            with sqlite3.connect(tmp_path / "queue.sqlite3") as db:
                (state,) = db.execute("SELECT state FROM jobs WHERE id = ?", (change.ids[0],)).fetchone()
            db.close()
            seen.append((change.state, state))

        async with opened(tmp_path, concurrency=1) as bench:
            bench.queue.job_changed.connect(look)
            await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.end(0)
            await bench.queue.drained()
        assert seen == [(JobState.RUNNING, "running"), (JobState.DONE, "done")]

    run_on_loop(story())


def test_a_subscriber_that_raises_hurts_nobody(
    run_on_loop: RunOnLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        def faulty(change: JobChange) -> None:
            raise RuntimeError("a fault in a widget")

        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            bench.queue.job_changed.connect(faulty)
            await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.queue.status().counts[JobState.DONE] == 1

    run_on_loop(story())
    assert "a fault in a widget" in caplog.text


def test_progress_of_a_running_job_is_told(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        told: list[tuple[int, float]] = []
        async with opened(tmp_path) as bench:
            bench.queue.progress.connect(lambda job, fraction: told.append((job, fraction)))
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.on_progress(job, 0.5)
            assert told == [(job, 0.5)]

    run_on_loop(story())


def test_sizes_of_what_was_done_are_summed(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        done = Done((OutputFile("/out/a.jpg", 30, 4, 3),), 100, 40, 30)
        async with opened(tmp_path, ByHand(lambda task: done)) as bench:
            await bench.add(*"ab")
            await bench.queue.start()
            await bench.queue.drained()
            status = bench.queue.status()
            assert (status.source_bytes, status.output_bytes) == (200, 60)

    run_on_loop(story())


def test_work_added_when_the_queue_has_just_drained_runs(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            await bench.queue.start()
            for number in range(20):
                await bench.add(str(number))
                await bench.queue.drained()
                assert bench.queue.status().counts[JobState.DONE] == number + 1

    run_on_loop(story())


def test_one_source_may_be_enqueued_by_itself(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            first = await bench.queue.enqueue("/photos/a.jpg", RECIPE)
            again = await bench.queue.enqueue(Path("/photos/a.jpg"), RECIPE, priority=3, max_retries=0)
            found, second = await bench.queue.jobs([first, again])
            assert (found.priority, found.max_retries) == (0, 3)
            assert (second.priority, second.max_retries) == (3, 0)

    run_on_loop(story())


@pytest.mark.parametrize(
    ("priority", "retries"), [(2**40, 3), (0, -1), (0, 10_000), (True, 3), (0, "3"), (1.5, 3)]
)
def test_nonsense_numbers_are_refused_and_nothing_is_added(
    tmp_path: Path, priority: int, retries: int, run_on_qasync: RunOnLoop
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            with pytest.raises(BadUsage):
                await bench.add("a", priority=priority, max_retries=retries)
            assert bench.queue.status().total == 0

    run_on_qasync(story())


def test_g3_jobs_that_an_earlier_run_left_running_go_back_and_exhausted_ones_fail(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        bench = Bench(tmp_path)
        await bench.queue.open()
        again, exhausted = [(await bench.add(n, max_retries=m))[0] for n, m in (("a", 1), ("b", 0))]
        await bench.queue.start()
        await bench.running(2)
        # This run of the app dies here: its store is let go without any orderly end.
        bench.queue._dispatcher._loop_task.cancel()  # type: ignore[union-attr]
        await bench.queue._writer.close()
        second = Bench(tmp_path)
        recovery = await second.queue.open()
        assert (recovery.put_back, recovery.exhausted, recovery.finished) == (1, 1, 0)
        assert await second.state(again) is JobState.QUEUED
        (failed,) = await second.queue.jobs([exhausted])
        assert failed.state is JobState.FAILED
        assert failed.error is not None
        assert failed.error.code == Interrupted.code
        (attempt,) = await second.queue.attempts(exhausted)
        assert attempt.end is AttemptEnd.FAILED
        await second.queue.close(0)

    run_on_loop(story())


def test_g1_what_cannot_be_written_is_not_accepted(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            with pytest.raises(UnicodeEncodeError):
                await bench.add("good", "\ud800 is no name")
            assert bench.queue.status().total == 0
            assert list(await bench.queue.find(JobQuery())) == []

    run_on_loop(story())


def test_results_that_the_store_cannot_take_are_kept_until_it_can(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)

            store = await bench.queue._writer.call(lambda store: store)
            store._db.execute("PRAGMA query_only = 1")
            bench.hand.end(0)
            await until(lambda: bench.queue.status().run_state is not RunState.RUNNING)
            assert "cannot be" in bench.queue.status().reason
            store._db.execute("PRAGMA query_only = 0")
            bench.clock.advance(2)
            await bench.count(JobState.DONE, 1)
            assert await bench.state(job) is JobState.DONE

    run_on_loop(story())


def test_closing_with_a_store_that_cannot_be_written_ends_and_the_next_start_repairs(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        bench = Bench(tmp_path)
        await bench.queue.open()
        await bench.add("a")
        await bench.queue.start()
        await bench.running(1)
        store = await bench.queue._writer.call(lambda store: store)
        store._db.execute("PRAGMA query_only = 1")
        await bench.queue.close(grace=0)
        async with opened(tmp_path) as again:
            assert again.queue.status().counts[JobState.QUEUED] == 1

    run_on_loop(story())


def test_a_processor_that_raises_fails_its_job_as_our_bug(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        def script(task: Task) -> Outcome | None:
            raise ZeroDivisionError("our mistake")

        async with opened(tmp_path, ByHand(script)) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            (found,) = await bench.queue.jobs([job])
            assert found.error is not None
            assert found.error.code == "bug"

    run_on_loop(story())


def test_a_plain_coroutine_can_be_the_processor(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def process(task: Task) -> Outcome:
        if task.source.endswith("bad.jpg"):
            raise ValueError("a surprise")
        return Done()

    async def story() -> None:
        queue = TaskQueue(tmp_path, InProcess(process), name="thumbs", retry=RetryPolicy(base=0))
        await queue.open()
        await queue.enqueue_batch(["/good.jpg", "/bad.jpg"], RECIPE)
        await queue.start()
        await queue.drained()
        assert queue.status().name == "thumbs"
        assert queue.status().counts[JobState.DONE] == 1
        assert queue.status().counts[JobState.FAILED] == 1
        await queue.close()

    run_on_loop(story())


def test_an_error_keeps_its_words(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        error = JobError("damaged-image", "b\udce9ach.jpg ends too early.", False, "the traceback")
        async with opened(tmp_path, ByHand(lambda task: Failed(error))) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            (attempt,) = await bench.queue.attempts(job)
            assert attempt.error == error

    run_on_loop(story())
