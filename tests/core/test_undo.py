"""What the user does to jobs is undone, and done again, step by step."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from core import undo as undo_room
from core.job import Job, JobState
from core.rechoosing import change_recipe
from core.recipe import find_recipe
from core.status import JobQuery, SortKey
from core.store_moving import MovedJob
from core.undo import Deed, Undone
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, Bench, opened
from tests.core.clocks import until
from tests.core.processors import BAD, CRASH, ByHand

_Snapshot = tuple[list[Job], list[int], dict[JobState, int]]


async def look(bench: Bench) -> _Snapshot:
    """All that is known of the jobs, in the order in which they run."""
    jobs = await bench.queue.jobs(await bench.queue.find(JobQuery()))
    order = list(await bench.queue.find(JobQuery(sort=SortKey.ORDER)))
    return jobs, order, dict(bench.queue.status().counts)


async def retry_as_web(bench: Bench, ids: list[int]) -> int:
    web = find_recipe("Web")
    return await bench.queue.retry_with(ids, lambda _: web)


async def twelve(bench: Bench) -> list[int]:
    """Twelve jobs that wait, two of them held."""
    ids = await bench.add(*"abcdefghijkl")
    await bench.queue.hold(ids[2:4])
    return ids


@pytest.mark.parametrize("deed", [
    Deed.REMOVE, Deed.CANCEL, Deed.HOLD, Deed.RELEASE, Deed.PRIORITY, Deed.ORDER, Deed.RECIPE, Deed.RETRY,
    Deed.MAKE_AGAIN, Deed.ADD, Deed.IMPORT,
])  # fmt: skip
def test_each_deed_is_undone_and_done_again(run_on_loop: RunOnLoop, tmp_path: Path, deed: Deed) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: CRASH if task.source[-5] in "ab" else BAD)) as bench:
            queue = bench.queue
            ids = await bench.add(*"abcd")
            await queue.start()
            await bench.count(JobState.RETRYING, 2)
            await bench.count(JobState.FAILED, 2)
            await queue.pause()
            ids += await twelve(bench)
            await queue.cancel(ids[10:12])
            before = await look(bench)
            async with queue.undo.step(deed):
                match deed:
                    case Deed.REMOVE:
                        changed = await queue.remove(ids[1:6]) + await queue.remove(ids[8:9])
                    case Deed.CANCEL:
                        changed = await queue.cancel(ids[:10])
                    case Deed.HOLD:
                        changed = await queue.hold(ids)
                    case Deed.RELEASE:
                        changed = await queue.release(ids)
                    case Deed.PRIORITY:
                        changed = await queue.set_priority(ids, 10)
                    case Deed.ORDER:
                        changed = await queue.move([ids[9], ids[4]], ids[5]) + await queue.do_next([ids[8]])
                        changed += await queue.do_last([ids[5]]) + await queue.shift([ids[12]], up=True)
                    case Deed.RECIPE:
                        changed = (await change_recipe(queue, ids, find_recipe("Web"))).changed
                    case Deed.RETRY:
                        changed = await queue.retry(ids[:3])
                    case Deed.MAKE_AGAIN:  # in the place of a retry with another recipe
                        changed = await retry_as_web(bench, ids[:4])
                    case Deed.ADD:
                        changed = len(await bench.add(*"vwxyz"))
                    case Deed.IMPORT:
                        moved = [
                            MovedJob(f"/in/{name}.jpg", 0, held=name == "s", attempts=1) for name in "rst"
                        ]
                        changed = len((await queue.take_in(moved, [RECIPE])).ids)
            after = await look(bench)
            assert after != before
            step = queue.undo.next_undo
            assert step is not None
            assert (step.deed, step.jobs) == (deed, changed)
            for _ in range(2):
                undone = await queue.undo.undo()
                assert undone is not None
                assert (undone.deed, undone.left) == (deed, 0)
                assert await look(bench) == before
                assert queue.undo.next_undo is None
                assert await queue.undo.redo() == undone
                assert await look(bench) == after
                assert queue.undo.next_redo is None
            assert sum(after[2].values()) == len(after[0])

    run_on_loop(story())


def test_steps_are_undone_from_the_last_to_the_first_and_back(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            queue, rng = bench.queue, random.Random(5)
            ids = await twelve(bench)
            seen = [await look(bench)]
            deeds = [
                (Deed.HOLD, queue.hold), (Deed.CANCEL, queue.cancel), (Deed.RETRY, queue.retry),
                (Deed.ORDER, queue.do_next), (Deed.REMOVE, queue.remove), (Deed.RELEASE, queue.release),
                (Deed.PRIORITY, lambda some: queue.set_priority(some, rng.randrange(9))),
            ]  # fmt: skip
            while len(seen) < 25:
                deed, method = rng.choice(deeds)
                async with queue.undo.step(deed):
                    changed = await method(rng.sample(ids, 1 if deed is Deed.REMOVE else 4))
                if changed:
                    seen.append(await look(bench))
            for earlier in reversed(seen[:-1]):
                assert (undone := await queue.undo.undo())
                assert undone.left == 0
                assert await look(bench) == earlier
            assert await queue.undo.undo() is None
            for later in seen[1:]:
                assert await queue.undo.redo()
                assert await look(bench) == later
            await queue.undo.undo()
            async with queue.undo.step(Deed.PRIORITY):
                await queue.set_priority(ids, 99)
            assert queue.undo.next_redo is None  # what was done since goes before it

    run_on_loop(story())


def test_places_come_back_when_all_places_were_spread_anew(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            _, b, *others = await bench.add(*"abcdef")
            seen = []
            for turn in range(120):  # each halves the room before b, until there is none
                seen.append(list(await bench.queue.find(JobQuery(sort=SortKey.ORDER))))
                async with bench.queue.undo.step(Deed.ORDER):
                    await bench.queue.move([others[turn % 3]], b)
            for earlier in seen[:-51:-1]:
                await bench.queue.undo.undo()
                assert list(await bench.queue.find(JobQuery(sort=SortKey.ORDER))) == earlier
            assert bench.queue.undo.next_undo is None

    run_on_loop(story())


def test_an_undo_puts_nothing_back_that_has_been_started_or_changed_since(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=2) as bench:
            ids = await bench.add(*"abcd")
            async with bench.queue.undo.step(Deed.HOLD):
                await bench.queue.hold(ids)
            await bench.queue.release(ids[:2])
            await bench.queue.start()
            await bench.running(2)
            bench.hand.end_job(ids[0])
            await bench.count(JobState.DONE, 1)
            await bench.queue.pause()
            await bench.queue.cancel(ids[2:3])
            assert await bench.queue.undo.undo() == Undone(Deed.HOLD, 1, 3)
            states = [await bench.state(job) for job in ids]
            assert states == [JobState.DONE, JobState.RUNNING, JobState.CANCELLED, JobState.QUEUED]

    run_on_loop(story())


def test_what_has_run_since_stays_as_it_is(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=2) as bench:
            queue = bench.queue
            async with queue.undo.step(Deed.ADD):
                ids = await bench.add(*"abcde")
            async with queue.undo.step(Deed.PRIORITY):
                await queue.set_priority(ids, 10)
            await queue.start()
            await bench.running(2)
            bench.hand.end_job(ids[0])
            await bench.count(JobState.DONE, 1)
            await bench.running(2)
            await queue.pause()
            undone = await queue.undo.undo()
            assert undone == Undone(Deed.PRIORITY, 4, 1)  # that of a job that runs can be changed still
            assert await queue.undo.undo() == Undone(Deed.ADD, 2, 3)
            assert list(await queue.find(JobQuery())) == ids[:3]
            assert await queue.undo.redo() == Undone(Deed.ADD, 2, 0)
            assert list(await queue.find(JobQuery())) == ids

    run_on_loop(story())


def test_two_files_of_one_name_stay_apart_when_one_of_them_comes_back(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        recipe = replace(RECIPE, folder=str(tmp_path / "out"))
        async with opened(tmp_path / "data", ByHand()) as bench:
            queue = bench.queue
            (first,) = (await queue.enqueue_batch(["/a/photo.jpg"], recipe)).ids
            async with queue.undo.step(Deed.REMOVE):
                await queue.remove([first])
            (second,) = (await queue.enqueue_batch(["/b/photo.jpg"], recipe)).ids
            await queue.undo.undo()
            await queue.start()
            await bench.running(2)
            places = {task.source: task.place for task in bench.hand.tasks.values()}
            assert places == {"/a/photo.jpg": 2, "/b/photo.jpg": 1}
            assert first < second

    run_on_loop(story())


def test_what_other_tasks_do_meanwhile_is_no_part_of_a_step(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            ids = await bench.add(*"abcd")
            other = asyncio.create_task(bench.queue.hold(ids[2:]))
            async with bench.queue.undo.step(Deed.HOLD):
                await bench.queue.hold(ids[:2])
                await other
            await bench.queue.undo.undo()
            assert [await bench.state(job) for job in ids] == [JobState.QUEUED] * 2 + [JobState.HELD] * 2

    run_on_loop(story())


def test_what_is_still_being_done_is_ended_and_undone(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            stopped = asyncio.Event()

            async def add() -> None:
                async with bench.queue.undo.step(Deed.ADD, stopped.set):
                    await bench.add(*"abc")
                    await stopped.wait()

            adding = asyncio.create_task(add())
            await until(
                lambda: bench.queue.undo.next_undo is not None and bench.queue.undo.next_undo.jobs == 3
            )
            assert await bench.queue.undo.undo() == Undone(Deed.ADD, 3, 0)
            await adding
            assert bench.queue.status().total == 0

    run_on_loop(story())


def test_the_oldest_steps_are_forgotten(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr(undo_room, "MOST_STEPS", 3)
        monkeypatch.setattr(undo_room, "MOST_JOBS", 10)
        async with opened(tmp_path) as bench:
            ids = await bench.add(*"abcdefghijkl")
            for priority in range(5):
                async with bench.queue.undo.step(Deed.PRIORITY):
                    await bench.queue.set_priority(ids[:2], priority + 1)
            async with bench.queue.undo.step(Deed.HOLD):
                await bench.queue.hold(ids)  # more than all may have together, and the latest all the same
            undone = 0
            while await bench.queue.undo.undo():
                undone += 1
            assert undone == 1
            tables = await bench.queue._writer.call(
                lambda store: store._db.execute("SELECT name FROM undo.sqlite_master").fetchall()
            )
            assert len(tables) == 1  # of what can be done again

    run_on_loop(story())


def test_nothing_can_be_undone_after_a_restart_and_nothing_is_left_of_it(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        for _ in range(2):
            async with opened(tmp_path) as bench:
                assert bench.queue.undo.next_undo is None
                ids = await bench.add(*"abc")
                async with bench.queue.undo.step(Deed.REMOVE):
                    await bench.queue.remove(ids)
                assert (tmp_path / "undo.sqlite3").exists()
            assert not (tmp_path / "undo.sqlite3").exists()

    run_on_loop(story())


def test_very_many_come_back_in_parts_that_tell_how_far_it_is(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr(undo_room, "_PART", 4)
        async with opened(tmp_path) as bench:
            ids = await bench.add(*"abcdefghij")
            before = await look(bench)
            async with bench.queue.undo.step(Deed.REMOVE):
                await bench.queue.remove(ids[::-1])
            shares: list[float] = []
            assert await bench.queue.undo.undo(shares.append) == Undone(Deed.REMOVE, 10, 0)
            assert shares == [0.4, 0.8]
            assert await look(bench) == before

    run_on_loop(story())
