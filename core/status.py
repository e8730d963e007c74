"""What the queue tells: the values that its signals carry and its reads take and return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.job import ENDED, LIVE, JobState


class ChangeKind(StrEnum):
    """What changed of a job."""

    STATE = "state"
    DETAILS = "details"  # priority, place in the queue, or notes; the state is as before
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class JobChange:
    """One committed change of one or more jobs."""

    ids: Sequence[int]
    kind: ChangeKind
    state: JobState | None = None  # the new state; only for ChangeKind.STATE


@dataclass(frozen=True, slots=True)
class BatchAdded:
    """Jobs that were just accepted or restored, in the order of their ids."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch that was enqueued."""

    ids: Sequence[int]  # of the new jobs, in the order given
    duplicates: int = 0  # sources that were already waiting or running with the same recipe
    numbered: int = 0  # new jobs whose outputs get a number, as others in the queue would have the same names


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found at the start of the app that an earlier run had left running."""

    put_back: int = 0  # jobs that went back to the queue
    exhausted: int = 0  # jobs that went to `failed`, because their attempts were used up
    finished: int = 0  # jobs whose outputs were all published before the end, now `done`
    jobs: tuple[int, ...] = ()  # the ids of all these
    set_aside: str = ""  # where a store that could not be read was moved to; empty when all was well
    salvaged: int = 0  # jobs that were brought over from it
    brought: int = 0  # jobs that other machines ended while the app was closed, now `done`


class RunState(StrEnum):
    """Whether the queue starts jobs."""

    RUNNING = "running"
    PAUSING = "pausing"  # starts nothing new; some jobs are still running
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """The queue at one instant."""

    name: str
    run_state: RunState
    concurrency: int  # slots
    active: int = 0  # slots that run a job now
    counts: Mapping[JobState, int] = field(  # every state is a key
        default_factory=lambda: dict.fromkeys(JobState, 0)
    )
    reason: str = ""  # why the queue paused itself, one sentence; empty when the user did
    next_due_in: float | None = None  # seconds until the next retry, when nothing else can run
    source_bytes: int = 0  # read for the jobs that are done, in this run of the app
    output_bytes: int = 0  # written for them

    @property
    def total(self) -> int:
        """All jobs in the store."""
        return sum(self.counts.values())

    @property
    def live(self) -> int:
        """Jobs that still have to run, held ones too."""
        return sum(self.counts[state] for state in LIVE)

    @property
    def ended(self) -> int:
        """Jobs that are done, skipped, failed or cancelled."""
        return sum(self.counts[state] for state in ENDED)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """The failed jobs whose errors have the same code."""

    code: str
    count: int
    example: str  # the sentence of the one that was added last


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What was done on one day with the images of one folder by one recipe."""

    day: str  # by local time, as 2026-01-31
    folder: str  # of the sources
    recipe: str  # its name
    done: int
    skipped: int
    failed: int
    source_bytes: int  # of the jobs that are done
    output_bytes: int
    seconds: float  # that the last attempts took, together


class SortKey(StrEnum):
    """What the jobs can be sorted by. ORDER is the order in which they run, with what has ended behind."""

    ADDED = "added"
    ORDER = "order"
    NAME = "name"
    FOLDER = "folder"
    STATE = "state"
    PRIORITY = "priority"
    SOURCE_BYTES = "source_bytes"
    OUTPUT_BYTES = "output_bytes"
    SAVED = "saved"
    DIMENSIONS = "dimensions"
    RECIPE = "recipe"
    DUE = "due"
    ATTEMPTS = "attempts"
    SECONDS = "seconds"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs to list, in which order."""

    states: frozenset[JobState] | None = None  # None for all
    text: str = ""  # part of the source's path, in any case of letters
    error_code: str = ""  # of the last failed attempt; empty for any
    without_code: str = ""  # leaves out the jobs whose last failed attempt has this code
    sort: SortKey = SortKey.ADDED
    descending: bool = False
