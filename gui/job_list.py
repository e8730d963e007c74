"""The jobs that the table lists: their ids in order, as a query to the queue gave them."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeAlias

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from core.queue import TaskQueue
from core.status import BatchAdded, ChangeKind, JobChange, JobQuery, SortKey
from gui.columns import COLUMNS
from gui.relocation import Kept, Relocation, relocate
from gui.tasks import Tasks
from gui.throttle import Throttle

Index: TypeAlias = QModelIndex | QPersistentModelIndex

_ARRIVALS: Final = 200  # milliseconds between two insertions of new rows: each paints the table anew
_FIRST: Final = 200  # rows that are shown before the others are known, at the start
_PAINT: Final = 0.05  # seconds for that at most
_SHORTEST: Final = 0.1  # seconds between two queries
_MANY: Final = 5_000  # rows that went or came back: more may follow, and two queries have a rest between
_SHARE: Final = 3  # so many times as long as a query took, the next one waits

_BY_STATE: Final = frozenset(
    {SortKey.ORDER, SortKey.STATE, SortKey.SOURCE_BYTES, SortKey.OUTPUT_BYTES, SortKey.SAVED,
     SortKey.DIMENSIONS, SortKey.ATTEMPTS, SortKey.DUE, SortKey.SECONDS, SortKey.ERROR}
)  # fmt: skip
_BY_DETAILS: Final = frozenset({SortKey.ORDER, SortKey.PRIORITY})


class JobList(QAbstractTableModel):
    """The rows of the table as ids; the queue sorts and filters.

    A new list of ids is told as the removal and insertion of the part that differs; before it `kept` is asked
    what to find again, and `relocated` tells where that is.
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
        self._query = JobQuery()
        self._begun = self._querying = self._outdated = False
        self._hurry = asyncio.Event()
        self._last_query = self._took = 0.0
        self._threads = ThreadPoolExecutor(1, "relocation")
        self._following: asyncio.Task[Any] | None = None
        self._finding: asyncio.Task[array[int]] | None = None
        self.shown = asyncio.Event()
        """Is set when the first rows are on the screen, or there are none."""
        self.kept: Callable[[], Kept] = Kept
        """Returns what to find again after a query."""
        self.busy: Callable[[], bool] = lambda: False
        """Returns whether rows should stay where they are for the moment, as a mouse button is held down."""

    def begin(self) -> None:
        """Ask the queue for its jobs; it can be read now."""
        self._begun = True  # what was asked for before had no queue to ask, and no loop
        self.refresh()

    def end(self) -> None:
        """Ask nothing more, and let the threads go."""
        self._arrivals.stop()
        if self._following is not None:
            self._following.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name, Qt's default
        """Return how many jobs are listed."""
        return 0 if parent.isValid() else len(self._ids)

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
            if self._finding is not None:
                self._finding.cancel()  # nobody waits for what was asked for before

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none (-1) for the order in which the jobs were added."""
        key = COLUMNS[column].sort if 0 <= column < len(COLUMNS) else SortKey.ADDED
        descending = order == Qt.SortOrder.DescendingOrder and column >= 0
        self.set_query(replace(self._query, sort=key, descending=descending))

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

    # -- what the queue tells -----------------------------------------------------------------------------

    def hear_change(self, change: JobChange) -> None:
        """Hear of a change, which may bring other jobs into the list, or put them in another order."""
        query = self._query
        match change.kind:
            case ChangeKind.REMOVED if len(change.ids) < _MANY:
                self.refresh()
            case ChangeKind.REMOVED:
                self._ask_query()
            case ChangeKind.DETAILS if query.sort in _BY_DETAILS:
                self._ask_query()
            case ChangeKind.STATE if query.states is not None or query.sort in _BY_STATE:
                self._ask_query()

    def hear_added(self, batch: BatchAdded) -> None:
        """Hear of new jobs, or of some that came back."""
        if self._query != JobQuery():
            self._ask_query()
        elif self._querying:
            self._late.extend(batch.ids)
        elif batch.ids[0] > max([*self._ids[-1:], *self._arrived[-1:]], default=0):
            self._arrived.extend(batch.ids)
            self._arrivals.ask()
        elif len(batch.ids) < _MANY:  # jobs that came back, at their old places
            self.refresh()
        else:
            self._ask_query()

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
            if not self._ids and not self._took:  # what fills the window is there before all the rest
                first = await self._queue.find(self._query, _FIRST)
                await self._look_ahead(first)
                await self._take(first)
                if first:
                    await _wait(self.shown, _PAINT)
                else:
                    self.shown.set()
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
                self._finding = asyncio.ensure_future(self._queue.find(query))
                try:
                    ids = await self._finding
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():  # all of this is to end, not that query alone
                        raise
                    self._outdated = True
                    continue
                self._last_query = time.monotonic()
                self._took = self._last_query - began
                if query != self._query:
                    self._outdated = True
                    self._hurry.set()
                    continue
                await self._take(ids)
        finally:
            self._querying = False

    async def _look_ahead(self, ids: array[int]) -> None:
        """Prepare for these jobs, which are the first that are shown."""

    async def _take(self, ids: array[int]) -> None:
        """Put another list in place of this one."""
        loop = asyncio.get_running_loop()
        while True:
            kept = self.kept()
            if self._ids or len(ids) > _FIRST:
                move = await loop.run_in_executor(self._threads, relocate, self._ids, ids, kept)
            else:
                move = relocate(self._ids, ids, kept)
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
