"""Lets the operating system's signals end the app in order, also while Qt's loop is idle."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, QSocketNotifier


class SystemSignals(QObject):
    """Calls back, on the loop's thread, when the process is asked to end: by Ctrl+C, or by SIGTERM.

    Python runs a handler only between two of its own instructions, and an idle Qt loop runs none: the
    handler's byte on a socket wakes it up.
    """

    def __init__(self, on_end: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_end = on_end
        self._woken, self._wakes = socket.socketpair()
        for end in (self._woken, self._wakes):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_wake)
        self._old_fd = signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._on_signal) for number in _ENDING}

    def _on_wake(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _on_signal(self, *_: object) -> None:
        self._on_end()

    def end(self) -> None:
        """Hand the signals back to those who had them before."""
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._notifier.setEnabled(False)
        self._woken.close()
        self._wakes.close()


_ENDING = (signal.SIGINT, signal.SIGTERM)
