"""Image files are shown as they are, by a worker behind all jobs; small pictures are kept within a bound."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from core.executor import Done, Failed, Outcome, ProgressSink, Stopped, Task
from core.imaging.look import look
from core.imaging.pixels import Picture, order, read_picture, write_picture
from core.job import JobError
from core.looks import LARGE, SMALL, Look, Looks


def photo(path: Path, size: tuple[int, int] = (400, 300), colour: str = "#c02040") -> Path:
    exif = Image.Exif()
    exif[271], exif[272], exif[274] = "Nikon", "Z 6", 6
    exif.get_ifd(34665)[33434] = 0.004
    exif.get_ifd(34665)[33437] = 5.6
    exif.get_ifd(34853)[1] = "N"
    Image.new("RGB", size, colour).save(path, exif=exif)
    return path


class Worker:
    """Does the work in this process, and counts it."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome = outcome
        self.sources: list[str] = []
        self.slots = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        self.slots = slots

    async def run(self, slot: int, task: Task) -> Outcome:
        self.sources.append(task.source)
        await self.goes_on.wait()
        if self.outcome is not None:
            return self.outcome
        to = Path(json.loads(task.recipe)["to"])
        write_picture(to, Picture(64, 48, bytes(4 * 64 * 48)))
        return Done((), 1_000, 400, 300, ("camera\tNikon Z 6",))

    def cancel(self, slot: int) -> None:
        self.outcome = Stopped()
        self.goes_on.set()

    async def resize(self, slots: int) -> None:
        self.slots = slots

    async def close(self) -> None:
        self.slots = 0


@asynccontextmanager
async def looking(folder: Path, worker: Worker, most_bytes: int = 2**20) -> AsyncIterator[Looks]:
    looks = Looks(folder, processor=worker, most_bytes=most_bytes)
    try:
        yield looks
    finally:
        await looks.close()


def test_a_look_shows_the_file_upright_and_says_what_its_metadata_say(tmp_path: Path) -> None:
    to = tmp_path / "picture"
    path = photo(tmp_path / "a.jpg")
    done = look(Task(1, 1, str(path), order(SMALL, to)), lambda _: None)
    facts = dict(note.split("\t") for note in done.notes)
    assert (done.width, done.height, done.source_bytes) == (300, 400, path.stat().st_size)
    assert (read_picture(to).width, read_picture(to).height) == (48, 64)
    assert facts["camera"] == "Nikon Z 6"
    assert facts["exposure"] == "1/250 s, f/5.6"
    assert facts["place"] == "yes"
    assert facts["blocks"] == "EXIF"


def test_a_small_picture_is_made_once_and_anew_when_the_file_has_changed(tmp_path: Path) -> None:
    async def story() -> None:
        path = photo(tmp_path / "a.jpg")
        worker = Worker()
        async with looking(tmp_path / "data", worker) as looks:
            first = await looks.small(str(path))
            assert await looks.small(str(path)) == first
            assert len(worker.sources) == 1
        again = Worker()
        async with looking(tmp_path / "data", again) as looks:  # also in the next run of the app
            assert await looks.small(str(path)) == first
            assert again.slots == 0  # no worker is started for what is kept
            os.utime(path, ns=(1, 1))
            await looks.small(str(path))
            assert len(again.sources) == 1
            assert await looks.small(str(tmp_path / "gone.jpg")) is None

    asyncio.run(story())


def test_the_small_pictures_that_are_kept_stay_within_their_bound(tmp_path: Path) -> None:
    async def story() -> None:
        one = 4 * 64 * 48 + 8
        worker = Worker()
        async with looking(tmp_path / "data", worker, most_bytes=4 * one) as looks:
            for number in range(12):
                path = photo(tmp_path / f"{number}.jpg", (8, 8))
                await looks.small(str(path))
                files = list((tmp_path / "data" / "thumbnails").iterdir())
                assert sum(file.stat().st_size for file in files) <= 4 * one
            asked = len(worker.sources)
            await looks.small(str(tmp_path / "11.jpg"))  # the last ones are those that are kept
            assert len(worker.sources) == asked

    asyncio.run(story())


def test_the_newest_large_picture_alone_counts(tmp_path: Path) -> None:
    async def story() -> None:
        path = str(photo(tmp_path / "a.jpg"))
        worker = Worker()
        async with looking(tmp_path / "data", worker) as looks:
            worker.goes_on.clear()
            older = asyncio.create_task(looks.large(path))
            waiting = asyncio.create_task(looks.large(path))
            await asyncio.sleep(0.01)
            looks.forget()
            newest = asyncio.create_task(looks.large(path))
            worker.goes_on.set()
            assert (await older, await waiting) == (None, None)
            found = await newest
            assert isinstance(found, Look)
            assert (found.width, dict(found.facts)) == (400, {"camera": "Nikon Z 6"})
            assert len(worker.sources) == 2  # the one that waited was not made
        assert not (tmp_path / "data" / "looks").exists()

    asyncio.run(story())


def test_what_cannot_be_shown_says_why(tmp_path: Path) -> None:
    async def story() -> None:
        error = JobError("damaged-image", "a.jpg is damaged.")
        async with looking(tmp_path / "data", Worker(Failed(error))) as looks:
            assert await looks.large("/a.jpg") == error
            assert await looks.small(str(photo(tmp_path / "a.jpg"))) is None

    asyncio.run(story())


@pytest.mark.parametrize("side", [SMALL, LARGE])
def test_a_real_worker_makes_it_and_takes_the_processor_only_where_no_job_wants_it(
    tmp_path: Path, side: int
) -> None:
    async def story() -> None:
        path = str(photo(tmp_path / "a.jpg", (2400, 1800)))
        looks = Looks(tmp_path / "data")
        try:
            if side == SMALL:
                picture = await looks.small(path)
            else:
                found = await looks.large(path)
                picture = found.picture if isinstance(found, Look) else None
            assert picture is not None
            assert (picture.width, picture.height) == (side * 3 // 4, side)
            assert picture.pixels[:3] != bytes(3)
        finally:
            await looks.close()

    asyncio.run(story())
