"""The window watches folders, keeps them in the settings, and shows how they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QTreeWidgetItem

from core.intake.watched import WatchedFolder
from core.intake.watching import Pace
from core.recipe import builtin_recipes
from core.settings import Settings
from gui.watched_folders import WatchedDialog
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged

QUICK = Pace(settled=0.1, tick=0.05, looked_for=0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "arriving"
    path.mkdir()
    (path / "a.jpg").write_bytes(b"1")
    return path


def row(dialog: WatchedDialog) -> QTreeWidgetItem:
    item = dialog.list.topLevelItem(0)
    assert item is not None
    return item


def test_a_folder_is_added_watched_kept_and_removed(
    run_on_qasync: RunOnLoop, tmp_path: Path, folder: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            watched = stage.window.watched
            watched.watches._pace = QUICK
            stage.window.actions_.watched_folders.trigger()
            dialog = watched.dialog
            assert dialog is not None
            assert not dialog.isModal()
            stage.part(QComboBox, "watchedPriority").setCurrentIndex(0)
            stage.part(QPushButton, "watchedAdd").click()
            chooser = stage.part(QFileDialog, "watchDialog")
            chooser.fileSelected.emit(str(folder))
            chooser.reject()
            await stage.rows(1)
            (job,) = await stage.queue.jobs([stage.window.model.id_at(0)])
            assert job.source == str(folder / "a.jpg")
            assert job.priority == int(stage.part(QComboBox, "watchedPriority").currentData())
            await until(lambda: row(dialog).text(3) == "Watching.")
            assert row(dialog).text(1) == builtin_recipes()[0].name
            kept = Settings.load(stage.folder).watched
            assert [one.path for one in kept] == [str(folder)]
            assert stage.window.settings().watched == kept
            row(dialog).setSelected(True)
            stage.part(QPushButton, "watchedRemove").click()
            await until(lambda: Settings.load(stage.folder).watched == ())
            await until(lambda: watched.watches.states == {})
            dialog.close()
            await watched.close()

    run_on_qasync(story())


def test_what_arrived_while_the_window_was_closed_is_taken_at_its_start(
    run_on_qasync: RunOnLoop, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.intake.watching.Pace", lambda: QUICK)
    settings = Settings(watched=(WatchedFolder(str(folder), "Web"),))

    async def story(rows: int) -> None:
        async with staged(tmp_path / "data", settings=settings) as stage:
            await stage.rows(rows)
            await until(lambda: stage.window.watched.watches.states == {str(folder): "Watching."})
            await stage.window.watched.close()

    run_on_qasync(story(1))
    (folder / "b.jpg").write_bytes(b"2")
    run_on_qasync(story(2))
