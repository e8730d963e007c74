"""Jobs that waited in one queue wait in another one as they did, all of them or none."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadQueueFile, BadUsage, NoSuchFile
from core.executor import Done
from core.job import Job, JobState
from core.links.kept import keeper
from core.operations import Watermark
from core.queue import TaskQueue
from core.recipe import Output, Recipe, builtin_recipes
from core.status import JobQuery, SortKey
from core.store_moving import MovedJob, StoreMoving
from core.store_reader import StoreReader
from core.transfer.mapping import PathMap
from core.transfer.queue_file import QueueFile, read_queue_file
from core.transfer.sending import write_waiting
from core.transfer.taking import Missing, arrival_of, look_for_sources, take_in_file, top_folders
from tests.conftest import RunOnLoop
from tests.core.bench import opened
from tests.core.processors import BUSY, ByHand

WEB, THUMBNAIL = builtin_recipes()[1], builtin_recipes()[2]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "abcdef":
        (folder / f"{name}.jpg").touch()
    return folder


def sent(data_dir: Path, path: Path, only: list[int] | None = None) -> list[int]:
    reader = StoreReader(data_dir / "queue.sqlite3")
    try:
        return write_waiting(reader, path, only, keeper(data_dir)).ids
    finally:
        reader.close()


async def in_order(queue: TaskQueue) -> list[Job]:
    return await queue.jobs(await queue.find(JobQuery(sort=SortKey.ORDER)))


def what_is_kept(job: Job) -> tuple[object, ...]:
    return Path(job.source).name, job.recipe_name, job.priority, job.attempts, job.max_retries


def test_priorities_order_holds_retries_left_and_recipes_arrive_as_they_were(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        here, there = tmp_path / "here", tmp_path / "there"
        async with opened(here, ByHand(lambda task: BUSY)) as bench:
            queue = bench.queue
            await queue.enqueue(photos / "a.jpg", WEB, 0, 2)
            await queue.start()
            await bench.count(JobState.RETRYING, 1)
            await queue.pause()
            await queue.enqueue_batch([photos / "b.jpg", photos / "c.jpg"], WEB, -10, 5)
            await queue.enqueue(photos / "d.jpg", THUMBNAIL, -10, 0)
            (last,) = (await queue.enqueue_batch([photos / "e.jpg"], WEB, -10)).ids
            await queue.hold([3])
            await queue.do_next([last])
            before = await in_order(queue)
            assert sent(here, tmp_path / "file") == [job.id for job in before]
        async with opened(there, ByHand(lambda task: Done())) as bench:
            await bench.queue.enqueue(photos / "f.jpg", WEB, 0)
            taken = await take_in_file(bench.queue, tmp_path / "file", [], Missing.REFUSE)
            assert (len(taken.accepted.ids), taken.accepted.duplicates) == (5, 0)
            jobs = await in_order(bench.queue)
            assert jobs[1].priority == 0  # behind the one of its priority that was here
            arrived = [job for job in jobs if not job.source.endswith("f.jpg")]
            assert [what_is_kept(one) for one in arrived] == [what_is_kept(one) for one in before]
            assert [one.state for one in arrived] == [
                JobState.HELD if one.state is JobState.HELD else JobState.QUEUED for one in before
            ]
            for old, new in zip(before, arrived, strict=True):
                assert Recipe.from_json(await bench.queue.recipe(new.recipe_id)).name == old.recipe_name
            again = await take_in_file(bench.queue, tmp_path / "file", [], Missing.REFUSE)
            assert (len(again.accepted.ids), again.accepted.duplicates) == (0, 5)
            counts = bench.queue.status().counts
            assert (counts[JobState.QUEUED], counts[JobState.HELD]) == (5, 1)
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.queue.status().counts[JobState.DONE] == 5

    run_on_loop(story())


def test_an_attempt_that_was_had_is_not_had_again(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    """G9: exactly max retries, on however many machines."""

    async def story() -> None:
        async with opened(tmp_path / "there", ByHand(lambda task: BUSY)) as bench:
            await bench.queue.take_in([MovedJob(str(photos / "a.jpg"), 0, attempts=2, max_retries=2)], [WEB])
            await bench.queue.start()
            await bench.queue.drained()
            (job,) = await in_order(bench.queue)
            assert (job.state, job.attempts) == (JobState.FAILED, 3)
            assert [one.number for one in await bench.queue.attempts(job.id)] == [3]

    run_on_loop(story())


def test_it_is_all_or_nothing_when_the_store_refuses_in_the_middle(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G1: a batch is all or nothing."""

    async def story() -> None:
        async with opened(tmp_path / "data") as bench:
            monkeypatch.setattr("core.store_moving.CHUNK", 2)
            take_in = StoreMoving.take_in

            def failing(self: StoreMoving, *args: object) -> object:
                take_in(self, *args)  # type: ignore[arg-type]
                raise sqlite3.OperationalError("disk I/O error")

            monkeypatch.setattr(StoreMoving, "take_in", failing)
            jobs = [MovedJob(f"/photos/{number}.jpg", 0) for number in range(5)]
            with pytest.raises(Exception, match="queue"):
                await bench.queue.take_in(jobs, [WEB])
            assert bench.queue.status().total == 0
            monkeypatch.setattr(StoreMoving, "take_in", take_in)
            assert len((await bench.queue.take_in(jobs, [WEB])).ids) == 5

    run_on_loop(story())


