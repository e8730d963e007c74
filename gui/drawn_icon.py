"""Icons that are drawn when they are first shown, in just the size in which they are."""

from __future__ import annotations

from functools import cache
from importlib import resources

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_clones: list[QIconEngine] = []


class DrawnIcon(QIconEngine):
    """Draws one of resources/icons, with an ink of its own for each mode.

    A start makes fifty icons and shows ten: to draw all, in all sizes that might be wanted, took a tenth of a
    second.
    """

    def __init__(self, name: str, inks: dict[QIcon.Mode, str]) -> None:
        """Make the engine of an icon; `inks` are colours, and that of Normal serves where there is none."""
        super().__init__()
        self._name = name
        self._inks = inks
        self._drawn: dict[tuple[int, int, QIcon.Mode], QPixmap] = {}

    def clone(self) -> QIconEngine:
        """Return another one of the same icon, as Qt asks for when it would change an icon."""
        copy = DrawnIcon(self._name, self._inks)
        _clones.append(copy)  # Qt owns it now, and PySide6 would delete it with its last name
        return copy

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the icon into a place."""
        ratio = painter.device().devicePixelRatio()
        picture = QPixmap(self.pixmap(rect.size() * ratio, mode, state))
        picture.setDevicePixelRatio(ratio)
        painter.drawPixmap(rect.topLeft(), picture)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:  # noqa: ARG002
        """Return the icon in a size, in pixels of the device; it is drawn the first time."""
        key = (size.width(), size.height(), mode)
        if key not in self._drawn:
            self._drawn[key] = _draw(self._name, self._inks.get(mode, self._inks[QIcon.Mode.Normal]), size)
        return self._drawn[key]


def _draw(name: str, ink: str, size: QSize) -> QPixmap:
    picture = QPixmap(size)
    picture.fill(Qt.GlobalColor.transparent)
    side = min(size.width(), size.height())
    place = QRectF((size.width() - side) / 2, (size.height() - side) / 2, side, side)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(_drawing(name).replace("currentColor", ink).encode())).render(painter, place)
    painter.end()
    return picture


@cache
def _drawing(name: str) -> str:
    return (resources.files("resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")
