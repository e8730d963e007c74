"""Tells when a run has ended, and what became of it: once, when nothing is left that goes on by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from core.job import ENDED, JobState
from core.queue import TaskQueue
from core.status import ChangeKind, JobChange, QueueStatus
from gui.hearing import Hearing

SETTLE: Final = 1_500
"""Milliseconds that nothing may come after an end: what is still being added makes one run of it."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What became of the images of one run."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0
    saved: int = 0  # bytes that the outputs are smaller than their sources; negative when they are larger
    last: int | None = None  # the id of the job that was done last

    @property
    def worked(self) -> int:
        """How many ended otherwise than by being given up."""
        return self.done + self.skipped + self.failed


class RunEnd(QObject):
    """Follows the queue's signals. Held images end no run and are waited for by none."""

    began = Signal()
    ended = Signal(object)  # RunSummary

    def __init__(
        self, queue: TaskQueue, adding: Callable[[], bool], parent: QObject, settle: int = SETTLE
    ) -> None:
        """Prepare; `adding` tells whether images are being added just now."""
        super().__init__(parent)
        self._queue = queue
        self._waits_for = [adding]
        self._counts: Counter[JobState] = Counter()
        self._last: int | None = None
        self._bytes = (0, 0)
        self._running = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(settle)
        self._rest.timeout.connect(self._settle)
        self._hearing = Hearing()

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._running

    def wait_for(self, busy: Callable[[], bool]) -> None:
        """Let no run end while this is so, either."""
        self._waits_for.append(busy)

    def begin(self) -> None:
        """Hear the queue, which is open."""
        self._hearing.connect(self._queue.job_changed, self._on_change)
        self._hearing.connect(self._queue.status_changed, self._on_status)
        self._on_status(self._queue.status())

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()
        self._rest.stop()

    def _on_change(self, change: JobChange) -> None:
        if change.kind is ChangeKind.STATE and change.state in ENDED:
            self._counts[change.state] += len(change.ids)
            if change.state is JobState.DONE:
                self._last = change.ids[-1]

    def _on_status(self, status: QueueStatus) -> None:
        if _goes_on(status):
            self._rest.stop()
            if not self._running:
                self._running = True
                self._counts.clear()
                self._last = None
                self._bytes = (status.source_bytes, status.output_bytes)
                self.began.emit()
        elif self._running and not self._rest.isActive():
            self._rest.start()

    def _settle(self) -> None:
        status = self._queue.status()
        if any(busy() for busy in self._waits_for):
            self._rest.start()
        elif not _goes_on(status):
            self._running = False
            summary = self._summary(status)
            if summary.worked:
                self.ended.emit(summary)

    def _summary(self, status: QueueStatus) -> RunSummary:
        counts = self._counts
        read, written = status.source_bytes - self._bytes[0], status.output_bytes - self._bytes[1]
        return RunSummary(
            counts[JobState.DONE],
            counts[JobState.SKIPPED],
            # One that failed twice in the run, or was done at the second try, is no failure of it twice.
            min(counts[JobState.FAILED], status.counts[JobState.FAILED]),
            counts[JobState.CANCELLED],
            read - written,
            self._last,
        )


def _goes_on(status: QueueStatus) -> bool:
    counts = status.counts
    return bool(counts[JobState.QUEUED] or counts[JobState.RETRYING] or counts[JobState.RUNNING])