def test_two_photos_of_one_name_keep_the_names_that_they_would_have_had(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """G5, G6: a twin whose first is done does not take its name on the other machine."""

    async def story() -> None:
        recipe = WEB.with_folder(tmp_path / "out")
        async with opened(tmp_path / "here", ByHand(lambda task: Done())) as bench:
            await bench.queue.enqueue("/one/a.jpg", recipe)
            await bench.queue.start()
            await bench.queue.drained()
            await bench.queue.pause()
            await bench.queue.enqueue("/two/a.jpg", recipe)
            (job,) = await bench.queue.waiting([1, 2])
            assert job.twin == 2
            job = job._replace(recipe=0)
        async with opened(tmp_path / "there") as bench:
            await bench.queue.take_in([job, job._replace(source="/three/a.jpg")], [recipe])
            assert [one.twin for one in await bench.queue.waiting([1, 2])] == [2, 3]

    run_on_loop(story())


def file_of(*sources: str, recipe: Recipe = WEB, separator: str = os.sep) -> QueueFile:
    return QueueFile(separator, [MovedJob(one, 0) for one in sources], [json.loads(recipe.to_json())])


def test_the_paths_in_recipes_are_mapped_too() -> None:
    marked = replace(WEB.outputs[0], operations=(Watermark(image="/studio/logo.png"),))
    recipe = replace(WEB, outputs=(marked,), folder="/studio/out")
    arrival = arrival_of(file_of("/studio/a.jpg", recipe=recipe), [PathMap("/studio", "/mnt")])
    (found,) = arrival.recipes
    assert arrival.folders == ["/mnt/out"]
    (operation,) = found.outputs[0].operations
    assert isinstance(operation, Watermark)
    assert operation.image == "/mnt/logo.png"
    assert arrival.jobs[0].source == "/mnt/a.jpg"


def test_paths_of_another_system_are_counted_until_a_map_covers_them() -> None:
    file = file_of("C:\\p\\a.jpg", "https://example.org/b.jpg", separator="\\")
    assert (arrival_of(file, []).elsewhere, len(arrival_of(file, []).jobs)) == (("C:\\p\\a.jpg",), 1)
    mapped = arrival_of(file, [PathMap("c:/", "/mnt/c")])
    assert [job.source for job in mapped.jobs] == ["/mnt/c/p/a.jpg", "https://example.org/b.jpg"]
    assert mapped.elsewhere_count == 0


def test_a_recipe_that_cannot_be_refuses_the_file() -> None:
    file = QueueFile("/", [], [{"name": "x", "outputs": []}])
    with pytest.raises(BadQueueFile, match="outputs takes 1 to"):
        arrival_of(file, [])


def test_missing_sources_are_found_and_a_link_is_not_looked_for(photos: Path) -> None:
    jobs = [
        MovedJob(one, 0) for one in (f"{photos}/a.jpg", f"{photos}/x.jpg", "/gone/b.jpg", "https://a.b/c")
    ]
    sources = look_for_sources(jobs)
    assert sources.missing == {1, 2}
    assert sources.listed == (f"{photos}/x.jpg", "/gone/b.jpg")


@pytest.mark.parametrize(
    ("missing", "count"), [(Missing.LEAVE_OUT, 1), (Missing.TAKE, 2), (Missing.REFUSE, None)]
)
def test_what_becomes_of_missing_sources_is_chosen(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: Path, missing: Missing, count: int | None
) -> None:
    async def story() -> None:
        async with opened(tmp_path / "here") as bench:
            await bench.queue.enqueue_batch([photos / "a.jpg", photos / "gone.jpg"], WEB)
            sent(tmp_path / "here", tmp_path / "file")
        async with opened(tmp_path / "there") as bench:
            if count is None:
                with pytest.raises(NoSuchFile, match=r"gone\.jpg is not here; nothing was imported"):
                    await take_in_file(bench.queue, tmp_path / "file", [], missing)
                count_ = 0
            else:
                taken = await take_in_file(bench.queue, tmp_path / "file", [], missing)
                assert taken.left_out == 2 - count
                count_ = count
            with pytest.raises(BadUsage, match="Nothing in the file is in /other"):
                await take_in_file(bench.queue, tmp_path / "file", [PathMap("/other", "/x")], missing)
            assert bench.queue.status().total == count_

    run_on_loop(story())


def test_only_the_chosen_ones_that_wait_are_sent(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path / "here") as bench:
            await bench.queue.enqueue_batch([photos / f"{name}.jpg" for name in "abc"], WEB)
            await bench.queue.cancel([2])
            assert sent(tmp_path / "here", tmp_path / "file", [3, 2]) == [3]
            assert [Path(job.source).name for job in read_queue_file(tmp_path / "file").jobs] == ["c.jpg"]
            assert sent(tmp_path / "here", tmp_path / "none", [2]) == []
            assert not (tmp_path / "none").exists()

    run_on_loop(story())


@pytest.mark.parametrize(
    ("sources", "separator", "expected"),
    [
        (["/home/ann/p/1/a.jpg", "/home/ann/p/2/b.jpg"], "/", [("/home/ann/p", 2)]),
        (["/a/x.jpg", "/b/c/y.jpg", "/b/d/z.jpg"], "/", [("/a", 1), ("/b", 2)]),
        (["/x.jpg"], "/", [("/", 1)]),
        (["C:\\p\\q\\a.jpg", "C:/p/q/r/b.jpg"], "\\", [("C:\\p\\q", 2)]),
        (["C:\\a.jpg", "D:\\p\\b.jpg"], "\\", [("C:\\", 1), ("D:\\", 1)]),
        (["\\\\nas\\p\\a.jpg"], "\\", [("\\\\nas\\p", 1)]),
        (["https://a.b/c.jpg"], "/", []),
    ],
)
def test_the_folders_to_ask_for_are_few(
    sources: list[str], separator: str, expected: list[tuple[str, int]]
) -> None:
    assert top_folders(file_of(*sources, separator=separator)) == expected


def test_a_job_of_a_mirrored_tree_goes_to_the_same_place_of_it_here(tmp_path: Path) -> None:
    """Its depth below the folder that was given travels, as the folder has another path here."""
    recipe = Recipe("r", (Output("o"),), folder="/out", mirror=True)

    async def story() -> None:
        async with opened(tmp_path / "old") as old:
            await old.queue.enqueue_batch(["/in/a.jpg", "/in/x/y/b.jpg"], recipe, root="/in")
            ids = await old.queue.find(JobQuery())
            jobs = await old.queue.waiting(list(ids))
        assert [(job.depth, job.root) for job in jobs] == [(0, ""), (2, "/in")]
        moved = [job._replace(source=job.source.replace("/in", "/mnt/card"), recipe=0) for job in jobs]
        hostile = MovedJob("http://photos.invalid/../../x/c.jpg", 0, depth=3)
        async with opened(tmp_path / "new") as new:
            await new.queue.take_in([*moved, hostile], [recipe])
            await new.queue.start()
            await new.running(3)
            assert sorted(task.below for task in new.hand.tasks.values()) == ["", "", "x/y"]

    asyncio.run(story())
