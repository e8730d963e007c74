"""A screen reader is told of everything in every window what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QWidget

from tests.conftest import RunOnLoop
from tests.gui.rooms import ROOMS, room
from tests.gui.stage import staged

ROLE = QAccessible.Role
ROLES = frozenset(
    (
        ROLE.PushButton, ROLE.ButtonMenu, ROLE.CheckBox, ROLE.RadioButton, ROLE.ComboBox, ROLE.EditableText,
        ROLE.SpinBox, ROLE.Slider, ROLE.List, ROLE.Tree, ROLE.Table, ROLE.PageTab, ROLE.PageTabList,
        ROLE.MenuItem, ROLE.Link, ROLE.ProgressBar, ROLE.Cell, ROLE.ColumnHeader, ROLE.ListItem,
        ROLE.TreeItem, ROLE.Dialog, ROLE.ToolBar,
    )
)  # fmt: skip
"""What a person uses or reads as a thing of its own."""


def everything(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """An interface and all below it that can be seen."""
    if not interface.isValid() or interface.state().invisible:
        return
    yield interface
    for place in range(interface.childCount()):
        child = interface.child(place)
        if child is not None:
            yield from everything(child)


def is_part(interface: QAccessibleInterface) -> bool:
    """Whether it is an inner part, of which the whole is told: an arrow, the field of a number."""
    widget = interface.object()
    if not isinstance(widget, QWidget):
        parent = interface.parent()
        return parent is not None and parent.role() == ROLE.ScrollBar
    if widget.objectName().startswith("qt_"):
        return True
    whole = widget.parentWidget()
    return widget.metaObject().className() in ("QToolBarExtension", "QTableCornerButton") or isinstance(
        whole, QAbstractItemView
    )


@pytest.mark.parametrize("name", ROOMS)
def test_everything_that_is_used_has_a_name(run_on_qasync: RunOnLoop, tmp_path: Path, name: str) -> None:
    async def story() -> None:
        async with room(name, tmp_path) as window:
            told = list(everything(QAccessible.queryAccessibleInterface(window)))
            used = [one for one in told if one.role() in ROLES and not is_part(one)]
            assert len(used) > 1
            nameless = [
                (one.role().name, one.object(), one.object().parent() if one.object() else None)
                for one in used
                if not one.text(QAccessible.Text.Name).strip() and not is_empty_cell(one)
            ]
            assert nameless == []

    run_on_qasync(story())


def is_empty_cell(interface: QAccessibleInterface) -> bool:
    """Whether it is a cell that shows nothing: its column has a name, and so has its row."""
    return interface.role() in (ROLE.Cell, ROLE.TreeItem) and interface.tableCellInterface() is not None


@pytest.mark.parametrize("name", ["preferences-0", "preferences-1", "preferences-2", "preferences-3"])
def test_each_preference_is_described(run_on_qasync: RunOnLoop, tmp_path: Path, name: str) -> None:
    async def story() -> None:
        async with room(name, tmp_path) as window:
            fields = window.fields  # type: ignore[attr-defined]
            hinted = [one for one in fields.values() if one._hint.text()]
            assert hinted
            for one in hinted:
                said = QAccessible.queryAccessibleInterface(one.control)
                description = said.text(QAccessible.Text.Description)
                assert description.endswith(one._hint.text())  # behind what an empty list says

    run_on_qasync(story())


def test_an_empty_list_says_how_it_is_filled(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.watched.show()
            dialog = stage.window.watched.dialog
            assert dialog is not None
            hint = dialog.list.viewport().findChild(QWidget, "watchedListEmpty")
            assert hint is not None
            assert hint.isVisible()
            assert "No folder is watched yet." in dialog.list.accessibleDescription()
            stage.window.watched.add(str(tmp_path), 0)
            assert not hint.isVisible()
            assert dialog.list.accessibleDescription() == ""
            stage.window.watched.remove(str(tmp_path))
            assert hint.isVisible()
            assert isinstance(dialog.list, QAbstractScrollArea)
            assert hint.size() == dialog.list.viewport().size()
            dialog.close()

    run_on_qasync(story())
