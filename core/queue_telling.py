"""What the queue tells: its signals, each after the commit of what it says, and how it stands now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from psygnal import EmitLoopError, Signal, SignalInstance

from core.clock import Clock
from core.dispatcher import Dispatcher
from core.job import JobState
from core.queue_reads import QueueReads
from core.status import BatchAdded, ChangeKind, JobChange, QueueStatus, RunState
from core.store_writer import StoreWriter

log = logging.getLogger(__name__)


class QueueTelling(QueueReads):
    """The half of the queue that is heard; a subscriber that raises is logged and hurts nobody."""

    job_changed = Signal(JobChange)
    batch_added = Signal(BatchAdded)
    status_changed = Signal(QueueStatus)
    progress = Signal(int, float)  # a job's id, and its fraction done from 0 to 1

    _writer: StoreWriter
    _dispatcher: Dispatcher
    _clock: Clock

    def __init__(self, name: str, concurrency: int) -> None:
        super().__init__()
        self.name = name
        self._concurrency = concurrency
        self._reason = ""
        self._idle = asyncio.Event()
        self._last_status: QueueStatus | None = None

    def now(self) -> float:
        """Return the time by the clock that `Job.due_at` is meant by, in seconds since the epoch."""
        return self._clock.now()

    def status(self) -> QueueStatus:
        """Return how many jobs are in each state, what is active, and whether the queue runs."""
        counts, due = self._writer.counts, self._dispatcher.next_due
        active = counts[JobState.RUNNING]
        state = RunState.RUNNING
        if self._dispatcher.paused:
            state = RunState.PAUSING if active else RunState.PAUSED
        return QueueStatus(
            self.name, state, self._dispatcher.slot_count, active, counts, self._reason,
            None if due is None else max(0.0, due - self._clock.now()),
            self._dispatcher.bytes_in, self._dispatcher.bytes_out,
        )  # fmt: skip

    def _tell_change(self, ids: list[int], state: JobState | None) -> None:
        self._tell(ids, ChangeKind.DETAILS if state is None else ChangeKind.STATE, state)

    def _tell_changed(self, state: JobState | None, ids: list[int]) -> None:
        """Hear from the dispatcher, which tells the status itself when it has told all."""
        kind = ChangeKind.DETAILS if state is None else ChangeKind.STATE
        self._emit(self.job_changed, JobChange(ids, kind, state))

    def _tell(self, ids: Sequence[int], kind: ChangeKind, state: JobState | None = None) -> None:
        if ids:
            self._emit(self.job_changed, JobChange(ids, kind, state))
            self._tell_status()
            self._dispatcher.wake()

    def _tell_added(self, ids: Sequence[int]) -> None:
        if ids:
            self._emit(self.batch_added, BatchAdded(ids))
            self._tell_status()
            self._dispatcher.wake()

    def _tell_status(self) -> None:
        status = self.status()
        counts = status.counts
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        active = self._dispatcher.busy or status.active
        if self._dispatcher.shut_out and self._dispatcher.paused:
            active = bool(self._dispatcher.running_now)
        if active or (waiting and status.run_state is RunState.RUNNING):
            self._idle.clear()
        else:
            self._idle.set()
        if status != self._last_status:
            self._last_status = status
            self._emit(self.status_changed, status)

    def _on_progress(self, job_id: int, fraction: float) -> None:
        self._emit(self.progress, job_id, fraction)

    def _emit(self, signal: SignalInstance, *args: object) -> None:
        """Tell the subscribers; one that raises is logged, and neither the queue nor the others notice."""
        if len(signal):
            try:
                signal.emit(*args)
            except EmitLoopError:
                log.exception("A subscriber of %s raised", signal.name)
