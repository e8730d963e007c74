"""The one thread that owns the store, which gathers what waits for it into one synced commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from core.errors import BadUsage, IllegalChange
from core.job import JobState
from core.store import JobStore
from core.store_file import as_store_error, is_damage, note_damage

T = TypeVar("T")

_MOST: Final = 500  # calls in one commit


@dataclass(slots=True)
class _Call:
    function: Callable[[JobStore], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    counts: dict[JobState, int] = field(default_factory=dict)


class StoreWriter:
    """Runs calls on the store in its own thread, in the order in which they came.

    While the disk syncs one commit, the next calls gather and share the following one. A call that raises
    leaves the others as they are: the store's method in which it raised has undone its own part. A future is
    resolved after the commit that it stands in: what it tells is on disk (G1). Calls and results keep their
    order.
    """

    def __init__(self, path: Path, *, aging: bool = False) -> None:
        self._path = path
        self._aging = aging
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self.counts: dict[JobState, int] = dict.fromkeys(JobState, 0)
        """Jobs in each state as of the last commit whose results have been handed out."""
        self._when_closed: Callable[[], None] = lambda: None
        self._begun = self._open = False
        self._closed: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Let the thread begin to open the store, if it has not yet; `open` tells how that went."""
        if not self._begun:
            self._begun = True
            self._thread.start()

    def leave(self) -> None:
        """End what `begin` began where it will not be opened; returns when the store is closed."""
        if self._begun and not self._open:
            self._calls.put(None)
            self._thread.join()

    async def open(self) -> tuple[str, int]:
        """Open the store in the thread. Raises as JobStore does.

        Returns where a damaged one was moved to, or "", and how many jobs were brought over from it.
        """
        self.begin()
        self._open = True
        return await self.call(lambda store: (store.set_aside, store.salvaged))

    async def call(self, function: Callable[[JobStore], T]) -> T:
        """Run one function with the store, and return its result after the commit.

        Raises what the function raised, DiskFull or StoreUnusable when nothing could be committed, or
        BadUsage before `open` and after `close`.
        """
        if not self._open:
            raise BadUsage("The queue is not open.")
        loop = asyncio.get_running_loop()
        call = _Call(function, loop, loop.create_future())
        self._calls.put(call)
        result: T = await call.future
        return result

    async def close(self, *, wait: bool = True) -> None:
        """Do what was asked before, close the store and end the thread. May be called twice.

        wait: whether to return only then; else it comes when the disk answers, or not at all.
        """
        if self._open:
            self._open = False
            loop = asyncio.get_running_loop()
            closed = self._closed = loop.create_future()
            self._when_closed = lambda: _from_thread(loop, closed.set_result, None)
            self._calls.put(None)
        if wait and self._closed is not None:
            await asyncio.wait([self._closed])
            self._thread.join()

    def _run(self) -> None:
        try:
            store = JobStore(self._path, aging=self._aging)
        except Exception as error:
            while (call := self._calls.get()) is not None:
                call.error = error
                self._hand_out([call])
        else:
            goes_on = True
            while goes_on:
                calls, goes_on = self._gather()
                if calls:
                    self._commit(store, calls)
                    self._hand_out(calls)
            with suppress(sqlite3.Error):  # all is committed: the next opening finds it in the log
                store.close()
        self._when_closed()

    def _gather(self) -> tuple[list[_Call], bool]:
        """Wait for a call, and return it with all that came meanwhile; False when it is time to close."""
        calls: list[_Call] = []
        first = self._calls.get()
        while first is not None:
            calls.append(first)
            if len(calls) >= _MOST or self._calls.empty():
                return calls, True
            first = self._calls.get()
        return calls, False

    def _commit(self, store: JobStore, calls: list[_Call]) -> None:
        try:
            with store.transaction():
                for call in calls:
                    try:
                        call.result = call.function(store)
                    except sqlite3.IntegrityError as error:
                        call.error = IllegalChange(str(error))
                    except sqlite3.Error:
                        raise
                    except Exception as error:
                        call.error = error
                    call.counts = dict(store.counts)
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
                note_damage(self._path)
            failure = as_store_error(error, self._path)
            failure.__cause__ = error
            for call in calls:
                call.error, call.counts = failure, dict(store.counts)

    def _hand_out(self, calls: list[_Call]) -> None:
        def resolve() -> None:
            for call in calls:
                if call.counts:
                    self.counts = call.counts
                if call.future.cancelled():
                    continue
                if call.error is not None:
                    call.future.set_exception(call.error)
                else:
                    call.future.set_result(call.result)

        _from_thread(calls[0].loop, resolve)


def _from_thread(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: object) -> None:
    # A loop that has ended raises: then nobody waits any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)
