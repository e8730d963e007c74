"""What is dropped is added while the window goes on, and one line says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QDialog, QPlainTextEdit

from core.intake.adding import AddSummary
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", (8, 6)).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_mixed_folder_is_summed_up_with_its_reasons_on_a_click(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.add([str(photos)])
            bar = stage.window.adding
            await until(lambda: bar._text.text() == "Added 5, 1 is not an image.")
            await stage.rows(5)
            bar._why.click()
            dialog = stage.part(QDialog, "addingReasons")
            (text,) = dialog.findChildren(QPlainTextEdit)
            assert "notes.txt" in text.toPlainText()
            assert not dialog.isModal()
            dialog.close()
            stage.window.add([str(photos / "0.png")])
            await until(lambda: bar._text.text() == "Added 0, 1 was here already.")
            assert not bar._why.isVisible()  # the reasons were those of another drop

    run_on_qasync(story())


def test_what_is_not_there_is_said(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.add([str(tmp_path / "gone.jpg")])
            await until(lambda: "1 could not be read" in stage.window.adding._text.text())

    run_on_qasync(story())


def test_adding_can_be_stopped_and_what_was_added_stays(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            gate = asyncio.Event()
            enqueue = stage.queue.enqueue_batch

            async def slow(*args: object) -> object:
                accepted = await enqueue(*args)  # type: ignore[arg-type]
                await gate.wait()
                return accepted

            monkeypatch.setattr(stage.queue, "enqueue_batch", slow)
            for number in range(100):
                (photos / f"more-{number}.jpg").touch()
            stage.window.add([str(photos)])
            bar = stage.window.adding
            await until(bar._cancel.isVisible)
            await until(lambda: stage.queue.status().total == 50)
            bar._cancel.click()
            gate.set()
            await until(lambda: "then stopped" in bar._text.text())
            assert bar._text.text().startswith("Added 50")
            assert stage.queue.status().total == 50

    run_on_qasync(story())


def test_a_queue_that_refuses_is_told_in_its_own_words(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        from core.errors import DiskFull

        async with staged(tmp_path / "data") as stage:

            async def full(*args: object) -> object:
                raise DiskFull("The disk with the queue is full.")

            monkeypatch.setattr(stage.queue, "enqueue_batch", full)
            stage.window.add([str(photos)])
            await until(lambda: stage.window.adding._text.text() == "The disk with the queue is full.")

    run_on_qasync(story())


def test_two_drops_at_the_same_time_are_both_summed_up(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.add([str(photos / "notes.txt"), str(photos / "0.png")])
            stage.window.add([str(photos / "1.png"), str(photos / "2.png")])
            bar = stage.window.adding
            await until(lambda: bar._text.text().count("Added") == 2)
            said = {one.rstrip(".") for one in bar._text.text().split(". ")}  # whichever ends first
            assert said == {"Added 1, 1 is not an image", "Added 2"}
            assert bar._why.isVisible()

    run_on_qasync(story())


def test_a_start_with_a_recipe_adds_with_it_and_leaves_the_choice(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window = stage.window
            window.take([str(photos / "0.png")], "web set")
            await stage.rows(1)
            assert [job.recipe_name for job in await stage.queue.jobs([1])] == ["Web set"]
            assert window.recipe_bar.recipe().name == "Thumbnail and resize"
            window.take([], "Web")
            await until(lambda: window.recipe_bar.recipe().name == "Web")
            window.take([str(photos / "1.png")], "")
            await stage.rows(2)
            assert [job.recipe_name for job in await stage.queue.jobs([2])] == ["Web"]
            window.take([str(photos / "2.png")], "gone.toml")
            await until(lambda: "gone.toml" in window.notice._text.text())
            assert stage.queue.status().total == 2

    run_on_qasync(story())


def test_a_long_walk_tells_how_much_it_has_looked_at(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            go_on = asyncio.Event()

            async def slow(*_: object, on_count: Callable[[int, int], None], **__: object) -> AddSummary:
                on_count(12, 340_000)
                await go_on.wait()
                return AddSummary(added=12)

            monkeypatch.setattr("gui.adding.add_paths", slow)
            stage.window.add([str(photos)])
            text = stage.window.adding._text
            await until(lambda: text.text() == "Adding… 12 images so far, 340,000 files looked at")
            go_on.set()
            await until(lambda: text.text() == "Added 12.")

    run_on_qasync(story())
