"""The vocabulary of the queue: what a job is, the states it can be in, an attempt at it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class JobState(StrEnum):
    """Where a job is in its life; a job is in exactly one state."""

    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker has it
    RETRYING = "retrying"  # failed, and waits for its backoff to pass
    HELD = "held"  # paused by itself until it is released
    DONE = "done"  # every output is there
    SKIPPED = "skipped"  # nothing had to be made; the reason says why
    FAILED = "failed"  # the dead-letter list: no retry is left, or none can help
    CANCELLED = "cancelled"  # given up by the user


WAITING: Final = frozenset({JobState.QUEUED, JobState.RETRYING, JobState.HELD})
"""States in which a job has still to run and no worker has it."""

LIVE: Final = WAITING | {JobState.RUNNING}
"""States from which a job goes on by itself or by a release."""

ENDED: Final = frozenset({JobState.DONE, JobState.SKIPPED, JobState.FAILED, JobState.CANCELLED})
"""States in which nothing more happens to a job unless the user asks for it."""

LEGAL_CHANGES: Final[frozenset[tuple[JobState, JobState]]] = frozenset(
    {
        (JobState.QUEUED, JobState.RUNNING),  # claimed by a worker
        (JobState.QUEUED, JobState.HELD),
        (JobState.QUEUED, JobState.CANCELLED),
        (JobState.RUNNING, JobState.DONE),
        (JobState.RUNNING, JobState.SKIPPED),
        (JobState.RUNNING, JobState.RETRYING),  # failed, and a retry may help
        (JobState.RUNNING, JobState.FAILED),
        (JobState.RUNNING, JobState.CANCELLED),
        (JobState.RUNNING, JobState.QUEUED),  # stopped, or found running after a crash
        (JobState.RETRYING, JobState.QUEUED),  # its backoff has passed, or "retry now"
        (JobState.RETRYING, JobState.HELD),
        (JobState.RETRYING, JobState.CANCELLED),
        (JobState.HELD, JobState.QUEUED),  # released
        (JobState.HELD, JobState.CANCELLED),
        (JobState.FAILED, JobState.QUEUED),  # retried by the user, with fresh attempts
        (JobState.CANCELLED, JobState.QUEUED),  # the same
    }
)
"""Every change of state in a job's life. The store performs these, and those of an undo, and no others."""

UNDO_CHANGES: Final[frozenset[tuple[JobState, JobState]]] = frozenset(
    {
        (JobState.CANCELLED, JobState.HELD),
        (JobState.CANCELLED, JobState.RETRYING),
        (JobState.HELD, JobState.RETRYING),
        (JobState.QUEUED, JobState.RETRYING),
        (JobState.QUEUED, JobState.FAILED),
    }
)
"""What only an undo changes beside them: a job that has not run since gets back what the user changed."""


class Priority(IntEnum):
    """The priorities that the window offers; any integer is a priority, and higher runs first."""

    HIGH = 10
    NORMAL = 0
    LOW = -10


class AttemptEnd(StrEnum):
    """How one run of a job ended."""

    RUNNING = "running"  # it has not ended
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"  # with an error
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the app stopped or died; see Attempt.counted


@dataclass(frozen=True, slots=True)
class JobError:
    """Why an attempt failed, as data that can cross a pipe."""

    code: str  # stable, for programs: one of the codes in core.errors
    message: str  # one sentence for people
    retryable: bool = False  # whether another attempt may help
    details: str = ""  # a traceback, or what a library said; may be empty
    wait: float = 0.0  # seconds that should pass before another attempt, as a server asked; 0 for none


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that a job made."""

    path: str  # absolute
    bytes: int
    width: int  # pixels
    height: int  # pixels
    name: str = ""  # the name of the recipe's output that made it


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job."""

    number: int  # 1 for the first
    worker: int  # the slot that ran it, from 0
    started_at: float  # seconds since the epoch
    seconds: float | None  # how long it took; None while it runs
    end: AttemptEnd
    counted: bool = True  # whether it used up one of the job's attempts
    error: JobError | None = None
    machine: str = ""  # the name of the other machine that ran it; "" for this one


@dataclass(frozen=True, slots=True)
class Job:
    """One source with one recipe in the queue."""

    id: int  # rises in the order of acceptance
    source: str  # an absolute path, or a link
    recipe_name: str
    recipe_id: int
    priority: int
    state: JobState
    attempts: int  # counted attempts so far
    max_retries: int  # attempts after the first
    added_at: float  # seconds since the epoch
    due_at: float | None = None  # when its backoff passes, seconds since the epoch; only in `retrying`
    ended_at: float | None = None  # seconds since the epoch
    seconds: float | None = None  # how long the last attempt took
    source_bytes: int | None = None  # size of the source, when it is known
    output_bytes: int | None = None  # sum of the outputs' sizes, when done
    width: int | None = None  # of the source as shown, pixels
    height: int | None = None
    reason: str = ""  # why it was skipped
    error: JobError | None = None  # of the last failed attempt
    outputs: tuple[OutputFile, ...] = ()
    root: str = ""  # the folder that was given, with the source in it or below; "" for a source itself
    machine: str = ""  # the other machine that has it, or made its last attempt; "" for this one
