"""What a batch has made goes to the trash, what it replaced comes back, and no other file is touched."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from core.executor import InProcess, Outcome, Task
from core.imaging.made import forget, memory_of
from core.imaging.process import process
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import Recipe, quick_recipe
from core.unmaking import Fate, Unmade, unmake
from tests.conftest import RunOnLoop
from tests.core.imaging.pictures import encoded, photo

JPEG = encoded(photo(120, 90), "JPEG")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trash as the specification has it, in the place of the user's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    folder = tmp_path / "share" / "Trash"
    for one in ("files", "info"):
        (folder / one).mkdir(parents=True)

    numbers = count()

    def take(path: str) -> None:
        name = f"{next(numbers)}-{Path(path).name}"
        (folder / "info" / f"{name}.trashinfo").write_text(f"[Trash Info]\nPath={quote(path)}\n")
        os.rename(path, folder / "files" / name)

    monkeypatch.setattr("send2trash.send2trash", take)
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "in" / f"ä {name}.jpg" for name in "abcd"]
    for path in paths:
        path.write_bytes(JPEG)
    return paths


async def made(data: Path, photos: Sequence[Path], recipe: Recipe) -> tuple[TaskQueue, list[int]]:
    async def work(task: Task) -> Outcome:
        return process(task, lambda _: None)

    queue = TaskQueue(data, InProcess(work), concurrency=2)
    await queue.open()
    ids = list((await queue.enqueue_batch(list(photos), recipe)).ids)
    await queue.start()
    await queue.drained()
    assert queue.status().counts[JobState.DONE] == len(ids)
    return queue, ids


def lose_memory(data: Path) -> None:
    forget()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{memory_of(data)}{suffix}").unlink(missing_ok=True)


def told(unmade: Unmade) -> dict[Fate, int]:
    return dict(+Counter(unmade.counts))


def test_what_is_as_it_was_left_goes_and_all_else_stays(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: list[Path], trash: Path
) -> None:
    async def story() -> None:
        queue, ids = await made(tmp_path / "data", photos, quick_recipe(64, "100"))
        outputs = [Path(one.path) for job in await queue.jobs(ids) for one in job.outputs]
        assert len(outputs) == 8
        outputs[0].write_bytes(JPEG)
        os.utime(outputs[2], (1, 1))
        outputs[4].unlink()
        other = photos[0].with_name("of the user.jpg")
        other.write_bytes(JPEG)
        expected = {Fate.MOVED: 5, Fate.CHANGED: 2, Fate.GONE: 1}
        foreseen = await unmake(queue, tmp_path / "data", ids, only_look=True)
        assert (told(foreseen), foreseen.jobs, foreseen.moved) == (expected, 4, 5)
        assert sum(one.exists() for one in outputs) == 7  # looking moves nothing
        done = await unmake(queue, tmp_path / "data", ids)
        assert told(done) == expected
        assert [one for one in outputs if one.exists()] == [outputs[0], outputs[2]]
        assert all(one.exists() for one in (*photos, other))
        assert len(list((trash / "files").iterdir())) == 5
        jobs = await queue.jobs(ids)
        assert [len(job.outputs) for job in jobs] == [1, 1, 0, 0]
        assert jobs[3].output_bytes is None
        assert "Some of its files are in the trash" in jobs[0].reason
        assert jobs[3].reason.endswith("Its files are in the trash now.")
        assert {job.state for job in jobs} == {JobState.DONE}
        again = list((await queue.enqueue_batch(photos[3:], quick_recipe(64, "100"))).ids)
        await queue.drained()
        assert [job.state for job in await queue.jobs(again)] == [JobState.DONE]  # not up to date
        await queue.close()

    run_on_loop(story())


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_what_replaced_its_original_makes_room_for_it_again(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: list[Path], trash: Path, name: str
) -> None:
    async def story() -> None:
        recipe = quick_recipe(None, "64", name).replacing_originals()
        queue, ids = await made(tmp_path / "data", photos, recipe)
        outputs = [Path(job.outputs[0].path) for job in await queue.jobs(ids)]
        lost = next(one for one in (trash / "files").iterdir() if one.name.endswith("ä b.jpg"))
        lost.unlink()  # the user has emptied it from there
        before = outputs[1].read_bytes()
        expected = {Fate.BACK: 3, Fate.ORIGINAL: 1}
        assert told(await unmake(queue, tmp_path / "data", ids, only_look=True)) == expected
        assert told(await unmake(queue, tmp_path / "data", ids)) == expected
        assert [one.read_bytes() for one in photos if one.exists() and one != photos[1]] == [JPEG] * 3
        assert outputs[1].read_bytes() == before
        assert (name == "jpeg") == (outputs[0] == photos[0])
        if name == "webp":
            assert not outputs[0].exists()
        jobs = await queue.jobs(ids)
        assert jobs[0].reason.endswith("and the original is back in its place.")
        assert len(jobs[1].outputs) == 1
        assert not list((trash / "info").glob("*ä a.jpg.trashinfo")) or name == "jpeg"
        await queue.close()

    run_on_loop(story())


def test_a_file_that_took_the_name_of_the_original_meanwhile_stays(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: list[Path], trash: Path
) -> None:
    async def story() -> None:
        recipe = quick_recipe(None, "64", "webp").replacing_originals()
        queue, ids = await made(tmp_path / "data", photos[:1], recipe)
        photos[0].write_bytes(b"new")
        for only_look in (True, False):
            done = await unmake(queue, tmp_path / "data", ids, only_look=only_look)
            assert told(done) == {Fate.ORIGINAL: 1}
        assert photos[0].read_bytes() == b"new"
        assert photos[0].with_suffix(".webp").exists()
        await queue.close()

    run_on_loop(story())


def test_what_is_not_known_or_cannot_be_moved_stays(
    run_on_loop: RunOnLoop, tmp_path: Path, photos: list[Path], trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        queue, ids = await made(tmp_path / "data", photos, replace(quick_recipe(64), name="x"))

        def refuse(path: str) -> None:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr("send2trash.send2trash", refuse)
        assert told(await unmake(queue, tmp_path / "data", ids)) == {Fate.FAILED: 4}
        lose_memory(tmp_path / "data")
        assert told(await unmake(queue, tmp_path / "data", ids)) == {Fate.UNKNOWN: 4}
        assert all(map(os.path.exists, [job.outputs[0].path for job in await queue.jobs(ids)]))
        await queue.close()

    run_on_loop(story())
