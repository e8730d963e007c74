"""Pausing, stopping, closing and crashing lose nothing and start nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.errors import Interrupted
from core.executor import Done
from core.job import AttemptEnd, JobState
from core.queue import TaskQueue
from core.status import JobQuery, Recovery, RunState
from core.store import JobStore
from tests.conftest import RunOnLoop
from tests.core.bench import Bench, crash, opened
from tests.core.clocks import until
from tests.core.processors import ByHand


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


def test_g10_what_other_machines_go_on_with_is_put_back_uncounted_when_nothing_of_it_came(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            jobs = await bench.add(*"ab", max_retries=0)
            await bench.queue.start()
            await bench.running(2)
            bench.hand.goes_on.add(bench.hand.slot_of(jobs[1]))
        with_store = JobStore(tmp_path / "queue.sqlite3")
        assert [claimed.job_id for claimed in with_store.running()] == [jobs[1]]
        assert with_store.left() == {(jobs[1], 1)}
        with_store.close()
        async with opened(tmp_path) as bench:
            assert bench.recovery == Recovery()
            assert [task.job_id for _, task in bench.hand.taken_up] == [jobs[1]]
            for job in await bench.queue.jobs(jobs):
                assert (job.state, job.attempts) == (JobState.QUEUED, 0)
            await bench.queue.start()
            await bench.running(2)
            await crash(bench.queue)
        async with opened(tmp_path) as bench:  # the note was of that one end alone
            assert bench.recovery.exhausted == 2

    run_on_loop(story())


def test_g10_two_ends_side_by_side_leave_the_same_to_others(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            jobs = await bench.add(*"ab")
            await bench.queue.start()
            await bench.running(2)
            bench.hand.goes_on.add(bench.hand.slot_of(jobs[1]))
            await asyncio.gather(bench.queue.close(0), bench.queue.close(0))
        store = JobStore(tmp_path / "queue.sqlite3")
        assert [claimed.job_id for claimed in store.running()] == [jobs[1]]
        assert store.left() == {(jobs[1], 1)}
        store.close()

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
        await crash(bench.queue)
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


def test_a_store_whose_disk_stalls_keeps_the_end_waiting_for_a_bounded_time_and_loses_nothing(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's thread stands for its disk: it does not come back from a write."""
    monkeypatch.setattr("core.dispatcher.STORE_PATIENCE", 0.05)
    back = threading.Event()

    async def story() -> None:
        bench = Bench(tmp_path, concurrency=1)
        await bench.queue.open()
        await bench.add(*"abc")
        await bench.queue.start()
        await bench.running(1)
        stalled = asyncio.ensure_future(bench.queue._writer.call(lambda _: back.wait(30)))
        await bench.queue.close(grace=0)
        assert bench.hand.closed
        assert not stalled.done()
        back.set()
        await until(lambda: not bench.queue._writer._thread.is_alive())
        async with opened(tmp_path) as bench:
            counts = bench.queue.status().counts
            assert (counts[JobState.QUEUED], counts[JobState.RUNNING]) == (3, 0)

    run_on_loop(story())


@pytest.mark.parametrize(
    ("ask", "becomes"),
    [
        (lambda queue: queue.cancel([2]), JobState.CANCELLED),
        (lambda queue: queue.stop(), JobState.QUEUED),
    ],
    ids=["cancel", "stop"],
)
def test_g11_what_is_ended_in_the_commit_that_claims_it_never_runs(
    ask: Callable[[TaskQueue], Awaitable[object]],
    becomes: JobState,
    run_on_loop: RunOnLoop,
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            await bench.add(*"ab")
            await bench.queue.start()
            await bench.running(1)
            # The store is busy until both have been asked of it: the next claim, and then the end.
            begun, let_go = threading.Event(), threading.Event()

            def wait(store: JobStore) -> bool:
                begun.set()
                return let_go.wait(20)

            busy = asyncio.ensure_future(bench.queue._writer.call(wait))
            await until(begun.is_set)
            bench.hand.end(0)
            await until(lambda: bench.queue._writer._calls.qsize() == 1)
            asked = asyncio.ensure_future(ask(bench.queue))
            await until(lambda: bench.queue._writer._calls.qsize() == 2)
            let_go.set()
            assert await busy
            try:
                await asyncio.wait_for(asked, 20)
            finally:
                bench.hand.end(0)  # where it does run, there is an end of it
            assert await bench.state(2) is becomes
            assert bench.hand.order == [1]

    run_on_loop(story())
