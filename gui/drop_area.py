"""Takes what is dropped anywhere on the window, and shows where it will land while it is still dragged."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from core.intake.text import paths_of_text
from core.job import Priority
from gui import words
from gui.theme import SPACE, icon

_ZONES: Final = (
    (Priority.HIGH, "priority-high"),
    (Priority.NORMAL, "priority-normal"),
    (Priority.LOW, "priority-low"),
)
_MARGIN: Final = 4 * SPACE
_PICTURE: Final = 40  # pixels at 100 %

_DRAGS: Final = frozenset(
    (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop)
)


def paths_of_mime(mime: QMimeData) -> list[str]:
    """Return the local paths that are dragged or were copied; nothing on any disk is looked at."""
    if mime.hasUrls():
        return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    return paths_of_text(mime.text()) if mime.hasText() else []


def links_of_mime(mime: QMimeData) -> int:
    """Return how many links there are that lead to no local file."""
    return sum(not url.isLocalFile() for url in mime.urls()) if mime.hasUrls() else 0


class DropArea(QWidget):
    """An overlay of three zones, one for each priority, that appears over the window during a drag.

    Anywhere else is Normal. What is dropped is copied, never moved: a move lets the program that it comes
    from delete the source.
    """

    dropped = Signal(object, int)  # the paths, and the priority of the zone
    links_refused = Signal(int)  # how many links were dropped that cannot be added

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("dropArea")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._window = window
        self._over: Priority | None = None
        self._count = 0
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        self.hide()

    # -- events of the window -------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Handle the window's drags, and follow its size."""
        if watched is self._window:
            if event.type() in _DRAGS:
                self._on_drag(event)
                return True
            if event.type() == QEvent.Type.Resize:
                self.setGeometry(self._window.rect())
        return False

    def _on_drag(self, event: QEvent) -> None:
        if not isinstance(event, QDropEvent):  # the drag left the window
            self._end()
            return
        mime = event.mimeData()
        paths, links = paths_of_mime(mime), links_of_mime(mime)
        if not paths and not links:
            self._end()
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() != QEvent.Type.Drop:
            self._show(len(paths) + links, event.position().toPoint())
            return
        priority = self.priority_at(event.position().toPoint())
        self._end()
        if links:
            self.links_refused.emit(links)
        if paths:
            self.dropped.emit(paths, int(priority))

    def _show(self, count: int, point: QPoint) -> None:
        over = next((priority for priority, _ in _ZONES if self.zone(priority).contains(point)), None)
        if not self.isVisible():
            self.setGeometry(self._window.rect())
            self.show()
            self.raise_()
        if (over, count) != (self._over, self._count):
            self._over, self._count = over, count
            self.update()

    def _end(self) -> None:
        self._over = None
        self.hide()

    # -- zones ----------------------------------------------------------------------------------------------

    def zone(self, priority: Priority) -> QRect:
        """Return where a zone is, in the window's coordinates."""
        place = next(number for number, (one, _) in enumerate(_ZONES) if one == priority)
        area = self._window.rect().adjusted(_MARGIN, 2 * _MARGIN, -_MARGIN, -2 * _MARGIN)
        width = (area.width() - 2 * _MARGIN) // 3
        return QRect(area.left() + place * (width + _MARGIN), area.top(), width, area.height())

    def priority_at(self, point: QPoint) -> Priority:
        """Return the priority of what is dropped at a point of the window."""
        for priority, _ in _ZONES:
            if self.zone(priority).contains(point):
                return priority
        return Priority.NORMAL

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint the veil over the window, and the zones on it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.palette().color(QPalette.ColorRole.Window))
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        for priority, picture in _ZONES:
            self._paint_zone(painter, priority, picture)
        painter.end()

    def _paint_zone(self, painter: QPainter, priority: Priority, picture: str) -> None:
        palette, box = self.palette(), self.zone(priority)
        lit = priority is (self._over or Priority.NORMAL)
        ground = palette.color(QPalette.ColorRole.Base)
        edge = palette.color(QPalette.ColorRole.Highlight if lit else QPalette.ColorRole.Mid)
        pen = painter.pen()
        pen.setColor(edge)
        pen.setWidth(3 if lit else 2)
        pen.setStyle(Qt.PenStyle.SolidLine if lit else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 2 * SPACE, 2 * SPACE)
        middle = box.center()
        icon(picture).paint(painter, QRect(middle.x() - _PICTURE // 2, middle.y() - 72, _PICTURE, _PICTURE))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        font = painter.font()
        plain = font.pointSizeF()
        font.setPointSizeF(plain * 1.6)
        font.setBold(lit)
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(QRect(box.left(), middle.y() - 16, box.width(), 40), flags, words.priority(priority))
        font.setPointSizeF(plain)
        font.setBold(False)
        painter.setFont(font)
        if lit:
            text = words.count(self._count, self.tr("Add 1 item here"), self.tr("Add {n} items here"))
        else:
            text = {
                Priority.HIGH: self.tr("runs before the others"),
                Priority.NORMAL: self.tr("runs in turn"),
                Priority.LOW: self.tr("runs when nothing else waits"),
            }[priority]
        wrap = flags | Qt.TextFlag.TextWordWrap
        painter.drawText(
            QRect(box.left() + SPACE, middle.y() + 28, box.width() - 2 * SPACE, 60), int(wrap), text
        )
