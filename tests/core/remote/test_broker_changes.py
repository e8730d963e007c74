"""The broker and the shared folders may be changed while images are worked on, and may be wrong."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from core.job import AttemptEnd, JobState
from core.remote.cluster import Link
from tests.brokers import broker_in
from tests.core.remote.scene import LIMITS, owner_in, until, workers


def test_what_is_away_is_put_back_for_nothing_when_the_broker_is_changed(tmp_path: Path) -> None:
    async def story() -> None:
        folder = str(tmp_path / "photos")
        with broker_in("redis", tmp_path / "broker") as broker, workers(broker, "attic", shared=folder):
            async with owner_in(tmp_path, broker, folder) as owner:
                await owner.slots(1)
                (job,) = await owner.add("held")
                await owner.queue.start()
                await owner.running(job)
                await owner.everywhere.set_broker("", {})
                assert (owner.everywhere.cluster.link, owner.everywhere.open_slots()) == (Link.OFF, [])
                await owner.attempt(job, lambda one: one.end is AttemptEnd.INTERRUPTED)
                assert await owner.states(job) == [JobState.QUEUED]
                await owner.everywhere.set_broker("amqp://127.0.0.1:1//", {})
                await owner.link(Link.AWAY)
                owner.go()
                await owner.everywhere.set_broker(broker.url, {"photos": folder})
                await owner.drained()
                first, last = await owner.queue.attempts(job)
                assert (first.counted, last.end, last.machine) == (False, AttemptEnd.DONE, "attic")

    asyncio.run(story())


def test_a_machine_with_another_folder_says_so_and_gets_the_bytes(tmp_path: Path) -> None:
    async def story() -> None:
        other = str(tmp_path / "other")
        with broker_in("redis", tmp_path / "broker") as broker, workers(broker, "attic", shared=other):
            (tmp_path / "photos").mkdir()
            async with owner_in(tmp_path, broker, str(tmp_path / "photos")) as owner:
                await owner.slots(1)
                (job,) = await owner.add("a")
                await owner.queue.start()
                await owner.drained()
                assert await owner.states(job) == [JobState.DONE]
                assert [one.machine for one in await owner.queue.attempts(job)] == ["attic"]
                assert sorted(owner.made()) == ["a-large.png", "a-small.png"]
                await until(lambda: bool(owner.everywhere.cluster.machines), "it is listed")
                (machine,) = owner.everywhere.cluster.machines
                assert "another folder" in machine.folders["photos"]

    asyncio.run(story())


def test_a_machine_that_is_told_to_end_finishes_what_it_has_and_gets_nothing_more(tmp_path: Path) -> None:
    async def story() -> None:
        folder = str(tmp_path / "photos")
        with (
            broker_in("redis", tmp_path / "broker") as broker,
            workers(broker, "attic", shared=folder) as machines,
        ):
            async with owner_in(tmp_path, broker, folder) as owner:
                await owner.slots(1)
                (job,) = await owner.add("held")
                await owner.queue.start()
                await owner.running(job)
                machines["attic"].send(signal.SIGTERM)
                await owner.slots(0)
                (waiting,) = await owner.add("waits")
                await asyncio.sleep(LIMITS.gone + 1)  # longer than silence is borne
                assert await owner.states(job, waiting) == [JobState.RUNNING, JobState.QUEUED]
                owner.go()
                await owner.attempt(job, lambda one: one.end is AttemptEnd.DONE)
                assert [one.counted for one in await owner.queue.attempts(job)] == [True]
                assert machines["attic"].process.wait(30) == 0

    asyncio.run(story())
