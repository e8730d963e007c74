"""Shows what was done on which day, and how much was saved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from core.queue import TaskQueue
from core.status import HistoryLine
from gui import words
from gui.dialogs import DialogButtons, confirm
from gui.tasks import Tasks
from gui.theme import SPACE

_REST: Final = 120  # milliseconds after a key until it is searched
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class History(QObject):
    """Opens the history, which is read when it is shown."""

    def __init__(self, window: QWidget, queue: TaskQueue, tasks: Tasks) -> None:
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._tasks = tasks
        self.dialog: HistoryDialog | None = None

    def show(self) -> None:
        """Show the dialog, with what was done until now."""
        if self.dialog is None:
            self.dialog = HistoryDialog(self._window, self._queue, self._tasks)
            self.dialog.finished.connect(self._forget_dialog)
        self.dialog.read()
        self.dialog.show()
        self.dialog.raise_()

    def _forget_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class HistoryDialog(QDialog):
    """The days, each with its folders and recipes, and a field that finds among them."""

    def __init__(self, window: QWidget, queue: TaskQueue, tasks: Tasks) -> None:
        super().__init__(window)
        self.setObjectName("historyDialog")
        self.setWindowTitle(self.tr("History"))
        self._queue = queue
        self._tasks = tasks
        self.field = QLineEdit(self)
        self.field.setObjectName("historyField")
        self.field.setPlaceholderText(self.tr("Find a day (2026-01-31), a folder or a recipe"))
        self.field.setAccessibleName(self.tr("Find a day, a folder or a recipe"))
        self.field.setClearButtonEnabled(True)
        self.total = QLabel(self)
        self.total.setObjectName("historyTotal")
        self.total.setWordWrap(True)
        self.days = QTreeWidget(self)
        self.days.setObjectName("historyDays")
        self.days.setAccessibleName(self.tr("What was done on which day"))
        self.days.setHeaderLabels(
            [self.tr("Day and folder"), self.tr("Recipe"), self.tr("Done"), self.tr("Skipped"),
             self.tr("Failed"), self.tr("Before"), self.tr("After"), self.tr("Saved")]
        )  # fmt: skip
        self.days.setUniformRowHeights(True)
        self.days.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.days.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._numbers = QFont(self.font())
        self._numbers.setFeature(QFont.Tag("tnum"), 1)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        self.forget = buttons.addButton(self.tr("Forget all…"), QDialogButtonBox.ButtonRole.DestructiveRole)
        self.forget.setObjectName("historyForget")
        self.forget.setAutoDefault(False)
        buttons.rejected.connect(self.close)
        self.forget.clicked.connect(lambda: self._tasks.start(self._forget()))
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        for part in (self.field, self.days, self.total, buttons):
            column.addWidget(part)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.read)
        self.field.textChanged.connect(lambda _: self._rest.start())
        self.resize(860, 520)

    def read(self) -> None:
        """Read the history anew."""
        self._tasks.start(self._read(self.field.text().strip()))

    async def _read(self, text: str) -> None:
        lines = await self._queue.history(text)
        if isValid(self) and text == self.field.text().strip():
            self._fill(lines, text)

    def _fill(self, lines: Sequence[HistoryLine], text: str) -> None:
        self.days.clear()
        for number, (day, group) in enumerate(groupby(lines, lambda line: line.day)):
            its = list(group)
            top = self._item(day, "", its)
            bold = QFont(self._numbers)
            bold.setBold(True)
            top.setFont(0, bold)
            top.addChildren(
                [self._item(words.folder_of(one.folder), words.recipe(one.recipe), [one]) for one in its]
            )
            self.days.addTopLevelItem(top)
            top.setExpanded(number == 0 or bool(text))
        for place in range(1, self.days.columnCount()):
            self.days.resizeColumnToContents(place)
        self.forget.setEnabled(bool(lines) or bool(text))
        if lines:
            self.total.setText(self._summary(lines))
        elif text:
            self.total.setText(self.tr("Nothing matches."))
        else:
            self.total.setText(self.tr("Nothing has been done yet."))

    def _item(self, title: str, recipe: str, lines: Sequence[HistoryLine]) -> QTreeWidgetItem:
        before = sum(one.source_bytes for one in lines)
        after = sum(one.output_bytes for one in lines)
        numbers = (
            _number(sum(one.done for one in lines)), _number(sum(one.skipped for one in lines)),
            _number(sum(one.failed for one in lines)),
            words.size(before or None), words.size(after or None), words.saved(before, after),
        )  # fmt: skip
        item = QTreeWidgetItem([title, words.shown(recipe), *numbers])
        item.setToolTip(0, title)
        for place in range(2, 8):
            item.setTextAlignment(place, _RIGHT)
            item.setFont(place, self._numbers)
        return item

    def _summary(self, lines: Sequence[HistoryLine]) -> str:
        before = sum(one.source_bytes for one in lines)
        after = sum(one.output_bytes for one in lines)
        text = self.tr("{0} done on {1}").format(
            words.images(sum(one.done for one in lines)),
            words.count(len({one.day for one in lines}), self.tr("1 day"), self.tr("{n} days")),
        )
        if before > after:
            text += self.tr("; {0} became {1}, {2} saved").format(
                words.size(before), words.size(after), words.size(before - after)
            )
        return f"{text}."

    async def _forget(self) -> None:
        if await confirm(
            self, "forgetHistory", self.tr("Forget what was done on all days?"),
            self.tr("Files and the images in the list stay as they are."),
            self.tr("Forget"), self.tr("Keep"),
        ):  # fmt: skip
            await self._queue.forget_history()
            await self._read(self.field.text().strip())


def _number(value: int) -> str:
    return words.number(value) if value else ""
