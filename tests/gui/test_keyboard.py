"""The keyboard alone reaches everything, shows where it is, and leaves nothing to be trapped in."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from gui.columns import NAME
from gui.comparison import Comparison
from gui.theme import apply_theme
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.rooms import DIALOGS, ROOMS, room, shown
from tests.gui.stage import staged

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTabBar,
    QTextEdit, Comparison,
)  # fmt: skip


def controls(window: QWidget) -> set[QWidget]:
    """What a person can use with a mouse, without the inner parts of one control."""
    found: set[QWidget] = set()
    whole = QAbstractSpinBox | QComboBox | QLineEdit | QTabBar | QAbstractItemView | QScrollBar
    for widget in shown(window):
        inside = widget.parentWidget()
        if not isinstance(widget, CONTROLS) or not widget.isEnabled():
            continue
        if isinstance(inside, whole):
            continue  # the arrows of a tab bar, the cross in a field, the corner of a table
        if widget.metaObject().className() in ("QToolBarExtension", "QTableCornerButton"):
            continue  # what they do is in the menu
        found.add(widget)
    return found


def tab_through(window: QWidget) -> tuple[list[QWidget], list[QWidget]]:
    """Press Tab until the first widget comes again.

    Returns the widgets that had the keyboard, in that order, and those that looked as they do without it.
    """
    QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Tab)
    visited: list[QWidget] = []
    unseen: list[QWidget] = []
    for _ in range(300):
        now = QApplication.focusWidget()
        assert now is not None
        if len(visited) > 1 and now is visited[0]:
            return visited, unseen
        assert now not in visited, f"{now} comes again before {visited[0]}: it is a trap"
        visited.append(now)
        with_focus = look(now)
        QTest.keyClick(now, Qt.Key.Key_Tab)
        if look(now) == with_focus:
            unseen.append(now)
    raise AssertionError("Tab never comes back")


def look(widget: QWidget) -> QImage:
    """What a widget looks like, with what is close around it."""
    window = widget.window()
    place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
    return window.grab(place.adjusted(-4, -4, 4, 4)).toImage()


def is_reached(control: QWidget, visited: list[QWidget]) -> bool:
    """Whether Tab came to it, or to another choice of its group, from which the arrows go on."""
    if control in visited:
        return True
    return isinstance(control, QRadioButton) and any(
        isinstance(one, QRadioButton) and one.parentWidget() is control.parentWidget() for one in visited
    )


@pytest.mark.parametrize("name", ROOMS)
def test_tab_reaches_every_control_shows_where_it_is_and_comes_back(
    run_on_qasync: RunOnLoop, tmp_path: Path, qapp: QApplication, name: str
) -> None:
    apply_theme(qapp)

    async def story() -> None:
        async with room(name, tmp_path) as window:
            visited, unseen = tab_through(window)
            assert [one for one in controls(window) if not is_reached(one, visited)] == []
            assert unseen == []

    run_on_qasync(story())


def test_tab_goes_through_the_window_as_it_is_read(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with room("busy", tmp_path) as window:
            names = [one.objectName() for one in tab_through(window)[0]]
            order = (
                "recipeChooser", "folderChooser", "existingChooser", "noticeButton", "stateTabs",
                "searchField", "failureOnly", "failureRetry", "queueTable", "inspector", "hintsNone",
                "addingWhy", "failedLink", "whenDoneButton",
            )  # fmt: skip
            start = names.index(order[0])
            names = names[start:] + names[:start]
            assert [one for one in names if one in order] == list(order)

    run_on_qasync(story())


@pytest.mark.parametrize("name", DIALOGS)
def test_escape_closes_every_dialog_and_each_has_a_title(
    run_on_qasync: RunOnLoop, tmp_path: Path, name: str
) -> None:
    async def story() -> None:
        async with room(name, tmp_path) as window:
            assert isinstance(window, QDialog)
            assert window.windowTitle()
            assert not window.windowTitle().endswith("…")
            gone: list[int] = []
            window.finished.connect(gone.append)
            QTest.keyClick(window, Qt.Key.Key_Escape)
            await until(lambda: gone == [QDialog.DialogCode.Rejected] or bool(gone))

    run_on_qasync(story())


def test_every_action_is_in_a_menu(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            acts, found = stage.window.actions_, set()
            menus = [action.menu() for action in stage.window.menuBar().actions()]
            while menus:
                menu = menus.pop()
                if menu is not None:
                    found |= set(menu.actions())  # type: ignore[attr-defined]
                    menus += [one.menu() for one in menu.actions()]  # type: ignore[attr-defined]
            # F2 opens the menu of priorities, which is there.
            assert [one.objectName() for one in acts.all() if one not in found] == ["choosePriority"]

    run_on_qasync(story())


def test_the_table_is_sorted_from_the_menu(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1, name="b")
            await stage.add(1, name="c")
            await stage.add(1, name="a")
            (menu,) = [one for one in stage.window.findChildren(QWidget) if one.objectName() == "sortMenu"]

            def choose(title: str) -> None:
                menu.aboutToShow.emit()  # type: ignore[attr-defined]
                next(one for one in menu.actions() if one.text() == title).trigger()

            def firsts() -> list[str]:
                return [stage.text(row, NAME)[:1] for row in range(3)]

            choose("Name")
            await until(lambda: firsts() == ["a", "b", "c"])
            choose("Falling")
            await until(lambda: firsts() == ["c", "b", "a"])
            choose("The order in which they were added")
            await until(lambda: firsts() == ["b", "c", "a"])

    run_on_qasync(story())
