"""What was done to the queue is undone by Ctrl+Z and done again, and the menu says what that is."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from core.job import JobState, Priority
from core.recipe import find_recipe
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged


def texts(stage: Stage) -> tuple[str, str]:
    return stage.window.actions_.undo.text(), stage.window.actions_.redo.text()


def test_the_menu_says_what_is_undone_and_done_again(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            acts = stage.window.actions_
            await stage.add(1_200)
            assert texts(stage) == ("&Undo", "R&edo")
            assert not acts.undo.isEnabled()
            assert not acts.redo.isEnabled()
            stage.window.view.selectAll()
            stage.window.commands._look()
            acts.priorities[Priority.HIGH].trigger()
            await until(lambda: acts.undo.text() == "&Undo new priority of 1,200 images")
            acts.hold.trigger()
            await until(lambda: acts.undo.text() == "&Undo holding of 1,200 images")
            stage.window.activateWindow()
            stage.window.view.setFocus()
            QTest.keyClick(stage.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: stage.queue.status().counts[JobState.QUEUED] == 1_200)
            await until(
                lambda: (
                    texts(stage) == ("&Undo new priority of 1,200 images", "R&edo holding of 1,200 images")
                )
            )
            await until(lambda: stage.window.notice._text.text() == "Undone: holding of 1,200 images.")
            both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
            QTest.keyClick(stage.window, Qt.Key.Key_Z, both)
            await until(lambda: stage.queue.status().counts[JobState.HELD] == 1_200)
            await until(lambda: stage.window.notice._text.text() == "Done again: holding of 1,200 images.")
            assert not acts.redo.isEnabled()

    run_on_qasync(story())


def test_what_has_run_meanwhile_is_said(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(6)
            stage.window.view.selectAll()
            stage.window.commands._look()
            stage.window.actions_.hold.trigger()
            await until(lambda: stage.queue.status().counts[JobState.HELD] == 6)
            await until(stage.window.actions_.undo.isEnabled)
            await stage.queue.release([1, 2])
            await stage.queue.start()
            await until(lambda: len(stage.hand.tasks) == 2)
            stage.window.actions_.undo.trigger()
            await until(lambda: stage.window.notice._text.text() == (
                "Undone: holding of 4 images. 2 images have run or were changed since, and stay as they are."
            ))  # fmt: skip

    run_on_qasync(story())


def test_an_accidental_drop_is_undone_by_the_button_beside_its_summary(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            (tmp_path / "shoot").mkdir()
            for name in "abc":
                Image.new("RGB", (8, 6)).save(tmp_path / "shoot" / f"{name}.png")
            button = stage.part(QPushButton, "addingUndo")
            stage.window.add([str(tmp_path / "shoot")])
            await stage.rows(3)
            await until(button.isVisible)
            assert stage.window.actions_.undo.text() == "&Undo adding of 3 images"
            button.click()
            await stage.rows(0)
            assert not button.isVisible()
            stage.window.actions_.redo.trigger()
            await stage.rows(3)

    run_on_qasync(story())


def test_a_change_of_recipe_is_undone(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(3)
            stage.window.view.selectAll()
            stage.window.commands._look()
            stage.window.recipes.change.change("Web")
            await until(lambda: stage.window.actions_.undo.text() == "&Undo new recipe of 3 images")
            assert {job.recipe_name for job in await stage.queue.jobs(ids)} == {find_recipe("Web").name}
            stage.window.notice._button.click()
            await until(lambda: stage.window.actions_.redo.isEnabled())
            assert {job.recipe_name for job in await stage.queue.jobs(ids)} == {"Thumbnail and resize"}

    run_on_qasync(story())
