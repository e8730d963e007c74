"""Takes what is dropped anywhere on the window, and shows where it will land while it is still dragged."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from core.job import Priority
from gui import words
from gui.mime import pictures_of_mime, pictures_promised, sources_of_mime
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


class DropArea(QWidget):
    """An overlay of three zones, one for each priority, that appears over the window during a drag.

    Anywhere else is Normal. What is dropped is copied, never moved: a move lets the program that it comes
    from delete the source.
    """

    dropped = Signal(object, int)  # the paths and links, and the priority of the zone
    pictures_dropped = Signal(object, int)  # pictures that have neither, and the priority of the zone

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("dropArea")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._window = window
        self._sources: list[str] = []
        self._pictures = 0  # how many are dragged that have no path and no link
        self._zones = {priority: _Zone(priority, picture, self) for priority, picture in _ZONES}
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
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self._follow_size()
        return False

    def _on_drag(self, event: QEvent) -> None:
        if not isinstance(event, QDropEvent):  # the drag left the window
            self._end()
            return
        if event.type() == QEvent.Type.DragEnter:
            # Read once: each reading asks the other program, which may be busy, or gone at the drop.
            self._sources = sources_of_mime(event.mimeData())
            self._pictures = 0 if self._sources else pictures_promised(event.mimeData())
        sources, point = self._sources, event.position().toPoint()
        if not sources and not self._pictures:
            self._end()
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() != QEvent.Type.Drop:
            self._show(len(sources) or self._pictures, point)
            return
        priority = self.priority_at(point)
        self._end()
        if sources:
            self.dropped.emit(sources, int(priority))
        else:
            self.pictures_dropped.emit(pictures_of_mime(event.mimeData()), int(priority))

    def _show(self, count: int, point: QPoint) -> None:
        if not self.isVisible():
            self._follow_size()
            self.show()
            self.raise_()
        over = self.priority_at(point)
        for zone in self._zones.values():
            zone.light(zone.priority is over, count)

    def _end(self) -> None:
        self._sources, self._pictures = [], 0
        self.hide()

    # -- zones ----------------------------------------------------------------------------------------------

    def _follow_size(self) -> None:
        self.setGeometry(self._window.rect())
        area = self.rect().adjusted(_MARGIN, 2 * _MARGIN, -_MARGIN, -2 * _MARGIN)
        width = (area.width() - 2 * _MARGIN) // 3
        zones = list(self._zones.values())
        for place, zone in enumerate(reversed(zones) if self.isRightToLeft() else zones):
            zone.setGeometry(area.left() + place * (width + _MARGIN), area.top(), width, area.height())

    def priority_at(self, point: QPoint) -> Priority:
        """Return the priority of what is dropped at a point of the window."""
        for priority, zone in self._zones.items():
            if zone.geometry().contains(point):
                return priority
        return Priority.NORMAL

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint a veil over the window."""
        painter = QPainter(self)
        veil = QColor(self.palette().color(QPalette.ColorRole.Window))
        veil.setAlpha(242)
        painter.fillRect(self.rect(), veil)
        painter.end()


class _Zone(QWidget):
    """One place to drop on, which says what that does."""

    def __init__(self, priority: Priority, picture: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"dropZone{priority.name.title()}")
        self.setAccessibleName(self.tr("Drop here for priority {0}").format(words.priority(priority)))
        self.priority = priority
        self._picture = picture
        self._lit = False
        self._count = 0

    def light(self, lit: bool, count: int) -> None:
        """Show whether what is dragged is over this zone, and how many items it is."""
        if (lit, count) != (self._lit, self._count):
            self._lit, self._count = lit, count
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint the frame, the icon, the priority's name and what it means."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, box, lit = self.palette(), self.rect(), self._lit
        edge = palette.color(QPalette.ColorRole.Highlight if lit else QPalette.ColorRole.Mid)
        style = Qt.PenStyle.SolidLine if lit else Qt.PenStyle.DashLine
        painter.setPen(QPen(edge, 3 if lit else 2, style))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        frame = box.adjusted(2, 2, -2, -2)
        painter.drawRoundedRect(frame, 2 * SPACE, 2 * SPACE)
        if lit:
            painter.setBrush(zone_tint(palette))
            painter.drawRoundedRect(frame, 2 * SPACE, 2 * SPACE)
        middle = box.center()
        place = QRect(middle.x() - _PICTURE // 2, middle.y() - 9 * SPACE, _PICTURE, _PICTURE)
        icon(self._picture).paint(painter, place)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        font = painter.font()
        plain = font.pointSizeF()
        font.setPointSizeF(plain * 1.6)
        font.setBold(lit)
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        name = QRect(box.left(), middle.y() - 2 * SPACE, box.width(), 5 * SPACE)
        painter.drawText(name, flags, words.priority(self.priority))
        font.setPointSizeF(plain)
        font.setBold(False)
        painter.setFont(font)
        meaning = QRect(box.left() + SPACE, middle.y() + 4 * SPACE, box.width() - 2 * SPACE, 8 * SPACE)
        painter.drawText(meaning, int(flags | Qt.TextFlag.TextWordWrap), self.text())
        painter.end()

    def text(self) -> str:
        """Return what the zone says: what a drop here does now, or what its priority means."""
        if self._lit:
            return words.count(self._count, self.tr("Add 1 item here"), self.tr("Add {n} items here"))
        return {
            Priority.HIGH: self.tr("runs before the others"),
            Priority.NORMAL: self.tr("runs in turn"),
            Priority.LOW: self.tr("runs when nothing else waits"),
        }[self.priority]


def zone_tint(palette: QPalette) -> QColor:
    """Return the colour that is laid over the ground of the zone under a drag."""
    tint = QColor(palette.color(QPalette.ColorRole.Highlight))
    tint.setAlpha(36)
    return tint
