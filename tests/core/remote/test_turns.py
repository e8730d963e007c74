"""How attempts take turns at the machines, which a stand-in plays: as many are away as there are slots."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.executor import Done, Outcome, Stopped, Task
from core.job import JobState
from core.queue import TaskQueue
from core.remote.cluster import Cluster, Link
from core.remote.everywhere import FIRST, Everywhere
from core.remote.fleet import Homecoming, Made
from core.slots import ProcessSlots
from tests.core.bench import RECIPE
from tests.core.remote.scene import until

SLOTS = 4


class Machines:
    """Stands in for a fleet: whatever is sent comes home after a time."""

    link, reply_to = Link.CONNECTED, "replies"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.away: dict[str, asyncio.Future[Homecoming]] = {}
        self.most = 0

    def slots(self, share: str = "") -> int:
        return SLOTS

    def cluster(self) -> Cluster:
        return Cluster(Link.CONNECTED)

    async def fly(self, flight: str, *_: object) -> Homecoming:
        loop = asyncio.get_running_loop()
        home: asyncio.Future[Homecoming] = loop.create_future()
        self.away[flight] = home
        self.most = max(self.most, len(self.away))
        loop.call_later(self.seconds, _arrive, home)
        try:
            return await home
        finally:
            del self.away[flight]

    def end(self, flight: str) -> None:
        home = self.away.get(flight)
        if home is not None and not home.done():
            home.set_result(Stopped())

    def kept(self, _flight: str) -> None: ...

    async def close(self) -> None: ...


def _arrive(home: asyncio.Future[Homecoming]) -> None:
    if not home.done():
        home.set_result(Made({}, "ticket"))


class Hands:
    """Stands in for the errands."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds  # that an attempt is published for
        self.looks: Counter[int] = Counter()

    async def look(self, task: Task) -> Outcome:
        self.looks[task.job_id] += 1
        return Done((), 10, handover="ticket")

    async def finish(self, _task: Task, _handover: str) -> Outcome:
        await asyncio.sleep(self.seconds)
        return Done()

    def cancel(self, _task: Task) -> None: ...

    async def close(self) -> None: ...


class Alone(Everywhere):
    """Has no slots of its own."""

    def open_slots(self) -> Sequence[int]:
        return [slot for slot in super().open_slots() if slot >= FIRST]


async def run(folder: Path, machines: Machines, hands: Hands, number: int, tick: Callable[[], None]) -> None:
    everywhere = Alone(ProcessSlots(memory_limit=None), folder)
    queue = TaskQueue(folder, everywhere, concurrency=1)
    await queue.open()
    everywhere._fleet, everywhere._errands = machines, hands  # type: ignore[assignment]
    everywhere._on_fleet()
    jobs = (await queue.enqueue_batch([f"/photos/{n}.jpg" for n in range(number)], RECIPE, 0, 3)).ids
    await queue.start()
    while queue.status().live:
        await asyncio.sleep(0.05)
        everywhere._on_fleet()
        tick()
    assert {job.state for job in await queue.jobs(jobs)} == {JobState.DONE}
    everywhere._fleet = everywhere._errands = None
    await queue.close(0)


@pytest.fixture(autouse=True)
def nothing_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any) -> dict[str, object]:
        return {}

    monkeypatch.setattr("core.remote.orders.order_of", nothing)
    monkeypatch.setattr("core.imaging.delivery.unpacked", nothing)
    monkeypatch.setattr("core.imaging.delivery.drop_delivery", nothing)


@pytest.mark.parametrize(
    ("away", "publishing"), [(1.6, 0.05), (0.05, 0.001), (0.05, 0.1)], ids=["long", "brief", "a slow disk"]
)
def test_every_attempt_is_looked_at_once_and_all_slots_are_used_but_no_more(
    tmp_path: Path, away: float, publishing: float
) -> None:
    machines, hands = Machines(away), Hands(publishing)
    under_way: list[int] = []
    number = SLOTS * (3 if away > 0.5 else 40)
    asyncio.run(run(tmp_path, machines, hands, number, lambda: under_way.append(len(machines.away))))
    assert set(hands.looks.values()) == {1}
    assert machines.most == SLOTS
    middle = under_way[len(under_way) // 5 : -len(under_way) // 3]
    assert sum(middle) / len(middle) > SLOTS * 0.6


def test_g11_a_job_that_waits_for_a_machine_is_cancelled_at_once(tmp_path: Path) -> None:
    machines, hands = Machines(3_600), Hands(0)

    async def story() -> None:
        everywhere = Alone(ProcessSlots(memory_limit=None), tmp_path)
        queue = TaskQueue(tmp_path, everywhere, concurrency=1)
        await queue.open()
        everywhere._fleet, everywhere._errands = machines, hands  # type: ignore[assignment]
        everywhere._places._seconds = 0.01  # they were brief until now
        everywhere._on_fleet()
        jobs = (await queue.enqueue_batch([f"/photos/{n}.jpg" for n in range(20)], RECIPE, 0, 3)).ids
        await queue.start()
        await until(lambda: len(machines.away) == SLOTS and queue.status().active > SLOTS, "one waits")
        waiting = [
            run.given.job_id for run in everywhere._running.values() if run.task.temp_tag not in machines.away
        ]
        async with asyncio.timeout(0.5):
            await queue.cancel(waiting)
        assert {job.state for job in await queue.jobs(waiting)} == {JobState.CANCELLED}
        await queue.pause()
        await queue.cancel(jobs)
        assert not machines.away
        everywhere._fleet = everywhere._errands = None
        await queue.close(0)

    asyncio.run(story())
