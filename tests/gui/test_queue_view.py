"""The table as a person sees it: what fits, what is marked, and where the keys lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QItemSelectionModel, QObject, QRect, Qt
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from core.executor import Failed
from core.job import JobError
from gui.columns import COLUMNS, MESSAGE, NAME
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged


class Painted(QObject):
    """Notes which parts of a widget are painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QPaintEvent):
            self.region = self.region.united(event.region())
        return False


@pytest.mark.parametrize("width", [1000, 1280, 1900])
def test_the_columns_fill_the_table_and_the_messages_take_the_rest(
    run_on_qasync: RunOnLoop, tmp_path: Path, width: int
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            window, view = stage.window, stage.window.view
            window.actions_.details.setChecked(False)
            window.resize(width, 700)
            header = view.horizontalHeader()
            await until(lambda: header.length() == view.viewport().width())
            before = header.sectionSize(MESSAGE)
            header.resizeSection(NAME, header.sectionSize(NAME) - 40)
            assert header.sectionSize(MESSAGE) == before + 40
            header.setSectionHidden(NAME, True)
            assert header.length() == view.viewport().width()

    run_on_qasync(story())


def test_in_a_narrow_window_the_messages_keep_a_width_that_can_be_read(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            stage.window.resize(800, 600)
            view = stage.window.view
            least = COLUMNS[MESSAGE].width * view.fontMetrics().horizontalAdvance("0")
            await until(lambda: view.horizontalHeader().sectionSize(MESSAGE) == least)

    run_on_qasync(story())


def test_home_and_end_lead_to_the_first_and_last_row_and_move_nothing_sideways(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(200)
            window, view = stage.window, stage.window.view
            window.resize(800, 600)
            view.setFocus()
            view.selectRow(5)
            QTest.keyClick(view, Qt.Key.Key_End)
            assert list(view.selected_ids()) == [ids[-1]]
            assert view.horizontalScrollBar().value() == 0
            QTest.keyClick(view, Qt.Key.Key_Right)
            assert list(view.selected_ids()) == [ids[-1]]
            assert view.horizontalScrollBar().value() > 0
            QTest.keyClick(view, Qt.Key.Key_Left)
            assert view.horizontalScrollBar().value() == 0
            QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
            assert list(view.selected_ids()) == ids
            QTest.keyClick(view, Qt.Key.Key_Home)  # or Shift would be held in the next test

    run_on_qasync(story())


def test_the_frame_of_the_current_row_goes_with_it(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(8)
            await stage.read()
            view = stage.window.view
            view.selectionModel().setCurrentIndex(
                view.model().index(1, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
            update = QEvent.Type.UpdateRequest
            QCoreApplication.sendPostedEvents(stage.window, int(update.value))
            painted = Painted(view.viewport())
            view.selectRow(5)
            QCoreApplication.sendPostedEvents(stage.window, int(update.value))
            left = QRect(0, view.rowViewportPosition(1), view.viewport().width(), view.rowHeight(1))
            assert QRegion(left).subtracted(painted.region).isEmpty()

    run_on_qasync(story())


BAD = Failed(JobError("damaged-image", "photo-000000.jpg is damaged: it ends too early.", False))


def test_a_message_does_not_repeat_the_name_of_its_row(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BAD, start=True) as stage:
            await stage.add(1)
            await until(lambda: stage.text(0, MESSAGE) == "Damaged: it ends too early.")

    run_on_qasync(story())
