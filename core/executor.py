"""Where a job runs: the protocol that every processor of the queue follows.

A processor has a number of slots. The queue gives it one `Task` at a time for each free slot, and gets back
an `Outcome`: failures are data and are never raised. Whether the slots are processes on this machine, a
coroutine in a test, or workers on other machines, nothing in the queue asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from core.job import JobError, OutputFile


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt to be made: everything that a worker needs to know, as plain data."""

    job_id: int
    attempt: int  # the number of the attempt among all of this job, from 1
    source: str  # an absolute path
    recipe: str  # the recipe as JSON; see core.recipe
    place: int = 1  # 1, or n for the n-th source in the queue that would make files of the same names
    index: int = 1  # place of the source in the batch that it was added with, from 1
    temp_tag: str = ""  # part of every temporary name of this attempt, unique to it
    receipt: str = ""  # where to note what is about to be published; empty for nowhere
    timeout: float | None = None  # seconds; None for no limit


@dataclass(frozen=True, slots=True)
class Done:
    """Every output is published."""

    outputs: tuple[OutputFile, ...] = ()
    source_bytes: int | None = None
    width: int | None = None  # of the source as shown, pixels
    height: int | None = None
    notes: tuple[str, ...] = ()  # what was given up on the way, one sentence each


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


class Processor(Protocol):
    """Slots that run tasks. All methods are called on the loop's thread."""

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Make `slots` slots ready; returns when tasks can be given."""

    async def run(self, slot: int, task: Task) -> Outcome:
        """Run one task in a free slot (from 0) to its end. Never raises for what the task did."""

    def cancel(self, slot: int) -> None:
        """End what runs in the slot at once; its `run` returns `Stopped` (or how it had just ended)."""

    async def resize(self, slots: int) -> None:
        """Change the number of slots. A busy slot that is to go ends after its task."""

    async def close(self) -> None:
        """End all slots, busy ones too, and wait until they are gone."""


class InProcess:
    """A processor that awaits one coroutine function in the loop itself: for tests and light work."""

    def __init__(self, function: Callable[[Task], Awaitable[Outcome]]) -> None:
        self._function = function
        self._running: dict[int, object] = {}

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Need nothing."""

    async def run(self, slot: int, task: Task) -> Outcome:
        """Await the function."""
        raise NotImplementedError

    def cancel(self, slot: int) -> None:
        """Cancel the coroutine."""

    async def resize(self, slots: int) -> None:
        """Need nothing."""

    async def close(self) -> None:
        """Need nothing."""
