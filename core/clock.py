"""The clock that the queue counts its backoffs by, which does not jump."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Call nothing any more."""


class Clock(Protocol):
    """Tells the time in seconds since the epoch, and calls when some of it has passed."""

    def now(self) -> float:
        """Return the time now; never less than what it returned before."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Alarm:
        """Call back in the running loop after at least `delay` seconds."""


class SteadyClock:
    """The wall clock as it was when this clock was made, carried on by the monotonic one.

    When the user or a time server sets the wall clock, this one goes on evenly: a backoff neither ends early
    nor lasts longer for it (G9).
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the time now, in seconds since the epoch."""
        return self._offset + time.monotonic()

    def call_later(self, delay: float, callback: Callable[[], object]) -> Alarm:
        """Call back in the running loop; rounded up, as qasync cuts its sleeps to whole milliseconds."""
        return asyncio.get_running_loop().call_later(math.ceil(max(delay, 0) * 1_000 + 1) / 1_000, callback)
