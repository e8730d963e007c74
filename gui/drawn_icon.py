"""Icons that are drawn from SVG when they are first painted at a size, and kept."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

Inks = Mapping[QIcon.Mode, str]
"""A colour, as "#rrggbb", for each mode that is not drawn as the normal one."""

_clones: list[QIconEngine] = []


class DrawnIcon(QIconEngine):
    """Draws an SVG, whose `currentColor` takes the ink of each mode, at just the size that is asked for.

    Drawing all sizes beforehand cost a window 0.1 s at its start, for pictures of which few are ever seen.
    """

    def __init__(self, drawing: str, inks: Inks) -> None:
        super().__init__()
        self._drawing = drawing
        self._inks = inks
        self._made: dict[tuple[int, int, str], QPixmap] = {}

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:  # noqa: ARG002
        """Return the drawing at this size in pixels, in the ink of this mode."""
        ink = self._inks.get(mode, self._inks[QIcon.Mode.Normal])
        key = (size.width(), size.height(), ink)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._draw(size, ink)
        return made

    def _draw(self, size: QSize, ink: str) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        renderer = QSvgRenderer(QByteArray(self._drawing.replace("currentColor", ink).encode()))
        side = min(size.width(), size.height())
        left, top = (size.width() - side) / 2, (size.height() - side) / 2
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(left, top, side, side))
        painter.end()
        return pixmap

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint the drawing into a rectangle, at the resolution of what is painted on."""
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(rect, self.pixmap(rect.size() * ratio, mode, state))

    def clone(self) -> QIconEngine:
        """Return another that draws the same; Qt asks when an icon is changed, which none of ours is."""
        copy = DrawnIcon(self._drawing, self._inks)
        _clones.append(copy)  # Qt owns it now, and PySide6 would delete it with its last name
        return copy
