"""What the user has done to jobs in this run of the app, to be undone and done again step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from psygnal import Signal

from core.errors import ImageQueueError
from core.store import JobStore
from core.store_steps import TakenBack
from core.store_writer import StoreWriter

T = TypeVar("T")

MOST_STEPS: Final = 50
"""Steps that can be undone."""

MOST_JOBS: Final = 2_000_000
"""Jobs in all of them together; the latest step counts however many it has."""

_PART: Final = 20_000  # jobs that are changed in one commit, so that the workers get their next ones between


class Deed(StrEnum):
    """What the user did to jobs."""

    ADD = "add"
    IMPORT = "import"
    MAKE_AGAIN = "make-again"
    REMOVE = "remove"
    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    PRIORITY = "priority"
    ORDER = "order"
    RECIPE = "recipe"


@dataclass(eq=False)
class Step:
    """One thing that the user did, to some jobs."""

    deed: Deed
    number: int  # under which the store keeps it
    jobs: int = 0  # that it changed
    stop: Callable[[], None] | None = None  # ends what is still being done
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a step that was undone, or done again."""

    deed: Deed
    changed: int  # jobs
    left: int  # jobs that have gone on since, and stay as they are


_doing: ContextVar[Step | None] = ContextVar("step", default=None)


class Undo:
    """The steps of the user, the latest last; they end with the app.

    What is done to jobs inside `step`, in parts or at once, is undone as one. Nothing of it is kept here but
    how many jobs it was: see core.store_steps.
    """

    changed = Signal()
    """What can be undone or done again is another thing now."""

    def __init__(self, writer: StoreWriter, tell: Callable[[TakenBack], None]) -> None:
        """Prepare; `tell` says what was changed by an undo, after its commit."""
        self._writer = writer
        self._tell = tell
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._doing: list[Step] = []
        self._numbers = 0
        self._turn = asyncio.Lock()

    @property
    def next_undo(self) -> Step | None:
        """What would be undone."""
        return next(reversed(self._doing or self._done), None)

    @property
    def next_redo(self) -> Step | None:
        """What would be done again."""
        return next(reversed(self._undone), None)

    @asynccontextmanager
    async def step(self, deed: Deed, stop: Callable[[], None] | None = None) -> AsyncIterator[None]:
        """Let all that this task does to jobs inside be one step, unless it is part of another one already.

        stop: ends what is being done, for an undo that comes before its end.
        """
        if _doing.get() is not None:
            yield
            return
        step = self._new(deed, stop)
        self._doing.append(step)
        token = _doing.set(step)
        try:
            yield
        finally:
            _doing.reset(token)
            self._doing.remove(step)
            step.ended.set()
            if step.jobs:
                self._done.append(step)
                await self._forget(self._undone, self._too_many())
                self.changed.emit()
            else:
                await self._forget([step])

    async def write(self, change: Callable[[JobStore], T], count: Callable[[T], int]) -> T:
        """Make a change of the store, as a part of what the user does; `count` tells how many jobs it was."""
        step = _doing.get()
        if step is None or step.ended.is_set():
            return await self._writer.call(change)
        result = await self._writer.call(lambda store: store.within(step.number, lambda: change(store)))
        had, step.jobs = step.jobs, step.jobs + count(result)
        if step.jobs > had == 0:
            self.changed.emit()
        return result

    async def undo(self, on_share: Callable[[float], object] = bool) -> Undone | None:
        """Undo the latest step; None when there is none. What is still being done is ended first, or awaited.

        `on_share` hears how much of it is done, from 0 to 1, where it is done in several parts.
        """
        if self._doing:
            latest = self._doing[-1]
            if latest.stop is not None:
                latest.stop()
            await latest.ended.wait()
        return await self._turn_over(self._done, self._undone, on_share)

    async def redo(self, on_share: Callable[[float], object] = bool) -> Undone | None:
        """Do again what was undone last; None when there is nothing. See `undo`."""
        return await self._turn_over(self._undone, self._done, on_share)

    async def _turn_over(
        self, steps: list[Step], others: list[Step], on_share: Callable[[float], object]
    ) -> Undone | None:
        async with self._turn:
            if not steps:
                return None
            step = steps.pop()
            self.changed.emit()
            inverse, left = self._new(step.deed), 0
            latest = self._done[-1:]
            while True:
                part = await self._writer.call(
                    lambda store: store.take_back(step.number, inverse.number, _PART)
                )
                inverse.jobs += part.changed
                left += part.left
                self._tell(part)
                if not part.more:
                    break
                on_share((inverse.jobs + left) / max(step.jobs, inverse.jobs + left))
            forgotten = [step]
            if inverse.jobs and (others is self._done or self._done[-1:] == latest):
                others.append(inverse)
            else:  # the user has done something else meanwhile, after which this cannot come
                forgotten.append(inverse)
            await self._forget(forgotten)
            self.changed.emit()
            return Undone(step.deed, inverse.jobs, left)

    def _new(self, deed: Deed, stop: Callable[[], None] | None = None) -> Step:
        self._numbers += 1
        return Step(deed, self._numbers, stop=stop)

    def _too_many(self) -> list[Step]:
        """Take the oldest steps off that are too many, and return them."""
        first = 0
        while first < len(self._done) - 1 and (
            len(self._done) - first > MOST_STEPS or sum(one.jobs for one in self._done[first:]) > MOST_JOBS
        ):
            first += 1
        gone, self._done[:first] = self._done[:first], []
        return gone

    async def _forget(self, *lists: list[Step]) -> None:
        numbers = [step.number for steps in lists for step in steps]
        for steps in lists:
            steps.clear()
        for number in numbers:
            with suppress(ImageQueueError):  # at the next start it is gone all the same
                await self._writer.call(lambda store, one=number: store.forget_step(one))  # type: ignore[misc]
