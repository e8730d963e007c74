"""Two pictures of one size over each other, with a line between them that is moved to compare."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from core.imaging.pixels import Picture
from gui.theme import SPACE

_SQUARE: Final = 8  # pixels at 100 % of the pattern behind what is transparent
_STEP: Final = 0.05  # of the width, for an arrow key
_GRIP: Final = 12  # pixels at 100 % beside the line in which it is grasped while zoomed
_ZOOMS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)  # pixels of the screen for one of the picture; 0 fits it in


class Comparison(QWidget):
    """Shows what was on the left of the line, and what became of it on the right.

    The arrow keys, Home and End move the line; + and - zoom, and so does the wheel with Ctrl.
    """

    moved = Signal(float)  # where the line is now, 0 to 1 of the width

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setMinimumSize(QSize(160, 120))
        self._before = QImage()
        self._after = QImage()
        self._scaled: dict[int, QImage] = {}  # by the pictures' keys
        self._size = QSize()
        self._zoom = 0
        self._centre = QPointF(0.5, 0.5)  # of the picture, in the middle of the widget
        self._grasped: QPoint | None = None
        self._dim = False
        self.line = 0.5
        self._tell()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Ask for a place that shows something."""
        return QSize(420, 320)

    def show_images(self, before: QImage, after: QImage, size: QSize) -> None:
        """Show two pictures; `size` is that of the second in full, pixels, to which the zoom refers."""
        self._before, self._after = before, after
        self._size = size
        self._dim = False
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_images(QImage(), QImage(), QSize())

    def set_outdated(self, outdated: bool) -> None:
        """Show that what is seen is not what it would be any more."""
        if outdated != self._dim:
            self._dim = outdated
            self.update()

    def is_empty(self) -> bool:
        """Return whether nothing is shown."""
        return self._after.isNull()

    def zoom_text(self) -> str:
        """Return the zoom for people."""
        factor = _ZOOMS[self._zoom]
        return f"{factor:.0%}".replace("%", " %") if factor else self.tr("Fit")

    def set_line(self, line: float) -> None:
        """Move the line; 0 shows the second picture alone, 1 the first."""
        self.line = min(max(line, 0.0), 1.0)
        self._tell()
        self.moved.emit(self.line)
        self.update()

    def zoom(self, by: int) -> None:
        """Zoom in or out by so many steps."""
        self._zoom = min(max(self._zoom + by, 0), len(_ZOOMS) - 1)
        if not _ZOOMS[self._zoom]:
            self._centre = QPointF(0.5, 0.5)
        self._tell()
        self.update()

    def _tell(self) -> None:
        self.setAccessibleName(self.tr("Before and after"))
        self.setAccessibleDescription(
            self.tr("{0} % before, {1} % after. Arrow keys move the line, plus and minus zoom ({2}).").format(
                round(100 * self.line), round(100 - 100 * self.line), self.zoom_text()
            )
        )

    # -- geometry -------------------------------------------------------------------------------------------

    def _place(self) -> QRectF:
        """Return where the whole picture is, which may be larger than the widget."""
        room, size = QRectF(self.rect()), self._size
        if size.isEmpty():
            return QRectF()
        factor = _ZOOMS[self._zoom] / self.devicePixelRatioF()
        if not factor:
            factor = min(room.width() / size.width(), room.height() / size.height(), 1.0)
        width, height = size.width() * factor, size.height() * factor
        x = room.center().x() - self._centre.x() * width
        y = room.center().y() - self._centre.y() * height
        return QRectF(x, y, width, height)

    def _at(self, place: QRectF) -> float:
        """Return where the line is across the widget, pixels."""
        seen = place.intersected(QRectF(self.rect()))
        return seen.left() + self.line * seen.width()

    # -- painting -------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint both sides, the line, its grip, and what is which."""
        if self._after.isNull():
            return
        painter = QPainter(self)
        place = self._place()
        seen = place.intersected(QRectF(self.rect()))
        painter.setClipRect(seen)
        self._paint_ground(painter, seen)
        smooth = _ZOOMS[self._zoom] <= 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        at = self._at(place)
        for image, left, right in (
            (self._before, seen.left(), at),
            (self._after, at, seen.right() + 1),
        ):
            painter.setClipRect(QRectF(left, seen.top(), right - left, seen.height()))
            self._paint_image(painter, image, self._fitted(image, place))
        painter.setClipRect(self.rect())
        if self._dim:
            veil = self.palette().color(QPalette.ColorRole.Window)
            veil.setAlpha(140)
            painter.fillRect(seen, veil)
        self._paint_line(painter, at, seen)
        for text, left in ((self.tr("Before"), True), (self.tr("After"), False)):
            self._paint_word(painter, text, seen, at, left=left)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(seen.adjusted(1, 1, -1, -1))

    def _paint_image(self, painter: QPainter, image: QImage, place: QRectF) -> None:
        """Paint a picture; one that is made smaller is scaled once for all the moves of the line."""
        ratio = self.devicePixelRatioF()
        size = (place.size() * ratio).toSize()
        if image.isNull() or size.width() >= image.width():
            painter.drawImage(place, image)
            return
        key = image.cacheKey()
        found = self._scaled.get(key)
        if found is None or found.size() != size:
            smooth = Qt.TransformationMode.SmoothTransformation
            found = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
            kept = {one.cacheKey() for one in (self._before, self._after)}
            self._scaled = {one: old for one, old in self._scaled.items() if one in kept}
            self._scaled[key] = found
        painter.drawImage(place, found)

    def _fitted(self, image: QImage, place: QRectF) -> QRectF:
        """Return where a picture goes that may have other proportions: into the place, in its middle."""
        if image.isNull():
            return place
        factor = min(place.width() / image.width(), place.height() / image.height())
        width, height = image.width() * factor, image.height() * factor
        if abs(width - place.width()) < 2 and abs(height - place.height()) < 2:
            return place
        return QRectF(place.center().x() - width / 2, place.center().y() - height / 2, width, height)

    def _paint_ground(self, painter: QPainter, seen: QRectF) -> None:
        palette = self.palette()
        painter.fillRect(seen, palette.color(QPalette.ColorRole.Base))
        if not (self._before.hasAlphaChannel() or self._after.hasAlphaChannel()):
            return
        tint = QColor(palette.color(QPalette.ColorRole.Mid))
        tint.setAlpha(90)
        for row in range(int(seen.height()) // _SQUARE + 1):
            for column in range(row % 2, int(seen.width()) // _SQUARE + 1, 2):
                square = QRect(
                    int(seen.left()) + column * _SQUARE, int(seen.top()) + row * _SQUARE, _SQUARE, _SQUARE
                )
                painter.fillRect(square, tint)

    def _paint_line(self, painter: QPainter, at: float, seen: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 120), 4), (QColor("#ffffff"), 2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(at, seen.top()), QPointF(at, seen.bottom()))
        middle = QPointF(at, seen.center().y())
        painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(middle, 11, 11)
        painter.setPen(QPen(QColor("#1c2128"), 2))
        for side in (-1, 1):
            tip = middle + QPointF(side * 7, 0)
            painter.drawPolyline([tip + QPointF(-side * 3, -3), tip, tip + QPointF(-side * 3, 3)])

    def _paint_word(self, painter: QPainter, text: str, seen: QRectF, at: float, *, left: bool) -> None:
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 2 * SPACE, metrics.height() + SPACE // 2
        x = seen.left() + SPACE if left else seen.right() - SPACE - width
        room = at - seen.left() if left else seen.right() - at
        if room < width + 2 * SPACE:
            return
        box = QRectF(x, seen.top() + SPACE, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # -- events ---------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Grasp the line; while zoomed in, the picture anywhere else."""
        if event.button() is not Qt.MouseButton.LeftButton or self._after.isNull():
            return
        zoomed = bool(_ZOOMS[self._zoom]) and not QRectF(self.rect()).contains(self._place())
        if zoomed and abs(event.position().x() - self._at(self._place())) > _GRIP:
            self._grasped = event.position().toPoint()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self._grasped = None
            self._line_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move what is grasped."""
        if not event.buttons() & Qt.MouseButton.LeftButton or self._after.isNull():
            return
        if self._grasped is None:
            self._line_to(event.position().x())
            return
        point, place = event.position().toPoint(), self._place()
        by = point - self._grasped
        self._grasped = point
        self._centre = QPointF(
            min(max(self._centre.x() - by.x() / place.width(), 0.0), 1.0),
            min(max(self._centre.y() - by.y() / place.height(), 0.0), 1.0),
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802
        """Let go."""
        self._grasped = None
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802
        """Show it as it is, or fit it in again."""
        self.zoom(-self._zoom if self._zoom else _ZOOMS.index(1.0))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom with Ctrl."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move the line, or zoom."""
        lines = {Qt.Key.Key_Left: -_STEP, Qt.Key.Key_Right: _STEP, Qt.Key.Key_Home: -1, Qt.Key.Key_End: 1}
        key = Qt.Key(event.key())
        if key in lines:
            self.set_line(self.line + lines[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom(-1)
        else:
            super().keyPressEvent(event)

    def _line_to(self, x: float) -> None:
        seen = self._place().intersected(QRectF(self.rect()))
        if seen.width() > 0:
            self.set_line((x - seen.left()) / seen.width())


def image_of(picture: Picture) -> QImage:
    """Return a picture for the screen; for any thread."""
    form = QImage.Format.Format_RGBA8888
    image = QImage(picture.pixels, picture.width, picture.height, 4 * picture.width, form)
    opaque = picture.pixels[3::4].count(b"\xff") == picture.width * picture.height
    shown = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
    return image.convertToFormat(shown)
