"""Lets rows be dragged to another place of the queue, while the table is in the queue's order."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QDropEvent, QPixmap
from PySide6.QtWidgets import QLabel, QTableView

from core.status import JobQuery, SortKey
from gui import words

ROWS_MIME: Final = "application/x-imagequeue-rows"

_DRAGS: Final = frozenset(
    (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop)
)


class RowDragging(QObject):
    """Follows a drag of the selected rows over the table's viewport, and tells where they are dropped."""

    dropped = Signal(int)
    """The rows are to stand before this row; the number of rows stands for the end."""

    refused = Signal()
    """Rows were dragged while the table is in another order than the queue."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view
        self.line: int | None = None
        """The row before which a drop would put what is dragged; a line is painted there."""
        view.viewport().installEventFilter(self)

    def start(self, number: int, query: JobQuery) -> None:
        """Drag `number` selected rows until the mouse lets them go."""
        if not number:
            return
        if query.sort is not SortKey.ORDER or query.descending:
            self.refused.emit()
            return
        drag, mime = QDrag(self._view), QMimeData()
        mime.setData(ROWS_MIME, b"")
        drag.setMimeData(mime)
        drag.setPixmap(self._picture(number))
        drag.setHotSpot(QPoint(-12, -12))
        view = self._view
        view.setAcceptDrops(True)  # else the window takes what is dragged over it, as it does with files
        try:
            drag.exec(Qt.DropAction.MoveAction)
        finally:
            view.setAcceptDrops(False)
            self._mark(None)

    def _picture(self, number: int) -> QPixmap:
        label = QLabel(words.images(number))
        label.setContentsMargins(8, 4, 8, 4)
        label.setAutoFillBackground(True)
        return label.grab()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002, N802
        """Handle the drags of rows; those of others go on to the window."""
        if event.type() not in _DRAGS:
            return False
        if not isinstance(event, QDropEvent):
            self._mark(None)
            return False
        if not event.mimeData().hasFormat(ROWS_MIME):
            return False
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        row = self.row_before(event.position().toPoint())
        if event.type() == QEvent.Type.Drop:
            self._mark(None)
            self.dropped.emit(row)
        else:
            self._mark(row)
            self._scroll(event.position().toPoint())
        return True

    def row_before(self, point: QPoint) -> int:
        """Return the row before which something stands that is dropped at a point of the viewport."""
        row = self._view.rowAt(point.y())
        if row < 0:
            return self._view.model().rowCount()
        middle = self._view.rowViewportPosition(row) + self._view.rowHeight(row) // 2
        return row + (point.y() >= middle)

    def _scroll(self, point: QPoint) -> None:
        """Go on while the mouse trembles at an edge."""
        bar, margin = self._view.verticalScrollBar(), self._view.rowHeight(0)
        if point.y() < margin:
            bar.setValue(bar.value() - margin)
        elif point.y() > self._view.viewport().height() - margin:
            bar.setValue(bar.value() + margin)

    def _mark(self, row: int | None) -> None:
        if row != self.line:
            self.line = row
            self._view.viewport().update()
