"""The rows that were read lately are bounded, and never older than what was told of them."""

from __future__ import annotations

import pytest

from core.job import Job, JobState
from core.status import ChangeKind, JobChange
from gui.row_cache import RowCache


def job(number: int, state: JobState = JobState.RUNNING) -> Job:
    return Job(number, f"/photos/{number}.jpg", "Web", 1, 0, state, 1, 3, 0.0)


def change(number: int, state: JobState = JobState.DONE) -> JobChange:
    return JobChange([number], ChangeKind.STATE, state)


def test_a_change_is_known_at_once_and_the_rest_is_to_be_read() -> None:
    cache = RowCache()
    cache.put([job(1)])
    assert cache.change(change(1)) == [1]
    known = cache.get(1)
    assert known is not None
    assert known.state is JobState.DONE
    assert cache.lacks(1)
    cache.begin_read()
    cache.put([job(1, JobState.DONE)])
    assert not cache.lacks(1)


@pytest.mark.parametrize("known_before", [True, False])
def test_what_changed_while_it_was_read_is_read_again(known_before: bool) -> None:
    cache = RowCache()
    if known_before:
        cache.put([job(1)])
    cache.begin_read()
    cache.change(change(1))
    cache.put([job(1), job(2)])
    assert cache.lacks(1)
    assert not cache.lacks(2)
    if known_before:  # and what was told is not taken back
        known = cache.get(1)
        assert known is not None
        assert known.state is JobState.DONE


def test_those_unused_for_longest_are_let_go() -> None:
    cache = RowCache(most=3)
    cache.put(map(job, range(5)))
    assert len(cache) == 3
    assert [cache.get(number) is not None for number in range(5)] == [False, False, True, True, True]
