"""The table's model: the ids of all jobs in order, and the rows that are on screen."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeAlias

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFont

from core.job import Job, JobState
from core.queue import TaskQueue
from core.status import BatchAdded, ChangeKind, JobChange, JobQuery, SortKey
from gui import words
from gui.columns import COLUMNS, NAME, STATE
from gui.hearing import Hearing
from gui.relocation import Kept, Relocation, relocate
from gui.row_cache import RowCache
from gui.tasks import Tasks
from gui.throttle import Throttle

Index: TypeAlias = QModelIndex | QPersistentModelIndex

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
_ARRIVALS: Final = 200  # milliseconds between two insertions of new rows: each paints the table anew
_SHORTEST: Final = 0.1  # seconds between two queries
_SHARE: Final = 3  # so many times as long as a query took, the next one waits

_BY_STATE: Final = frozenset(
    {SortKey.STATE, SortKey.SOURCE_BYTES, SortKey.OUTPUT_BYTES, SortKey.SAVED, SortKey.ATTEMPTS,
     SortKey.SECONDS, SortKey.ERROR}
)  # fmt: skip
_BY_DETAILS: Final = frozenset({SortKey.ORDER, SortKey.PRIORITY})


class QueueModel(QAbstractTableModel):
    """A window onto the queue: it holds the ids that a query gave, and a bounded number of rows.

    The queue sorts and filters. Changes are gathered and told once a frame, for the rows that the view says
    are visible. A new list of ids is told as the removal and insertion of the part that differs; before it
    `kept` is asked what to find again, and `relocated` tells where that is.
    """

    relocating = Signal()
    relocated = Signal(object, object)  # Kept, Relocation
    queried = Signal()  # the rows are those of the query as it is now

    def __init__(self, queue: TaskQueue, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._tasks = tasks
        self._ids = array("q")
        self._late = array("q")  # accepted while a query runs
        self._arrived = array("q")  # accepted, and not in the rows yet
        self._arrivals = Throttle(self._take_arrived, _ARRIVALS, self)
        self._cache = RowCache()
        self._query = JobQuery()
        self._fractions: dict[int, float] = {}
        self._cancelling: set[int] = set()
        self._touched: set[int] = set()
        self._visible = (0, _PAGE - 1)
        self._pages: set[int] = set()
        self._begun = self._reading = self._querying = self._outdated = False
        self._hurry = asyncio.Event()
        self._last_query = self._took = 0.0
        self._threads = ThreadPoolExecutor(1, "relocation")
        self._following: asyncio.Task[Any] | None = None
        self._flush = Throttle(self._tell_touched, parent=self)
        self._numbers = QFont()
        self._numbers.setFeature(QFont.Tag("tnum"), 1)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._hearing = Hearing()
        self.kept: Callable[[], Kept] = Kept
        """Returns what to find again after a query."""
        self.busy: Callable[[], bool] = lambda: False
        """Returns whether rows should stay where they are for the moment, as a mouse button is held down."""

    def begin(self) -> None:
        """Hear the queue, and ask it for its jobs."""
        self._hearing.connect(self._queue.job_changed, self._on_changed)
        self._hearing.connect(self._queue.batch_added, self._on_added)
        self._hearing.connect(self._queue.progress, self._on_progress)
        self._clock.start()
        self._begun = True  # what was asked for before had no queue to ask, and no loop
        self.refresh()

    def end(self) -> None:
        """Hear nothing more, and let the threads go."""
        self._hearing.end()
        self._clock.stop()
        self._flush.stop()
        self._arrivals.stop()
        if self._following is not None:
            self._following.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- what is listed -----------------------------------------------------------------------------------

    @property
    def query(self) -> JobQuery:
        """Which jobs are listed, in which order."""
        return self._query

    def set_query(self, query: JobQuery) -> None:
        """List other jobs, or in another order; the rows follow when the queue has answered."""
        if query != self._query:
            self._query = query
            self.refresh()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none (-1) for the order in which the jobs were added."""
        key = COLUMNS[column].sort if 0 <= column < len(COLUMNS) else SortKey.ADDED
        descending = order == Qt.SortOrder.DescendingOrder and column >= 0
        self.set_query(replace(self._query, sort=key or SortKey.ADDED, descending=descending))

    def refresh(self) -> None:
        """Ask the queue for the list again, at once."""
        self._hurry.set()
        self._ask_query()

    def id_at(self, row: int) -> int:
        """Return the id of the job in a row."""
        return self._ids[row]

    def ids_between(self, first: int, last: int) -> array[int]:
        """Return the ids of the jobs in these rows."""
        return self._ids[first : last + 1]

    def cached(self, job: int) -> Job | None:
        """Return what is known of a job at this moment without asking the queue."""
        return self._cache.get(job)

    # -- Qt's questions -----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name, Qt's default
        """Return how many jobs are listed."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

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
            return words.shown(job.source)
        return self.state_text(job) if place == STATE else COLUMNS[place].text(job)

    def job_at(self, row: int) -> Job | None:
        """Return the job in a row as far as it is known; one that is not, or has changed, is read soon."""
        number = self._ids[row]
        if self._cache.lacks(number):
            self._want(row)
        return self._cache.get(number)

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
                return self.tr("Retrying in {time}").format(time=words.countdown(job.due_at - time.time()))
        return words.state(job.state)

    def _sentence(self, job: Job) -> str:
        """Return a row as a screen reader says it."""
        parts = [words.name_of(job.source), self.state_text(job)]
        if job.priority:
            parts.append(self.tr("priority {word}").format(word=words.priority(job.priority)))
        if job.error is not None and job.state in (JobState.FAILED, JobState.RETRYING):
            parts.append(job.error.message)
        return ", ".join(parts)

    # -- rows on screen -----------------------------------------------------------------------------------

    def set_visible(self, first: int, last: int) -> None:
        """Hear which rows are on screen: only these are told to have changed."""
        self._visible = (max(first, 0), last)

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
        if ids:
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
        query = self._query
        match change.kind:
            case ChangeKind.REMOVED:
                self.refresh()
            case ChangeKind.DETAILS if query.sort in _BY_DETAILS:
                self._ask_query()
            case ChangeKind.STATE if query.states is not None or query.sort in _BY_STATE:
                self._ask_query()

    def _on_added(self, batch: BatchAdded) -> None:
        if self._query != JobQuery():
            self._ask_query()
        elif self._querying:
            self._late.extend(batch.ids)
        elif batch.ids[0] > max([*self._ids[-1:], *self._arrived[-1:]], default=0):
            self._arrived.extend(batch.ids)
            self._arrivals.ask()
        else:  # restored jobs, at their old places
            self.refresh()

    def _take_arrived(self) -> None:
        if not self._querying:  # else the query tells of them, too
            ids, self._arrived = self._arrived, array("q")
            self._append(ids)

    def _append(self, ids: array[int]) -> None:
        if ids:
            self.beginInsertRows(QModelIndex(), len(self._ids), len(self._ids) + len(ids) - 1)
            self._ids.extend(ids)
            self.endInsertRows()

    # -- queries ------------------------------------------------------------------------------------------

    def _ask_query(self) -> None:
        self._outdated = True
        if self._begun and not self._querying:
            self._querying = True
            self._following = self._tasks.start(self._follow())

    async def _follow(self) -> None:
        """Query until the list is that of the last wish, with a rest between two queries."""
        try:
            while self._outdated:
                rest = self._last_query + max(_SHORTEST, _SHARE * self._took) - time.monotonic()
                if rest > 0 and not self._hurry.is_set():
                    await _wait(self._hurry, rest)
                self._hurry.clear()
                self._outdated = False
                began = time.monotonic()
                query = self._query
                self._late = self._arrived if query == JobQuery() else array("q")
                self._arrived = array("q")
                ids = await self._queue.find(query)
                self._last_query = time.monotonic()
                self._took = self._last_query - began
                if query != self._query:
                    self._outdated = True
                    self._hurry.set()
                    continue
                await self._take(ids)
        finally:
            self._querying = False

    async def _take(self, ids: array[int]) -> None:
        """Put another list in place of this one."""
        loop = asyncio.get_running_loop()
        while True:
            kept = self.kept()
            move = await loop.run_in_executor(self._threads, relocate, self._ids, ids, kept)
            while self.busy():  # noqa: ASYNC110 (Qt tells of no end of a press elsewhere)
                await asyncio.sleep(0.05)
            if self.kept() == kept:
                break
        if move.start < max(move.old_end, move.new_end):
            self.relocating.emit()
            self._replace(ids, move)
            self.relocated.emit(kept, move)
        last = self._ids[-1] if self._ids else -1
        late, self._late = self._late, array("q")
        self._append(array("q", [job for job in late if job > last]))
        self.queried.emit()

    def _replace(self, ids: array[int], move: Relocation) -> None:
        nowhere = QModelIndex()
        if move.start < move.old_end:
            self.beginRemoveRows(nowhere, move.start, move.old_end - 1)
            self._ids = self._ids[: move.start] + self._ids[move.old_end :]
            self.endRemoveRows()
        if move.start < move.new_end:
            self.beginInsertRows(nowhere, move.start, move.new_end - 1)
            self._ids = ids
            self.endInsertRows()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
