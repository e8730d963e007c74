"""The history says what was done on which day, and finds it again."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton, QTreeWidget

from core.executor import Done
from core.job import OutputFile
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged

DONE = Done((OutputFile("/out/a.jpg", 250_000, 40, 30),), 1_000_000, 400, 300)


async def shown(stage: Stage) -> QTreeWidget:
    stage.window.actions_.history.trigger()
    days = stage.part(QTreeWidget, "historyDays")
    await until(lambda: days.topLevelItemCount() == 1)
    return days


def test_it_shows_the_day_its_folders_and_what_was_saved(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: DONE, start=True) as stage:
            ids = await stage.add(4)
            await stage.queue.drained()
            await stage.queue.remove(ids)
            days = await shown(stage)
            day = days.topLevelItem(0)
            assert day is not None
            assert [day.text(place) for place in (2, 5, 6, 7)] == ["4", "4.0 MB", "1.0 MB", "75 %"]
            assert day.isExpanded()
            folder = day.child(0)
            assert folder is not None
            assert folder.text(0) == "/photos"
            dialog = stage.window.history.dialog
            assert dialog is not None
            assert not dialog.isModal()
            assert dialog.total.text() == "4 images done on 1 day; 4.0 MB became 1.0 MB, 3.0 MB saved."

    run_on_qasync(story())


def test_it_is_searched_while_typing(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: DONE, start=True) as stage:
            await stage.add(1)
            await stage.queue.drained()
            days = await shown(stage)
            field = stage.part(QLineEdit, "historyField")
            field.setText("elsewhere")
            await until(lambda: days.topLevelItemCount() == 0)
            field.setText("photos")
            await until(lambda: days.topLevelItemCount() == 1)

    run_on_qasync(story())


def test_it_is_forgotten_when_that_is_confirmed(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: DONE, start=True) as stage:
            await stage.add(1)
            await stage.queue.drained()
            days = await shown(stage)
            stage.part(QPushButton, "historyForget").click()
            await until(lambda: stage.window.findChild(QMessageBox, "forgetHistory") is not None)
            stage.part(QPushButton, "yes").click()
            await until(lambda: days.topLevelItemCount() == 0)
            assert stage.queue.status().total == 1

    run_on_qasync(story())
