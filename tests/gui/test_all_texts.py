"""No text of the real window is missed by its translation: in a language of marks, every one bears them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)

from core.formats import FORMATS
from gui import sentences
from gui.language import NAMES
from gui.queue_model import QueueModel
from tests.conftest import RunOnLoop
from tests.gui.made_up import TWO
from tests.gui.stage import staged
from tests.pictures.pseudo import Pseudo
from tests.pictures.scenes import Scenes

MARK = "⟦"
DATA = re.compile(r"\.\u200b?jpg|\.toml|/\u200b?\w|^\*\.tmp")  # names of files, paths, and an example of them
NAMES_OF_THINGS = (
    {one.spoken for one in FORMATS}
    | set(NAMES.values())
    | {"LZW", "Deflate", "Image Queue", "thumbnail", "resized"}
    | {one.name for one in TWO}
    | {"photos", "amqps://ann@rabbit.example.org/photos"}
)
COLUMNED = (QAbstractTableModel, QStandardItemModel, QueueModel)
ROWS = 8  # of each list; those after them are alike


def texts_of(widget: QWidget) -> Iterator[tuple[str, str]]:
    """What a widget shows, and says to a screen reader, each with what it is."""
    yield "title", widget.windowTitle()
    yield "tip", widget.toolTip()
    yield "name", widget.accessibleName()
    yield "description", widget.accessibleDescription()
    match widget:
        case QLabel() | QAbstractButton():
            yield "text", widget.text()
        case QLineEdit():
            yield "placeholder", widget.placeholderText()
        case QPlainTextEdit():
            yield "placeholder", widget.placeholderText()
        case QComboBox():
            for place in range(widget.count()):
                yield "choice", widget.itemText(place)
                yield "tip", str(widget.itemData(place, Qt.ItemDataRole.ToolTipRole) or "")
        case QGroupBox():
            yield "title", widget.title()
        case QTabBar():
            for place in range(widget.count()):
                yield "tab", widget.tabText(place)
                yield "tip", widget.tabToolTip(place)
        case QHeaderView():
            model = widget.model()
            for place in range(widget.count()):
                for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                    yield "header", str(model.headerData(place, widget.orientation(), role) or "")
        case QAbstractItemView() if widget.model() is not None:
            model = widget.model()
            for row in range(min(ROWS, model.rowCount())):
                for place in range(model.columnCount() if isinstance(model, COLUMNED) else 1):
                    for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                        yield "cell", str(model.index(row, place).data(role) or "")
        case _:
            pass
    for action in widget.actions():
        yield "action", action.text()
        yield "tip", action.toolTip()


def is_bare(text: str) -> bool:
    """Whether a text has words, and was not translated, though it is no name and no path."""
    if MARK in text or text in {*NAMES_OF_THINGS, QApplication.applicationName()} or DATA.search(text):
        return False
    return re.search("[A-Za-z]{2}", text) is not None


class Reader(Scenes):
    """Goes through the scenes of the pictures, and reads instead."""

    bare: dict[str, str]

    async def picture(self, name: str) -> None:
        """Note what bears no mark."""
        QApplication.sendPostedEvents()
        for top in QApplication.topLevelWidgets():
            for widget in [top, *top.findChildren(QWidget)]:
                for kind, text in texts_of(widget):
                    if is_bare(text):
                        self.bare[text] = f"{name}: {type(widget).__name__} {widget.objectName()}, {kind}"

    async def recipe_editor(self) -> None:
        """The recipe editor as it opens, without a preview."""
        self.acts.edit_recipes.trigger()
        editor = self.window.recipes.editor
        assert editor is not None
        await self.picture("recipe-editor")
        editor.close()


def test_every_text_of_the_window_is_translated(
    run_on_qasync: RunOnLoop, qapp: QApplication, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            reader = Reader(stage, tmp_path, tmp_path / "home")
            reader.bare = {}
            stage.window.show()
            await reader.empty()
            await reader.adding()
            await reader.busy()
            await reader.failures()
            await reader.other_dialogs()
            await reader.machines()
            assert not reader.bare

    pseudo = Pseudo(lambda text: f"{MARK}{text}⟧")
    qapp.installTranslator(pseudo)
    sentences.forget()
    try:
        run_on_qasync(story())
    finally:
        qapp.removeTranslator(pseudo)
        sentences.forget()
