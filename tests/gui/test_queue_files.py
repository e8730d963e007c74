"""The waiting images go into a file and come out of one, and nothing is taken in that was not seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
)

from core.job import JobState
from core.links.kept import pictures_folder
from core.recipe import Existing, Recipe
from core.transfer.queue_file import read_queue_file
from core.transfer.sending import Then
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import RECIPE, Stage, staged


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.jpg").touch()
    return folder


def file_of(
    path: Path, folder: str, separator: str = "/", names: str = "abc", recipe: Recipe = RECIPE
) -> Path:
    """A file of one job for each name."""
    lines: list[dict[str, object]] = [{"imagequeue": 1, "separator": separator}]
    lines.append({"recipe": 1, "body": json.loads(recipe.to_json())})
    lines += [{"source": f"{folder}{separator}{name}.jpg", "recipe": 1} for name in names]
    lines.append({"end": len(names)})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def import_dialog(stage: Stage, path: Path) -> QDialog:
    """The dialog of a file that was dropped, when it has looked for the images."""
    stage.window.drop_area.dropped.emit([str(path)], 0)
    await until(lambda: stage.window.findChild(QDialog, "importDialog") is not None)
    await looked(stage)
    return stage.part(QDialog, "importDialog")


async def looked(stage: Stage) -> None:
    await until(lambda: "Looking" not in stage.part(QLabel, "importState").text())


def said(stage: Stage) -> str:
    return stage.window.notice._text.text()


@pytest.mark.parametrize(
    ("then", "state", "left"),
    [(Then.HOLD, JobState.HELD, 3), (Then.REMOVE, JobState.HELD, 0), (Then.KEEP, JobState.QUEUED, 3)],
)
def test_what_waits_is_exported_and_then_held_removed_or_left(
    run_on_qasync: RunOnLoop, tmp_path: Path, then: Then, state: JobState, left: int
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            assert not stage.window.actions_.export_jobs.isEnabled()
            await stage.add(3)
            stage.window.actions_.export_jobs.trigger()
            await until(lambda: stage.window.findChild(QDialog, "exportDialog") is not None)
            assert not stage.part(QDialog, "exportDialog").isModal()
            assert stage.part(QRadioButton, "exportAll").text() == "&All that wait: 3 images"
            assert stage.part(QRadioButton, "exportThen-hold").isChecked()
            assert not stage.part(QRadioButton, "exportSelected").isEnabled()
            stage.part(QRadioButton, f"exportThen-{then}").click()
            stage.part(QPushButton, "exportAccept").click()
            dialog = stage.part(QFileDialog, "exportFileDialog")
            dialog.fileSelected.emit(str(tmp_path / "a.imagequeue"))
            dialog.reject()
            await until(lambda: said(stage).startswith("Exported 3 images"))
            assert len(read_queue_file(tmp_path / "a.imagequeue").jobs) == 3
            assert stage.queue.status().counts[state] == left
            await stage.rows(left)

    run_on_qasync(story())


def test_what_is_on_this_machine_alone_is_left_out_and_said(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.queue.enqueue(pictures_folder(tmp_path / "data") / "pasted.png", RECIPE)
            await stage.rows(1)
            files = stage.window.queue_files
            stage.tasks.start(files.export(tmp_path / "a.imagequeue", None, Then.REMOVE))
            await until(lambda: said(stage).startswith("Nothing was written. Left out, as they are on this"))
            await stage.add(2)
            stage.tasks.start(files.export(tmp_path / "a.imagequeue", None, Then.REMOVE))
            await until(lambda: said(stage).startswith("Exported 2 images"))
            assert said(stage).endswith("images that become one file): 1.")
            assert stage.queue.status().counts[JobState.QUEUED] == 1

    run_on_qasync(story())


def test_only_the_selected_ones_are_exported_when_asked_for(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(3)
            stage.window.view.selectRow(1)
            stage.window.actions_.export_jobs.trigger()
            await until(lambda: stage.window.findChild(QDialog, "exportDialog") is not None)
            stage.part(QRadioButton, "exportSelected").click()
            stage.part(QPushButton, "exportAccept").click()
            dialog = stage.part(QFileDialog, "exportFileDialog")
            dialog.fileSelected.emit(str(tmp_path / "a.imagequeue"))
            dialog.reject()
            await until(lambda: said(stage).startswith("Exported 1 image to"))
            assert stage.queue.status().counts == {
                **dict.fromkeys(JobState, 0), JobState.QUEUED: 2, JobState.HELD: 1,
            }  # fmt: skip

    run_on_qasync(story())


def test_a_file_that_cannot_be_written_is_said_and_all_wait_as_before(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(3)
            files = stage.window.queue_files
            stage.tasks.start(files.export(tmp_path / "gone" / "a.imagequeue", None, Then.REMOVE))
            await until(lambda: "is not there" in said(stage))
            assert stage.queue.status().counts[JobState.QUEUED] == 3

    run_on_qasync(story())


def test_a_dropped_file_shows_what_it_brings_and_is_taken_in_when_accepted(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = await import_dialog(stage, file_of(tmp_path / "a.imagequeue", str(photos)))
            assert not dialog.isModal()
            assert stage.part(QLabel, "importSummary").text().startswith("3 images of another queue")
            assert stage.part(QLabel, "importState").text() == "All 3 images are here."
            assert stage.queue.status().total == 0
            stage.part(QPushButton, "importAccept").click()
            await stage.rows(3)
            await until(lambda: said(stage) == "Imported 3 images from a.imagequeue.")

    run_on_qasync(story())


def test_folders_are_mapped_while_the_found_ones_are_counted(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            file = file_of(tmp_path / "a.imagequeue", "D:\\Photos", "\\", "abx")
            await import_dialog(stage, file)
            accept = stage.part(QPushButton, "importAccept")
            assert "3 paths are of another system" in stage.part(QLabel, "importState").text()
            assert not accept.isEnabled()
            stage.part(QLineEdit, "importFolder1").setText(str(photos))
            assert not accept.isEnabled()
            await until(accept.isEnabled)
            assert stage.part(QLabel, "importState").text() == "2 of 3 images are here. 1 is missing."
            assert stage.part(QPlainTextEdit, "importMissing").toPlainText() == f"{photos}/x.jpg"
            assert accept.text() == "&Import 2 images"
            stage.part(QCheckBox, "importAll").click()
            assert accept.text() == "&Import 3 images"
            stage.part(QCheckBox, "importAll").click()
            accept.click()
            await stage.rows(2)
            await until(lambda: said(stage).endswith("1 is missing and was left out."))
            sources = [job.source for job in await stage.queue.jobs([1, 2])]
            assert sources == [f"{photos}/a.jpg", f"{photos}/b.jpg"]

    run_on_qasync(story())


def test_that_originals_are_replaced_is_said_before(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            output = replace(RECIPE.outputs[0], template="{stem}")
            recipe = replace(RECIPE, outputs=(output,)).replacing_originals()
            await import_dialog(stage, file_of(tmp_path / "a.imagequeue", str(photos), recipe=recipe))
            said = stage.part(QLabel, "importState").text()
            assert said.endswith("Originals are replaced, and go to the trash, by: Thumbnail and resize.")

    run_on_qasync(story())


def test_what_a_file_replaces_is_said_whatever_its_recipe_is_called(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            recipe = replace(RECIPE, name="<p hidden><!--", existing=Existing.REPLACE)
            await import_dialog(stage, file_of(tmp_path / "a.imagequeue", str(photos), recipe=recipe))
            label = stage.part(QLabel, "importState")
            assert label.text().endswith("Files of the results' names are replaced by: <p hidden><!--.")
            for name in ("importState", "importSummary"):
                assert stage.part(QLabel, name).textFormat() == Qt.TextFormat.PlainText

    run_on_qasync(story())


def test_cancelling_takes_nothing_in(run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = await import_dialog(stage, file_of(tmp_path / "a.imagequeue", str(photos)))
            dialog.reject()
            await until(lambda: stage.window.findChild(QDialog, "importDialog") is None)
            assert stage.queue.status().total == 0

    run_on_qasync(story())


def test_a_file_that_is_none_is_said_and_images_beside_it_are_added(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            bad = tmp_path / "bad.imagequeue"
            bad.write_text("[" * 100_000)
            url = QUrl.fromLocalFile(str(photos / "a.jpg")).toLocalFile()
            stage.window.drop_area.dropped.emit([str(bad), url], 0)
            await until(lambda: "holds no jobs of Image Queue" in said(stage))
            await stage.rows(1)
            assert stage.window.findChild(QDialog, "importDialog") is None
            stage.window.take([str(tmp_path / "gone.imagequeue")], "Web")
            await until(lambda: "There is no file" in said(stage))

    run_on_qasync(story())


def test_no_folder_that_is_written_to_is_passed_over_in_silence(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            file = tmp_path / "a.imagequeue"
            recipes = [json.loads(RECIPE.with_folder(f"/to/{one}").to_json()) for one in range(5)]
            lines: list[dict[str, object]] = [{"imagequeue": 1, "separator": "/"}]
            lines += [{"recipe": number, "body": body} for number, body in enumerate(recipes, 1)]
            lines += [{"source": f"{photos}/a.jpg", "recipe": number} for number in range(1, 6)]
            file.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"end": 5}]))
            await import_dialog(stage, file)
            said = stage.part(QLabel, "importState").text()
            assert said.endswith("Results go to /to/0, /to/1, /to/2 and 2 more.")

    run_on_qasync(story())
