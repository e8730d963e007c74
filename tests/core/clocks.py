"""A clock that tests set by hand, and a wait that does not count on luck."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class ManualAlarm:
    """A call that comes when the clock is moved past its time."""

    due: float
    number: int
    callback: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Stands still until `advance` moves it; `boot` and `booted_at` are those of a machine that it is in."""

    def __init__(
        self, now: float = 1_700_000_000.0, boot: str = "a boot", booted_at: float = 1_600_000_000.0
    ) -> None:
        self.boot, self.booted_at = boot, booted_at
        self._now = now
        self._alarms: list[ManualAlarm] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object]) -> ManualAlarm:
        alarm = ManualAlarm(self._now + max(delay, 0), next(self._numbers), callback)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while self._alarms and self._alarms[0].due <= self._now:
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.callback()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fail when it does not within the time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for may be in another thread)
            await asyncio.sleep(0.001)
