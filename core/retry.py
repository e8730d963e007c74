"""Which errors a retry can help, and how long to wait for it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from core.errors import BadUsage, CrashesDecoder
from core.job import JobError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with a cap and a random part.

    base: seconds; the n-th failed attempt is followed by base * 2**n seconds.
    cap: seconds; the most that this grows to, the random part not counted.
    patience: seconds; the most that a server is left alone for because it asks for it.
    jitter: the random part, as a fraction of the wait: it is added and never taken away, so that jobs that
        failed in the same instant do not come back in the same instant.
    crashes: the number of dead workers after which a job has failed for good, however many retries it has.
    """

    base: float = 1.0
    cap: float = 300.0
    patience: float = 3_600.0
    jitter: float = 0.5
    crashes: int = 3

    def __post_init__(self) -> None:
        if not min(self.base, self.cap, self.patience, self.jitter) >= 0:
            raise BadUsage("A retry's base, cap, patience and jitter are numbers from 0 up.")

    def delay(self, attempt: int, rng: random.Random, asked: float = 0.0) -> float:
        """Return the seconds to wait after the failed attempt with this number, from 1.

        asked: seconds that a server asked for; the wait is no shorter, up to `patience`.
        """
        # 2**60 seconds is past any cap; without the bound a large attempt would overflow a float.
        wait = min(self.cap, self.base * 2.0 ** min(attempt, 60))
        return max(wait, min(asked, self.patience)) + rng.random() * self.jitter * wait

    def after_crashes(self, error: JobError, crashes: int) -> JobError:
        """Return the error of a job that has cost so many workers: once too many, no retry can help it."""
        if crashes < self.crashes:
            return error
        sentence = f"This file crashes the decoder: {crashes} worker processes died of it."
        return JobError(CrashesDecoder.code, sentence, False, f"{error.message}\n{error.details}".rstrip())

    def gives_up(self, error: JobError, attempts: int, max_retries: int) -> bool:
        """Return whether a job that failed with this error, after so many attempts, has failed for good."""
        return not error.retryable or attempts > max_retries
