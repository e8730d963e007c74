"""What is done on the owner's machine for attempts in remote slots: to look before, to publish after.

And to make what cannot travel, one at a time. The slots for these are beside those of the queue. One does all
that is soon done, as it is quicker alone than two are by turns; it is started when a broker is set. When none
of what is soon done has ended for a while, as it hangs in a folder that does not answer, there is one more,
which then stays. The one for what cannot travel is started when there first is something.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Final

from core.executor import Outcome, ProgressSink, Stopped, Task
from core.imaging.handover import LOOK
from core.slots import ProcessSlots

log = logging.getLogger(__name__)

WORK: Final = "core.remote.errand_work:errand"

_MOST: Final = 5  # slots for what is soon done
_STUCK: Final = 0.5  # seconds in which none of it has ended, after which there is to be one more


class Errands:
    """A few slots of this machine; all methods belong on the thread of the loop."""

    def __init__(self, memory_limit: int | None, on_progress: ProgressSink) -> None:
        self._slots = ProcessSlots(memory_limit=memory_limit, work=WORK)
        self._on_progress = on_progress
        self._brief, self._long = _Room(), _Room()
        self._number = 0  # of slots that were started
        self._begun = False  # whether the first was asked for
        self._growing: dict[_Room, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._running: dict[str, int] = {}

    async def start(self) -> None:
        """Start the slot for what is soon done; what is asked for before waits for it."""
        await asyncio.wait([self._start_growing(self._brief)])

    async def look(self, task: Task) -> Outcome:
        """Return what an attempt comes to when nothing has to be made; else `Done` with its ticket."""
        return await self._do(self._brief, replace(task, handover=LOOK))

    async def finish(self, task: Task, handover: str) -> Outcome:
        """Publish what was staged for an attempt, by its ticket and its manifest."""
        return await self._do(self._brief, replace(task, handover=handover))

    async def make(self, task: Task) -> Outcome:
        """Run an attempt here, one at a time."""
        if not self._long.slots and self._long not in self._growing:
            self._start_growing(self._long)
        return await self._do(self._long, replace(task, staging=""))

    def cancel(self, task: Task) -> None:
        """End what runs or waits for an attempt; it is `Stopped`."""
        for room in (self._brief, self._long):
            room.forget(task.temp_tag)
        slot = self._running.get(task.temp_tag)
        if slot is not None:
            self._slots.cancel(slot)

    def set_memory_limit(self, limit: int | None) -> None:
        """Change the bytes that what begins from now on may take; None for no limit."""
        self._slots.set_memory_limit(limit)

    async def close(self) -> None:
        """End all at once; what is asked for from now on is `Stopped`."""
        for room in (self._brief, self._long):
            room.close()
        if self._timer is not None:
            self._timer.cancel()
        async with self._changing:  # what is being started has come by then, and is ended, too
            await self._slots.close()

    async def _do(self, room: _Room, task: Task) -> Outcome:
        if room is self._brief:
            self._look_in(_STUCK)
        slot = await room.enter(task.temp_tag)
        if slot is None:
            return Stopped()
        self._running[task.temp_tag] = slot
        try:
            return await self._slots.run(slot, task)
        finally:
            del self._running[task.temp_tag]
            room.leave(slot)

    def _look_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """See to it that there is one more slot when those for what is soon done hang."""
        self._timer = None
        if self._brief.waiting:
            left = self._brief.moved + _STUCK - time.monotonic()
            if left <= 0 and self._brief not in self._growing and self._brief.slots < _MOST:
                self._start_growing(self._brief)
            self._look_in(max(left, _STUCK / 5))

    def _start_growing(self, room: _Room) -> asyncio.Task[None]:
        self._growing[room] = task = asyncio.create_task(self._grow(room))
        return task

    async def _grow(self, room: _Room) -> None:
        try:
            await self._add_slot(room)
        finally:
            del self._growing[room]

    async def _add_slot(self, room: _Room) -> None:
        async with self._changing:
            if room.closed:
                return
            try:
                if self._begun:
                    await self._slots.resize(self._number + 1)
                else:
                    self._begun = True
                    await self._slots.start(1, self._on_progress)
            except Exception as error:  # no more threads, or files: those that hang may still end
                log.warning("A slot for errands could not be started: %r", error)
                if not room.slots:
                    room.fail(error)
                return
            slot, self._number = self._number, self._number + 1
            room.slots += 1
            room.leave(slot)


class _Room:
    """Some of the slots, and who waits for one: first come, first served."""

    def __init__(self) -> None:
        self.slots = 0
        self.closed = False
        self.moved = time.monotonic()
        """When a slot was last left, or one was to be had."""
        self._free: list[int] = []
        self._forgotten: set[str] = set()  # that were given a slot, and do not know of it yet
        self._waiting: dict[str, asyncio.Future[int | None]] = {}

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    async def enter(self, tag: str) -> int | None:
        """Wait for a slot; None when it was forgotten meanwhile, or the room closed."""
        if self.closed:
            return None
        if self._free:
            self.moved = time.monotonic()
            return self._free.pop()
        turn: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting[tag] = turn
        try:
            slot = await turn
            if slot is not None and tag in self._forgotten:
                self.leave(slot)
                slot = None
            return slot
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                given = turn.result()
                if given is not None:
                    self.leave(given)
            raise
        finally:
            self._waiting.pop(tag, None)
            self._forgotten.discard(tag)

    def leave(self, slot: int) -> None:
        """Give a slot to who has waited longest."""
        self.moved = time.monotonic()
        for turn in self._waiting.values():
            if not turn.done():
                turn.set_result(slot)
                return
        self._free.append(slot)

    def forget(self, tag: str) -> None:
        """Let this one wait no more."""
        turn = self._waiting.get(tag)
        if turn is not None and turn.done():
            self._forgotten.add(tag)
        elif turn is not None:
            turn.set_result(None)

    def fail(self, error: Exception) -> None:
        """Let none of those who wait have a slot, as there can be none."""
        for turn in self._waiting.values():
            if not turn.done():
                turn.set_exception(error)

    def close(self) -> None:
        """Let nobody in any more, and nobody wait."""
        self.closed = True
        for tag in self._waiting:
            self.forget(tag)
