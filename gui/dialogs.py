"""Dialogs that ask or tell without stopping the loop: opened, and awaited."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from gui import words
from gui.theme import SPACE


class DialogButtons(QDialogButtonBox):
    """The buttons at the foot of a dialog, in the platform's order, as words alone.

    The pictures that a style puts on some of them are dark on dark, and none would be on our own.
    """

    def __init__(self, buttons: QDialogButtonBox.StandardButton, parent: QWidget) -> None:
        super().__init__(buttons, parent)
        for button in self.buttons():
            button.setIcon(QIcon())


async def finished(dialog: QDialog) -> int:
    """Open a dialog and wait until it is closed; returns its result. Everything else goes on meanwhile."""
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(result)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()
        dialog.deleteLater()


async def confirm(parent: QWidget, name: str, question: str, explanation: str, yes: str, no: str) -> bool:
    """Ask a question whose safe answer is `no`; returns whether the user chose `yes`."""
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setWindowTitle(words.tr("Image Queue"))
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(question)
    box.setInformativeText(explanation)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    refuse = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    accept.setObjectName("yes")
    refuse.setObjectName("no")
    box.setDefaultButton(refuse)
    box.setEscapeButton(refuse)
    await finished(box)
    clicked = box.clickedButton()  # by its name: what Python knew it as may not be valid any more
    return clicked is not None and clicked.objectName() == "yes"


class TextDialog(QDialog):
    """A longer text to read and to copy, which stays until it is closed and hinders nothing."""

    def __init__(self, parent: QWidget, name: str, title: str, introduction: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.gone = False
        """Whether it was closed."""
        said = QLabel(introduction, self)
        said.setTextFormat(Qt.TextFormat.PlainText)
        said.setWordWrap(True)
        self._text = QPlainTextEdit(self)
        self._text.setObjectName("text")
        self._text.setReadOnly(True)
        self._text.setAccessibleName(title)
        self._text.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # versions and paths, in any language
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        self._copy = buttons.addButton(self.tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.setObjectName("copy")
        self._copy.setEnabled(False)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text.toPlainText()))
        buttons.rejected.connect(self.reject)
        self.finished.connect(self._on_finished)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        self._column.setSpacing(SPACE)
        self._column.addWidget(said)
        self._column.addWidget(self._text, 1)
        self._column.addWidget(buttons)
        self.resize(720, 460)

    def add(self, part: QWidget) -> None:
        """Add something to choose, between the text and the buttons."""
        self._column.insertWidget(self._column.count() - 1, part)

    def set_text(self, text: str) -> None:
        """Show a text in place of the one before."""
        self._text.setPlainText(text)
        self._copy.setEnabled(True)

    def _on_finished(self) -> None:
        self.gone = True
