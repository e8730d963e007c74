"""Keeps what the user's last changes of jobs have replaced, so that they can be undone and done again.

It stands in a file of its own beside the store, which is neither synced nor kept: what can be undone ends
with the app. A step is one thing that the user did, to however many jobs; all its rows stay in that file. To
undo it is to put its rows back, and what they replace is kept as the step that does it again.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from core.job import LIVE, UNDO_CHANGES, WAITING, JobState
from core.store_base import CHUNK, StoreBase
from core.store_file import as_store_error

T = TypeVar("T")

UNDO_NAME: Final = "undo.sqlite3"


class Kept(StrEnum):
    """What of jobs a step keeps."""

    PLACE = "place"  # priority, and place in the queue
    RECIPE = "recipe"
    STATE = "state"  # with what belongs to it: attempts, backoff, error
    RETRY = "retry"  # the state and the recipe
    REMOVED = "removed"  # all that is known of jobs that are gone from the store
    ADDED = "added"  # nothing: they were not there before


_RECIPE: Final = ("recipe", "name_key", "twin", "batch_index")
_STATE: Final = (
    "state", "attempts", "due_at", "backoff", "ended_at", "error_code", "error_message", "error_retryable",
)  # fmt: skip
_COLUMNS: Final = {
    Kept.PLACE: ("priority", "place"),
    Kept.RECIPE: _RECIPE,
    Kept.STATE: _STATE,
    Kept.RETRY: (*_STATE, *_RECIPE),
}


def _among(states: Iterable[JobState]) -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in sorted(states))})"


_AS_LEFT: Final = "jobs.state = kept.expects AND jobs.runs = kept.runs"
_CAN_BE: Final = {
    Kept.PLACE: f"jobs.{_among(LIVE)}",
    Kept.RECIPE: f"jobs.{_among(WAITING)}",
    Kept.STATE: _AS_LEFT,
    Kept.RETRY: _AS_LEFT,
    Kept.ADDED: "jobs.state <> 'running' AND jobs.runs = kept.runs",
}
"""Which jobs can still get back what is kept of them: those that have not gone on since."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of one part of a step that was undone."""

    states: dict[JobState, list[int]] = field(
        default_factory=dict
    )  # the jobs by the state that they have now
    details: list[int] = field(default_factory=list)  # jobs with another priority, place or recipe now
    added: list[int] = field(default_factory=list)  # jobs that are back, in the order of their ids
    removed: list[int] = field(default_factory=list)
    left: int = 0  # jobs that have gone on since, and stay as they are
    more: bool = False  # whether there is another part

    @property
    def changed(self) -> int:
        """How many jobs are as they were before."""
        return sum(map(len, (*self.states.values(), self.details, self.added, self.removed)))


