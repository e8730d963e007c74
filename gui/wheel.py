"""Lets the wheel pass over a control unless it has the focus: scrolling past must change nothing."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget

W = TypeVar("W", bound=QWidget)


class _Guard(QObject):
    """Leaves the wheel to what scrolls around the control that it watches."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def passed_by_wheel(control: W) -> W:
    """Return a number or a list of choices, changed by the wheel only when it has the focus."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # by Tab or a click, not by the wheel itself
    control.installEventFilter(_Guard(control))
    return control
