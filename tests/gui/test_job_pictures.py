"""A job's image and what was made of it are compared beside the table; small pictures stand in its rows."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt

from core.executor import Done, Outcome, Task
from core.job import OutputFile
from gui.columns import PREVIEW
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import RECIPE, Stage, staged


def photo(path: Path, size: tuple[int, int], copyright_: str = "") -> Path:
    exif = Image.Exif()
    exif[33432] = copyright_
    exif.get_ifd(34853)[1] = "N"
    Image.new("RGB", size, "#2060c0").save(path, exif=exif if copyright_ else Image.Exif())
    return path


async def shown(stage: Stage, source: Path) -> None:
    await stage.queue.enqueue(source, RECIPE)
    await stage.rows(1)
    await stage.queue.drained()
    stage.window.view.selectRow(0)


def test_the_source_and_its_largest_output_are_compared_with_their_metadata(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    source = photo(tmp_path / "a.jpg", (800, 600), "M. Muster")
    made = photo(tmp_path / "made.jpg", (400, 300))
    small = photo(tmp_path / "small.jpg", (40, 30))

    def script(_: Task) -> Outcome:
        files = [OutputFile(str(one), 1_000, *size) for one, size in ((small, (40, 30)), (made, (400, 300)))]
        return Done(tuple(files), 4_000, 800, 600)

    async def story() -> None:
        async with staged(tmp_path / "data", script, start=True) as stage:
            await shown(stage, source)
            pictures = stage.window.inspector.pictures
            await until(pictures.comparison.isVisible)
            assert not pictures.comparison.is_empty()
            assert not pictures.alone.isVisible()
            text = pictures.facts.text()
            assert "M. Muster" in text
            assert "is known" in text  # the place; it is gone in what was made
            assert "–" in text
            stage.window.view.clearSelection()
            await until(lambda: not pictures.comparison.isVisible())

    run_on_qasync(story())


def test_a_source_without_a_result_is_shown_alone_and_one_that_is_gone_says_so(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    source = photo(tmp_path / "a.jpg", (800, 600))

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.queue.enqueue(source, RECIPE)
            await stage.queue.enqueue("/nowhere/b.jpg", RECIPE)
            await stage.rows(2)
            stage.window.view.selectRow(0)
            pictures = stage.window.inspector.pictures
            await until(pictures.alone.isVisible)
            assert not pictures.comparison.isVisible()
            stage.window.view.selectRow(1)
            await until(lambda: "b.jpg" in pictures.trouble.text() and pictures.trouble.isVisible())

    run_on_qasync(story())


def test_while_the_details_are_hidden_no_file_is_looked_at(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    source = photo(tmp_path / "a.jpg", (800, 600))

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window = stage.window
            window.actions_.details.setChecked(False)
            window.view.setColumnHidden(PREVIEW, True)
            await stage.queue.enqueue(source, RECIPE)
            await stage.rows(1)
            window.view.selectRow(0)
            await until(lambda: window.inspector.title.text() != "")
            assert not window.looks._started
            window.actions_.details.setChecked(True)
            await until(window.inspector.pictures.alone.isVisible)

    run_on_qasync(story())


def test_the_rows_on_screen_get_small_pictures(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    source = photo(tmp_path / "a.jpg", (800, 600))

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.queue.enqueue(source, RECIPE)
            await stage.queue.enqueue("https://example.com/a.jpg", RECIPE)  # nothing is asked of a server
            await stage.rows(2)
            await stage.read()
            model, view = stage.window.model, stage.window.view
            view.setColumnWidth(PREVIEW, 60)
            job = model.job_at(0)
            assert job is not None
            await until(lambda: model.thumbnails.of(job) is not None)
            picture = view.viewport().grab().toImage()
            cell = view.visualRect(model.index(0, PREVIEW))
            seen = picture.pixelColor(cell.center())
            assert abs(seen.red() - 0x20) + abs(seen.green() - 0x60) + abs(seen.blue() - 0xC0) < 9
            link = model.job_at(1)
            assert link is not None
            assert model.thumbnails.of(link) is None
            assert model.headerData(PREVIEW, Qt.Orientation.Horizontal) == "Preview"

    run_on_qasync(story())
