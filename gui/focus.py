"""Where the keyboard is, and where Tab takes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QFocusFrame,
    QLayout,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QWidget,
)
from shiboken6 import isValid

_WIDTH = 2  # pixels at 100 %


class FocusRings(QObject):
    """Puts a line around what has the keyboard, for what the style marks in no way of its own.

    Those are lists, texts and panes, links, and a button that Enter would press anyway. It is shown to who
    came by the keyboard.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName("focusRings")
        self._ring: _Ring | None = None
        app.focusChanged.connect(lambda _, now: self._follow(now))

    def _follow(self, now: QWidget | None) -> None:
        if self._ring is not None and isValid(self._ring):  # it ends with the window that it was in
            self._ring.hide()
            self._ring.deleteLater()
        self._ring = None
        wanted = isinstance(now, QAbstractScrollArea) or (
            isinstance(now, QPushButton) and (now.isDefault() or now.isFlat())
        )
        if now is None or not wanted:
            return
        if now.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            self._ring = _Ring()
            self._ring.setWidget(now)


class _Ring(QFocusFrame):
    """A line around one widget, which it follows."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint the line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), _WIDTH))
        inside = self.rect().adjusted(_WIDTH // 2, _WIDTH // 2, -_WIDTH, -_WIDTH)
        painter.drawRoundedRect(inside, _WIDTH, _WIDTH)
        painter.end()


def tab_as_laid_out(window: QWidget) -> None:
    """Let Tab go through a window as it is read, however its parts came to be."""
    parts = [one for one in _as_laid_out(window) if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    for before, after in pairwise(parts):
        QWidget.setTabOrder(before, after)


def _as_laid_out(widget: QWidget) -> Iterator[QWidget]:
    yield widget
    inside: list[QWidget | None] = []
    if isinstance(widget, QMainWindow):
        inside = [*widget.findChildren(QToolBar), widget.centralWidget()]
    elif isinstance(widget, QToolBar):
        inside = [widget.widgetForAction(action) for action in widget.actions()]
    elif isinstance(widget, QTabWidget):
        inside = [widget.tabBar(), *(widget.widget(place) for place in range(widget.count()))]
    elif isinstance(widget, QSplitter | QStackedWidget):
        inside = [widget.widget(place) for place in range(widget.count())]
    elif isinstance(widget, QScrollArea):
        inside = [widget.widget()]
    elif (layout := widget.layout()) is not None:
        inside = list(_of_layout(layout))
    for one in inside:
        if one is not None:
            yield from _as_laid_out(one)


def _of_layout(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        part, below = (item.widget(), item.layout()) if item is not None else (None, None)
        if part is not None:
            yield part
        elif below is not None:
            yield from _of_layout(below)
