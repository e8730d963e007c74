"""A line of text that is cut rather than making the window wide, and then is whole in its tool tip."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

_LEAST = 6  # letters that are always shown


class ElidedLabel(QLabel):
    """A label of one line of plain text; `text` is the whole of it."""

    def __init__(
        self,
        parent: QWidget,
        cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        text: str = "",
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._cut = cut

    def shown(self) -> str:
        """Return what there is room for."""
        return self.fontMetrics().elidedText(self.text(), self._cut, self.contentsRect().width())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return room for a few letters: the rest may be cut."""
        whole, letters = super().minimumSizeHint(), self.fontMetrics().averageCharWidth()
        return QSize(min(whole.width(), _LEAST * letters), whole.height())

    def setText(self, text: str) -> None:  # noqa: N802
        """Show another text."""
        super().setText(text)
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Have the whole text in the tool tip where it is cut."""
        super().resizeEvent(event)
        self._tell()

    def event(self, event: QEvent) -> bool:
        """Follow the font."""
        if event.type() == QEvent.Type.FontChange:
            self._tell()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint what there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment()), self.shown())
        painter.end()

    def _tell(self) -> None:
        cut = self.shown() != self.text()
        self.setToolTip(f"<span>{escape(self.text())}</span>" if cut else "")
