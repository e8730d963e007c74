"""A quiet line that tells what happened, with at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from gui.sentences import in_language
from gui.theme import SPACE, icon, theme_signals


class CloseButton(QToolButton):
    """A small cross."""

    def __init__(self, name: str, spoken: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAutoRaise(True)
        self.setAccessibleName(spoken)
        self.setToolTip(spoken)
        theme_signals().changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        self.setIcon(icon("close"))


class Notice(QFrame):
    """Shows one sentence at a time; hidden when there is none. It never stops anything."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._text = QLabel(self)
        self._text.setObjectName("noticeText")
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a name in it may look like markup
        self._text.setWordWrap(True)
        self._button = QPushButton(self)
        self._button.setObjectName("noticeButton")
        close = CloseButton("noticeClose", self.tr("Close this notice"), self)
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(close)
        self._action: Callable[[], None] | None = None
        self._button.clicked.connect(self._act)
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.timeout.connect(self.hide)
        self.hide()

    def say(
        self,
        sentence: str,
        button: str = "",
        action: Callable[[], None] | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        """Show a sentence, and a button that does something; it goes away by itself after `seconds`."""
        sentence = in_language(sentence)
        self._text.setText(sentence)
        self._text.setAccessibleName(sentence)
        self._action = action
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._away.stop()
        if seconds is not None:
            self._away.start(int(seconds * 1_000))
        self.show()

    def says(self, sentence: str) -> bool:
        """Return whether this sentence is shown now."""
        return not self.isHidden() and self._text.text() == in_language(sentence)

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()
