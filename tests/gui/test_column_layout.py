"""The columns stay as they were left, also in a version that has other ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QMenu

from gui.columns import COLUMNS, NAME, PLACES
from gui.queue_view import QueueView
from tests.conftest import RunOnLoop
from tests.gui.stage import Stage, staged


def order(view: QueueView) -> list[str]:
    header = view.horizontalHeader()
    return [COLUMNS[header.logicalIndex(visual)].key for visual in range(len(COLUMNS))]


def layout(view: QueueView) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(bytes(view.save_layout().data()))
    return kept


def test_order_widths_choice_and_sorting_come_back(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            view = stage.window.view
            header = view.horizontalHeader()
            header.moveSection(header.visualIndex(PLACES["after"]), 0)
            header.resizeSection(NAME, 333)
            view.setColumnHidden(PLACES["attempts"], True)
            view.setColumnHidden(PLACES["folder"], False)
            view.sortByColumn(PLACES["saved"], Qt.SortOrder.DescendingOrder)
            saved, wanted = view.save_layout(), layout(view)
            view.restore_default_layout()
            view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
            assert layout(view) != wanted
            view.restore_layout(saved)
            assert layout(view) == wanted
            assert order(view)[0] == "after"
            assert stage.window.model.query.descending

    run_on_qasync(story())


def test_a_column_that_was_added_since_stands_where_it_stands_by_default(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            view = stage.window.view
            kept = layout(view)
            older = [one for one in reversed(kept["columns"]) if one[0] not in ("place", "due")]
            older.insert(3, ["of another version", 77, True])
            view.restore_layout(QByteArray(json.dumps({"columns": older}).encode()))
            names = [one[0] for one in older if one[0] != "of another version"]
            assert [one for one in order(view) if one not in ("place", "due")] == names
            assert order(view).index("due") == order(view).index("attempts") + 1
            assert not view.isColumnHidden(PLACES["place"])
            assert view.isColumnHidden(PLACES["due"])

    run_on_qasync(story())


@pytest.mark.parametrize(
    "kept", [b"", b"13:\x00\xff", b"[]", b'{"columns": 3}', b'{"columns": [["name"]]}', b'{"columns": []}']
)
def test_what_is_no_layout_changes_nothing(run_on_qasync: RunOnLoop, tmp_path: Path, kept: bytes) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            before = layout(stage.window.view)
            stage.window.view.restore_layout(QByteArray(kept))
            assert layout(stage.window.view) == before

    run_on_qasync(story())


def menu_of(stage: Stage) -> QMenu:
    menu = QMenu(stage.window)
    stage.window.view.header_actions(menu)
    return menu


def test_the_menu_shows_and_hides_columns_but_never_hides_the_last(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            view = stage.window.view
            for number in range(len(COLUMNS)):
                action = menu_of(stage).actions()[number]
                if action.isChecked():
                    action.trigger()
            left = [one for one in menu_of(stage).actions() if one.isChecked()]
            assert len(left) == 1
            assert not left[0].isEnabled()
            next(one for one in menu_of(stage).actions() if "default" in one.text()).trigger()
            assert [view.isColumnHidden(place) for place in range(len(COLUMNS))] == [
                not column.shown for column in COLUMNS
            ]

    run_on_qasync(story())


def test_a_layout_that_hides_all_still_shows_the_names(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            hidden = [[column.key, 50, False] for column in COLUMNS]
            stage.window.view.restore_layout(QByteArray(json.dumps({"columns": hidden}).encode()))
            assert not stage.window.view.isColumnHidden(NAME)

    run_on_qasync(story())
