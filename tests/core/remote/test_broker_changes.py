"""The broker and the shared folders may be changed while images are worked on, and may be wrong."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from PIL import Image

from core.job import AttemptEnd, JobState
from core.remote.cluster import Link
from tests.brokers import broker_in
from tests.core.remote.scene import LIMITS, Owner, owner_in, running_in, until, workers


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


@pytest.mark.parametrize("shared", [True, False])
def test_what_machines_made_while_the_window_was_closed_is_taken_at_its_next_start(
    tmp_path: Path, shared: bool
) -> None:
    folder = str(tmp_path / "photos") if shared else ""

    async def story() -> None:
        with (
            broker_in("rabbitmq", tmp_path / "broker") as broker,
            workers(broker, "attic", shared=str(tmp_path / "photos"), slots=2) as machines,
        ):
            async with owner_in(tmp_path, broker, folder) as owner:
                await owner.slots(2)
                ends, changes, waits = await owner.add("held-1", "held-2", "held-3")
                await owner.queue.start()
                await owner.running(ends, changes)
            assert running_in(tmp_path) == 2
            Image.linear_gradient("L").resize((90, 70)).save(tmp_path / "photos" / "held-2.png")
            owner.go()
            assert machines["attic"].end() == 0  # it has said how they ended
            again = Owner(tmp_path, broker.url, folder)
            recovery = await again.open()
            try:
                assert (recovery.brought, recovery.put_back) == (1, 0)
                (brought,) = await again.queue.jobs([ends])
                assert (brought.width, brought.height) == (80, 60)
                assert brought.source_bytes == (tmp_path / "photos" / "held-1.png").stat().st_size
                assert await again.states(ends, changes, waits) == [JobState.DONE] + [JobState.QUEUED] * 2
                with workers(broker, "cellar", shared=str(tmp_path / "photos")):
                    await again.queue.start()
                    await again.drained()
                assert await again.states(ends, changes, waits) == [JobState.DONE] * 3
                assert [one.counted for one in await again.queue.attempts(changes)] == [False, True]
                assert not [name for name in again.made() if name.startswith(".")]
                assert len(again.made()) == 6
            finally:
                await again.queue.close(0)

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
                await until(
                    lambda: any(one.folders for one in owner.everywhere.cluster.machines), "it has said so"
                )
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
