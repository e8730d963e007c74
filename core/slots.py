"""The processor of the queue on this machine: slots that are worker processes, killable one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from core.executor import Done, Outcome, ProgressSink, Stopped, TakenSink, Task
from core.slot import Slot
from core.worker_process import Lifeline, WorkerProcess


class ProcessSlots:
    """Runs tasks in worker processes, one long-lived interpreter a slot; a `core.executor.Processor`.

    memory_limit: bytes that a task may take beyond what an idle worker has (on Linux); None for no limit.
    work: "module:function" of what does a task there; see `core.worker.Work`.
    yields: whether the workers leave the processors to all else that runs.

    `run` returns only when nothing of an attempt can write any more: after a kill, when the process is gone.
    All methods belong on the thread of the loop on which `start` was called.
    """

    def __init__(
        self, *, memory_limit: int | None, work: str = "core.imaging.process:process", yields: bool = True
    ) -> None:
        self._memory_limit = memory_limit
        self._yields = yields
        self._work = work
        self._slots: dict[int, Slot] = {}
        self._leaving: set[Slot] = set()  # taken out of the slots, and not gone yet
        self._wanted = 0
        self._lifeline: Lifeline | None = None
        self._on_progress: ProgressSink | None = None

    async def take_up(self, uid: str, left: Sequence[tuple[int, Task]]) -> Mapping[int, Done]:  # noqa: ARG002
        """Return nothing: the workers of an earlier run have ended with it."""
        return {}

    def listen(self, on_slots: Callable[[], None], on_taken: TakenSink) -> None:
        """Do nothing: the slots never change by themselves, and are here."""

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Start the workers; returns when they are warm, or could not be started (then tasks fail)."""
        assert self._lifeline is None, "started twice"
        self._lifeline = Lifeline()
        self._on_progress = on_progress
        await self.resize(slots)

    def open_slots(self) -> Sequence[int]:
        """Return the slots; those that are still to end their last task are none of them."""
        return range(self._wanted)

    async def run(self, slot: int, task: Task) -> Outcome:
        """Run one task in a free slot (from 0) to its end; `Stopped` when the slot was taken out meanwhile.

        If the awaiting coroutine is cancelled, the task is ended as by `cancel` before that is passed on.
        """
        chosen = self._slots.get(slot)
        if chosen is None:  # it was given the task before there were fewer slots
            return Stopped()
        try:
            return await chosen.do(task)
        finally:
            if slot >= self._wanted and self._slots.get(slot) is chosen:
                self._take_out(slot)

    def cancel(self, slot: int) -> None:
        """Kill the worker if it has a task; `run` returns `Stopped`, or `Done` if that was quicker."""
        if slot in self._slots:
            self._slots[slot].cancel()

    def settled(self, task: Task) -> None:
        """Do nothing: only the store knows how it ended."""

    def leave(self, slot: int) -> bool:  # noqa: ARG002 (as the protocol has it)
        """Return that no slot of this machine goes on without the app."""
        return False

    def set_memory_limit(self, limit: int | None) -> None:
        """Change the bytes that the tasks which begin from now on may take; None for no limit.

        A worker keeps the limit that it was started with, so that they get new ones.
        """
        if limit != self._memory_limit:
            self._memory_limit = limit
            for slot in self._slots.values():
                slot.renew()

    async def resize(self, slots: int) -> None:
        """Change the number of slots; a busy one that is to go ends after its task."""
        assert self._lifeline is not None, "not started"
        self._wanted = slots
        for number in [number for number, slot in self._slots.items() if number >= slots and not slot.busy]:
            self._take_out(number)
        new = [number for number in range(slots) if number not in self._slots]
        for number in new:
            self._slots[number] = Slot(number, self._start_worker, self._on_progress)
        idle = [slot.gone for slot in self._leaving]
        await asyncio.gather(*(self._slots[number].ready for number in new), *idle)

    async def close(self) -> None:
        """Kill all workers, busy ones too, and wait until they are gone. May be called twice."""
        self._wanted = 0
        for number in list(self._slots):
            self._take_out(number, at_once=True)
        await asyncio.gather(*(slot.gone for slot in self._leaving))
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None

    def _start_worker(self) -> WorkerProcess:
        lifeline = self._lifeline
        if lifeline is None:  # in a slot's thread, while all is being closed
            raise OSError("The workers are being ended")
        return WorkerProcess(self._work, self._memory_limit, lifeline, yields=self._yields)

    def _take_out(self, number: int, *, at_once: bool = False) -> None:
        slot = self._slots.pop(number)
        self._leaving.add(slot)
        slot.gone.add_done_callback(lambda _: self._leaving.discard(slot))
        slot.end(at_once=at_once)
