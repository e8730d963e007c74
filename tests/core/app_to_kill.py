"""A small app around the queue that the kill tests start, watch and kill.

Usage: python -m tests.core.app_to_kill DATA_DIR FIRST COUNT
It prints `accepted N` for each source that was accepted, and `done N` for each job whose end was told.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.executor import Done, InProcess, Outcome, Task
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.status import JobChange


async def work(task: Task) -> Outcome:
    await asyncio.sleep(0)
    return Done()


def say(word: str, job: int) -> None:
    sys.stdout.write(f"{word} {job}\n")
    sys.stdout.flush()


async def main(data_dir: str, first: int, count: int) -> None:
    queue = TaskQueue(Path(data_dir), InProcess(work))

    def told(change: JobChange) -> None:
        if change.state is JobState.DONE:
            for job in change.ids:
                say("done", job)

    queue.job_changed.connect(told)
    await queue.open()
    await queue.start()
    recipe = builtin_recipes()[0]
    for number in range(first, first + count, 5):
        names = [f"/photos/{n}.jpg" for n in range(number, number + 5)]
        accepted = await queue.enqueue_batch(names, recipe, number % 3)
        for job in accepted.ids:
            say("accepted", job)
    await queue.drained()
    await queue.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
