"""How far the run is, how fast, and how long it will take: the arithmetic of the progress bar."""

from __future__ import annotations

import math
from typing import Final

from core.job import JobState
from core.status import QueueStatus, RunState

_SMOOTHING: Final = 10.0  # seconds over which the rate is averaged
_WARM_UP: Final = 3.0  # seconds of work before a time left is told
_FEWEST: Final = 3  # ends before a time left is told


class RunProgress:
    """Follows one run: it begins when there is work and there was none, and counts what ends from then on."""

    def __init__(self) -> None:
        self._ended = 0  # jobs in the store that had ended when last seen
        self._bytes_base = (0, 0)
        self._live = 0
        self._active = 0
        self._at: float | None = None
        self._rate = 0.0
        self._worked = 0.0
        self._carried = 0  # ends that are not in the rate yet
        self.done = 0
        """Jobs of the run that have ended."""
        self.total = 0
        """Jobs of the run."""
        self.saved = 0
        """Bytes that the outputs of the run are smaller than their sources; negative when larger."""
        self.read = 0
        """Bytes of the sources that were read in the run."""

    def follow(self, status: QueueStatus, now: float) -> None:
        """Take in the status at a time, in seconds of any clock that does not jump."""
        # What ended is added up, as removing old jobs from the list takes nothing back of the run.
        newly = max(0, status.ended - self._ended)
        if status.live and not self._live:
            newly, self.done = 0, 0
            self._bytes_base = (status.source_bytes, status.output_bytes)
            self._rate, self._worked, self._carried, self._at = 0.0, 0.0, 0, None
        elif status.live == self._live or (status.live > self._live and not self._active):
            newly = 0  # an end takes a job from the live ones: these were brought back to the list
        self._live, self._ended = status.live, status.ended
        self.done += newly
        self.total = self.done + status.live
        self.read = status.source_bytes - self._bytes_base[0]
        self.saved = self.read - (status.output_bytes - self._bytes_base[1])
        self._measure(now, newly, self._active)  # by the workers that were busy until now
        self._active = status.active

    def _measure(self, now: float, ended: int, active: int) -> None:
        if self._at is not None:
            passed = now - self._at
            self._carried += ended
            if passed <= 0:
                return
            ended, self._carried = self._carried, 0
            if active or ended:
                self._worked += passed
                # An average over all at first, and over the last seconds later on.
                weight = max(1 - math.exp(-passed / _SMOOTHING), passed / self._worked)
                self._rate += min(weight, 1.0) * (ended / passed - self._rate)
        self._at = now

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def rate(self) -> float:
        """Images a second, smoothed."""
        return self._rate

    def seconds_left(self, status: QueueStatus) -> float | None:
        """Return how long the rest will take; None as long as that is a guess, or nothing runs."""
        waiting = status.live - status.counts[JobState.HELD]
        if status.run_state is not RunState.RUNNING or not status.active:
            return None
        if self._worked < _WARM_UP or self.done < _FEWEST or self._rate <= 0:
            return None
        return waiting / self._rate
