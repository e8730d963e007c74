"""Turns many wishes for an update into a few."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

FRAME = 33
"""Milliseconds between two updates of what moves."""


class Throttle(QObject):
    """Calls a function soon after it was asked for, and at most once in so many milliseconds."""

    def __init__(
        self, call: Callable[[], None], milliseconds: int = FRAME, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._call = call
        self._asked = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(milliseconds)
        self._pause.timeout.connect(self._after_pause)

    def ask(self) -> None:
        """Wish for a call: it comes now when the last one is long enough ago, otherwise then."""
        if self._pause.isActive():
            self._asked = True
            return
        self._pause.start()
        self._call()

    def ask_later(self) -> None:
        """Wish for a call at the end of the pause, so that what follows at once shares it."""
        self._asked = True
        if not self._pause.isActive():
            self._pause.start()

    def stop(self) -> None:
        """Forget the wish."""
        self._asked = False
        self._pause.stop()

    def _after_pause(self) -> None:
        if self._asked:
            self._asked = False
            self._pause.start()
            self._call()
