"""The real app, which measures how late its own loop is.

Run as a program: `python -m tests.benchmarks.loop_lag ARGUMENT...` does what `imagequeue ARGUMENT...` does. A
timer on the loop is due every 5 ms; how much later each comes is kept. When the standard input ends, all is
printed as lines of `TIME LAG`, in seconds by the monotonic clock, and the process ends at once.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from array import array
from typing import Any, Final

from PySide6 import QtWidgets
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from core.cli import main

EVERY: Final = 0.005  # seconds


class MeasuredApplication(QApplication):
    """Qt's application, with a timer that notes how late it is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._times, self._lags = array("d"), array("d")
        self._due = time.monotonic() + EVERY
        self._timer = QTimer(self, interval=round(EVERY * 1000), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        threading.Thread(target=self._tell_at_the_end, daemon=True).start()

    def _tick(self) -> None:
        now = time.monotonic()
        self._times.append(now)
        self._lags.append(max(0.0, now - self._due))
        self._due = now + EVERY

    def _tell_at_the_end(self) -> None:
        sys.stdin.read()
        for when, lag in zip(self._times, self._lags, strict=False):
            print(when, lag)
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    QtWidgets.QApplication = MeasuredApplication  # type: ignore[misc, assignment]  # before the app looks it up
    sys.exit(main(sys.argv[1:]))