class StoreSteps(StoreBase):
    """A store that can put back what changes within a step have replaced."""

    def __init__(self, path: Path, *, aging: bool = False) -> None:
        """Open the store, see StoreBase, with nothing to undo."""
        super().__init__(path, aging=aging)
        self._step = 0
        self._kept_in = path.with_name(UNDO_NAME)
        self._remove_kept()
        try:
            self._attach()
        except sqlite3.Error as error:
            self._db.close()
            raise as_store_error(error, path) from error

    def _attach(self) -> None:
        self._db.execute("ATTACH DATABASE ? AS undo", (str(self._kept_in),))
        # Each commit begins on this file, too: with locks of its own that took a tenth of a commit's time.
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = OFF"):
            self._db.execute(f"PRAGMA undo.{setting}")
        self._db.execute("PRAGMA undo.cache_size = -8000")

    def close(self) -> None:
        """Close the store, and forget what could be undone."""
        super().close()
        self._remove_kept()

    def _remove_kept(self) -> None:
        with suppress(OSError):
            self._kept_in.unlink(missing_ok=True)

    # -- while the user changes jobs ------------------------------------------------------------------------

    def within(self, step: int, change: Callable[[], T]) -> T:
        """Make a change that belongs to a step, by its number; 0 for one that is not to be undone."""
        self._step = step
        try:
            return change()
        finally:
            self._step = 0

    def keep(
        self, kept: Kept, ids: Sequence[int], states: Iterable[JobState], then: JobState | None = None
    ) -> None:
        """Within a step, keep what jobs in these states have now; `then` is the state that they get."""
        if self._step:
            with self.transaction():
                self.for_ids(
                    f"{self._insert(kept, then)} WHERE {_among(states)} AND {{ids}} RETURNING job", ids
                )

    def keep_places(self, priority: float) -> None:
        """Within a step, keep the places of all live jobs of a priority, which get others now."""
        if self._step:
            with self.transaction():
                self._db.execute(
                    f"{self._insert(Kept.PLACE)} WHERE {_among(LIVE)} AND priority = ?", (priority,)
                )

    def keep_added(self, ids: Sequence[int]) -> None:
        """Within a step, keep that these jobs are new."""
        if self._step:
            table = self._table(self._step, Kept.ADDED)
            self.for_ids(f"INSERT INTO {table} SELECT id, runs FROM jobs WHERE {{ids}} RETURNING job", ids)

    def _insert(self, kept: Kept, then: JobState | None = None) -> str:
        """Return the statement that keeps jobs, without its condition; what is kept already stays so."""
        what = ", ".join(("id", "NULL" if then is None else repr(str(then)), "runs", *_COLUMNS[kept]))
        return f"INSERT OR IGNORE INTO {self._table(self._step, kept)} SELECT {what} FROM jobs"

    def remove(self, ids: Sequence[int]) -> list[int]:
        """Forget jobs with their attempts, in any state but running; within a step it can be undone."""
        removed: list[int] = []
        with self.transaction():
            table = self._table(self._step, Kept.REMOVED) if self._step else ""
            for start in range(0, len(ids), CHUNK):
                chunk = ids[start : start + CHUNK]
                here = "WHERE state <> 'running' AND {ids}"
                if table:
                    self.for_ids(f"INSERT INTO {table} SELECT * FROM jobs {here}", chunk)
                for state, number in self._states_of(chunk):
                    self.count(state, None, number)
                gone = self.for_ids(f"DELETE FROM jobs {here} RETURNING id", chunk)
                if table:
                    self.for_ids(
                        f"INSERT INTO {_attempts(self._step)} SELECT * FROM attempts WHERE {{ids}}", gone,
                        column="job",
                    )  # fmt: skip
                self.for_ids("DELETE FROM attempts WHERE {ids}", gone, column="job")
                removed += gone
        return removed

    def _states_of(self, ids: Sequence[int]) -> list[tuple[JobState, int]]:
        """Return how many of these jobs are in each state, but for running ones."""
        rows = self._db.execute(
            "SELECT state, COUNT(*) FROM jobs WHERE state <> 'running'"
            " AND id IN (SELECT value FROM json_each(?)) GROUP BY state",
            (json.dumps(list(ids)),),
        )
        return [(JobState(state), number) for state, number in rows]

    # -- undoing --------------------------------------------------------------------------------------------

    def take_back(self, step: int, inverse: int, most: int) -> TakenBack:
        """Undo up to `most` jobs of a step, and keep what they were until now as the step `inverse`.

        Those that have gone on since, as they were started or the user has removed them, are left alone.
        """
        with self.transaction():
            kept = self._kept_as(step)
            if kept is None:
                return TakenBack()
            table = self._table(step, kept)
            last, number = self._db.execute(
                f"SELECT MAX(rowid), COUNT(*) FROM (SELECT rowid FROM {table} ORDER BY rowid LIMIT ?)",
                (most,),
            ).fetchone()
            if not number:
                return TakenBack()
            if kept is Kept.REMOVED:
                back = TakenBack(added=self._bring_back(step, inverse, last))
            elif kept is Kept.ADDED:
                ids = self._possible(table, kept, last)
                back = TakenBack(removed=self.within(inverse, lambda: self.remove(ids)))
            else:
                back = self._put_back(kept, table, inverse, last)
            self._db.execute(f"DELETE FROM {table} WHERE rowid <= ?", (last,))
            (more,) = self._db.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone()
            return TakenBack(
                back.states, back.details, back.added, back.removed, number - back.changed, bool(more)
            )

    def forget_step(self, step: int) -> None:
        """Let go of what a step keeps."""
        with self.transaction():
            kept = self._kept_as(step)
            if kept is not None:
                self._db.execute(f"DROP TABLE {self._table(step, kept)}")
            if kept is Kept.REMOVED:
                self._db.execute(f"DROP TABLE {_attempts(step)}")

    def _possible(self, table: str, kept: Kept, last: int) -> list[int]:
        rows = self._db.execute(
            f"SELECT job FROM {table} AS kept CROSS JOIN jobs ON jobs.id = kept.job"
            f" WHERE kept.rowid <= ? AND {_CAN_BE[kept]} ORDER BY job",
            (last,),
        )
        return [row[0] for row in rows]

    def _put_back(self, kept: Kept, table: str, inverse: int, last: int) -> TakenBack:
        """Give jobs what is kept of them, and keep what they had."""
        columns, with_state = _COLUMNS[kept], kept in (Kept.STATE, Kept.RETRY)
        possible = f"kept.rowid <= ? AND jobs.id = kept.job AND {_CAN_BE[kept]}"
        joined = f"FROM {table} AS kept CROSS JOIN jobs WHERE {possible}"
        new_state = "kept.state" if with_state else "NULL"
        rows = self._db.execute(f"SELECT jobs.id, jobs.state, {new_state} {joined}", (last,)).fetchall()
        had = ", ".join(f"jobs.{one}" for one in columns)
        into = self._table(inverse, kept)
        self._db.execute(
            f"INSERT INTO {into} SELECT jobs.id, {new_state}, jobs.runs, {had} {joined}", (last,)
        )
        self._db.executemany("INSERT INTO temp.legal VALUES (?, ?)", UNDO_CHANGES)
        self._db.execute(
            f"UPDATE jobs SET {', '.join(f'{one} = kept.{one}' for one in columns)} FROM {table} AS kept"
            f" WHERE {possible}",
            (last,),
        )
        self._db.executemany("DELETE FROM temp.legal WHERE old = ? AND new = ?", UNDO_CHANGES)
        ids = [job for job, _, _ in rows]
        if "twin" in columns:
            self._tell_twins_apart(ids)
        states: dict[JobState, list[int]] = {}
        if with_state:
            for (old, new), number in Counter((old, new) for _, old, new in rows).items():
                states.setdefault(JobState(new), []).extend(
                    job for job, was, becomes in rows if (was, becomes) == (old, new)
                )
                self.count(JobState(old), JobState(new), number)
        return TakenBack(states, [] if with_state else ids)

    def _bring_back(self, step: int, inverse: int, last: int) -> list[int]:
        """Put removed jobs back, as they were, at their old places; returns their ids."""
        table, attempts = self._table(step, Kept.REMOVED), _attempts(step)
        rows = self._db.execute(
            f"SELECT id, state FROM {table} WHERE rowid <= ? ORDER BY id", (last,)
        ).fetchall()
        self._db.execute(f"INSERT INTO jobs SELECT * FROM {table} WHERE rowid <= ?", (last,))
        ids = [job for job, _ in rows]
        self.for_ids(f"INSERT INTO attempts SELECT * FROM {attempts} WHERE {{ids}}", ids, column="job")
        for state, number in Counter(state for _, state in rows).items():
            self.count(None, JobState(state), number)
        self._tell_twins_apart([job for job, state in rows if state in LIVE])
        self.within(inverse, lambda: self.keep_added(ids))
        return ids

    def _tell_twins_apart(self, ids: Sequence[int]) -> None:
        """Give another number to those of these jobs whose names a job got that came meanwhile."""
        taken = self.for_ids(
            "SELECT id FROM jobs WHERE {ids} AND EXISTS (SELECT 1 FROM jobs AS other"
            " WHERE other.name_key = jobs.name_key AND other.twin = jobs.twin AND other.id <> jobs.id"
            " AND (other.name <> jobs.name OR other.folder <> jobs.folder))",
            ids,
        )
        for job in sorted(taken):
            self._db.execute(
                "UPDATE jobs SET twin = free, batch_index = IIF(batch_index = twin, free, batch_index) FROM"
                " (SELECT MAX(twin) + 1 AS free FROM jobs WHERE name_key ="
                " (SELECT name_key FROM jobs WHERE id = ?1)) WHERE id = ?1",
                (job,),
            )

    # -- where it is kept -----------------------------------------------------------------------------------

    def _kept_as(self, step: int) -> Kept | None:
        """Return what a step keeps; None for nothing."""
        for kept in Kept:
            name = f"{kept}_{step:d}"
            if self._db.execute("SELECT 1 FROM undo.sqlite_master WHERE name = ?", (name,)).fetchone():
                return kept
        return None

    def _table(self, step: int, kept: Kept) -> str:
        """Return the table of a step, which is made when it is not there."""
        table = f"undo.{kept}_{step:d}"
        if kept is Kept.REMOVED:
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM main.jobs WHERE FALSE")
            self._db.execute(
                f"CREATE TABLE IF NOT EXISTS {_attempts(step)} AS SELECT * FROM main.attempts WHERE FALSE"
            )
            self._db.execute(f"CREATE INDEX IF NOT EXISTS undo.of_job_{step:d} ON attempts_{step:d} (job)")
        elif kept is Kept.ADDED:
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} (job INTEGER PRIMARY KEY, runs)")
        else:
            columns = ", ".join(("expects", "runs", *_COLUMNS[kept]))
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} (job INTEGER PRIMARY KEY, {columns})")
        return table


def _attempts(step: int) -> str:
    return f"undo.attempts_{step:d}"
