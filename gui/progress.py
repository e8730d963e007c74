"""One bar for the whole run: how much is done, how fast, how long it will take, how many bytes it saved."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QProgressBar, QWidget

from core.job import JobState
from core.queue import TaskQueue
from core.status import QueueStatus, RunState
from gui import words
from gui.elided import ElidedLabel
from gui.hearing import Hearing
from gui.link_button import LinkButton
from gui.rate import RunProgress
from gui.remedies import status_line
from gui.theme import SPACE, theme_signals
from gui.throttle import Throttle

_STEPS = 10_000


class ProgressPanel(QWidget):
    """Follows the queue's status, some ten times a second at most; idle it does nothing."""

    title_changed = Signal(str)
    progressed = Signal(object)
    """How much of the run is done, 0 to 1; None while there is none, or it is paused."""

    failures_asked = Signal()
    """The number of failures was clicked: it is a link to them."""

    def __init__(
        self, queue: TaskQueue, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("progressPanel")
        self._queue = queue
        self._clock = clock
        self._run = RunProgress()
        self._title = ""
        self.bar = QProgressBar(self)
        self.bar.setObjectName("overallProgress")
        self.bar.setAccessibleName(self.tr("Progress of the whole run"))
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(SPACE)
        self.status = ElidedLabel(self)
        self.status.setObjectName("statusLine")
        self.failed = LinkButton(self)
        self.failed.setObjectName("failedLink")
        self.failed.setToolTip(self.tr("Show what failed, and what to do about it"))
        self.failed.clicked.connect(self.failures_asked)
        self.failed.hide()
        self.numbers = ElidedLabel(self)
        self.numbers.setObjectName("progressNumbers")
        font = QFont(self.numbers.font())
        font.setFeature(QFont.Tag("tnum"), 1)  # digits of one width: what counts does not jump
        self.numbers.setFont(font)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACE // 2)
        grid.setHorizontalSpacing(2 * SPACE)
        grid.addWidget(self.bar, 0, 0, 1, 3)
        grid.addWidget(self.status, 1, 0)
        grid.addWidget(self.failed, 1, 1)
        grid.addWidget(self.numbers, 1, 2)
        grid.setColumnStretch(0, 1)
        self._grid = grid
        self._throttle = Throttle(self._show, 100, self)
        self._countdown = QTimer(self)
        self._countdown.setInterval(1_000)
        self._countdown.timeout.connect(self._show)
        theme_signals().changed.connect(self._throttle.ask)
        self._hearing = Hearing()
        self._hearing.connect(queue.status_changed, self._on_status)
        self._on_status(queue.status())

    def add_part(self, part: QWidget) -> None:
        """Put something at the end of the line below the bar."""
        self._grid.addWidget(part, 1, self._grid.columnCount())
        self._grid.addWidget(self.bar, 0, 0, 1, self._grid.columnCount())

    def end(self) -> None:
        """Hear nothing more."""
        self._hearing.end()
        self._throttle.stop()
        self._countdown.stop()

    def _on_status(self, status: QueueStatus) -> None:
        self._run.follow(status, self._clock())
        self._throttle.ask()

    def _show(self) -> None:
        status = self._queue.status()
        run = self._run
        self.bar.setValue(round(run.fraction * _STEPS))
        self.bar.setVisible(bool(status.total))
        self.status.setText(status_line(status))
        self._show_failed(status.counts[JobState.FAILED])
        self.numbers.setText(" · ".join(self._parts(status)))
        self.numbers.setVisible(bool(self.numbers.text()))
        goes_on = status.run_state is RunState.RUNNING and status.live > status.counts[JobState.HELD]
        self.progressed.emit(run.fraction if goes_on else None)
        waits = status.next_due_in is not None and not status.active
        if waits != self._countdown.isActive():
            self._countdown.start() if waits else self._countdown.stop()
        title = self.title()
        if title != self._title:
            self._title = title
            self.title_changed.emit(title)

    def _show_failed(self, number: int) -> None:
        text = self.tr("{0} failed").format(words.number(number))
        self.failed.setText(text)
        self.failed.setVisible(number > 0)

    def _parts(self, status: QueueStatus) -> list[str]:
        run = self._run
        if not run.total:
            return []
        parts = [self.tr("{0} of {1}").format(words.number(run.done), words.number(run.total))]
        if status.active and run.rate > 0:
            parts.append(self.tr("{0} images/s").format(_rate_text(run.rate)))
        left = run.seconds_left(status)
        if left is not None:
            parts.append(words.time_left(left))
        if run.read and run.saved:
            text = self.tr("saved {0} ({1})") if run.saved > 0 else self.tr("{0} larger ({1})")
            share = words.saved(run.read, run.read - abs(run.saved))
            parts.append(text.format(words.size(abs(run.saved)), share))
        return parts

    def title(self) -> str:
        """Return what the window's title says."""
        status = self._queue.status()
        name = self.tr("Image Queue")
        if not status.live:
            return name
        word = f"{round(100 * self._run.fraction)} %"
        if status.run_state is not RunState.RUNNING:
            word = self.tr("Paused, {0}").format(word)
        return f"{word} – {name}"


def _rate_text(rate: float) -> str:
    return words.figure(f"{rate:.1f}" if rate < 20 else f"{rate:,.0f}")
