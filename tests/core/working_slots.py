"""Slots for tests: started and closed around a block, with a way to know that a task has begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from core.executor import Done, Failed, Outcome, Task
from core.job import JobError
from core.slots import ProcessSlots

LIMIT = 500_000_000  # bytes
FUNCTIONS = "tests.core.worker_functions:by_source"


def task(function: str, **changes: Any) -> Task:
    """A task for one of the functions of worker_functions; what follows a colon is for the function."""
    return replace(Task(job_id=1, attempt=1, source=function, recipe="{}"), **changes)


class WorkingSlots(ProcessSlots):
    """Process slots that remember what was reported."""

    def __init__(self, work: str = FUNCTIONS) -> None:
        super().__init__(memory_limit=LIMIT, work=work)
        self._reported: dict[int, asyncio.Event] = {}
        self._numbers = count(1000)

    async def begin(self, slot: int, function: str, **changes: Any) -> asyncio.Task[Outcome]:
        """Start a task whose function reports progress, and wait until it does."""
        number = next(self._numbers)
        self._reported[number] = asyncio.Event()
        run = asyncio.ensure_future(self.run(slot, task(function, job_id=number, **changes)))
        await self._reported[number].wait()
        return run

    async def pid(self, slot: int = 0) -> int:
        """The id of the process in a slot."""
        outcome = await self.run(slot, task("pid"))
        assert isinstance(outcome, Done), outcome
        return int(outcome.notes[0])

    async def error(self, function: str, slot: int = 0, **changes: Any) -> JobError:
        """Run a task that fails, and return its error."""
        outcome = await self.run(slot, task(function, **changes))
        assert isinstance(outcome, Failed), outcome
        return outcome.error

    def hear(self, job: int, _fraction: float) -> None:
        """Note that a job has begun."""
        if job in self._reported:
            self._reported[job].set()


@asynccontextmanager
async def working(slots: int = 1, work: str = FUNCTIONS) -> AsyncIterator[WorkingSlots]:
    """Slots for a block, and none after it."""
    processor = WorkingSlots(work)
    await processor.start(slots, processor.hear)
    try:
        yield processor
    finally:
        await processor.close()
