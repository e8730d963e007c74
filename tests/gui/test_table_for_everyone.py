"""The table by a screen reader, by keys and by the right button; what is selected stays so."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest

from core.executor import Failed
from core.job import JobError, JobState
from core.undo import Deed
from gui.columns import COLUMNS, DUE, NAME, PLACES, STATE
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BUSY
from tests.gui.stage import Stage, staged


def spoken(stage: Stage, row: int, column: int) -> str:
    """What a screen reader is told of a cell."""
    table: QAccessibleInterface = QAccessible.queryAccessibleInterface(stage.window.view)
    for place in range(table.childCount()):
        cell = table.child(place)
        inner = cell.tableCellInterface() if cell is not None else None
        if inner is not None and inner.rowIndex() == row and inner.columnIndex() == column:
            return cell.text(QAccessible.Text.Name)
    raise AssertionError("there is no such cell")


def test_a_screen_reader_is_told_the_row_as_one_sentence_and_each_cell_by_itself(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    bad = Failed(JobError("damaged-image", "photo-000000.jpg is damaged: it ends too early.", False))

    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: bad if task.job_id == 1 else None) as stage:
            await stage.add(7, priority=10)
            await stage.queue.start()
            sentence = "photo-000000.jpg, Failed, priority High, Damaged: it ends too early."
            await until(lambda: stage.text(0, STATE) == "Failed" and stage.text(6, PLACES["place"]) == "2")
            assert spoken(stage, 0, NAME) == sentence
            assert spoken(stage, 6, NAME) == "photo-000006.jpg, Queued, number 2 in the queue, priority High"
            assert spoken(stage, 6, PLACES["priority"]) == "High"

    run_on_qasync(story())


def test_every_header_is_told_to_a_screen_reader(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            table: QAccessibleInterface = QAccessible.queryAccessibleInterface(stage.window.view)
            assert table.text(QAccessible.Text.Name) == "Images in the queue"
            names = [table.child(place).text(QAccessible.Text.Name) for place in range(table.childCount())]
            assert {column.title for column in COLUMNS} <= set(names)

    run_on_qasync(story())


def test_wherever_a_row_is_clicked_its_sentence_is_the_current_cell(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(5)
            view = stage.window.view
            at = view.visualRect(stage.window.model.index(3, STATE)).center()
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
            assert (view.currentIndex().row(), view.currentIndex().column()) == (3, NAME)
            assert list(view.selected_ids()) == [ids[3]]
            QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
            assert list(view.selected_ids()) == ids[2:4]
            QTest.keyClick(view, Qt.Key.Key_Up)  # or Shift would be held in the next test

    run_on_qasync(story())


def test_the_right_button_selects_an_unselected_row_and_keeps_a_selection_that_it_hits(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(6)
            view = stage.window.view

            def press(row: int) -> None:
                at: QPoint = view.visualRect(stage.window.model.index(row, NAME)).center()
                QTest.mousePress(
                    view.viewport(), Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at
                )
                QTest.mouseRelease(
                    view.viewport(), Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at
                )

            view.selectRow(1)
            press(4)
            assert list(view.selected_ids()) == [ids[4]]
            view.selectAll()
            press(2)
            assert list(view.selected_ids()) == ids

    run_on_qasync(story())


def test_the_time_until_a_retry_follows_the_clock_of_the_queue(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BUSY, start=True) as stage:
            await stage.add(1)
            await until(lambda: stage.queue.status().counts[JobState.RETRYING] == 1)
            await until(lambda: stage.text(0, DUE) in ("2 s", "3 s", "4 s"))  # and a random part
            assert stage.text(0, STATE) == f"Retrying in {stage.text(0, DUE)}"
            job = stage.window.model.job_at(0)
            assert job is not None
            assert job.due_at is not None
            stage.clock._now = job.due_at - 1  # time goes on; the wall clock is years away from this one
            assert stage.text(0, DUE) == "1 s"

    run_on_qasync(story())


@pytest.mark.parametrize("column", [place for place, column in enumerate(COLUMNS) if column.shown])
def test_selection_focus_and_view_survive_every_sort_and_updates(
    run_on_qasync: RunOnLoop, tmp_path: Path, column: int
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(300)
            view, model = stage.window.view, stage.window.model
            view.selectRow(150)
            view.scrollTo(model.index(150, NAME))
            for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder):
                view.sortByColumn(column, order)
                assert model.query.sort is COLUMNS[column].sort
                await stage.queue.set_priority(ids[:20], 10)
                await stage.queue.hold(ids[30:40])
                async with stage.queue.undo.step(Deed.REMOVE):
                    await stage.queue.remove(ids[290:])
                await stage.queue.undo.undo()
                await until(lambda: not model._querying and model.rowCount() == 300)
                assert list(view.selected_ids()) == [ids[150]]
                row = view.currentIndex().row()
                assert model.id_at(row) == ids[150]

    run_on_qasync(story())


def test_a_selection_in_many_pieces_survives_a_sort(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            even = await stage.add(1_500, name="b")
            odd = await stage.add(1_500, name="a")
            mixed = [one for pair in zip(even, odd, strict=True) for one in pair]
            await stage.queue.do_next(mixed)
            view, model = stage.window.view, stage.window.model
            view.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
            await until(lambda: model.id_at(0) == odd[0])
            rows = QItemSelection(model.index(0, 0), model.index(99, len(COLUMNS) - 1))
            view.selectionModel().select(rows, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            chosen = sorted(view.selected_ids())
            assert len(chosen) == 100
            # Each second row is of the others then.
            view.sortByColumn(PLACES["place"], Qt.SortOrder.AscendingOrder)
            await until(lambda: model.id_at(0) == even[0])
            assert sorted(view.selected_ids()) == chosen
            assert len(view.selectionModel().selection().toList()) == len(chosen)

    run_on_qasync(story())


def test_the_view_stays_at_the_top_while_a_row_far_below_is_current(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(400)
            view, model = stage.window.view, stage.window.model
            view.selectRow(350)
            view.scrollToTop()
            async with stage.queue.undo.step(Deed.REMOVE):
                await stage.queue.remove(ids[340:345])
            await stage.rows(395)
            await until(lambda: not model._querying)
            assert view.verticalScrollBar().value() == 0
            assert list(view.selected_ids()) == [ids[350]]
            assert view.currentIndex().row() == 345

    run_on_qasync(story())
