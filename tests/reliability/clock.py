"""Sets the clock, lets the machine sleep, and lets a thousand jobs fail in one instant (G9)."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final
from unittest.mock import patch

from core.clock import SteadyClock
from core.executor import Done, Outcome, Task
from core.job import ENDED, JobState
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.retry import RetryPolicy
from tests.core.clocks import ManualAlarm
from tests.core.processors import BUSY, ByHand
from tests.reliability.attack import Result, Scale, Tally

BASE: Final = 4.0  # seconds: the first backoff is twice this, and a random part
JITTER: Final = 0.5
STEP: Final = 1.0  # seconds that pass at a time
HOUR: Final = 3_600.0
JUMPS: Final = (HOUR, -HOUR, 8 * HOUR, -8 * HOUR, 40 * 365 * 24 * HOUR, -40 * 365 * 24 * HOUR, 0.7, -0.7)
"""Daylight saving, a night's sleep, a battery that ran out and a clock that was set right, a time server."""

_BURST: Final = 1_000
_RECIPE: Final = builtin_recipes()[0]


class World:
    """The time of the machine: what runs evenly, and the clock on the wall, which anybody may set.

    It stands in for the module `time` in core.clock. While the machine sleeps, only the wall goes on.
    """

    def __init__(self) -> None:
        self.even = 1_000.0
        self.wall = 1_700_000_000.0
        self._alarms: list[ManualAlarm] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        return self.wall + self.even

    def monotonic(self) -> float:
        return self.even

    def call_later(self, delay: float, callback: Callable[[], object]) -> ManualAlarm:
        alarm = ManualAlarm(self.even + max(delay, 0), next(self._numbers), callback)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def pass_by(self, seconds: float) -> None:
        """Let time pass, evenly."""
        self.even += seconds
        while self._alarms and self._alarms[0].due <= self.even:
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.callback()


class ClockInWorld(SteadyClock):
    """The queue's own clock, whose alarms are the world's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def call_later(self, delay: float, callback: Callable[[], object]) -> ManualAlarm:
        return self._world.call_later(delay, callback)


class Time:
    """Clocks that jump, nights that are slept through, and bursts."""

    name = "time"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally, rng = Tally(), scale.rng(self.name)
        for number in scale.rounds(150, 3):
            with tally.blow(f"story {number}"):
                asyncio.run(_Story(tally, rng, folder / f"story-{number}").tell())
        for number in scale.rounds(10, 1):
            with tally.blow(f"burst {number}"):
                asyncio.run(_burst(tally, rng, folder / f"burst-{number}"))
        return tally.result()


class _Story:
    """Jobs that fail a few times while the clock on the wall is moved about, and the app starts again."""

    def __init__(self, tally: Tally, rng: random.Random, folder: Path) -> None:
        self.tally, self.rng, self.folder, self.world = tally, rng, folder, World()
        self.failures: dict[int, int] = {}
        self.ran: defaultdict[int, list[float]] = defaultdict(list)  # job -> when its attempts began
        self.restarts: list[float] = []

    def script(self, task: Task) -> Outcome:
        self.ran[task.job_id].append(self.world.even)
        return BUSY if len(self.ran[task.job_id]) <= self.failures.get(task.job_id, 0) else Done()

    async def open(self) -> TaskQueue:
        queue = TaskQueue(
            self.folder, ByHand(self.script), clock=ClockInWorld(self.world), rng=self.rng,
            retry=RetryPolicy(base=BASE, jitter=JITTER),
        )  # fmt: skip
        await queue.open()
        await queue.start()
        return queue

    async def tell(self) -> None:
        with patch("core.clock.time", self.world):
            queue = await self.open()
            for number in range(12):
                job = await queue.enqueue(f"/photos/{number}.jpg", _RECIPE)
                self.failures[job] = self.rng.randrange(4)
            for _ in range(400):
                await settle(queue)
                if queue.status().live == 0:
                    break
                if self.rng.random() < 0.2:
                    self.world.wall += self.rng.choice(JUMPS)
                if self.rng.random() < 0.05:
                    await queue.close(0)
                    self.restarts.append(self.world.even)
                    queue = await self.open()
                self.world.pass_by(STEP)
            jobs = await queue.jobs(list(self.failures))
            await queue.close(0)
        for one in jobs:
            ran = len(self.ran[one.id])
            said = f"job {one.id} is {one.state} after {ran} attempts"
            self.tally.expect(one.state in ENDED, "stuck", said)
            right = ran == self.failures[one.id] + 1 and one.state is JobState.DONE
            self.tally.expect(right, "lost", said)
            self.check_waits(one.id)

    def check_waits(self, job: int) -> None:
        """No wait is longer than it was meant to be, and within one run of the app none is shorter."""
        for number, (began, again) in enumerate(itertools.pairwise(self.ran[job]), 1):
            wait, meant = again - began, BASE * 2.0**number
            restarts = [at for at in self.restarts if began <= at <= again]
            longest = meant * (1 + JITTER) + 2 * STEP + (restarts[-1] - began if restarts else 0.0)
            said = f"job {job} waited {wait:.1f} s, {meant:.1f} were meant"
            self.tally.expect(wait <= longest, "stuck", said)
            if not restarts:
                self.tally.expect(wait >= meant, "duplicated", said)


async def _burst(tally: Tally, rng: random.Random, folder: Path) -> None:
    """A thousand jobs fail in one instant: they come back one after the other, and none before its time."""
    world = World()
    came: list[float] = []

    def script(task: Task) -> Outcome:
        came.append(world.even)
        return BUSY if task.attempt == 1 else Done()

    with patch("core.clock.time", world):
        queue = TaskQueue(
            folder, ByHand(script), clock=ClockInWorld(world), rng=rng, concurrency=64,
            retry=RetryPolicy(base=BASE, jitter=JITTER),
        )  # fmt: skip
        await queue.open()
        await queue.enqueue_batch([f"/photos/{number}.jpg" for number in range(_BURST)], _RECIPE)
        await queue.start()
        await settle(queue)
        began, first = world.even, len(came)
        while queue.status().live and world.even < began + 60:
            world.pass_by(0.1)
            await settle(queue)
        await queue.close(0)
    tally.expect(first == _BURST and len(came) == 2 * _BURST, "lost", f"{len(came)} attempts were made")
    back = Counter(round(at - began, 1) for at in came[first:])
    tally.expect(min(back) >= BASE * 2, "duplicated", f"the first came back after {min(back):g} s")
    most = max(back.values())
    tally.expect(most <= _BURST / 10, "duplicated", f"{most} of {_BURST} came back within 0.1 s")


async def settle(queue: TaskQueue) -> None:
    """Wait until the queue has done all that it does by itself at this instant: nothing waits but backoffs.

    There is always a free slot, and each attempt ends at once: so nothing is queued or running for long.
    """
    dispatcher, quiet = queue._dispatcher, 0
    async with asyncio.timeout(60):
        while quiet < 3:
            await queue._writer.call(lambda _: None)
            await asyncio.sleep(0)
            counts = queue.status().counts
            at_work = counts[JobState.QUEUED] + counts[JobState.RUNNING]
            busy = at_work or dispatcher._wake.is_set() or dispatcher._unsettled
            quiet = 0 if busy else quiet + 1
