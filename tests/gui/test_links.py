"""Links and pictures that are pasted become jobs, and a page offers the images that it names."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QPushButton

from core.errors import PageNotImage
from core.executor import Failed, Outcome, Task
from core.intake.foreign import Loose
from core.job import JobState
from gui.columns import NAME
from gui.pictures import keep_picture
from gui.remedies import remedy
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged

ROOT = Path(__file__).parents[2]
KILLED_AT_THE_SYNC = """
import os, signal, sys
from pathlib import Path
from PySide6.QtGui import QImage
from gui.pictures import keep_picture
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
picture = QImage(40, 30, QImage.Format.Format_RGB32)
keep_picture(picture, Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folders are not touched."""
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(tmp_path / "Pictures"))
    monkeypatch.setattr(platformdirs, "user_downloads_dir", lambda: str(tmp_path / "Downloads"))
    return tmp_path / "Pictures"


def paste(stage: Stage, mime: QMimeData) -> None:
    QGuiApplication.clipboard().setMimeData(mime)
    stage.window.actions_.paste.trigger()


def test_a_pasted_link_is_added_and_where_its_outputs_go_is_said(
    run_on_qasync: RunOnLoop, tmp_path: Path, pictures: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            mime = QMimeData()
            mime.setUrls([QUrl("https://photos.invalid/sunset.jpg?size=9")])
            paste(stage, mime)
            bar = stage.window.adding
            await until(lambda: bar._text.text() == f"Added 1. What is made of links goes to {pictures}.")
            await stage.rows(1)
            await stage.read()
            assert stage.text(0, NAME) == "sunset.jpg"
            await stage.queue.start()
            await until(lambda: bool(stage.hand.tasks))
            assert f'"folder":"{pictures}"' in stage.hand.tasks[0].recipe
            assert stage.hand.tasks[0].downloads.startswith(str(tmp_path / "data" / "downloads"))

    run_on_qasync(story())


def test_a_copied_picture_is_kept_as_a_png_file_and_added(
    run_on_qasync: RunOnLoop, tmp_path: Path, pictures: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            mime = QMimeData()
            picture = QImage(8, 6, QImage.Format.Format_RGB32)
            picture.fill(0x336699)
            mime.setImageData(picture)
            paste(stage, mime)
            await stage.rows(1)
            await until(lambda: str(pictures) in stage.window.adding._text.text())
            (job,) = await stage.queue.jobs([stage.window.model.id_at(0)])
            with Image.open(job.source) as image:
                assert (image.format, image.size) == ("PNG", (8, 6))
                assert image.convert("RGB").getpixel((3, 3)) == (0x33, 0x66, 0x99)
            assert Path(job.source).parent == tmp_path / "data" / "pictures"

    run_on_qasync(story())


def test_pictures_that_are_pasted_within_a_second_are_all_kept_whole(tmp_path: Path) -> None:
    def keep(number: int) -> Path:
        picture = QImage(400, 300, QImage.Format.Format_RGB32)
        picture.fill(number)
        return keep_picture(picture, tmp_path)

    with ThreadPoolExecutor(8) as threads:
        paths = list(threads.map(keep, range(24)))
    assert len(set(paths)) == 24
    for number, path in enumerate(paths):
        with Image.open(path) as image:
            assert image.convert("RGB").getpixel((399, 299)) == (0, 0, number)


def test_a_kill_while_a_pasted_picture_is_written_leaves_nothing_after_the_next_start(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_THE_SYNC, str(tmp_path / "data")], cwd=ROOT, check=False
    )
    assert killed.returncode == -9
    (hidden,) = (tmp_path / "data" / "pictures").iterdir()
    assert hidden.name.startswith(".picture")

    async def story() -> None:
        async with staged(tmp_path / "data"):
            assert list((tmp_path / "data" / "pictures").iterdir()) == []

    run_on_qasync(story())


def test_pasted_bytes_of_pictures_are_kept_as_they_are_and_what_is_none_is_said(
    run_on_qasync: RunOnLoop, tmp_path: Path, pictures: Path
) -> None:
    content = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(content, "JPEG")

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window, good = stage.window, Loose("../a b.jpg", content.getvalue())
            window.drop_area.pictures_dropped.emit([Loose("c.doc", b"words"), good, good], 10)
            await stage.rows(2)
            bar = window.adding
            await until(lambda: str(pictures) in bar._text.text())
            assert bar._text.text().startswith("Added 2 pictures. c.doc is not an image that can be read.")
            jobs = await stage.queue.jobs([window.model.id_at(row) for row in range(2)])
            kept = await asyncio.to_thread(lambda: {Path(job.source).read_bytes() for job in jobs})
            assert kept == {content.getvalue()}
            folder = tmp_path / "data" / "pictures"
            assert {Path(job.source) for job in jobs} == {folder / "a b.jpg", folder / "a b (2).jpg"}
            assert {job.priority for job in jobs} == {10}
            window.drop_area.pictures_dropped.emit([Loose("c.doc", b"words")], 0)
            await until(lambda: "c.doc is not an image" in window.notice._text.text())

    run_on_qasync(story())


def test_a_page_offers_the_images_that_it_names(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    images = ["https://photos.invalid/1.jpg", "https://photos.invalid/2.jpg"]

    def script(task: Task) -> Outcome | None:
        if task.source.endswith("/gallery"):
            return Failed(PageNotImage("It is a page.", images).as_job_error())
        return None

    async def story() -> None:
        async with staged(tmp_path / "data", script, start=True) as stage:
            stage.window.add(["https://photos.invalid/gallery"], 10)
            await until(lambda: stage.queue.status().counts[JobState.FAILED] == 1)
            notice = stage.window.notice
            await until(notice.isVisible)
            assert notice._text.text() == (
                "The link leads to a page, not to an image. The page names 2 images."
            )
            button = stage.part(QPushButton, "noticeButton")
            assert button.text() == "Add these 2 images"
            button.click()
            await until(lambda: len(stage.hand.tasks) == 2)
            assert [task.source for task in stage.hand.tasks.values()] == images

    run_on_qasync(story())


def test_the_remedy_of_a_page_tells_of_its_images() -> None:
    assert "images that the page names" in remedy(PageNotImage.code)
