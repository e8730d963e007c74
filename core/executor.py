"""Where a job runs: the protocol that every processor of the queue follows.

A processor has a number of slots. The queue gives it one `Task` at a time for each free slot, and gets back
an `Outcome`: failures are data and are never raised. Whether the slots are processes on this machine, a
coroutine in a test, or workers on other machines, nothing in the queue asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from core.errors import describe
from core.job import JobError, OutputFile

if TYPE_CHECKING:
    import asyncio  # elsewhere inside functions: each worker imports this module, and has no use for a loop


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt to be made: everything that a worker needs to know, as plain data."""

    job_id: int
    attempt: int  # the number of the attempt among all of this job, from 1
    source: str  # an absolute path, or a link
    recipe: str  # the recipe as JSON; see core.recipe
    place: int = 1  # 1, or n for the n-th source in the queue that would make files of the same names
    index: int = 1  # place of the source in the batch that it was added with, from 1
    temp_tag: str = ""  # part of every temporary name of this attempt, unique to it
    receipt: str = ""  # where to note what is about to be published; empty for nowhere
    timeout: float | None = None  # seconds; None for no limit
    downloads: str = ""  # a folder of this job's own for what is downloaded; empty where nothing is
    memory: str = ""  # the path of what remembers what was made before; empty to make all anew
    below: str = ""  # where the source is below the folder that was given, for a recipe that mirrors the tree
    by_content: bool = False  # whether the content of a source tells if it has changed, not its time
    handover: str = ""  # what the parts of this attempt before this one have left for it, as JSON
    staging: str = ""  # the folder with what is staged; empty for the target folder, under temporary names


@dataclass(frozen=True, slots=True)
class Done:
    """Every output is published."""

    outputs: tuple[OutputFile, ...] = ()
    source_bytes: int | None = None
    width: int | None = None  # of the source as shown, pixels
    height: int | None = None
    notes: tuple[str, ...] = ()  # what was given up on the way, one sentence each
    handover: str = ""  # what the next part of the attempt has to know, as JSON; empty where this was all


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing had to be made."""

    reason: str  # one sentence
    source_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed."""

    error: JobError


@dataclass(frozen=True, slots=True)
class Stopped:
    """The attempt was ended by `Processor.cancel`; its temporary files are gone."""


Outcome: TypeAlias = Done | Skipped | Failed | Stopped

ProgressSink: TypeAlias = Callable[[int, float], None]
"""Called on the loop with a job's id and its fraction done, 0 to 1."""


TakenSink: TypeAlias = Callable[[Task, str], None]
"""Called on the loop with a task that another machine has begun, and the machine's name."""


class Slots(Protocol):
    """Slots that run tasks. All methods are called on the loop's thread."""

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Make `slots` slots of this machine ready; returns when tasks can be given."""

    async def run(self, slot: int, task: Task) -> Outcome:
        """Run one task in a free slot to its end. Never raises for what the task did."""

    def cancel(self, slot: int) -> None:
        """End what runs in the slot at once; its `run` returns `Stopped` (or how it had just ended)."""

    async def resize(self, slots: int) -> None:
        """Change the number of slots of this machine. A busy slot that is to go ends after its task."""

    async def close(self) -> None:
        """End all slots, busy ones too, and wait until they are gone."""


class Processor(Slots, Protocol):
    """The slots of a queue, which may be on several machines, and come and go by themselves."""

    async def take_up(self, uid: str, left: Sequence[tuple[int, Task]]) -> Mapping[int, Done]:
        """Bring home what became of these tasks, which an earlier run of the app gave to these slots.

        Called once, before `start`. What is known to be made is published, with a receipt, and returned by
        its job; of the others nothing will be. uid: of the store, which begins each task's `temp_tag`.
        """

    def listen(self, on_slots: Callable[[], None], on_taken: TakenSink) -> None:
        """Tell this from now on; `on_slots` is called on the loop when `open_slots` changed by itself."""

    def open_slots(self) -> Sequence[int]:
        """Return the numbers of the slots that tasks can be given to, busy ones too, the best first."""

    def settled(self, task: Task) -> None:
        """Hear that how a task ended is in the store: it need not be known anywhere else any more."""

    def leave(self, slot: int) -> bool:
        """Let what runs in a slot go on when the app ends, where it can; return whether it does.

        Its `run` then returns `Stopped`, which says nothing of it: `take_up` of the next run of the app does.
        """


class InProcess:
    """A processor that awaits one coroutine function in the loop itself: for tests and light work.

    The function gets the task and returns its outcome; what it raises becomes `Failed`. It may tell how far
    it is by `report`.
    """

    def __init__(self, function: Callable[[Task], Awaitable[Outcome]]) -> None:
        self._function = function
        self._on_progress: ProgressSink | None = None
        self._slots = 0
        self._running: dict[int, asyncio.Task[Outcome]] = {}
        self._stopping: set[int] = set()

    async def take_up(self, uid: str, left: Sequence[tuple[int, Task]]) -> Mapping[int, Done]:  # noqa: ARG002
        """Return nothing: what ran has ended with the app."""
        return {}

    def listen(self, on_slots: Callable[[], None], on_taken: TakenSink) -> None:
        """Do nothing: the slots stay as they are, and are here."""

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Keep the sink; there is nothing to make ready."""
        self._slots = slots
        self._on_progress = on_progress

    def open_slots(self) -> Sequence[int]:
        """Return all slots."""
        return range(self._slots)

    def report(self, job_id: int, fraction: float) -> None:
        """Tell the queue what fraction of a job is done, 0 to 1."""
        if self._on_progress is not None:
            self._on_progress(job_id, fraction)

    async def run(self, slot: int, task: Task) -> Outcome:
        """Await the function in a task of its own, so that cancelling it cannot hit the caller."""
        import asyncio

        assert slot not in self._running, f"slot {slot} is busy"
        running = asyncio.ensure_future(self._call(task))
        self._running[slot] = running
        try:
            return await running
        except asyncio.CancelledError as error:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise  # the caller is being cancelled, not this slot alone
            return Stopped() if slot in self._stopping else Failed(describe(error))
        finally:
            del self._running[slot]
            self._stopping.discard(slot)

    async def _call(self, task: Task) -> Outcome:
        try:
            return await self._function(task)
        except Exception as error:
            return Failed(describe(error))

    def cancel(self, slot: int) -> None:
        """Cancel the function that runs in the slot; a free slot is left alone."""
        running = self._running.get(slot)
        if running is not None and not running.done():
            self._stopping.add(slot)
            running.cancel()

    def settled(self, task: Task) -> None:
        """Do nothing: it is known nowhere else."""

    def leave(self, slot: int) -> bool:  # noqa: ARG002 (as the protocol has it)
        """Return that nothing here goes on without the app."""
        return False

    async def resize(self, slots: int) -> None:
        """Note the number: a slot costs nothing here."""
        self._slots = slots

    async def close(self) -> None:
        """Cancel what runs and wait until it has ended."""
        import asyncio

        running = list(self._running.values())
        for slot in list(self._running):
            self.cancel(slot)
        if running:
            await asyncio.wait(running)
