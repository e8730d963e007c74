"""The one file that holds the queue, where every legal change of state is one method in one transaction.

All methods are synchronous and belong to one thread (see core.store_writer, which also gathers several calls
into one commit). Times are seconds since the epoch and come from the caller's clock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from core.errors import IllegalChange, WorkerCrashed
from core.executor import Done
from core.job import WAITING, AttemptEnd, JobError, JobState
from core.status import Accepted
from core.store_base import CHUNK, NO_ERROR, name_bytes
from core.store_file import damage
from core.store_moving import StoreMoving
from core.store_steps import Kept
from core.twins import Twins

_NEXT: Final = "(SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, place LIMIT 1)"
_OLDEST: Final = "(SELECT id FROM jobs WHERE state = 'queued' AND added_at < ? ORDER BY id LIMIT 1)"
_CLAIM: Final = "id, runs, worker, folder, name, recipe, twin, batch_index, attempts, max_retries, root"
_OTHER_RECIPE: Final = "recipe = ?, name_key = ?, twin = ?, batch_index = COALESCE(?, batch_index)"
_AGAIN: Final = (JobState.FAILED, JobState.CANCELLED)  # what can be tried again
_DETAILS_LIMIT: Final = 20_000  # characters of a traceback that are kept


@dataclass(frozen=True, slots=True)
class NewJobs:
    """A batch to be accepted, all of it or nothing."""

    sources: Sequence[str]  # absolute paths
    name_keys: Sequence[int]  # one for each source, see core.imaging.naming
    recipe_name: str
    recipe_digest: str
    recipe_body: str  # JSON
    priority: int
    max_retries: int
    root: str = (
        ""  # the folder that was given, and that all sources are in or below; "" for sources themselves
    )
    counted: bool = False  # whether a source's number among those of its key is its index, too


@dataclass(frozen=True, slots=True)
class Mended:
    """Another recipe for some sources."""

    recipe_name: str
    recipe_digest: str
    recipe_body: str  # JSON
    name_keys: Sequence[int]  # one for each source, by this recipe
    counted: bool  # whether names count the sources of one name key


_MendedJob: TypeAlias = tuple[int, str, str]  # its id, source and state

Mend: TypeAlias = Callable[[str, Sequence[str], str], Mended]
"""Returns what to try instead of a recipe, given as JSON, with these sources below one root, or none ("")."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that was just given to a slot, with what is needed to run it."""

    job_id: int
    attempt: int
    worker: int
    source: str
    recipe_body: str
    twin: int
    batch_index: int
    attempts: int  # counted ones, this one too
    max_retries: int
    below: str = ""  # where the source is below the folder that was given; "" for in it


@dataclass(frozen=True, slots=True)
class Ended:
    """Which attempt ended, and when."""

    job: int
    attempt: int
    at: float  # seconds since the epoch
    seconds: float  # that it took
    machine: str = ""  # that it ran on, as far as is known; "" for this one


class StaleAttempt(IllegalChange):
    """A result of an attempt that is no longer the job's current one: it is to be dropped."""


