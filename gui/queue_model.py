"""The table's model: what its cells show, of the rows that are on screen."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    Qt,
    QTimer,
)
from PySide6.QtGui import QFont

from core.job import Job, JobState
from core.looks import Looks
from core.queue import TaskQueue
from core.status import BatchAdded, ChangeKind, JobChange
from gui import words
from gui.columns import COLUMNS, DUE, NAME, QUEUE_PLACE, STATE
from gui.hearing import Hearing
from gui.job_list import Index, JobList
from gui.queue_places import QueuePlaces
from gui.row_cache import RowCache
from gui.tasks import Tasks
from gui.throttle import Throttle
from gui.thumbnails import Thumbnails

JOB_ROLE: Final = int(Qt.ItemDataRole.UserRole)
"""The `Job` of a row, or None while it is being read."""
FRACTION_ROLE: Final = JOB_ROLE + 1
"""How much of a running job is done, 0 to 1."""

_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_ALIGNMENT: Final = int(Qt.ItemDataRole.TextAlignmentRole)
_TIP: Final = int(Qt.ItemDataRole.ToolTipRole)
_FONT: Final = int(Qt.ItemDataRole.FontRole)
_SPOKEN: Final = int(Qt.ItemDataRole.AccessibleTextRole)
_RIGHT: Final = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
_LEFT: Final = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)

_PAGE: Final = 64  # rows that are read at once


class QueueModel(JobList):
    """A window onto the queue: the ids that a query gave, and a bounded number of rows.

    Changes are gathered and told once a frame, for the rows that the view says are visible.
    """

    def __init__(self, queue: TaskQueue, tasks: Tasks, looks: Looks, parent: QObject | None = None) -> None:
        super().__init__(queue, tasks, parent)
        self._cache = RowCache()
        self._fractions: dict[int, float] = {}
        self._cancelling: set[int] = set()
        self._touched: set[int] = set()
        self._visible = (0, _PAGE - 1)
        self._pages: set[int] = set()
        self._reading = self._ended = False
        self._flush = Throttle(self._tell_touched, parent=self)
        self.places = QueuePlaces(queue, tasks, self.visible_ids, lambda ids: self._touch(list(ids)))
        self.thumbnails = Thumbnails(looks, tasks, self.visible_ids, lambda job: self._touch([job]))
        self._numbers = QFont()
        self._numbers.setFeature(QFont.Tag("tnum"), 1)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._hearing = Hearing()

    def begin(self) -> None:
        """Hear the queue, which can be read now, and ask it for its jobs. A second call does nothing."""
        if self._begun:
            return
        self._hearing.connect(self._queue.job_changed, self._on_changed)
        self._hearing.connect(self._queue.batch_added, self._on_added)
        self._hearing.connect(self._queue.progress, self._on_progress)
        self._clock.start()
        super().begin()

    def end(self) -> None:
        """Hear nothing more, tell nothing more, and let the threads go."""
        self._ended = True
        self._hearing.end()
        self._clock.stop()
        self._flush.stop()
        self.places.end()
        self.thumbnails.end()
        super().end()

    def cached(self, job: int) -> Job | None:
        """Return what is known of a job at this moment without asking the queue."""
        return self._cache.get(job)

    # -- Qt's questions -----------------------------------------------------------------------------------

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: ARG002 (all cells are alike)
        """Return what can be done with a cell: it can be selected, and dragged where the view lets it."""
        flag = Qt.ItemFlag
        return flag.ItemIsSelectable | flag.ItemIsEnabled | flag.ItemIsDragEnabled | flag.ItemNeverHasChildren

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY
    ) -> object:
        """Return what a column's header says."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == _DISPLAY:
            return column.title
        if role == _TIP:
            return column.tip
        if role == _ALIGNMENT:
            return _RIGHT if column.right else _LEFT
        return None

    def data(self, index: Index, role: int = _DISPLAY) -> object:
        """Return what a cell shows; a row that was not read yet is empty, and read soon."""
        place = index.column()
        if role == _ALIGNMENT:
            return _RIGHT if COLUMNS[place].right else _LEFT
        if role == _FONT:
            return self._numbers if COLUMNS[place].right else None
        if role not in (_DISPLAY, JOB_ROLE, FRACTION_ROLE, _TIP, _SPOKEN):
            return None
        job = self.job_at(index.row())
        if role == JOB_ROLE:
            return job
        if job is None:
            return None
        if role == FRACTION_ROLE:
            return self.fraction(job)
        if role == _SPOKEN and place == NAME:
            return self._sentence(job)
        if role == _TIP and place == NAME:
            return words.tip(words.shown(job.source))
        return words.tip(self.text(job, place)) if role == _TIP else self.text(job, place)

    def job_at(self, row: int) -> Job | None:
        """Return the job in a row as far as it is known; one that is not, or has changed, is read soon."""
        number = self._ids[row]
        if self._cache.lacks(number):
            self._want(row)
        return self._cache.get(number)

    def text(self, job: Job, column: int) -> str:
        """Return what a column says of a job."""
        if column == STATE:
            return self.state_text(job)
        if column == QUEUE_PLACE:
            place = self.places.of(job.id) if job.state is JobState.QUEUED else None
            return words.number(place) if place else ""
        if column == DUE:
            return self._countdown(job) if job.due_at is not None else ""
        return COLUMNS[column].text(job)

    def _countdown(self, job: Job) -> str:
        return words.countdown((job.due_at or 0.0) - self._queue.now())

    def fraction(self, job: Job) -> float | None:
        """Return how much of a running job is done, 0 to 1; None when it does not run."""
        return self._fractions.get(job.id, 0.0) if job.state is JobState.RUNNING else None

    def state_text(self, job: Job) -> str:
        """Return the state of a job in words, with its progress or the time until it is tried again."""
        match job.state:
            case JobState.RUNNING if job.id in self._cancelling:
                return self.tr("Cancelling…")
            case JobState.RUNNING if (fraction := self._fractions.get(job.id, 0.0)) > 0:
                return self.tr("Running {n} %").format(n=round(100 * fraction))
            case JobState.RETRYING if job.due_at is not None:
                return self.tr("Retrying in {time}").format(time=self._countdown(job))
        return words.state(job.state)

    def _sentence(self, job: Job) -> str:
        """Return a row as a screen reader says it."""
        parts = [words.name_of(job.source), self.state_text(job)]
        if job.state is JobState.QUEUED and (place := self.places.of(job.id)):
            parts.append(self.tr("number {n} in the queue").format(n=words.number(place)))
        if job.priority:
            parts.append(self.tr("priority {word}").format(word=words.priority(job.priority)))
        if job.machine and job.state is JobState.RUNNING:
            parts.append(words.on_machine(job.machine))
        if job.error is not None and job.state in (JobState.FAILED, JobState.RETRYING):
            parts.append(words.without_name(words.said(job.error.message), words.name_of(job.source)))
        return ", ".join(parts)

    # -- rows on screen -----------------------------------------------------------------------------------

    def set_visible(self, first: int, last: int) -> None:
        """Hear which rows are on screen: only these are told to have changed."""
        self._visible = (max(first, 0), last)
        if not self.shown.is_set() and self._ids and not self._cache.lacks(self._ids[self._visible[0]]):
            self.shown.set()

    def visible_ids(self) -> array[int]:
        """Return the ids of the jobs on screen."""
        return self.ids_between(*self._visible)

    def mark_cancelling(self, ids: array[int]) -> None:
        """Show at once that running jobs are being ended; their new state follows when they are."""
        here = [job for job in ids[: len(self._ids)] if self._is_running(job)]
        self._cancelling.update(here)
        self._touch(here)

    def _is_running(self, job: int) -> bool:
        known = self._cache.get(job)
        return known is not None and known.state is JobState.RUNNING

    def _want(self, row: int) -> None:
        self._pages.add(row // _PAGE)
        if not self._reading:
            self._reading = True
            self._tasks.start(self._read())

    async def _look_ahead(self, ids: array[int]) -> None:
        """Read the first page before it is painted, so that it is painted once."""
        self._reading = True
        try:
            self._cache.begin_read()
            self._cache.put(await self._queue.jobs(ids[:_PAGE]))
        finally:
            self._reading = False

    async def _read(self) -> None:
        try:
            await asyncio.sleep(0)  # the view asks for one cell after the other: they share a read
            while self._pages:
                pages, self._pages = self._pages, set()
                wanted = [job for page in sorted(pages)[-8:] for job in self._lacking(page)]
                if wanted:
                    self._cache.begin_read()
                    self._cache.put(await self._queue.jobs(wanted))
                    self._touch(wanted)
        finally:
            self._reading = False

    def _lacking(self, page: int) -> Iterator[int]:
        first = page * _PAGE
        return (job for job in self._ids[first : first + _PAGE] if self._cache.lacks(job))

    def _touch(self, ids: list[int]) -> None:
        if ids and not self._ended:
            self._touched.update(ids)
            self._flush.ask()

    def _tell_touched(self) -> None:
        first, last = self._visible
        touched, self._touched = self._touched, set()
        start = None
        for row, job in enumerate(self.ids_between(first, last), first):
            if job in touched:
                start = row if start is None else start
            elif start is not None:
                self._tell_rows(start, row - 1)
                start = None
        if start is not None:
            self._tell_rows(start, min(last, len(self._ids) - 1))

    def _tell_rows(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    def _tick(self) -> None:
        """Let the times count down in the rows that wait for one."""
        known = (self._cache.get(job) for job in self.visible_ids())
        self._touch([job.id for job in known if job is not None and job.state is JobState.RETRYING])

    # -- what the queue tells -----------------------------------------------------------------------------

    def _on_progress(self, job: int, fraction: float) -> None:
        self._fractions[job] = fraction
        if self._cache.get(job) is not None:
            self._touch([job])

    def _on_changed(self, change: JobChange) -> None:
        if change.kind is not ChangeKind.DETAILS and (self._fractions or self._cancelling):
            for job in change.ids:
                self._fractions.pop(job, None)
                self._cancelling.discard(job)
        self._touch(self._cache.change(change))
        self.places.count_again()
        self.hear_change(change)

    def _on_added(self, batch: BatchAdded) -> None:
        self.places.count_again()
        self.hear_added(batch)
