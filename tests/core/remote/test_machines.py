"""A queue on other machines, over real brokers: it keeps its promises, whatever becomes of them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from core.job import AttemptEnd, JobState
from core.remote.cluster import Link, Machine
from tests.brokers import BROKERS, broker_in
from tests.core.remote.scene import Owner, owner_in, owner_to_kill, running_in, until, workers

pytestmark = pytest.mark.parametrize("kind", BROKERS)

DONE = JobState.DONE


def machine_of(owner: Owner, name: str) -> Machine:
    return next(one for one in owner.everywhere.cluster.machines if one.name == name)


def test_g4_g8_many_images_over_three_machines_are_each_made_once_the_higher_ones_first(
    kind: str, tmp_path: Path
) -> None:
    """As bytes over RabbitMQ, and by a shared folder over Redis."""
    folder = str(tmp_path / "photos") if kind == "redis" else ""

    async def story() -> None:
        with (
            broker_in(kind, tmp_path / "broker") as broker,
            workers(broker, "attic", "cellar", "porch", shared=folder) as machines,
        ):
            async with owner_in(tmp_path, broker, folder) as owner:
                (held,) = await owner.add("held")
                low = await owner.add(*(f"low-{number}" for number in range(24)))
                high = await owner.add(*(f"high-{number}" for number in range(24)), priority=5)
                (poison,) = await owner.add("poison", priority=9, retries=1)
                await owner.slots(3)
                await owner.queue.start()
                await owner.drained_but(held)
                crashes = await owner.queue.attempts(poison)
                assert [one.error and one.error.code for one in crashes] == ["worker-crashed"] * 2
                jobs = await owner.queue.jobs([*high, *low])
                assert {job.state for job in jobs} == {DONE}
                assert {job.machine for job in jobs} <= set(machines)
                assert len({job.machine for job in jobs}) >= 2
                begun = {job: (await owner.queue.attempts(job))[-1].started_at for job in (*high, *low)}
                assert max(begun[job] for job in high) <= min(begun[job] for job in low)
                (machine,) = await owner.running(held)
                assert await owner.queue.cancel([held]) == 1
                (again,) = await owner.add("after", retries=0)  # all three have room again
                await owner.drained()
                assert await owner.states(held, again) == [JobState.CANCELLED, DONE]
                await until(lambda: machine_of(owner, machine).running == 0, "the slot is free")
                assert len(owner.made()) == 2 * 49
                assert not [name for name in owner.made() if name.startswith(".")]
                assert [worker.end() for worker in machines.values()] == [0, 0, 0]
                await owner.slots(0)  # they have said that they leave

    asyncio.run(story())


def test_g3_g6_machines_that_die_or_freeze_cost_an_attempt_and_change_nothing_later(
    kind: str, tmp_path: Path
) -> None:
    folder = str(tmp_path / "photos")

    async def story() -> None:
        with (
            broker_in(kind, tmp_path / "broker") as broker,
            workers(broker, "dies", "freezes", "lives", shared=folder) as machines,
        ):
            async with owner_in(tmp_path, broker, folder) as owner:
                await owner.slots(3)
                jobs = await owner.add("held-1", "held-2", "held-3")
                await owner.queue.start()
                by_machine = dict(zip(await owner.running(*jobs), jobs, strict=True))
                machines["dies"].send(signal.SIGKILL)
                machines["freezes"].send(signal.SIGSTOP)
                await owner.slots(1)
                owner.go()
                await owner.drained()
                assert await owner.states(*jobs) == [DONE] * 3
                for name in ("dies", "freezes"):
                    first, last = await owner.queue.attempts(by_machine[name])
                    assert first.error is not None
                    assert (first.error.code, first.machine) == ("machine-lost", name)
                    assert (last.end, last.machine) == (AttemptEnd.DONE, "lives")
                assert len(await owner.queue.attempts(by_machine["lives"])) == 1
                made = {name: content for name, content in owner.made().items() if name[0] != "."}
                assert len(made) == 6
                machines["freezes"].send(signal.SIGCONT)
                await owner.slots(2)
                # It has answered since, behind all that it had to say of what it was working on.
                await until(lambda: owner.made() == made, "what it staged is removed")
                assert [len(await owner.queue.attempts(job)) for job in jobs].count(2) == 2
                assert machines["freezes"].end() == 0

    asyncio.run(story())


def test_g3_g6_a_broker_that_dies_and_an_owner_that_dies_lose_nothing(kind: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "photos")

    async def story() -> None:
        with (
            broker_in(kind, tmp_path / "broker") as broker,
            workers(broker, "attic", shared=folder, slots=2),
        ):
            async with owner_in(tmp_path, broker, folder) as owner:
                await owner.slots(2)
                jobs = await owner.add("held-1", "held-2")
                await owner.queue.start()
                await owner.running(*jobs)
                broker.kill()
                await owner.link(Link.AWAY)
                assert owner.everywhere.open_slots() == []
                assert "127.0.0.1" in owner.everywhere.cluster.sentence
                owner.go()  # they end, and nobody can be told
                broker.start()
                await owner.link(Link.CONNECTED)
                await owner.drained()
                assert await owner.states(*jobs) == [DONE] * 2
                assert [len(await owner.queue.attempts(job)) for job in jobs] == [1, 1]
                owner.held_again()
                jobs = await owner.add("held-3", "held-4")
            with owner_to_kill(tmp_path, broker, folder) as process:
                await until(lambda: running_in(tmp_path) == 2, "both run")
                process.kill()
                process.wait()
                owner.go()
                await until(
                    lambda: len([name for name in owner.made() if name[0] == "."]) == 4, "both are staged"
                )
                again = Owner(tmp_path, broker.url, folder)
                recovery = await again.open()
                try:
                    assert (recovery.finished, recovery.put_back) == (2, 0)
                    assert await again.states(*jobs) == [DONE] * 2
                    assert sorted(again.made()) == [
                        f"held-{number}-{size}.png" for number in (1, 2, 3, 4) for size in ("large", "small")
                    ]
                finally:
                    await again.queue.close(0)

    asyncio.run(story())
