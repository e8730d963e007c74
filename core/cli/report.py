"""Tells how the jobs of a run end, one by one, and sums them up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from itertools import islice
from typing import Final

from core.cli.progress_bar import ProgressBar
from core.cli.reading import job_values
from core.cli.terminal import Printer, json_line
from core.job import ENDED, Job, JobState
from core.queue import TaskQueue
from core.status import ChangeKind, JobChange, QueueStatus

_PAGE: Final = 200  # jobs that are read at a time
_FIELDS: Final = ("id", "source", "state", "outputs", "attempts", "error", "seconds")
_REVOCABLE: Final = frozenset(
    {JobState.FAILED, JobState.CANCELLED}
)  # may be queued again while the run goes on


class Report:
    """Hears the queue's signals from now on; `work` prints until it is cancelled, `finish` the rest."""

    def __init__(self, queue: TaskQueue, printer: Printer, *, as_json: bool) -> None:
        self._queue = queue
        self._printer = printer
        self._json = as_json
        self._bar = ProgressBar(printer)
        self._began = time.monotonic()
        self._unread: deque[int] = deque()
        self._news = asyncio.Event()
        self._counts: Counter[JobState] = Counter()
        self._revocable: dict[int, JobState] = {}
        self.broken = asyncio.Event()
        """Set when nobody reads standard output any more."""
        queue.job_changed.connect(self._on_job_changed)
        queue.status_changed.connect(self._on_status_changed)

    @property
    def counts(self) -> Counter[JobState]:
        """How many jobs have ended in each state since the run began; a job counts once, as it is now."""
        return self._counts

    async def work(self) -> None:
        """Print the jobs that end, as they do."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._print_unread()

    async def finish(self) -> None:
        """Print the jobs that have ended and were not printed yet, and take the bar away."""
        await self._print_unread()
        self._bar.close()

    def print_summary(self) -> None:
        """Print the last line."""
        seconds = time.monotonic() - self._began
        names = (JobState.DONE, JobState.SKIPPED, JobState.FAILED, JobState.CANCELLED)
        if self._json:
            counts: dict[str, object] = {str(name): self._counts[name] for name in names}
            self._printer.out(json_line({"summary": counts | {"seconds": round(seconds, 3)}}))
            return
        parts = [f"{self._counts[name]:,} {name}" for name in names if self._counts[name] or name is names[0]]
        self._printer.tell(f"{', '.join(parts)}, in {seconds:,.1f} s.")

    def _on_job_changed(self, change: JobChange) -> None:
        if change.kind is not ChangeKind.STATE or change.state is None:
            return
        for job in change.ids:
            before = self._revocable.pop(job, None)
            if before is not None:
                self._counts[before] -= 1
            if change.state in ENDED:
                self._counts[change.state] += 1
                if change.state in _REVOCABLE:
                    self._revocable[job] = change.state
        if change.state is JobState.FAILED or (self._json and change.state in ENDED):
            self._unread.extend(change.ids)
            self._news.set()

    def _on_status_changed(self, status: QueueStatus) -> None:
        ended = self._counts.total()
        failed = self._counts[JobState.FAILED]
        note = f"{failed:,} failed" if failed else ""
        if status.next_due_in is not None and not status.active:
            note += f"{', ' if note else ''}next retry in {status.next_due_in:.0f} s"
        self._bar.show(ended, ended + status.live - status.counts[JobState.HELD], note)

    async def _print_unread(self) -> None:
        while self._unread:
            ids = list(islice(self._unread, _PAGE))
            jobs = await self._queue.jobs(ids)  # when this is cancelled, they are still unread
            for _ in ids:
                self._unread.popleft()
            for job in jobs:
                if job.state in ENDED:  # else it was queued again meanwhile, and will end again
                    self._print_job(job)
            if self._printer.broken:
                self.broken.set()

    def _print_job(self, job: Job) -> None:
        if self._json:
            values = job_values(job)
            if job.state is not JobState.FAILED:
                values["error"] = None  # it tells of an attempt before the one that went well
            self._printer.out(json_line({name: values[name] for name in _FIELDS}))
        elif job.state is JobState.FAILED:
            why = job.error.message if job.error is not None else "for a reason that is not known"
            self._printer.complain(f"failed: {why}" if job.source in why else f"failed: {job.source}: {why}")
