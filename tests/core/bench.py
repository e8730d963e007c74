"""A queue on a processor and a clock that tests drive by hand."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.job import JobState
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.status import Recovery
from tests.core.clocks import ManualClock, until
from tests.core.processors import ByHand

RECIPE = builtin_recipes()[0]


class Bench:
    """A queue on a processor that is driven by hand, and a clock that is set by hand."""

    def __init__(
        self, path: Path, processor: ByHand | None = None, clock: ManualClock | None = None, **options: object
    ) -> None:
        self.hand = processor or ByHand()
        self.recovery = Recovery()  # what was found when it was opened
        self.clock = clock or ManualClock()
        self.queue = TaskQueue(
            path, self.hand, clock=self.clock, rng=random.Random(1), **options  # type: ignore[arg-type]
        )  # fmt: skip

    async def add(self, *names: str, priority: int = 0, max_retries: int = 3) -> list[int]:
        sources = [f"/photos/{name}.jpg" for name in names]
        return list((await self.queue.enqueue_batch(sources, RECIPE, priority, max_retries)).ids)

    async def state(self, job: int) -> JobState:
        (found,) = await self.queue.jobs([job])
        return found.state

    async def running(self, number: int) -> None:
        """Wait until so many jobs run."""
        await until(lambda: len(self.hand.tasks) == number and self.queue.status().active == number)

    async def count(self, state: JobState, number: int) -> None:
        await until(lambda: self.queue.status().counts[state] == number)


@asynccontextmanager
async def opened(
    path: Path, processor: ByHand | None = None, clock: ManualClock | None = None, **options: object
) -> AsyncIterator[Bench]:
    bench = Bench(path, processor, clock, **options)
    bench.recovery = await bench.queue.open()
    try:
        yield bench
    finally:
        await bench.queue.close(grace=0)


async def crash(queue: TaskQueue) -> None:
    """End a queue as a crash would: nothing is put back, and nothing more is written."""
    dispatcher = queue._dispatcher
    assert dispatcher._loop_task is not None
    assert queue._reader is not None
    for task in (dispatcher._loop_task, *dispatcher._tasks):
        task.cancel()
    await queue._writer.close()
    queue._reader.close()
