"""What is done on the owner's machine for attempts in remote slots: to look before, to publish after.

And to make what cannot travel. The slots for these are beside those of the queue. One does all that is soon
done, as it is quicker alone than two are by turns; it is started when a broker is set, and more when it hangs
in a folder that does not answer. The one for what cannot travel is started when there first is something.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from core.executor import Outcome, ProgressSink, Task
from core.imaging.handover import LOOK
from core.slots import ProcessSlots

WORK: Final = "core.remote.errand_work:errand"

_FIRST: Final = 0  # for what is soon done
_MAKING: Final = 1  # for what cannot travel
_MOST: Final = 6  # of all
_STUCK: Final = 0.5  # seconds without a free slot, after which there is to be one more


class Errands:
    """A few slots of this machine; all methods belong on the thread of the loop."""

    def __init__(self, memory_limit: int | None, on_progress: ProgressSink) -> None:
        self._slots = ProcessSlots(memory_limit=memory_limit, work=WORK)
        self._on_progress = on_progress
        self._free: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        self._making = asyncio.Lock()
        self._started = asyncio.Lock()
        self._number = 0  # of slots that are started
        self._running: dict[str, int] = {}

    async def start(self) -> None:
        """Start the slots for what is soon done; what is asked for before waits for them."""
        await self._start(_FIRST + 1)

    async def look(self, task: Task) -> Outcome:
        """Return what an attempt comes to when nothing has to be made; else `Done` with its ticket."""
        return await self._brief(replace(task, handover=LOOK))

    async def finish(self, task: Task, handover: str) -> Outcome:
        """Publish what was staged for an attempt, by its ticket and its manifest."""
        return await self._brief(replace(task, handover=handover))

    async def make(self, task: Task) -> Outcome:
        """Run an attempt here, one at a time."""
        async with self._making:
            await self._start(_MAKING + 1)
            return await self._run(_MAKING, replace(task, staging=""))

    def cancel(self, task: Task) -> None:
        """End what runs for an attempt; it is `Stopped`."""
        slot = self._running.get(task.temp_tag)
        if slot is not None:
            self._slots.cancel(slot)

    def set_memory_limit(self, limit: int | None) -> None:
        """Change the bytes that what begins from now on may take; None for no limit."""
        self._slots.set_memory_limit(limit)

    async def close(self) -> None:
        """End all at once."""
        await self._slots.close()

    async def _brief(self, task: Task) -> Outcome:
        await self._start(_FIRST + 1)
        slot = await self._free_slot()
        try:
            return await self._run(slot, task)
        finally:
            self._free.put_nowait(slot)

    async def _free_slot(self) -> int:
        while True:
            if not self._free.empty():
                return self._free.get_nowait()
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._free.get(), _STUCK)
            if self._number < _MOST:
                await self._start(max(self._number, _MAKING + 1) + 1)

    async def _start(self, number: int) -> None:
        if self._number >= number:
            return
        async with self._started:
            if not self._number:
                await self._slots.start(number, self._on_progress)
            elif self._number < number:
                await self._slots.resize(number)
            for slot in range(self._number, number):
                if slot != _MAKING:
                    self._free.put_nowait(slot)
            self._number = max(self._number, number)

    async def _run(self, slot: int, task: Task) -> Outcome:
        self._running[task.temp_tag] = slot
        try:
            return await self._slots.run(slot, task)
        finally:
            del self._running[task.temp_tag]
