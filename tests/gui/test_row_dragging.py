"""Rows are dragged, or moved by keys, to another place of the queue, and the place is shown in a column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QMimeData, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from core.status import JobQuery, SortKey
from gui.columns import NAME, QUEUE_PLACE, STATE
from gui.queue_view import QueueView
from gui.row_dragging import ROWS_MIME
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged

ORDER = JobQuery(sort=SortKey.ORDER)


async def sorted_stage(stage: Stage, number: int) -> list[int]:
    ids = await stage.add(number)
    stage.window.view.sortByColumn(QUEUE_PLACE, Qt.SortOrder.AscendingOrder)
    await until(lambda: stage.window.model.query == ORDER)
    await stage.read()
    return ids


def select(stage: Stage, *rows: int) -> None:
    chosen, flags = stage.window.view.selectionModel(), QItemSelectionModel.SelectionFlag
    chosen.clearSelection()
    for row in rows:
        chosen.select(stage.window.model.index(row, 0), flags.Select | flags.Rows)


def drop(stage: Stage, row: int, *, lower_half: bool = False) -> None:
    """Drop the rows on the upper or lower half of a row, as a mouse does; past the last one, below it."""
    view = stage.window.view
    height = view.rowHeight(0)
    at = QPoint(20, view.rowViewportPosition(0) + row * height + (3 * height // 4 if lower_half else 4))
    mime = enter(view)
    drag = (Qt.DropAction.MoveAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    event = QDropEvent(at.toPointF(), *drag)
    QApplication.sendEvent(view.viewport(), event)
    assert event.isAccepted()


def enter(view: QueueView) -> QMimeData:
    """Begin to drag rows over the table, as it does itself; returns what is dragged."""
    mime = QMimeData()
    mime.setData(ROWS_MIME, b"")
    view.setAcceptDrops(True)
    drag = (Qt.DropAction.MoveAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.viewport(), QDragEnterEvent(QPoint(20, 5), *drag))
    return mime


def listed(stage: Stage) -> list[int]:
    return list(stage.window.model.ids_between(0, stage.window.model.rowCount() - 1))


def places(stage: Stage, number: int) -> list[str]:
    return [stage.text(row, QUEUE_PLACE) for row in range(number)]


def test_rows_are_dropped_between_two_others_and_stay_selected(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            a, b, c, d, e = await sorted_stage(stage, 5)
            select(stage, 0, 3)
            drop(stage, 2)
            await until(lambda: listed(stage) == [b, a, d, c, e])
            assert list(stage.window.view.selected_ids()) == [a, d]
            drop(stage, 4, lower_half=True)
            await until(lambda: listed(stage) == [b, c, e, a, d])
            select(stage, 1, 2)
            drop(stage, 1)  # on themselves: they stay where they are
            drop(stage, 0)
            await until(lambda: listed(stage) == [c, e, b, a, d])

    run_on_qasync(story())


def test_below_the_queue_is_its_end(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            a, b, c, d = await sorted_stage(stage, 4)
            await stage.queue.cancel([d])
            await until(lambda: "Cancelled" in stage.text(3, STATE))
            select(stage, 0)
            drop(stage, 3)  # before one that has ended, which is behind all that waits
            await until(lambda: listed(stage) == [b, c, a, d])
            select(stage, 0)
            drop(stage, 9)
            await until(lambda: listed(stage) == [c, a, b, d])

    run_on_qasync(story())


def test_a_line_shows_where_a_drop_would_put_the_rows(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await sorted_stage(stage, 3)
            view = stage.window.view
            at = QPoint(20, view.rowViewportPosition(1) + 2)
            drag = (Qt.DropAction.MoveAction, enter(view), Qt.MouseButton.LeftButton)
            move = QDragMoveEvent(at, *drag, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(view.viewport(), move)
            assert view.dragging.line == 1
            view.grab()  # it is painted
            QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.DragLeave))
            assert view.dragging.line is None

    run_on_qasync(story())


def test_what_is_selected_is_dragged_by_the_mouse_and_other_rows_are_selected_by_it(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await sorted_stage(stage, 6)
            view = stage.window.view
            dragged: list[int] = []
            monkeypatch.setattr(view.dragging, "start", lambda number, query: dragged.append(number))
            left = Qt.MouseButton.LeftButton

            def drag(first: int, last: int) -> None:
                for step, at in enumerate((first, first, last, last)):
                    point = view.visualRect(stage.window.model.index(at, NAME)).center() + QPoint(4 * step, 0)
                    there = view.viewport().mapToGlobal(point)
                    if step == 0:
                        QTest.mousePress(view.viewport(), left, Qt.KeyboardModifier.NoModifier, point)
                    else:
                        move = QMouseEvent(
                            QEvent.Type.MouseMove, point.toPointF(), there.toPointF(),
                            Qt.MouseButton.NoButton, left, Qt.KeyboardModifier.NoModifier,
                        )  # fmt: skip
                        QApplication.sendEvent(view.viewport(), move)
                QTest.mouseRelease(view.viewport(), left, Qt.KeyboardModifier.NoModifier, point)

            drag(1, 3)
            assert dragged == []
            assert list(view.selected_ids()) == ids[1:4]
            drag(2, 5)
            assert dragged == [3]
            assert list(view.selected_ids()) == ids[1:4]  # whatever became of the drag

    run_on_qasync(story())


def test_in_another_order_a_drag_says_how_to_get_there(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(3)
            select(stage, 0)
            stage.window.view.startDrag(Qt.DropAction.MoveAction)
            stage.part(QPushButton, "noticeButton").click()
            await until(lambda: stage.window.model.query == ORDER)

    run_on_qasync(story())


def test_keys_move_rows_up_and_down_and_to_both_ends(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            a, b, c, d = await sorted_stage(stage, 4)
            window, acts = stage.window, stage.window.actions_
            window.view.selectRow(2)
            await until(acts.move_up.isEnabled)
            steps: Sequence[tuple[Qt.Key, Qt.KeyboardModifier, list[int]]] = (
                (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier, [a, c, b, d]),
                (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier, [c, a, b, d]),
                (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier, [a, c, b, d]),
                (Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier, [c, a, b, d]),
                (
                    Qt.Key.Key_N,
                    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
                    [a, b, d, c],
                ),
            )
            window.activateWindow()
            for key, modifier, wanted in steps:
                QTest.keyClick(window.view, key, modifier)
                await until(lambda wanted=wanted: listed(stage) == wanted)  # type: ignore[misc]
                assert list(window.view.selected_ids()) == [c]
                assert window.model.id_at(window.view.currentIndex().row()) == c
            QTest.keyClick(window.view, Qt.Key.Key_Home)  # or Ctrl would be held in the next test

    run_on_qasync(story())


def test_the_column_shows_the_place_in_the_queue_whatever_the_table_is_sorted_by(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(6)
            await until(lambda: places(stage, 6) == ["1", "2", "3", "4", "5", "6"])
            await stage.queue.hold([ids[1]])
            await stage.queue.do_next([ids[5]])
            await until(lambda: places(stage, 6) == ["2", "", "3", "4", "5", "1"])
            await stage.queue.start()  # the first four run
            await until(lambda: places(stage, 6) == ["", "", "", "", "1", ""])
            stage.hand.end_job(ids[0])
            await until(lambda: places(stage, 6) == [""] * 6)

    run_on_qasync(story())


def test_places_are_counted_for_what_is_on_screen_and_only_while_the_column_is(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            asked: list[int] = []
            count = stage.queue.places

            async def counted(ids: Sequence[int]) -> dict[int, int]:
                asked.append(len(ids))
                return await count(ids)

            stage.queue.places = counted  # type: ignore[method-assign]
            await stage.add(5_000)
            await until(lambda: stage.text(0, QUEUE_PLACE) == "1")
            assert max(asked) < 100
            view = stage.window.view
            view.setColumnHidden(QUEUE_PLACE, True)
            view.viewport().repaint()
            asked.clear()
            await stage.add(10, name="more")
            await stage.queue.set_priority([1], 10)
            await until(lambda: stage.window.model.rowCount() == 5_010)
            assert asked == []

    run_on_qasync(story())
