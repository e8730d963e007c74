"""Says in an empty list what would be in it, and how it gets there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QAbstractItemView, QLabel

from gui.theme import SPACE


class Placeholder(QLabel):
    """A sentence in the middle of a list or table, while that has no rows."""

    def __init__(self, view: QAbstractItemView, sentence: str) -> None:
        super().__init__(sentence, view.viewport())
        self.setObjectName(f"{view.objectName()}Empty")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setMargin(2 * SPACE)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view = view
        self._described = view.accessibleDescription()
        view.viewport().installEventFilter(self)
        model = view.model()
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._follow)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow the size of the list."""
        if event.type() == QEvent.Type.Resize:
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        empty = self._view.model().rowCount() == 0
        if empty:
            self.setGeometry(self._view.viewport().rect())
            self._view.setAccessibleDescription(f"{self.text()} {self._described}".strip())
        else:
            self._view.setAccessibleDescription(self._described)
        self.setVisible(empty)