class JobStore(StoreMoving):
    """The queue on disk. One process, and in it one thread, may hold it."""

    def __init__(self, path: Path, *, aging: bool = False) -> None:
        """Open or make the store at `path`; see StoreBase for what is raised.

        aging: keep an index of the oldest waiting jobs, for `claim` with `oldest_before`.
        """
        super().__init__(path, aging=aging)
        self._recipe_bodies: dict[int, str] = {}

    # -- accepting ----------------------------------------------------------------------------------------

    def add(
        self, batch: NewJobs, now: float, *, first_index: int = 1, keep_duplicates: bool = False
    ) -> Accepted:
        """Accept a batch.

        A duplicate, which is left out, has the source and the recipe of a job that has still to end, or
        stands twice in the batch.
        """
        with self.transaction():
            recipe = self.recipe_id(batch.recipe_digest, batch.recipe_name, batch.recipe_body)
            first = self.next_id()
            twins = Twins(self._db, recipe)
            rows: list[tuple[object, ...]] = []
            duplicates, numbered, index = 0, 0, first_index - 1
            root = len(os.path.join(batch.root, "")) if batch.root else 0  # noqa: PTH118 (a text's length)
            for start in range(0, len(batch.sources), CHUNK):
                twins.look_up(batch.name_keys[start : start + CHUNK])
                for offset in range(start, min(start + CHUNK, len(batch.sources))):
                    source = batch.sources[offset]
                    twin = twins.number_of(batch.name_keys[offset], source, keep_duplicates=keep_duplicates)
                    index += 1
                    if twin is None:
                        duplicates += 1
                        continue
                    numbered += twin > 1
                    job = first + len(rows)
                    cut = source.rfind(os.sep) + 1
                    rows.append(
                        (job, name_bytes(source[:cut]), name_bytes(source[cut:]), recipe, batch.priority, job,
                         batch.name_keys[offset], twin, twin if batch.counted else index, batch.max_retries,
                         now, root)
                    )  # fmt: skip
            self._db.executemany(
                "INSERT INTO jobs (id, folder, name, recipe, priority, place, state, name_key, twin,"
                " batch_index, max_retries, added_at, root)"
                " VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self.keep_added(range(first, first + len(rows)))
            self.count(None, JobState.QUEUED, len(rows))
            return Accepted(range(first, first + len(rows)), duplicates, 0 if batch.counted else numbered)

    def retry_with(self, ids: Sequence[int], mend: Mend) -> list[int]:
        """Try again with other recipes: failed, cancelled -> queued with all attempts anew.

        Jobs in other states are passed over. Returns the ids that changed.
        """
        with self.transaction():
            self.keep(Kept.RETRY, ids, _AGAIN, JobState.QUEUED)
            changed: list[int] = []
            for jobs, mended in self._mended(ids, _AGAIN, mend):
                rows = self._rows(jobs, mended)
                for _, _, state in jobs:
                    self.count(JobState(state), JobState.QUEUED)
                self._db.executemany(
                    f"UPDATE jobs SET {_OTHER_RECIPE}, state = 'queued', attempts = 0, ended_at = NULL,"
                    f" {NO_ERROR} WHERE id = ?",
                    rows,
                )
                changed += (job for job, _, _ in jobs)
            return changed

    def change_recipe(self, ids: Sequence[int], mend: Mend) -> list[int]:
        """Give other recipes to jobs that wait; they keep their states, their places and their attempts.

        Jobs in other states are passed over. Returns the ids that changed.
        """
        with self.transaction():
            self.keep(Kept.RECIPE, ids, WAITING)
            changed: list[int] = []
            for jobs, mended in self._mended(ids, WAITING, mend):
                self._db.executemany(
                    f"UPDATE jobs SET {_OTHER_RECIPE} WHERE id = ?", self._rows(jobs, mended)
                )
                changed += (job for job, _, _ in jobs)
            return changed

    def _mended(
        self, ids: Sequence[int], states: Collection[JobState], mend: Mend
    ) -> list[tuple[list[_MendedJob], Mended]]:
        """Return the jobs in these states by what `mend` has for them."""
        groups: dict[tuple[int, str], list[_MendedJob]] = {}
        for job, source, recipe, state, root in self._db.execute(
            "SELECT id, folder || name, recipe, state, root FROM jobs WHERE"
            " state IN (SELECT value FROM json_each(?)) AND id IN (SELECT value FROM json_each(?))"
            " ORDER BY id",
            (json.dumps(sorted(states)), json.dumps(list(ids))),
        ):
            groups.setdefault((recipe, source[:root]), []).append((job, source, state))
        return [
            (jobs, mend(self._recipe_body(recipe), [source for _, source, _ in jobs], root))
            for (recipe, root), jobs in groups.items()
        ]

    def _rows(self, jobs: Sequence[_MendedJob], mended: Mended) -> list[tuple[int | None, ...]]:
        """Return the values of `_OTHER_RECIPE` for each job, with its id behind them."""
        recipe = self.recipe_id(mended.recipe_digest, mended.recipe_name, mended.recipe_body)
        twins = Twins(self._db, recipe)
        twins.look_up(mended.name_keys)
        rows: list[tuple[int | None, ...]] = []
        for (job, source, _), key in zip(jobs, mended.name_keys, strict=True):
            twin = twins.number_of(key, source, keep_duplicates=True)
            rows.append((recipe, key, twin, twin if mended.counted else None, job))
        return rows

    # -- running ------------------------------------------------------------------------------------------

    def claim(self, workers: Sequence[int], now: float, oldest_before: float | None = None) -> list[Claimed]:
        """Give the next jobs to these free slots: queued -> running, each with a new attempt, counted.

        The next is the one with the highest priority, then the lowest place. With `oldest_before`, a job that
        was added before that time goes first, whatever its priority (the aging option).
        """
        following: str = _NEXT
        values: tuple[float, ...] = ()
        if oldest_before is not None:
            following, values = f"COALESCE({_OLDEST}, {_NEXT})", (oldest_before,)
        claimed: list[Claimed] = []
        with self.transaction(guarded=True):
            for worker in workers:
                found = self._claims(
                    "UPDATE jobs SET state = 'running', runs = runs + 1, attempts = attempts + 1, worker = ?,"
                    f" machine = '', started_at = ?, ended_at = NULL WHERE id = {following}"
                    f" RETURNING {_CLAIM}",
                    (worker, now, *values),
                )
                if not found:
                    break
                claimed += found
            self.count(JobState.QUEUED, JobState.RUNNING, len(claimed))
        return claimed

    def note_machine(self, job: int, attempt: int, machine: str) -> bool:
        """Note which other machine has this attempt; return whether it was still under way."""
        with self.transaction(guarded=True):
            return bool(
                self._db.execute(
                    "UPDATE jobs SET machine = CAST(? AS TEXT) WHERE id = ? AND state = 'running'"
                    " AND runs = ?",
                    (_text(machine), job, attempt),
                ).rowcount
            )

    def _recipe_body(self, recipe: int) -> str:
        if recipe not in self._recipe_bodies:
            row = self._db.execute("SELECT body FROM recipes WHERE id = ?", (recipe,)).fetchone()
            if row is None:
                raise damage(f"There is no recipe {recipe}")
            self._recipe_bodies[recipe] = row[0]
        return self._recipe_bodies[recipe]

    def finish(self, end: Ended, done: Done) -> None:
        """Every output is published: running -> done."""
        outputs = json.dumps([(o.path, o.bytes, o.width, o.height, o.name) for o in done.outputs])
        size = sum(o.bytes for o in done.outputs) if done.outputs else None
        notes = _text(" ".join(done.notes))
        with self.transaction(guarded=True):
            self._end_attempt(
                end, JobState.DONE, AttemptEnd.DONE,
                "ended_at = ?, source_bytes = ?, output_bytes = ?, width = ?, height = ?, outputs = ?,"
                f" reason = CAST(? AS TEXT), {NO_ERROR}",
                (end.at, done.source_bytes, size, done.width, done.height, outputs, notes),
            )  # fmt: skip
            self.note_end(end.job, end.at, done=True)

    def skip(self, end: Ended, reason: str, source_bytes: int | None) -> None:
        """Nothing had to be made: running -> skipped, with the reason."""
        with self.transaction(guarded=True):
            self._end_attempt(
                end, JobState.SKIPPED, AttemptEnd.SKIPPED,
                f"ended_at = ?, reason = CAST(? AS TEXT), source_bytes = ?, {NO_ERROR}",
                (end.at, _text(reason), source_bytes),
            )  # fmt: skip
            self.note_end(end.job, end.at, skipped=True)

    def fail(self, end: Ended, error: JobError) -> None:
        """No retry is left, or none can help: running -> failed."""
        with self.transaction(guarded=True):
            self._end_attempt(
                end, JobState.FAILED, AttemptEnd.FAILED,
                "ended_at = ?, error_code = ?, error_message = CAST(? AS TEXT), error_retryable = ?",
                (end.at, error.code, _text(error.message), error.retryable), error,
            )  # fmt: skip
            self.note_end(end.job, end.at)

    def crashes(self, job: int) -> int:
        """Return how many workers died of this running job before, since it was last queued anew.

        Those are among its last attempts that count; ones that were stopped in between do not.
        """
        (found,) = self._db.execute(
            "SELECT COUNT(*) FROM (SELECT error_code FROM attempts WHERE job = ? AND counted"
            " ORDER BY number DESC LIMIT (SELECT attempts - 1 FROM jobs WHERE id = ?)) WHERE error_code = ?",
            (job, job, WorkerCrashed.code),
        ).fetchone()
        return int(found)

    def retry_later(self, end: Ended, error: JobError, backoff: float) -> None:
        """Wait for a retry: running -> retrying, due after `backoff` seconds; its place is kept."""
        self._end_attempt(
            end, JobState.RETRYING, AttemptEnd.FAILED,
            "due_at = ?, backoff = ?, error_code = ?, error_message = CAST(? AS TEXT), error_retryable = ?",
            (end.at + backoff, backoff, error.code, _text(error.message), error.retryable), error,
        )  # fmt: skip

    def put_back(self, end: Ended) -> None:
        """Stop in order: running -> queued, at its old place, and the attempt does not count."""
        self._end_attempt(
            end, JobState.QUEUED, AttemptEnd.INTERRUPTED, "attempts = attempts - 1", counted=False
        )

    def put_back_after_crash(self, end: Ended, error: JobError) -> None:
        """Take back what a dead run of the app had: running -> queued; the attempt counts (G3)."""
        self._end_attempt(end, JobState.QUEUED, AttemptEnd.INTERRUPTED, "attempts = attempts", (), error)

    def cancel_running(self, end: Ended) -> None:
        """Give up what runs: running -> cancelled."""
        self._end_attempt(end, JobState.CANCELLED, AttemptEnd.CANCELLED, "ended_at = ?", (end.at,))

    def _end_attempt(
        self, end: Ended, state: JobState, how: AttemptEnd, assignments: str,
        values: tuple[object, ...] = (), error: JobError | None = None, *, counted: bool = True,
    ) -> None:  # fmt: skip
        """Change the state, guarded by the attempt, and keep the attempt."""
        failure = error or JobError("", "")
        message, details = _text(failure.message), _text(failure.details[-_DETAILS_LIMIT:])
        with self.transaction(guarded=True):
            changed = self._db.execute(
                "UPDATE jobs SET state = ?, seconds = ?, machine = COALESCE(NULLIF(CAST(? AS TEXT), ''),"
                f" machine), {assignments} WHERE id = ? AND state = 'running' AND runs = ?",
                (state, end.seconds, _text(end.machine), *values, end.job, end.attempt),
            ).rowcount
            if changed != 1:
                raise StaleAttempt(
                    f"Attempt {end.attempt} of job {end.job} does not run; it cannot be {state}."
                )
            self._db.execute(
                "INSERT INTO attempts SELECT id, runs, worker, started_at, ?, ?, ?, NULLIF(?, ''),"
                " CAST(? AS TEXT), ?, CAST(? AS TEXT), machine FROM jobs WHERE id = ?",
                (end.seconds, how, counted, failure.code, message, failure.retryable, details, end.job),
            )
            self.count(JobState.RUNNING, state)

    def wake_due(self, now: float, limit: int = 1_000) -> list[int]:
        """Put the jobs whose backoff has passed back in line: retrying -> queued, at their old places."""
        with self.transaction(guarded=True):
            rows = self._db.execute(
                "UPDATE jobs SET state = 'queued', due_at = NULL, backoff = NULL WHERE id IN"
                " (SELECT id FROM jobs WHERE state = 'retrying' AND due_at <= ? ORDER BY due_at LIMIT ?)"
                " RETURNING id",
                (now, limit),
            ).fetchall()
            self.count(JobState.RETRYING, JobState.QUEUED, len(rows))
            return [row[0] for row in rows]

    def next_due(self) -> float | None:
        """Return when the next backoff passes, or None."""
        value: float | None = self._db.execute(
            "SELECT MIN(due_at) FROM jobs WHERE state = 'retrying'"
        ).fetchone()[0]
        return value

    # -- the start of the app -----------------------------------------------------------------------------

    def running(self) -> list[Claimed]:
        """Return what an earlier run of the app left running, with the attempts that were under way."""
        return self._claims(f"SELECT {_CLAIM} FROM jobs WHERE state = 'running' ORDER BY id", ())

    def _claims(self, statement: str, values: tuple[object, ...]) -> list[Claimed]:
        return [
            Claimed(
                job, attempt, worker, folder + name, self._recipe_body(recipe), twin, index, attempts, most,
                folder[root:].rstrip(os.sep) if root else "",
            )
            for job, attempt, worker, folder, name, recipe, twin, index, attempts, most, root
            in self._db.execute(statement, values).fetchall()
        ]  # fmt: skip

    def anchor_backoffs(self, now: float, boot: str, booted_at: float) -> None:
        """Carry the backoffs over to the clock of this run of the app (see core.clock.Clock for its names).

        Within one boot of the machine it is known by how much the wall clock was set since the last run, and
        they are moved with it. Over a boot it is not: then one that was set forward is no other than one of a
        machine that was off for long, and a backoff that has passed by it has passed. In neither case does
        one last longer from now on than it was meant to in all.
        """
        with self.transaction():
            moved = 0.0
            if boot and self._meta("boot") == boot:
                with suppress(ValueError):  # the file may have been anywhere
                    moved = booted_at - float(self._meta("booted_at"))
            self._db.execute(
                "UPDATE jobs SET due_at = COALESCE(MIN(due_at + ?, ? + backoff), ?) WHERE state = 'retrying'",
                (moved, now, now),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", (("boot", boot), ("booted_at", repr(booted_at)))
            )


def _text(value: str) -> bytes:
    """Return what a library said for SQLite to keep as text, also where it has halves of characters."""
    try:
        return name_bytes(value)
    except UnicodeEncodeError:
        return value.encode("utf-8", "backslashreplace")
