"""Where texts run from right to left, the whole window does; where letters are large, nothing is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTranslator
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)

from core.job import JobState, Priority
from gui import words
from gui.columns import STATE
from gui.elided import ElidedLabel
from gui.theme import apply_theme, state_colours
from tests.conftest import RunOnLoop
from tests.gui.rooms import ROOMS, room, shown
from tests.gui.stage import staged
from tests.pictures.pseudo import Pseudo, twice


@pytest.fixture
def mirrored(qapp: QApplication) -> Iterator[None]:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def long_texts(qapp: QApplication) -> Iterator[QTranslator]:
    translator = Pseudo(twice, qapp)
    qapp.installTranslator(translator)
    yield translator
    qapp.removeTranslator(translator)


@pytest.fixture
def large_letters(qapp: QApplication) -> Iterator[None]:
    usual, large = qapp.font(), qapp.font()
    large.setPointSizeF(usual.pointSizeF() * 1.6)
    qapp.setFont(large)
    yield
    qapp.setFont(usual)


def test_the_window_is_mirrored_as_a_whole(
    run_on_qasync: RunOnLoop, tmp_path: Path, qapp: QApplication, mirrored: None
) -> None:
    apply_theme(qapp)

    def left(part: QWidget) -> int:
        return part.mapToGlobal(QPoint(0, 0)).x()

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window = stage.window
            await stage.add(3)
            await stage.read()
            assert left(window.inspector) < left(window.view)
            assert left(window.recipe_bar.existing) < left(window.recipe_bar.recipes)
            assert left(window.search) < left(window.tabs)
            area = window.drop_area
            area._follow_size()
            zones = [area._zones[one].x() for one in (Priority.LOW, Priority.NORMAL, Priority.HIGH)]
            assert zones == sorted(zones)
            view = window.view
            cell = view.visualRect(window.model.index(0, STATE))
            image = view.viewport().grab(cell).toImage()
            ground = state_colours(JobState.QUEUED)[1]
            across = [
                x for x in range(image.width()) if QColor(image.pixel(x, image.height() // 2)) == ground
            ]
            assert min(across) > image.width() - 1 - max(across)  # the pill stands at the right edge

    run_on_qasync(story())


def test_a_path_runs_from_left_to_right_in_any_language(qapp: QApplication, mirrored: None) -> None:
    assert words.folder_of("/photos/summer/a.jpg") == "\u200e/photos/summer"
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert words.folder_of("/photos/summer/a.jpg") == "/photos/summer"


def cut(part: QWidget) -> bool:
    """Whether a text or a button is given less room than it needs."""
    if isinstance(part, ElidedLabel):
        return False  # it has its whole text in its tool tip
    if isinstance(part, QLabel) and part.wordWrap():
        return part.height() < part.heightForWidth(part.width())
    if isinstance(part, QLabel | QPushButton | QCheckBox | QRadioButton):
        need = part.minimumSizeHint()
        return part.width() < need.width() or part.height() < need.height()
    return False


@pytest.mark.parametrize("name", ROOMS)
def test_large_letters_are_not_cut(
    run_on_qasync: RunOnLoop, tmp_path: Path, qapp: QApplication, large_letters: None, name: str
) -> None:
    apply_theme(qapp)

    async def story() -> None:
        async with room(name, tmp_path) as window:
            window.resize(window.sizeHint().expandedTo(window.size()))
            await asyncio.sleep(0.1)
            assert [(one, text_of(one)) for one in shown(window) if cut(one) and text_of(one)] == []

    run_on_qasync(story())


def text_of(part: QWidget) -> str:
    """The words that it shows."""
    return part.text() if isinstance(part, QLabel | QAbstractButton) else ""


@pytest.mark.parametrize("hard", ["long_texts", "large_letters"])
def test_neither_long_texts_nor_large_letters_make_the_window_larger_than_a_small_screen(
    run_on_qasync: RunOnLoop,
    tmp_path: Path,
    qapp: QApplication,
    request: pytest.FixtureRequest,
    hard: str,
) -> None:
    apply_theme(qapp)
    request.getfixturevalue(hard)

    async def story() -> None:
        async with room("busy", tmp_path) as window:
            least = window.minimumSizeHint()
            assert least.width() <= 1024
            assert least.height() <= 800  # with all that can be said at once

    run_on_qasync(story())
