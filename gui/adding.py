"""Shows how the adding of files and folders goes, and sums up what became of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import BadUsage, ImageQueueError
from core.intake.adding import AddSummary, add_paths
from core.intake.homeless import with_home
from core.intake.wanted import Wanted
from core.queue import TaskQueue
from core.recipe import Recipe
from core.undo import Deed
from gui import words
from gui.added import summary_sentence
from gui.dialogs import DialogButtons
from gui.hearing import Hearing
from gui.mime import Picture
from gui.notice import CloseButton
from gui.pictures import keep_picture
from gui.tasks import Tasks, sentence_of
from gui.theme import SPACE

_SAID = 3  # refused pictures that are named
_MANY_SEEN = 1_000  # files looked at from which on their number is said
_STAYS = 6_000  # milliseconds that a summary without complaints stays


@dataclass(eq=False)
class _Adding:
    """One drop that is being added."""

    stop: threading.Event = field(default_factory=threading.Event)
    added: int = 0
    seen: int = 0  # files and folders that were looked at


class AddingBar(QFrame):
    """A line under the table: a count that grows, then one summary; hidden when there is nothing to say."""

    concluded = Signal()
    """Nothing is being added any more."""
    filters_asked = Signal()
    """The user wants to see what of folders is taken."""
    undo_asked = Signal()
    """The user wants to undo what was added last."""

    def __init__(
        self,
        queue: TaskQueue,
        tasks: Tasks,
        data_dir: Path,
        wanted: Callable[[], Wanted],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("addingBar")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._queue = queue
        self._data_dir = data_dir
        self._wanted = wanted
        self._tasks = tasks
        self._under_way: set[_Adding] = set()
        self._said: list[str] = []  # by the drops that were added at the same time
        self._reasons: list[str] = []
        self._text = QLabel(self)
        self._text.setObjectName("addingText")
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a name in it may look like markup
        self._text.setWordWrap(True)
        self._cancel = QPushButton(self.tr("Stop adding"), self)
        self._cancel.setObjectName("addingCancel")
        self._cancel.clicked.connect(self.stop)
        self._why = QPushButton(self.tr("Why?"), self)
        self._why.setObjectName("addingWhy")
        self._why.clicked.connect(self._show_reasons)
        self._undo = QPushButton(self.tr("Undo"), self)
        self._undo.setObjectName("addingUndo")
        self._undo.setToolTip(self.tr("Take off the list what was added and has not run yet"))
        self._undo.clicked.connect(self.undo_asked)
        self._undo.hide()
        close = CloseButton("addingClose", self.tr("Close this summary"), self)
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        row.addWidget(self._text, 1)
        row.addWidget(self._undo)
        row.addWidget(self._why)
        row.addWidget(self._cancel)
        row.addWidget(close)
        self._hearing = Hearing()
        self._hearing.connect(queue.undo.changed, self._offer_undo)
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(_STAYS)
        self._away.timeout.connect(self.hide)
        self.hide()

    def add(self, paths: list[str], recipe: Recipe, priority: int, max_retries: int) -> asyncio.Task[Any]:
        """Add paths to the queue; returns at once with the task that does it."""
        return self._tasks.start(self._add(paths, recipe, priority, max_retries))

    def add_pictures(
        self, pictures: Sequence[Picture], recipe: Recipe, priority: int, max_retries: int
    ) -> asyncio.Task[Any]:
        """Keep pictures that have no file, and add them; returns at once with the task that does it."""
        return self._tasks.start(self._add_pictures(pictures, recipe, priority, max_retries))

    async def _add_pictures(
        self, pictures: Sequence[Picture], recipe: Recipe, priority: int, max_retries: int
    ) -> None:
        kept, refused = [], []
        for picture in pictures:
            try:
                kept.append(str(await asyncio.to_thread(keep_picture, picture, self._data_dir)))
            except ImageQueueError as error:
                refused.append(words.said(str(error)))
        if not kept:
            raise BadUsage(" ".join(refused[:_SAID]) or "The other program gave no picture.")
        homed = await asyncio.to_thread(with_home, recipe)
        await self._add(kept, homed, priority, max_retries)
        said = [
            words.count(len(kept), self.tr("Added the picture."), self.tr("Added {n} pictures.")),
            *refused[:_SAID],
        ]
        if homed is not recipe:
            text = self.tr("What is made of it goes to {0}.")
            said.append(text.format(words.shown(str(homed.folder))))
        self._text.setText(" ".join(said))
        self._text.setAccessibleName(self._text.text())

    async def _add(self, paths: list[str], recipe: Recipe, priority: int, max_retries: int) -> None:
        adding = _Adding()

        def on_count(number: int, seen: int) -> None:
            adding.added, adding.seen = number, seen
            self._tell()

        if not self._under_way:
            self._said, self._reasons = [], []
        self._under_way.add(adding)
        self._tell()
        try:
            async with self._queue.undo.step(Deed.ADD, adding.stop.set):
                summary = await add_paths(
                    self._queue, paths, recipe, priority=priority, max_retries=max_retries,
                    wanted=self._wanted(), data_dir=self._data_dir, on_count=on_count, cancelled=adding.stop,
                )  # fmt: skip
        except Exception as error:
            self._under_way.discard(adding)
            self._conclude(sentence_of(error), [])
        else:
            self._under_way.discard(adding)
            self._conclude(summary_sentence(summary), _reasons(summary))
        finally:
            self._under_way.discard(adding)

    @property
    def busy(self) -> bool:
        """Whether something is being added."""
        return bool(self._under_way)

    def stop(self) -> None:
        """Add nothing more; what was added stays."""
        for adding in self._under_way:
            adding.stop.set()

    def _tell(self) -> None:
        number = sum(adding.added for adding in self._under_way)
        text = self.tr("Adding… {0} so far").format(words.images(number))
        seen = sum(adding.seen for adding in self._under_way)
        if seen >= _MANY_SEEN and seen > 2 * number:
            text += self.tr(", {0} files looked at").format(words.number(seen))
        self._text.setText(text)
        self._cancel.show()
        self._why.hide()
        self._undo.hide()
        self._away.stop()
        self.show()

    def _conclude(self, sentence: str, reasons: list[str]) -> None:
        self._said.append(sentence)
        self._reasons += reasons
        if self._under_way:
            self._tell()
            return
        self.concluded.emit()
        sentence = " ".join(self._said)
        self._text.setText(sentence)
        self._text.setAccessibleName(sentence)
        self._cancel.hide()
        self._offer_undo()
        self._why.setVisible(bool(self._reasons))
        self.show()
        if not self._reasons:
            self._away.start()

    def _offer_undo(self) -> None:
        """Offer it while it is what would be undone."""
        step = self._queue.undo.next_undo
        self._undo.setVisible(step is not None and step.deed is Deed.ADD and not self._under_way)

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()

    def _show_reasons(self) -> None:
        dialog = QDialog(self.window())
        dialog.setObjectName("addingReasons")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("What was not added, and why"))
        text = QPlainTextEdit("\n".join(self._reasons), dialog)
        text.setReadOnly(True)
        text.setAccessibleName(dialog.windowTitle())
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, dialog)
        filters = buttons.addButton(
            self.tr("What of folders is &taken…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        filters.setObjectName("reasonsFilters")
        filters.clicked.connect(self.filters_asked)
        buttons.rejected.connect(dialog.close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        column = QVBoxLayout(dialog)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addWidget(text)
        column.addWidget(buttons)
        dialog.resize(640, 320)
        dialog.show()


def _reasons(summary: AddSummary) -> list[str]:
    refused = (*summary.unreadable, *summary.not_images, *summary.results, *summary.left_out)
    return [words.said(one.sentence) for one in refused]
