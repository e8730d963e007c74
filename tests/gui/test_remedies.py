"""Every error has something to be done about it, and every pause a reason."""

from __future__ import annotations

import pytest

from core.errors import ImageQueueError
from core.job import JobState
from core.status import QueueStatus, Recovery, RunState
from gui.remedies import recovery_line, remedy, status_line
from tests.core.test_errors import family


@pytest.mark.parametrize("code", [one.code for one in family(ImageQueueError)])
def test_every_code_has_a_remedy(code: str) -> None:
    assert remedy(code).endswith((".", "!"))


def status(
    state: RunState = RunState.RUNNING,
    reason: str = "",
    due: float | None = None,
    active: int = 0,
    **counts: int,
) -> QueueStatus:
    all_counts = dict.fromkeys(JobState, 0) | {JobState(name): number for name, number in counts.items()}
    return QueueStatus("images", state, 4, active, all_counts, reason, due)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (status(), "Ready."),
        (status(done=3), "All done."),
        (status(queued=5_000, done=3), "5,000 images are waiting for a worker."),
        (status(done=3, failed=2), "Finished; 2 failed."),
        (status(active=3, running=3, queued=9), "3 of 4 workers busy."),
        (status(RunState.PAUSING, active=3, running=3), "Pausing: 3 finishing."),
        (status(RunState.PAUSED, queued=1_200), "Paused by you, 1,200 waiting."),
        (status(RunState.PAUSED, done=2), "Paused by you."),
        (
            status(RunState.PAUSED, "The disk with /out is full.", queued=2),
            "Paused: The disk with /out is full.",
        ),
        (status(due=8.7, retrying=3), "All 3 wait to be tried again, the next one in 9 s."),
        (status(due=65.0, retrying=1), "1 image waits to be tried again, in 1:05."),
        (status(held=2), "2 images are held."),
    ],
)
def test_one_line_says_what_the_queue_does_or_why_it_does_nothing(what: QueueStatus, line: str) -> None:
    assert status_line(what) == line


def test_a_start_after_an_orderly_end_has_nothing_to_tell() -> None:
    assert recovery_line(Recovery()) == ""


def test_a_damaged_store_that_was_set_aside_is_said() -> None:
    line = recovery_line(Recovery(set_aside="/data/queue.sqlite3.damaged-1"))
    assert "/data/queue.sqlite3.damaged-1" in line


def test_what_was_made_elsewhere_while_it_was_closed_is_no_accident() -> None:
    line = recovery_line(Recovery(brought=3))
    assert line == "3 images were made on other machines while Image Queue was closed."
    assert recovery_line(Recovery(brought=1, put_back=1)).endswith("while Image Queue was closed.")


def test_nothing_lost_is_never_said_of_a_damaged_store() -> None:
    whole = recovery_line(Recovery(put_back=2))
    damaged = recovery_line(Recovery(put_back=2, salvaged=90, set_aside="/data/queue.sqlite3.damaged-1"))
    assert "nothing was lost" in whole
    assert "closed unexpectedly. 2 running images were put back." in damaged
    assert "lost" not in damaged
