"""The arithmetic of the progress bar has known answers."""

from __future__ import annotations

import pytest

from core.job import JobState
from core.status import QueueStatus, RunState
from gui.rate import RunProgress


def status(
    queued: int,
    done: int,
    active: int = 4,
    failed: int = 0,
    read: int = 0,
    wrote: int = 0,
    state: RunState = RunState.RUNNING,
) -> QueueStatus:
    counts = dict.fromkeys(JobState, 0) | {
        JobState.QUEUED: queued, JobState.DONE: done, JobState.RUNNING: active, JobState.FAILED: failed
    }  # fmt: skip
    return QueueStatus("images", state, 4, active, counts, "", None, read, wrote)


def test_a_steady_rate_is_told_and_its_time_left() -> None:
    run = RunProgress()
    run.follow(status(996, 0), 0.0)
    for second in range(1, 61):
        run.follow(status(996 - 10 * second, 10 * second), float(second))
    assert run.rate == pytest.approx(10, rel=0.02)
    assert (run.done, run.total) == (600, 1000)
    assert run.seconds_left(status(396, 600)) == pytest.approx(40, rel=0.05)
    assert run.fraction == pytest.approx(0.6)


def test_no_time_left_is_told_before_it_can_be_known() -> None:
    run = RunProgress()
    run.follow(status(96, 0), 0.0)
    run.follow(status(95, 1), 1.0)
    assert run.seconds_left(status(95, 1)) is None


def test_no_time_left_is_told_while_nothing_runs() -> None:
    run = RunProgress()
    run.follow(status(996, 0), 0.0)
    for second in range(1, 20):
        run.follow(status(996 - 10 * second, 10 * second), float(second))
    assert run.seconds_left(status(800, 200, active=0)) is None


def test_the_time_left_does_not_jump_when_one_image_takes_long() -> None:
    run = RunProgress()
    run.follow(status(996, 0), 0.0)
    for second in range(1, 31):
        run.follow(status(996 - 10 * second, 10 * second), float(second))
    before = run.seconds_left(status(696, 300)) or 0
    run.follow(status(696, 300), 32.0)
    after = run.seconds_left(status(696, 300)) or 0
    assert after < before * 1.35


def test_a_new_run_begins_when_work_comes_after_an_idle_time() -> None:
    run = RunProgress()
    run.follow(status(4, 0, active=0), 0.0)
    run.follow(status(0, 4, active=0), 1.0)
    assert (run.done, run.total) == (4, 4)
    run.follow(status(10, 4, active=0), 50.0)
    assert (run.done, run.total) == (0, 10)
    run.follow(status(0, 14, active=0), 60.0)
    assert run.fraction == 1.0


def test_what_ended_before_the_start_of_the_app_is_no_part_of_the_run() -> None:
    run = RunProgress()
    run.follow(status(10, 1_000_000, active=0), 0.0)
    run.follow(status(5, 1_000_005, active=0), 1.0)
    assert (run.done, run.total) == (5, 10)


def test_clearing_the_list_never_makes_the_bar_run_over() -> None:
    run = RunProgress()
    run.follow(status(100, 0), 0.0)
    run.follow(status(40, 60), 5.0)
    run.follow(status(40, 0), 6.0)
    run.follow(status(0, 44, active=0), 9.0)
    assert 0 <= run.fraction <= 1
    assert run.done <= run.total


def test_failures_count_as_ended_and_saved_bytes_are_those_of_the_run() -> None:
    run = RunProgress()
    run.follow(status(10, 0, read=500, wrote=100), 0.0)
    run.follow(status(2, 5, failed=3, active=0, read=1_500, wrote=300), 5.0)
    assert (run.done, run.total) == (8, 10)
    assert (run.read, run.saved) == (1_000, 800)


def test_a_wait_for_retries_does_not_count_as_slow_work() -> None:
    run = RunProgress()
    run.follow(status(996, 0), 0.0)
    for second in range(1, 31):
        run.follow(status(996 - 10 * second, 10 * second), float(second))
    run.follow(status(700, 300, active=0), 30.01)
    before = run.rate
    run.follow(status(696, 300), 38.0)
    assert run.rate == before


def test_clearing_what_ended_before_the_run_takes_nothing_back_of_it() -> None:
    run = RunProgress()
    run.follow(status(10, 100, active=0), 0.0)
    run.follow(status(0, 106), 5.0)
    run.follow(status(0, 50), 6.0)
    assert (run.done, run.total) == (6, 10)


@pytest.mark.parametrize("active", [0, 4])
def test_what_is_brought_back_to_the_list_is_no_progress(active: int) -> None:
    run = RunProgress()
    run.follow(status(10, 100, active=0), 0.0)
    run.follow(status(6 - active, 104, active=active), 5.0)
    run.follow(status(6 - active, 101, active=active), 6.0)  # three were removed
    run.follow(status(6 - active, 104, active=active), 7.0)
    assert (run.done, run.total) == (4, 10)


def test_no_time_left_is_told_while_the_queue_pauses() -> None:
    run = RunProgress()
    run.follow(status(996, 0), 0.0)
    for second in range(1, 20):
        run.follow(status(996 - 10 * second, 10 * second), float(second))
    assert run.seconds_left(status(800, 200)) is not None
    assert run.seconds_left(status(800, 200, state=RunState.PAUSING)) is None
