"""What would be made is shown before anything is added, and nothing is written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton

from core.dry_run import Totals
from core.job import JobState
from core.recipe import Existing, Recipe
from gui.dry_run import DryRunDialog
from gui.foreseen import totals_sentence
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.imaging.pictures import photo
from tests.gui.stage import Stage, staged


@pytest.fixture(autouse=True)
def folder_for_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        photo(400, 300).save(folder / f"{number}.jpg")
    for name in ("0-thumbnail.jpg", "0-resized.jpg"):
        (folder / name).write_bytes(b"mine")
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_bytes(b"words")
    return folder


def opened_dialog(stage: Stage) -> DryRunDialog:
    stage.window.actions_.dry_run.trigger()
    dialog = stage.window.dry_runs.dialog
    assert dialog is not None
    assert not dialog.isModal()
    return dialog


def lines(dialog: DryRunDialog) -> list[tuple[str, ...]]:
    model = dialog.model
    return [
        tuple(str(model.index(row, column).data() or "") for column in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def test_it_lists_what_would_be_written_and_skipped_with_sizes_and_adds_it(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, folder_for_temporary: Path
) -> None:
    before = {one.name: one.stat().st_mtime_ns for one in photos.iterdir()}

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = opened_dialog(stage)
            add = stage.part(QPushButton, "dryRunAdd")
            assert not add.isEnabled()
            stage.part(QPushButton, "dryRunFolder").click()
            chooser = stage.part(QFileDialog, "dryRunFolderDialog")
            chooser.filesSelected.emit([str(photos)])
            chooser.reject()
            await until(add.isEnabled, seconds=60)
            said = dialog.totals.text()
            assert said.startswith(
                "4 new files, 0 replaced, of 2 images; 1 skipped, 1 failed. Together about "
            )
            assert said.endswith("as 2 images made in memory tell. 3 files or folders are not taken.")
            found = lines(dialog)
            assert [line[0] for line in found] == ["skip", "write", "write", "write", "write", "fail"]
            assert found[1][1:3] == (str(photos / "1-thumbnail.jpg"), "256 × 192")
            assert found[1][3].endswith("B")
            assert "there already" in found[0][4]
            assert stage.queue.status().total == 0
            add.click()
            assert stage.window.dry_runs.dialog is None
            await until(lambda: stage.queue.status().counts[JobState.QUEUED] == 4)
            await until(lambda: list(folder_for_temporary.iterdir()) == [])

    run_on_qasync(story())
    assert {one.name: one.stat().st_mtime_ns for one in photos.iterdir()} == before


def test_closing_it_in_the_middle_leaves_nothing_behind(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, folder_for_temporary: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = opened_dialog(stage)
            dialog.look_at([str(photos)])
            await until(lambda: any(folder_for_temporary.iterdir()))
            dialog.reject()
            await until(lambda: not any(folder_for_temporary.iterdir()), seconds=60)
            assert opened_dialog(stage).model.rowCount() == 0

    run_on_qasync(story())


def test_stopping_it_says_how_many_were_looked_at_and_another_look_begins_anew(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = opened_dialog(stage)
            dialog.look_at([str(photos)])
            stage.part(QPushButton, "dryRunStop").click()
            await until(lambda: dialog._task is None, seconds=60)
            assert dialog.totals.text().startswith(("Stopped: ", "No images"))
            dialog.look_at([str(photos / "1.jpg")])
            await until(lambda: "2 new files" in dialog.totals.text(), seconds=60)
            assert len(lines(dialog)) == 2

    run_on_qasync(story())


def test_what_keeps_it_from_looking_is_said(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        from core.errors import DiskFull

        async with staged(tmp_path / "data") as stage:

            async def full(*_: object) -> None:
                raise DiskFull("The disk is full.")

            monkeypatch.setattr("core.dry_run.add_paths", full)
            monkeypatch.setattr("core.dry_run.DryRun.__aenter__", full)
            dialog = opened_dialog(stage)
            dialog.look_at([str(photos)])
            await until(lambda: dialog.totals.text() == "The disk is full.")
            assert stage.part(QPushButton, "dryRunFiles").isEnabled()

    run_on_qasync(story())


def test_the_recipe_that_was_looked_at_is_the_one_that_is_added(
    run_on_qasync: RunOnLoop, tmp_path: Path, photos: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            bar = stage.window.recipe_bar
            dialog = opened_dialog(stage)
            bar.existing.setCurrentIndex(bar.existing.findData(str(Existing.REPLACE)))
            dialog.look_at([str(photos / "0.jpg")])
            await until(stage.part(QPushButton, "dryRunAdd").isEnabled, seconds=60)
            assert [line[0] for line in lines(dialog)] == ["replace", "replace"]
            bar.existing.setCurrentIndex(bar.existing.findData(str(Existing.KEEP)))
            stage.part(QPushButton, "dryRunAdd").click()
            await stage.rows(1)
            (job,) = await stage.queue.jobs([stage.window.model.id_at(0)])
            recipe = Recipe.from_json(await stage.queue.recipe(job.recipe_id))
            assert recipe.existing is Existing.REPLACE

    run_on_qasync(story())


def test_the_sums_are_a_sentence() -> None:
    assert totals_sentence(
        Totals(write=2, files=2, bytes=12_345_678, margin=900_000, sampled=24, found=2)
    ) == (
        "2 new files, 0 replaced, of 2 images; 0 skipped, 0 failed."
        " Together about 12.3 MB, give or take 900 kB, as 24 images made in memory tell."
    )
