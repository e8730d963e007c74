"""Holds the rows that were read lately, at most so many, and knows which of them are out of date."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from core.job import Job, JobState
from core.status import ChangeKind, JobChange

MOST_ROWS: Final = 2_048


class RowCache:
    """Jobs by their ids; those unused for longest are let go."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._stale: set[int] = set()
        self._changed: set[int] | None = None  # since the read that is under way was begun

    def __len__(self) -> int:
        return len(self._jobs)

    def get(self, job: int) -> Job | None:
        """Return what is known of a job, up to date or not."""
        return self._jobs.get(job)

    def lacks(self, job: int) -> bool:
        """Return whether a job should be read."""
        return job not in self._jobs or job in self._stale

    def begin_read(self) -> None:
        """Hear that jobs are being read: what changes before `put` may not be in what is read."""
        self._changed = set()

    def put(self, jobs: Iterable[Job]) -> None:
        """Keep what was just read; what has changed meanwhile is still to be read again."""
        changed, self._changed = self._changed or (), None
        for job in jobs:
            if job.id in changed:
                self._jobs.setdefault(job.id, job)
                self._stale.add(job.id)
            else:
                self._jobs[job.id] = job
                self._stale.discard(job.id)
            self._jobs.move_to_end(job.id)
        while len(self._jobs) > self._most:
            gone, _ = self._jobs.popitem(last=False)
            self._stale.discard(gone)

    def change(self, change: JobChange) -> list[int]:
        """Note a change: states are known at once, the rest is to be read; returns the ids that are here."""
        if self._changed is not None:
            self._changed.update(change.ids)
        here = [job for job in change.ids if job in self._jobs]
        if change.kind is ChangeKind.REMOVED:
            for job in here:
                del self._jobs[job]
            self._stale.difference_update(here)
            return here
        if change.state is not None:
            for job in here:
                due = self._jobs[job].due_at if change.state is JobState.RETRYING else None
                self._jobs[job] = replace(self._jobs[job], state=change.state, due_at=due)
        self._stale.update(here)
        return here
