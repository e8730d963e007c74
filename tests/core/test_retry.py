"""A retry waits exponentially, capped and jittered, and only where it can help."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadUsage
from core.job import JobError
from core.retry import RetryPolicy


@given(st.integers(1, 10_000), st.integers())
def test_g9_a_wait_is_never_less_than_the_exponential_and_never_more_than_its_jitter(
    attempt: int, seed: int
) -> None:
    policy = RetryPolicy(base=1, cap=300, jitter=0.5)
    wait = policy.delay(attempt, random.Random(seed))
    exact = min(300, 2 ** min(attempt, 20))
    assert exact <= wait <= exact * 1.5


def test_g9_a_thousand_failures_in_one_instant_do_not_come_back_in_one_burst() -> None:
    rng = random.Random(1)
    waits = sorted(RetryPolicy().delay(5, rng) for _ in range(1_000))
    fullest_second = max(sum(start <= wait < start + 1 for wait in waits) for start in waits)
    assert fullest_second < 150


def test_g9_a_server_is_left_alone_for_as_long_as_it_asks_and_for_an_hour_at_most() -> None:
    policy, rng = RetryPolicy(), random.Random(1)
    assert 90 <= policy.delay(1, rng, 90) <= 91
    assert 300 <= policy.delay(20, rng, 90) <= 450
    assert 3_600 <= policy.delay(1, rng, 1e9) <= 3_601


def test_g9_what_a_retry_cannot_help_gives_up_at_once() -> None:
    assert RetryPolicy().gives_up(JobError("not-an-image", "", retryable=False), 1, 3)


def test_g9_max_retries_counts_the_attempts_after_the_first() -> None:
    error = JobError("io-error", "", retryable=True)
    assert [RetryPolicy().gives_up(error, attempts, 3) for attempts in (1, 2, 3, 4)] == [False] * 3 + [True]
    assert RetryPolicy().gives_up(error, 1, 0)


def test_a_negative_wait_is_refused() -> None:
    with pytest.raises(BadUsage):
        RetryPolicy(base=-1)
