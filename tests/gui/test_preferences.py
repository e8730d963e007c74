"""Each preference takes effect as soon as it is changed, is kept, and says in place what cannot be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from core.recipe import Existing
from core.settings import Settings
from gui.preferences import PreferencesDialog
from gui.theme import theme_signals
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged

Kind = TypeVar("Kind", bound=QWidget)

NOT_HERE = {
    "recipe",
    "output_folder",
    "mirror",
    "replace_originals",
    "watched",
    "notice",
}  # chosen in the window, or told by it


def on_stage(
    run: RunOnLoop, folder: Path, play: Callable[[Stage], Awaitable[None]], settings: Settings | None = None
) -> None:
    async def story() -> None:
        async with staged(folder, settings=settings) as stage:
            stage.part(QAction, "preferencesAction").trigger()
            await play(stage)

    run(story())


def dialog(stage: Stage) -> PreferencesDialog:
    found = stage.window.preferences.dialog
    assert found is not None
    return found


def control(stage: Stage, kind: type[Kind], name: str) -> Kind:
    found = dialog(stage).findChild(kind, f"preference-{name}")
    assert found is not None, name
    return found


def error(stage: Stage, name: str) -> str:
    label = dialog(stage).findChild(QLabel, f"error-{name}")
    assert label is not None
    return label.text()


def kept(stage: Stage) -> Settings:
    return Settings.load(stage.folder)


def test_every_setting_that_is_not_chosen_elsewhere_is_there_with_a_name(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        wanted = {one.name for one in fields(Settings)} - NOT_HERE | {"scheme"}
        assert set(dialog(stage).fields) == wanted
        for field in dialog(stage).fields.values():
            assert field.control.accessibleName()

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_command_is_taken_when_typing_rests_and_one_that_cannot_be_says_why(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        edit = control(stage, QLineEdit, "after_each")
        for typed, why in (
            ("sh -c 'cp {output} /x'", "It takes no {output} inside a shell's script"),
            ("say {outptu}", "It takes {source}, {output}, {outputs}, {id}, {recipe}, not {outptu}."),
            ("say 'x", "It takes a command; in"),
        ):
            edit.setText(typed)
            edit.textEdited.emit(typed)
            dialog(stage).fields["after_each"].finish()
            assert error(stage, "after_each").startswith(why)
        edit.setText("say {output}")
        edit.textEdited.emit("say {output}")
        dialog(stage).fields["after_each"].finish()
        assert error(stage, "after_each") == ""
        assert stage.window.settings().after_each == "say {output}"
        await until(lambda: kept(stage).after_each == "say {output}")

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_change_is_told_at_once_and_kept(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        told = QSignalSpy(stage.window.settings_changed)
        control(stage, QSpinBox, "workers").setValue(2)
        old, new = told.at(0)
        assert (old.workers, new.workers) == (4, 2)
        control(stage, QCheckBox, "notify").click()
        await until(lambda: kept(stage) == Settings(workers=2, notify=False))

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_dialog_shows_what_is_set(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    settings = Settings(
        workers=7, timeout=0, memory_limit_mb=512, ignore=("a", "b/"), only_formats=("jpeg", "png"),
        min_bytes=30_000, when_done="open", open_archives=True,
    )  # fmt: skip

    async def play(stage: Stage) -> None:
        assert control(stage, QSpinBox, "workers").value() == 7
        assert control(stage, QSpinBox, "timeout").text() == "No limit"
        assert control(stage, QPlainTextEdit, "ignore").toPlainText() == "a\nb/"
        assert control(stage, QLineEdit, "only_formats").text() == "jpeg, png"
        assert control(stage, QSpinBox, "min_bytes").value() == 30
        assert control(stage, QComboBox, "when_done").currentData() == "open"
        assert control(stage, QCheckBox, "open_archives").isChecked()
        assert stage.window.settings() == settings

    on_stage(run_on_qasync, tmp_path / "data", play, settings)


@pytest.mark.parametrize(
    ("name", "wrong", "sentence", "right", "value"),
    [
        ("ignore", "a\x00b", "ignore takes patterns", "*.tmp\nold/", ("*.tmp", "old/")),
        ("only_formats", "jpeg, mp3", "not 'mp3'", "jpeg png", ("jpeg", "png")),
    ],
)
def test_what_cannot_be_is_said_in_place_and_changes_nothing(
    run_on_qasync: RunOnLoop, tmp_path: Path, name: str, wrong: str, sentence: str, right: str, value: object
) -> None:
    async def play(stage: Stage) -> None:
        if name == "ignore":
            write = control(stage, QPlainTextEdit, name).setPlainText
        else:
            write = control(stage, QLineEdit, name).setText
        write(wrong)
        await until(lambda: sentence in error(stage, name))
        assert getattr(stage.window.settings(), name) == ()
        write(right)
        await until(lambda: getattr(stage.window.settings(), name) == value)
        assert error(stage, name) == ""

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_memory_limit_that_no_worker_could_live_with_is_said(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        control(stage, QSpinBox, "memory_limit_mb").setValue(63)
        assert error(stage, "memory_limit_mb") == "A worker needs 64 MB or more; 0 is for no limit."
        assert stage.window.settings().memory_limit_mb == 2048
        control(stage, QSpinBox, "memory_limit_mb").setValue(64)
        assert error(stage, "memory_limit_mb") == ""
        assert stage.window.settings().memory_limit_mb == 64

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_what_was_typed_last_is_taken_when_the_dialog_is_closed(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        control(stage, QLineEdit, "only_formats").setText("png")
        dialog(stage).close()
        assert stage.window.settings().only_formats == ("png",)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_rule_for_files_that_are_there_is_one_with_that_in_the_window(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        box = control(stage, QComboBox, "existing")
        box.setCurrentIndex(box.findData("replace"))
        box.activated.emit(box.currentIndex())
        assert stage.window.recipe_bar.recipe().existing is Existing.REPLACE
        stage.window.recipe_bar.choose_existing("number")
        assert box.currentData() == "number"

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_retries_and_what_is_wanted_of_folders_hold_for_what_is_added_next(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        folder = tmp_path / "photos"
        folder.mkdir()
        for name in ("a.jpg", "b.jpg"):
            (folder / name).write_bytes(b"x")
        control(stage, QSpinBox, "max_retries").setValue(9)
        control(stage, QPlainTextEdit, "ignore").setPlainText("b.*")
        await until(lambda: stage.window.settings().ignore == ("b.*",))
        stage.window.add([str(folder)])
        await stage.rows(1)
        await stage.read()
        job = stage.window.model.job_at(0)
        assert job is not None
        assert (Path(job.source).name, job.max_retries) == ("a.jpg", 9)
        assert stage.window.watched.watches.max_retries == 9

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_appearance_is_chosen_here_and_in_the_menu_alike(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        box = control(stage, QComboBox, "scheme")
        box.setCurrentIndex(box.findData("dark"))
        box.activated.emit(box.currentIndex())
        assert theme_signals().scheme == "dark"
        stage.window.actions_.schemes["system"].setChecked(True)
        assert box.currentData() == "system"

    on_stage(run_on_qasync, tmp_path / "data", play)


@pytest.mark.parametrize(("answer", "workers"), [("no", 2), ("yes", 4)])
def test_the_defaults_come_back_when_that_is_meant(
    run_on_qasync: RunOnLoop, tmp_path: Path, answer: str, workers: int
) -> None:
    async def play(stage: Stage) -> None:
        control(stage, QSpinBox, "workers").setValue(2)
        press = dialog(stage).findChild(QPushButton, "restoreDefaults")
        assert press is not None
        press.click()
        await until(lambda: dialog(stage).findChild(QPushButton, answer) is not None)
        button = dialog(stage).findChild(QPushButton, answer)
        assert button is not None
        button.click()
        await until(lambda: dialog(stage).findChild(QPushButton, answer) is None)
        assert stage.window.settings().workers == workers
        assert control(stage, QSpinBox, "workers").value() == workers

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_data_folder_is_shown_and_copied(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        shown = dialog(stage).findChild(QLineEdit, "dataFolder")
        copy = dialog(stage).findChild(QPushButton, "copyDataFolder")
        assert shown is not None
        assert copy is not None
        assert shown.text() == str(stage.folder)
        copy.click()
        assert QGuiApplication.clipboard().text() == str(stage.folder)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_limits_are_one_click_from_what_failed_of_them(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        dialog(stage).close()
        stage.window.failures.mend("timed-out")
        assert dialog(stage).focusWidget() is control(stage, QSpinBox, "timeout")

    on_stage(run_on_qasync, tmp_path / "data", play)
