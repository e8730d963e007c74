"""Hints for the first days: one sentence at a time, each once, and none after "No more hints"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from core.job import JobState
from core.queue import TaskQueue
from core.status import QueueStatus, RunState
from gui.hearing import Hearing
from gui.notice import CloseButton
from gui.theme import SPACE, icon, theme_signals
from gui.throttle import Throttle

_PICTURE: Final = 2 * SPACE  # pixels at 100 %


def _T(text: str) -> str:  # noqa: N802 (the mark that translation tools look for)
    return text


Condition = Callable[[QueueStatus], bool]

HINTS: Final[tuple[tuple[str, str, Condition, Condition], ...]] = (
    (
        "failed",
        _T("Something failed. Its row says why; the number of failures below leads to what can be done."),
        lambda status: status.counts[JobState.FAILED] > 0,
        lambda status: status.counts[JobState.FAILED] == 0,
    ),
    (
        "pause",
        _T("Space pauses and starts. You may also quit: what waits is kept, and goes on at the next start."),
        lambda status: status.active > 0,
        lambda status: status.run_state is not RunState.RUNNING,
    ),
    (
        "priority",
        _T("Drop on High, Normal or Low to say what comes first. F2 changes it for what is chosen here."),
        lambda status: status.counts[JobState.QUEUED] > 1,
        lambda status: status.live == 0,
    ),
)
"""The name of a hint, what it says, when it is of use, and when it is of use no longer."""


class Hints(QFrame):
    """A line under the table, hidden while there is nothing to say. It never stops anything."""

    seen_changed = Signal()
    """A hint was read, or is of use no more: it is not to come again."""

    def __init__(self, queue: TaskQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hints")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._queue = queue
        self.seen: frozenset[str] = frozenset()
        """The names of the hints that are not to come again; `forget` brings all back."""
        self._shown = ""
        self._sign = QLabel(self)
        self._text = QLabel(self)
        self._text.setObjectName("hintText")
        self._text.setWordWrap(True)
        none = QPushButton(self.tr("No more hints"), self)
        none.setObjectName("hintsNone")
        none.clicked.connect(lambda: self._see({name for name, *_ in HINTS}))
        close = CloseButton("hintClose", self.tr("Close this hint"), self)
        close.clicked.connect(lambda: self._see({self._shown}))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        row.setSpacing(SPACE)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(none)
        row.addWidget(close)
        self._soon = Throttle(self._choose, 200, self)
        self._hearing = Hearing()
        theme_signals().changed.connect(self._draw)
        self._draw()
        self.hide()

    def begin(self) -> None:
        """Hear the queue, which is open."""
        self._hearing.connect(self._queue.status_changed, lambda _: self._soon.ask())
        self._soon.ask()

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()
        self._soon.stop()

    def forget(self) -> None:
        """Let all hints come again when they are of use."""
        self.seen = frozenset()
        self.seen_changed.emit()
        self._soon.ask()

    def _see(self, names: set[str]) -> None:
        self.seen |= names
        self._shown = ""
        self.seen_changed.emit()
        self._choose()

    def _choose(self) -> None:
        status = self._queue.status()
        for name, text, begins, ends in HINTS:
            if name == self._shown and ends(status):
                self._see({name})
                return
            if name not in self.seen and name == (self._shown or name) and begins(status):
                self._shown = name
                said = QCoreApplication.translate("Hints", text)
                self._text.setText(said)
                self._text.setAccessibleName(said)
                break
        self.setVisible(bool(self._shown))

    def _draw(self) -> None:
        self._sign.setPixmap(icon("hint").pixmap(_PICTURE, _PICTURE))
