"""Slots may come and go by themselves, be on other machines, and hear when an end is in the store."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from core.executor import Done
from core.job import AttemptEnd, JobState
from core.status import ChangeKind, JobChange
from tests.conftest import RunOnLoop
from tests.core.bench import opened
from tests.core.clocks import until
from tests.core.processors import BUSY, ByHand


def settled(hands: ByHand, number: int) -> bool:
    return len(hands.settled_jobs) == number


def test_jobs_start_in_slots_as_they_come_and_a_slot_that_went_gets_no_other(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            hands: ByHand = bench.hand
            await bench.add(*"abcdef")
            await bench.queue.start()
            await until(lambda: hands.order == [1])
            hands.slots = 3
            hands.on_slots()
            await until(lambda: hands.order == [1, 2, 3])
            assert bench.queue.status().concurrency == 3
            hands.slots = 1
            hands.on_slots()
            for number, job in enumerate((2, 3, 1), 1):
                hands.end_job(job)
                await until(partial(settled, hands, number))
            await until(lambda: hands.order == [1, 2, 3, 4])
            assert (bench.queue.status().concurrency, hands.slot_of(4)) == (1, 0)

    run_on_loop(story())


def test_an_attempt_tells_which_machine_has_it_and_keeps_that(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=2) as bench:
            hands, changes = bench.hand, list[JobChange]()
            await bench.add("a", "b")
            await bench.queue.start()
            await until(lambda: len(hands.tasks) == 2)
            bench.queue.job_changed.connect(changes.append)
            hands.on_taken(hands.tasks[0], "attic")
            bench.clock.advance(1)
            await until(lambda: bool(changes))
            assert [(change.kind, list(change.ids)) for change in changes] == [(ChangeKind.DETAILS, [1])]
            (running,) = await bench.queue.attempts(1)
            assert (running.end, running.machine) == (AttemptEnd.RUNNING, "attic")
            hands.on_taken(hands.tasks[1], "cellar")
            hands.end_job(2, BUSY)  # before it was noted
            hands.end_job(1, Done())
            await until(lambda: sorted(hands.settled_jobs) == [1, 2])
            assert [one.machine for one in await bench.queue.attempts(1)] == ["attic"]
            assert [one.machine for one in await bench.queue.attempts(2)] == ["cellar"]
            bench.clock.advance(1_000)
            await until(lambda: 2 in [task.job_id for task in hands.tasks.values()])
            jobs = await bench.queue.jobs([1, 2])
            assert [(job.state, job.machine) for job in jobs] == [
                (JobState.DONE, "attic"), (JobState.RUNNING, ""),
            ]  # fmt: skip
            assert [one.machine for one in await bench.queue.attempts(2)] == ["cellar", ""]

    run_on_loop(story())


def test_a_machine_whose_attempt_has_ended_takes_no_turn(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            hands = bench.hand
            await bench.add("a")
            await bench.queue.start()
            await until(lambda: len(hands.tasks) == 1)
            hands.on_taken(hands.tasks[0], "attic")
            hands.end_job(1, Done())
            await until(lambda: hands.settled_jobs == [1])
            turns: list[None] = []
            bench.queue._dispatcher._turned = lambda: turns.append(None)
            bench.clock.advance(1)
            await asyncio.sleep(0.05)
            assert turns == []
            bench.queue._dispatcher.wake()  # as it would have been
            await until(lambda: turns == [None])

    run_on_loop(story())
