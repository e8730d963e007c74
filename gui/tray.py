"""The icon in the tray: how far the run is, and a small menu; only where the desktop has a tray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from gui.theme import icon

_SIDE: Final = 64  # pixels of the picture
_RING: Final = 8  # pixels that the ring is wide
_GROUND: Final = QColor("#5b6470")
_INK: Final = QColor("#4ea1ff")
_STEP: Final = 0.02  # of the run, that the ring moves by


class Tray(QObject):
    """Shows and hides the icon. All its methods do nothing where there is no tray."""

    show_window = Signal()

    def __init__(self, actions: Sequence[QAction], window: QWidget) -> None:
        """Prepare; the menu has "Show" and these actions, and no picture is drawn before it is wanted."""
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._icon: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None
        self._fraction: float | None = None

    @property
    def visible(self) -> bool:
        """Whether the icon is shown."""
        return self._icon is not None and self._icon.isVisible()

    def want(self, wanted: bool) -> None:
        """Show the icon where there is a tray, or take it away."""
        if wanted and self._icon is None and QSystemTrayIcon.isSystemTrayAvailable():
            self._make()
        if self._icon is not None:
            self._icon.setVisible(wanted)

    def _make(self) -> None:
        menu = self._menu = QMenu(self._window)
        show = menu.addAction(self.tr("Show Image Queue"))
        show.setObjectName("trayShow")
        show.triggered.connect(self.show_window)
        menu.addActions(list(self._actions))
        made = self._icon = QSystemTrayIcon(_picture(None), self)
        made.setToolTip(self._window.windowTitle())
        made.setContextMenu(menu)
        made.activated.connect(self._on_activated)
        made.messageClicked.connect(self.show_window)
        self._window.windowTitleChanged.connect(made.setToolTip)

    def show_progress(self, fraction: float | None) -> None:
        """Draw a ring that is full to this part; None for no ring."""
        if self._icon is None:
            return
        step = None if fraction is None else round(fraction / _STEP) * _STEP
        if step != self._fraction:
            self._fraction = step
            self._icon.setIcon(_picture(step))

    def notify(self, title: str, text: str) -> bool:
        """Show a notice at the icon; returns whether there is one."""
        if self._icon is None or not self.visible:
            return False
        self._icon.showMessage(title, text, icon("app"))
        return True

    def end(self) -> None:
        """Take the icon away."""
        if self._icon is not None:
            self._icon.hide()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_window.emit()


def _picture(fraction: float | None) -> QIcon:
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inset = 0 if fraction is None else _RING + 4
    side = _SIDE - 2 * inset
    painter.drawPixmap(inset, inset, icon("app").pixmap(side, side))
    if fraction is not None:
        half = _RING / 2
        ring = QRectF(half, half, _SIDE - _RING, _SIDE - _RING)
        painter.setPen(QPen(_GROUND, _RING))
        painter.drawEllipse(ring)
        painter.setPen(QPen(_INK, _RING, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(ring, 90 * 16, -round(fraction * 360 * 16))
    painter.end()
    return QIcon(pixmap)
