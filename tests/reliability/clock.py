"""Sets the clock, lets the machine sleep, and lets a thousand jobs fail in one instant (G9)."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
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
"""Daylight saving, a zone far away, a battery that ran out and a clock that was set right, a time server."""

_BURST: Final = 1_000
_RECIPE: Final = builtin_recipes()[0]


class World:
    """The time of the machine: what runs evenly, the clock on the wall, which anybody may set, and its boots.

    It stands in for the module `time` in core.clock. While the machine sleeps, alarms stand still.
    """

    CLOCK_BOOTTIME: Final = "CLOCK_BOOTTIME"

    def __init__(self) -> None:
        self.awake = 1_000.0
        self.slept = 0.0
        self.set_by = 1_700_000_000.0
        self.boots = 1
        self._booted = 0.0
        self._alarms: list[ManualAlarm] = []
        self._numbers = itertools.count()

    @property
    def real(self) -> float:
        """The seconds that have really passed, asleep or not, whatever any clock says."""
        return self.awake + self.slept

    def time(self) -> float:
        return self.set_by + self.real

    def clock_gettime(self, clock: str) -> float:
        assert clock == self.CLOCK_BOOTTIME
        return self.real - self._booted

    def boot(self) -> None:
        """Start the machine anew: what counts since the boot begins again."""
        self.boots += 1
        self._booted = self.real

    def call_later(self, delay: float, callback: Callable[[], object]) -> ManualAlarm:
        alarm = ManualAlarm(self.awake + max(delay, 0), next(self._numbers), callback)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def pass_by(self, seconds: float) -> None:
        """Let time pass, evenly."""
        self.awake += seconds
        while self._alarms and self._alarms[0].due <= self.awake:
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.callback()


class ClockInWorld(SteadyClock):
    """The queue's own clock, whose alarms are the world's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.boot = f"boot {world.boots}"
        self._world = world

    def call_later(self, delay: float, callback: Callable[[], object]) -> ManualAlarm:
        return self._world.call_later(delay, callback)


class Time:
    """Clocks that jump, nights that are slept through, and bursts."""

    name = "time"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally, rng, waits = Tally(), scale.rng(self.name), Counter[str]()
        for number in scale.rounds(150, 3):
            with tally.blow(f"story {number}"):
                asyncio.run(_Story(tally, rng, folder / f"story-{number}", waits).tell())
        for number in scale.rounds(10, 1):
            with tally.blow(f"burst {number}"):
                asyncio.run(_burst(tally, rng, folder / f"burst-{number}"))
        tally.notes.append(
            f"{waits.total():,} backoffs while the clock was set: {waits['one run']:,} within one run of the"
            f" app, {waits['restart']:,} over a restart of it, {waits['boot']:,} over one of the machine"
        )
        return tally.result()


@dataclass(frozen=True)
class _Moment:
    """Which event, at how many seconds awake and how many that really passed, and in which boot."""

    number: int
    awake: float
    real: float
    boot: int


class _Story:
    """Jobs that fail a few times while the clock is set, the machine sleeps, and it and the app restart."""

    def __init__(self, tally: Tally, rng: random.Random, folder: Path, waits: Counter[str]) -> None:
        self.tally, self.rng, self.folder, self.waits, self.world = tally, rng, folder, waits, World()
        self.failures: dict[int, int] = {}
        self.ran: defaultdict[int, list[_Moment]] = defaultdict(list)  # job -> when its attempts were made
        self.openings: list[_Moment] = []
        self.set_forward: list[_Moment] = []
        self._numbers = itertools.count()

    def moment(self) -> _Moment:
        return _Moment(next(self._numbers), self.world.awake, self.world.real, self.world.boots)

    def script(self, task: Task) -> Outcome:
        self.ran[task.job_id].append(self.moment())
        return BUSY if len(self.ran[task.job_id]) <= self.failures.get(task.job_id, 0) else Done()

    async def open(self) -> TaskQueue:
        self.openings.append(self.moment())
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
                self.something_happens()
                if self.rng.random() < 0.1:
                    await queue.close(0)
                    self.world.awake += self.rng.choice((0.0, 0.0, 3.0, 30.0))
                    self.something_happens()
                    if self.rng.random() < 0.3:
                        self.world.boot()
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
            for number, (failed, again) in enumerate(itertools.pairwise(self.ran[one.id]), 1):
                self.check_wait(f"job {one.id}", BASE * 2.0**number, failed, again)

    def something_happens(self) -> None:
        """Set the clock on the wall, or sleep for a night, or neither."""
        if self.rng.random() < 0.2:
            seconds = self.rng.choice(JUMPS)
            self.world.set_by += seconds
            if seconds > 0:
                self.set_forward.append(self.moment())
        if self.rng.random() < 0.02:
            self.world.slept += 8 * HOUR

    def check_wait(self, job: str, meant: float, failed: _Moment, again: _Moment) -> None:
        """Check that no backoff ends early, and that none lasts longer than it was meant to, but over a boot.

        Over a boot it may begin anew. It may also end early when the clock was set forward: a machine that
        starts with a later date cannot tell this from having been off for so long, and trusts it.
        """
        opened = max(one.awake for one in self.openings if one.number < again.number)
        began = max(one.number for one in self.openings if one.number < failed.number)
        over_boot = failed.boot != again.boot
        self.waits["boot" if over_boot else "one run" if opened <= failed.awake else "restart"] += 1
        over = opened if over_boot else failed.awake  # from when on it lasts no longer than it was meant to
        longest = max(over + meant * (1 + JITTER), opened) + 2 * STEP - failed.awake
        waited = again.awake - failed.awake
        said = f"{job} waited {waited:.1f} s, {meant:.1f} were meant"
        self.tally.expect(waited <= longest, "stuck", said)
        trusted = over_boot and any(began < one.number < again.number for one in self.set_forward)
        self.tally.expect(again.real - failed.real >= meant or trusted, "duplicated", said)


async def _burst(tally: Tally, rng: random.Random, folder: Path) -> None:
    """A thousand jobs fail in one instant: they come back one after the other, and none before its time."""
    world = World()
    came: list[float] = []

    def script(task: Task) -> Outcome:
        came.append(world.awake)
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
        began, first = world.awake, len(came)
        while queue.status().live and world.awake < began + 60:
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
