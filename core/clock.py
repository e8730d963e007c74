"""The clock that the queue counts its backoffs by, which does not jump."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Alarm(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Call nothing any more."""


class Clock(Protocol):
    """Tells the time in seconds since the epoch, and calls when some of it has passed."""

    boot: str
    """Which start of the machine this clock counts from; empty where the platform does not tell."""
    booted_at: float
    """When that was, by this clock; two clocks of the same `boot` are as far apart as this."""

    def now(self) -> float:
        """Return the time now; never less than what it returned before."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Alarm:
        """Call back in the running loop after at least `delay` seconds."""


class SteadyClock:
    """The wall clock as it was when this clock was made, carried on by the one that counts since the boot.

    When the user or a time server sets the wall clock, this one goes on evenly: a backoff neither ends early
    nor lasts longer for it (G9). It goes on while the machine sleeps, where the platform has such a clock.
    """

    def __init__(self) -> None:
        self.boot = _boot()
        self.booted_at = time.time() - _uptime()

    def now(self) -> float:
        """Return the time now, in seconds since the epoch."""
        return self.booted_at + _uptime()

    def call_later(self, delay: float, callback: Callable[[], object]) -> Alarm:
        """Call back in the running loop; rounded up, as qasync cuts its sleeps to whole milliseconds."""
        return asyncio.get_running_loop().call_later(math.ceil(max(delay, 0) * 1_000 + 1) / 1_000, callback)


def _uptime() -> float:
    """Return the seconds since some instant that stays the same until the machine is shut down."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _boot() -> str:
    with suppress(OSError):
        return _BOOT_ID.read_text("ascii").strip()
    return ""
