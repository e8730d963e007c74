"""A processor for tests whose jobs end when the test says so, or as a script tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from core.executor import Done, Failed, Outcome, ProgressSink, Skipped, Stopped, TakenSink, Task
from core.job import JobError

BUSY = Failed(JobError("file-busy", "The file is in use.", True))
BAD = Failed(JobError("not-an-image", "It is not an image.", False))
CRASH = Failed(JobError("worker-crashed", "The worker process died.", True, "Segmentation fault"))
SKIP = Skipped("It is there already.")


class ByHand:
    """Holds every task until `end` is called for its slot; knows what ran where and in which order."""

    def __init__(self, script: Callable[[Task], Outcome | None] = lambda task: None) -> None:
        self.script = script
        self.tasks: dict[int, Task] = {}
        self.order: list[int] = []
        self.most_at_once = 0
        self.slots = 0
        self.closed = False
        self._ends: dict[int, asyncio.Future[Outcome]] = {}
        self.settled_jobs: list[int] = []
        self.goes_on: set[int] = set()  # the slots whose tasks go on without the app
        self.on_progress: ProgressSink = lambda job, fraction: None
        self.on_slots: Callable[[], None] = lambda: None
        self.on_taken: TakenSink = lambda task, machine: None

    async def take_up(self, uid: str, left: Sequence[tuple[int, Task]]) -> Mapping[int, Done]:
        self.taken_up = list(left)
        return {}

    def listen(self, on_slots: Callable[[], None], on_taken: TakenSink) -> None:
        self.on_slots, self.on_taken = on_slots, on_taken

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        self.slots = slots
        self.on_progress = on_progress

    def open_slots(self) -> Sequence[int]:
        return range(self.slots)

    def settled(self, task: Task) -> None:
        self.settled_jobs.append(task.job_id)

    def leave(self, slot: int) -> bool:
        if slot not in self.goes_on:
            return False
        self.goes_on.discard(slot)
        self.end(slot, Stopped())
        return True

    async def run(self, slot: int, task: Task) -> Outcome:
        assert slot not in self.tasks, "two tasks in one slot"
        self.tasks[slot] = task
        self.order.append(task.job_id)
        self.most_at_once = max(self.most_at_once, len(self.tasks))
        self._ends[slot] = asyncio.get_running_loop().create_future()
        scripted = self.script(task)
        if scripted is not None:
            self.end(slot, scripted)
        try:
            return await self._ends[slot]
        finally:
            del self.tasks[slot]

    def end(self, slot: int, outcome: Outcome | None = None) -> None:
        if not self._ends[slot].done():
            self._ends[slot].set_result(outcome or Done())

    def slot_of(self, job: int) -> int:
        return next(slot for slot, task in self.tasks.items() if task.job_id == job)

    def end_job(self, job: int, outcome: Outcome | None = None) -> None:
        self.end(self.slot_of(job), outcome)

    def cancel(self, slot: int) -> None:
        self.end(slot, Stopped())

    async def resize(self, slots: int) -> None:
        self.slots = slots

    async def close(self) -> None:
        self.closed = True
        for slot in list(self.tasks):
            self.cancel(slot)
