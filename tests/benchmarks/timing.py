"""Times how long a queue takes for what was put into it."""

from __future__ import annotations

import time

from core.job import JobState
from core.queue import TaskQueue
from core.status import JobQuery


async def seconds_until_done(queue: TaskQueue) -> float:
    """Start a paused queue, and return the seconds to its last commit; every job has to be done then."""
    started = time.perf_counter()
    await queue.start()
    await queue.drained()
    seconds = time.perf_counter() - started
    left = await queue.find(JobQuery(states=frozenset(JobState) - {JobState.DONE}))
    assert not left, (await queue.jobs(left[:1]))[0]
    return seconds
