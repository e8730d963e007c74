"""A link is a source like any other: its job downloads it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.errors import BadRecipe, LinkRefused, NetworkFailed, NotAnImage
from core.executor import Done, Skipped, Task
from core.imaging.made import forget, memory_of, want_again
from core.imaging.naming import name_keys
from core.imaging.process import foresee, process
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import Existing, Recipe, quick_recipe
from core.slots import ProcessSlots
from core.status import JobQuery
from tests.core.bench import opened
from tests.core.links.server import Request, Server, cut_at, file_of
from tests.core.processors import ByHand


@pytest.fixture
def task(tmp_path: Path, server: Server) -> Task:
    recipe = quick_recipe(8).with_folder(tmp_path / "out")
    return Task(1, 1, server.link(), recipe.to_json(), downloads=str(tmp_path / "downloads" / "1"))


def test_a_link_is_downloaded_and_made_into_outputs_in_the_recipes_folder(
    server: Server, task: Task, png: bytes, tmp_path: Path
) -> None:
    server.answers["/photo.png"] = file_of(png)
    told: list[float] = []
    done = process(task, told.append)
    assert isinstance(done, Done)
    assert [Path(one.path) for one in done.outputs] == [tmp_path / "out" / "photo-thumbnail.png"]
    assert done.source_bytes == len(png)
    assert told == sorted(told)
    assert 0 < told[0] <= 0.5
    assert told[-1] == 1.0
    assert list((tmp_path / "downloads").iterdir()) == []


def test_what_another_attempt_can_go_on_with_is_kept_and_all_else_removed(server: Server, task: Task) -> None:
    folder = Path(task.downloads)
    server.answers["/photo.png"] = cut_at(b"no image" * 50, 100, file_of(b"no image" * 50))
    with pytest.raises(NetworkFailed):
        process(task, lambda _: None)
    assert folder.is_dir()
    with pytest.raises(NotAnImage):
        process(replace(task, attempt=2), lambda _: None)
    assert not folder.exists()


def test_a_link_has_nothing_to_put_outputs_beside(task: Task) -> None:
    with pytest.raises(BadRecipe, match="absolute path for a link"):
        process(replace(task, recipe=quick_recipe(8).to_json()), lambda _: None)


def test_g5_two_links_that_stand_for_one_name_get_two_names(tmp_path: Path) -> None:
    recipe = quick_recipe(8).with_folder(tmp_path)
    one, same, other = name_keys(["http://a/x/1.jpg?v=1", "http://b/1.png#/y", "http://a/2.jpg"], recipe)
    assert one == same != other


def test_a_link_goes_through_a_real_worker_is_retried_and_leaves_nothing(
    server: Server, png: bytes, tmp_path: Path
) -> None:
    server.answers["/photo.png"] = cut_at(png, 200, file_of(png))
    recipe = quick_recipe(8).with_folder(tmp_path / "out")

    async def story() -> None:
        queue = TaskQueue(tmp_path / "data", ProcessSlots(memory_limit=2**30), concurrency=1)
        queue._dispatcher._retry = replace(queue._dispatcher._retry, base=0.01)
        (tmp_path / "data").mkdir()
        await queue.open()
        try:
            await queue.start()
            await queue.enqueue(server.link(), recipe)
            await queue.drained()
            (job,) = await queue.jobs(await queue.find(JobQuery()))
            attempts = await queue.attempts(job.id)
        finally:
            await queue.close(0)
        assert job.state is JobState.DONE, job.error
        assert [one.error.code for one in attempts if one.error] == ["network-failed"]
        with Image.open(job.outputs[0].path) as image:
            assert image.size == (8, 6)

    asyncio.run(story())
    assert server.asked[-1].headers["range"] == "bytes=200-"
    assert list((tmp_path / "data" / "downloads").iterdir()) == []


def test_g11_cancelling_ends_a_download_at_once_and_removes_its_part(server: Server, tmp_path: Path) -> None:
    def endless(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5_000)
        request.ended.wait(20)

    server.answers["/photo.png"] = endless
    recipe = quick_recipe(8).with_folder(tmp_path / "out")

    async def story() -> None:
        queue = TaskQueue(tmp_path / "data", ProcessSlots(memory_limit=None), concurrency=1)
        progress: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def tell(_: int, part: float) -> None:
            if not progress.done():
                progress.set_result(part)

        queue.progress.connect(tell)
        (tmp_path / "data").mkdir()
        await queue.open()
        try:
            await queue.start()
            job = await queue.enqueue(server.link(), recipe)
            assert 0 < await asyncio.wait_for(progress, 20) < 0.5
            assert list((tmp_path / "data" / "downloads").iterdir())
            assert await queue.cancel([job]) == 1
            assert list((tmp_path / "data" / "downloads").iterdir()) == []
        finally:
            await queue.close(0)

    asyncio.run(story())


def made_again(task: Task, tmp_path: Path) -> Done | Skipped:
    again = replace(task, memory=memory_of(tmp_path), downloads=f"{task.downloads}-again")
    try:
        return process(again, lambda _: None)
    finally:
        assert not Path(again.downloads).exists()
        forget()


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"ETag": 'W/"7"'}, {"if-none-match": 'W/"7"'}),
        (
            {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"},
            {"if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT"},
        ),
    ],
)
def test_a_link_is_up_to_date_when_its_server_says_so(
    server: Server, task: Task, png: bytes, tmp_path: Path, told: dict[str, str], asked: dict[str, str]
) -> None:
    def answer(request: Request) -> None:
        if asked.items() <= request.headers.items():
            request.send(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            headers = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            request.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(png)}\r\n{headers}\r\n".encode() + png)

    server.answers["/photo.png"] = answer
    assert isinstance(made_again(task, tmp_path), Done)
    skipped = made_again(task, tmp_path)
    assert isinstance(skipped, Skipped)
    assert (
        skipped.reason
        == "Up to date: photo-thumbnail.png was made of it before, and nothing has changed since."
    )
    assert skipped.source_bytes == len(png)
    foreseen = foresee(replace(task, memory=memory_of(tmp_path)), lambda _: None)
    assert isinstance(foreseen, Done)
    assert "server would be asked" in foreseen.notes[0]
    want_again(memory_of(tmp_path), [task.source], Recipe.from_json(task.recipe).id_hash)
    assert isinstance(made_again(task, tmp_path), Done)
    assert not asked.items() <= server.asked[-1].headers.items()


def test_a_link_whose_server_tells_no_version_is_up_to_date_when_the_same_bytes_come(
    server: Server, task: Task, png: bytes, tmp_path: Path
) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(png)
    assert isinstance(made_again(task, tmp_path), Done)
    assert isinstance(made_again(task, tmp_path), Skipped)
    other = replace(
        task, recipe=quick_recipe(8).with_folder(tmp_path / "out").with_existing(Existing.REPLACE).to_json()
    )
    server.answers["/photo.png"] = lambda request: request.reply(png + b"more")
    assert isinstance(made_again(other, tmp_path), Done)


def test_a_link_whose_outputs_are_gone_is_downloaded_without_a_condition(
    server: Server, task: Task, png: bytes, tmp_path: Path
) -> None:
    server.answers["/photo.png"] = file_of(png)
    done = made_again(task, tmp_path)
    assert isinstance(done, Done)
    Path(done.outputs[0].path).unlink()
    assert isinstance(made_again(task, tmp_path), Done)
    assert "if-none-match" not in server.asked[-1].headers


def test_a_server_that_says_unchanged_unasked_is_refused(server: Server, task: Task, tmp_path: Path) -> None:
    server.answers["/photo.png"] = lambda request: request.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    with pytest.raises(LinkRefused, match="304"):
        made_again(task, tmp_path)


def test_at_the_next_start_only_what_is_of_use_is_there(tmp_path: Path) -> None:
    async def story() -> None:
        recipe = quick_recipe(8).with_folder(tmp_path / "out")
        data = tmp_path / "data"
        data.mkdir()
        pictures = [data / "pictures" / name for name in ("used.png", "unused.png")]
        async with opened(data) as bench:
            pictures[0].parent.mkdir()
            for one in pictures:
                one.touch()
            sources = ["http://photos.invalid/a.png", "http://photos.invalid/b.png", str(pictures[0])]
            waiting, cancelled, _ = (await bench.queue.enqueue_batch(sources, recipe)).ids
            uid = await bench.queue._writer.call(lambda store: store.uid)
            for name in (f"{uid}-{waiting}", f"{uid}-{cancelled}", f"older-{waiting}", "odd"):
                (data / "downloads" / name).mkdir(parents=True)
            await bench.queue.cancel([cancelled])
        async with opened(data, ByHand()):
            assert [one.name for one in (data / "downloads").iterdir()] == [f"{uid}-{waiting}"]
            assert [one.exists() for one in pictures] == [True, False]

    asyncio.run(story())


def test_the_note_of_a_task_crosses_the_pipe(task: Task) -> None:
    from core.wire import from_line, task_from_wire, task_to_wire, to_line

    assert task_from_wire(from_line(to_line(task_to_wire(task)))) == task
    assert json.loads(task.recipe)["folder"]
