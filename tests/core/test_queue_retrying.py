"""What can be helped is tried again, in its place, and holds no worker meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import SteadyClock
from core.errors import DiskFull, ServerFailed
from core.executor import Done, Failed, Outcome, Task
from core.failures import retry_failed
from core.imaging.naming import temporary_paths
from core.job import AttemptEnd, JobError, JobState, Priority
from core.recipe import Recipe
from core.retry import RetryPolicy
from core.status import RunState
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, opened
from tests.core.clocks import ManualClock, until
from tests.core.processors import BAD, BUSY, CRASH, ByHand


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


def test_g9_a_job_waits_for_as_long_as_a_server_asked(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        asked = Failed(ServerFailed("The server is busy.", 120).as_job_error())
        async with opened(tmp_path, ByHand(lambda task: asked), concurrency=1) as bench:
            await bench.add("a")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)
            await until(lambda: bench.queue.status().next_due_in is not None)
            assert 120 <= (bench.queue.status().next_due_in or 0) <= 121

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


@pytest.mark.parametrize("set_by", [86_400.0, -86_400.0])
def test_g9_a_backoff_is_as_long_as_it_was_meant_to_be_when_the_clock_is_set_over_a_restart(
    run_on_loop: RunOnLoop, tmp_path: Path, set_by: float
) -> None:
    async def story() -> None:
        first, booted_at = 1_700_000_000.0, 1_699_990_000.0
        clock = ManualClock(first, booted_at=booted_at)
        async with opened(tmp_path, ByHand(lambda task: BUSY), clock, retry=RetryPolicy(jitter=0)) as bench:
            await bench.add("a")
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)  # for two seconds
        clock = ManualClock(first + 0.5 + set_by, booted_at=booted_at + set_by)
        async with opened(tmp_path, ByHand(lambda task: Done()), clock) as bench:
            await bench.queue.start()
            await until(lambda: bench.queue.status().next_due_in is not None)
            assert bench.queue.status().next_due_in == pytest.approx(1.5)
            bench.clock.advance(1.4)
            await bench.queue.start()
            assert bench.queue.status().counts[JobState.RETRYING] == 1
            bench.clock.advance(0.2)
            await bench.queue.drained()
            assert bench.queue.status().counts[JobState.DONE] == 1

    run_on_loop(story())


def test_g9_the_queues_own_clock_goes_on_evenly_when_the_one_on_the_wall_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SteadyClock()
    before = clock.now()
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: 5.0)
        assert before <= clock.now() < before + 60
        other = SteadyClock()
    assert other.boot == clock.boot
    # Two clocks of one boot are as far apart as the one on the wall was set between them.
    assert other.now() - other.booted_at == pytest.approx(clock.now() - clock.booted_at, abs=60)
    assert other.now() < 60


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


def test_g7_a_file_that_crashed_its_worker_three_times_has_failed_for_good(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        outcomes = [CRASH, BUSY, CRASH, CRASH]
        async with opened(tmp_path, ByHand(lambda task: outcomes.pop(0) if outcomes else CRASH)) as bench:
            (job,) = await bench.add("poison", max_retries=10)
            await bench.queue.start()
            for _ in range(3):
                await bench.count(JobState.RETRYING, 1)
                await bench.queue.retry([job])
            await bench.count(JobState.FAILED, 1)
            (found,) = await bench.queue.jobs([job])
            assert found.error is not None
            assert (found.error.code, found.error.retryable) == ("crashes-decoder", False)
            assert found.error.message.startswith("This file crashes the decoder")
            assert found.attempts == 4
            assert [one.error.code for one in await bench.queue.attempts(job) if one.error] == [
                "worker-crashed", "file-busy", "worker-crashed", "crashes-decoder"
            ]  # fmt: skip

    run_on_loop(story())


@pytest.mark.parametrize("code", ["worker-crashed", "machine-lost", "bad-delivery"])
def test_g4_what_an_attempt_leaves_that_could_not_tidy_up_itself_is_removed(
    run_on_loop: RunOnLoop, tmp_path: Path, code: str
) -> None:
    left: list[Path] = []

    def leaves(task: Task) -> Failed:
        paths = map(Path, temporary_paths(task.source, Recipe.from_json(task.recipe), task.temp_tag))
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"half")
            left.append(path)
        return Failed(JobError(code, "It broke.", True))

    async def story() -> None:
        async with opened(tmp_path / "queue", ByHand(leaves)) as bench:
            recipe = RECIPE.with_folder(tmp_path / "out")
            await bench.queue.enqueue_batch([tmp_path / "a.jpg"], recipe, 0, 0)
            await bench.queue.start()
            await bench.count(JobState.FAILED, 1)

    run_on_loop(story())
    assert left
    assert not any(path.exists() for path in left)


def test_g7_a_stop_between_two_crashes_makes_neither_forgotten(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("poison", max_retries=10)
            for number in (1, 2, 3):
                await bench.queue.start()
                await bench.running(1)
                await bench.queue.stop()
                await bench.queue.start()
                await bench.running(1)
                bench.hand.end_job(job, CRASH)
                await bench.count(JobState.FAILED if number == 3 else JobState.RETRYING, 1)
                await bench.queue.pause()
                if number < 3:
                    await bench.queue.retry([job])
            (found,) = await bench.queue.jobs([job])
            assert found.error is not None
            assert (found.attempts, found.error.code) == (3, "crashes-decoder")

    run_on_loop(story())


def test_retrying_all_that_failed_leaves_out_what_crashes_the_decoder(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        script = ByHand(lambda task: CRASH if "poison" in task.source else BAD)
        async with opened(tmp_path, script) as bench:
            poison, _ = await bench.add("poison", "other")
            await bench.queue.start()
            for _ in range(2):
                await bench.count(JobState.RETRYING, 1)
                await bench.queue.retry([poison])
            await bench.count(JobState.FAILED, 2)
            await bench.queue.pause()
            assert await retry_failed(bench.queue) == (1, 1)
            assert await bench.state(poison) is JobState.FAILED
            # By its id it is tried again, with its crashes forgotten.
            assert await bench.queue.retry([poison]) == 1
            await bench.queue.start()
            await bench.count(JobState.RETRYING, 1)

    run_on_loop(story())
