"""Reads the store beside its writer: which jobs, in which order, and what is known of each."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.job import Attempt, AttemptEnd, Job, JobError, JobState, OutputFile
from core.migrations import version_of
from core.status import FailureGroup, HistoryLine, JobQuery, SortKey
from core.store_file import open_for_reading
from core.store_moving import MovedJob

_ORDER: Final = {
    SortKey.ADDED: ("id",),
    SortKey.ORDER: ("priority DESC", "place"),
    SortKey.NAME: ("name COLLATE NOCASE",),
    SortKey.FOLDER: ("folder COLLATE NOCASE",),
    SortKey.STATE: ("state",),
    SortKey.PRIORITY: ("priority",),
    SortKey.SOURCE_BYTES: ("source_bytes",),
    SortKey.OUTPUT_BYTES: ("output_bytes",),
    SortKey.SAVED: ("source_bytes - output_bytes",),
    SortKey.DIMENSIONS: ("width * height",),
    SortKey.RECIPE: ("(SELECT name FROM recipes WHERE recipes.id = jobs.recipe)",),
    SortKey.ATTEMPTS: ("attempts",),
    SortKey.DUE: ("due_at",),
    SortKey.SECONDS: ("seconds",),
    SortKey.ERROR: ("error_message",),
}
_BEHIND: Final = {
    SortKey.ORDER: "state IN ('done', 'skipped', 'failed', 'cancelled')",
    **{
        key: f"{_ORDER[key][0]} IS NULL"
        for key in (SortKey.SOURCE_BYTES, SortKey.OUTPUT_BYTES, SortKey.SAVED, SortKey.DIMENSIONS,
                    SortKey.DUE, SortKey.SECONDS, SortKey.ERROR)
    },
}  # fmt: skip
"""What stands behind all else, whichever way it is sorted: there is nothing to compare in it."""

_PIECE: Final = 40_000  # characters of a list of ids that are read at once: other threads wait meanwhile

_COLUMNS: Final = (
    "jobs.id, folder || jobs.name, recipes.name, recipe, priority, state, attempts, max_retries,"
    " added_at, due_at, ended_at, seconds, source_bytes, output_bytes, width, height, reason, error_code,"
    " error_message, error_retryable, outputs, {root}, {machine}"
)


class StoreReader:
    """A read-only connection of its own, for one thread at a time; it sees what has been committed."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`; raises StoreUnusable when there is none that can be read."""
        self._db = open_for_reading(path)
        # Before the app has brought an older store to this layout, it can be read all the same.
        self._root = "root" if version_of(self._db) >= 3 else "0"
        self._machine = "machine" if version_of(self._db) >= 6 else "''"
        self._columns = _COLUMNS.format(root=self._root, machine=self._machine)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def interrupt(self) -> None:
        """End a read that runs in another thread; it raises sqlite3.OperationalError there."""
        self._db.interrupt()

    def find(self, query: JobQuery, most: int | None = None) -> array[int]:
        """Return the ids of the jobs that the query asks for, in its order; the first `most` ones, or all."""
        where, values = _conditions(query)
        order = [_reversed(part) if query.descending else part for part in _ORDER[query.sort]]
        if query.sort is not SortKey.ADDED:
            order.append("id")
        behind = _BEHIND.get(query.sort)
        if behind is None:
            return self._ids([(where, order)], values, most)
        # Two lists are sooner in order than one that has to compare what stands behind, too.
        after = order if query.sort is SortKey.ORDER else ["id"]
        return self._ids([([*where, f"NOT ({behind})"], order), ([*where, behind], after)], values, most)

    def _ids(
        self, lists: Sequence[tuple[Sequence[str], Sequence[str]]], values: Sequence[object], most: int | None
    ) -> array[int]:
        """Return the ids of some lists behind each other, the first `most` ones or all.

        Each list has its conditions, in which the same values are bound, and its order. All are read in one
        statement, and so as they are at one moment. SQLite gives each as one text: were the ids rows, each
        would wait for its turn with Python, while the window has it. There is no limit unless one is asked
        for, as SQLite sorts by slower means below one.
        """
        limit = "" if most is None else f"LIMIT {most:d}"
        parts = [
            "(SELECT json_group_array(id) FROM (SELECT id FROM jobs"
            f" WHERE {' AND '.join(where or ['TRUE'])} ORDER BY {', '.join(order)} {limit}))"
            for where, order in lists
        ]
        texts = self._db.execute(f"SELECT {', '.join(parts)}", (*values,) * len(parts)).fetchone()
        ids = array("q")
        for text in texts:
            start, end = 1, len(text) - 1
            while start < end:
                stop = text.find(",", start + _PIECE, end)
                stop = end if stop < 0 else stop
                ids.extend(json.loads(f"[{text[start:stop]}]"))
                start = stop + 1
        return ids if most is None else ids[:most]

    def jobs(self, ids: Sequence[int]) -> list[Job]:
        """Return these jobs, in this order; those that are gone are left out."""
        rows = self._db.execute(
            f"SELECT {self._columns} FROM jobs JOIN recipes ON recipes.id = jobs.recipe"
            " WHERE jobs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        found = {row[0]: row for row in rows}
        return [_job(found[job]) for job in ids if job in found]

    def places(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the places in the queue of those of these jobs that are queued, 1 for the next to run.

        They are found in their order, each by the number of jobs between it and the one before: however many
        are asked for, no part of the queue is counted twice.
        """
        asked = self._db.execute(
            "SELECT priority, place, id FROM jobs WHERE state = 'queued'"
            " AND id IN (SELECT value FROM json_each(?)) ORDER BY priority DESC, place, id",
            (json.dumps(list(ids)),),
        ).fetchall()
        places: dict[int, int] = {}
        number, known = 0, (float("inf"), 0.0)
        for priority, place, job in asked:
            number += self._between(known, (priority, place))
            known = (priority, place)
            places[job] = number + 1
        return places

    def _between(self, one: tuple[float, float], other: tuple[float, float]) -> int:
        """Return how many queued jobs stand from one (priority, place) up to before another."""
        if one[0] == other[0]:
            return self._count("priority = ? AND place >= ? AND place < ?", one[0], one[1], other[1])
        return (
            self._count("priority = ? AND place >= ?", *one)
            + self._count("priority < ? AND priority > ?", one[0], other[0])
            + self._count("priority = ? AND place < ?", *other)
        )

    def _count(self, condition: str, *values: float) -> int:
        row = self._db.execute(f"SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND {condition}", values)
        return int(row.fetchone()[0])

    def waiting(self, ids: Sequence[int]) -> list[MovedJob]:
        """Return those of these jobs that wait, in this order, fit to go to another queue.

        Their `recipe` is the number under which this store has it.
        """
        rows = self._db.execute(
            "SELECT id, folder || name, recipe, priority, state = 'held', attempts, max_retries, batch_index,"
            f" twin, folder, {self._root} FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
            " AND state IN ('queued', 'retrying', 'held')",
            (json.dumps(list(ids)),),
        )
        found = {
            job: MovedJob(
                source,
                recipe,
                priority,
                bool(held),
                attempts,
                most,
                index,
                twin,
                folder[root:].count(os.sep) if root else 0,
            )
            for job, source, recipe, priority, held, attempts, most, index, twin, folder, root in rows
        }
        return [found[job] for job in ids if job in found]

    def attempts(self, job: int) -> list[Attempt]:
        """Return the attempts of a job, first to last; one that is under way is the last."""
        rows = self._db.execute(
            "SELECT number, worker, started_at, seconds, ended, counted, error_code, error_message,"
            f" error_retryable, error_details, {self._machine} FROM attempts WHERE job = ? ORDER BY number",
            (job,),
        )
        attempts = [
            Attempt(number, worker, started, seconds, AttemptEnd(end), bool(counted),
                    JobError(code, message, bool(retryable), details) if code else None, machine)
            for number, worker, started, seconds, end, counted, code, message, retryable, details, machine
            in rows
        ]  # fmt: skip
        current = self._db.execute(
            f"SELECT runs, worker, started_at, {self._machine} FROM jobs WHERE id = ? AND state = 'running'",
            (job,),
        ).fetchone()
        if current is not None:
            number, worker, started, machine = current
            attempts.append(Attempt(number, worker, started, None, AttemptEnd.RUNNING, machine=machine))
        return attempts

    def recipe(self, recipe: int) -> str:
        """Return the JSON of a recipe that jobs have."""
        (body,) = self._db.execute("SELECT body FROM recipes WHERE id = ?", (recipe,)).fetchone()
        return str(body)

    def failures(self) -> list[FailureGroup]:
        """Return the failed jobs by the codes of their errors, the largest group first."""
        rows = self._db.execute(
            "SELECT code, number, error_message FROM (SELECT error_code AS code, COUNT(*) AS number,"
            " MAX(id) AS last FROM jobs WHERE state = 'failed' AND error_code IS NOT NULL"
            " GROUP BY error_code)"
            " JOIN jobs ON jobs.id = last ORDER BY number DESC, code"
        )
        return [FailureGroup(code, number, message or "") for code, number, message in rows]

    def history(self, text: str = "", most: int = 5_000) -> list[HistoryLine]:
        """Return what was done, the latest day first: at most so many lines that have a text in them.

        text: part of the day, the folder or the recipe's name, in any case of letters.
        """
        rows = self._db.execute(
            "SELECT day, folder, recipe, done, skipped, failed, source_bytes, output_bytes, seconds"
            " FROM history WHERE day || ' ' || folder || ' ' || recipe LIKE ? ESCAPE '\\'"
            " ORDER BY day DESC, folder, recipe LIMIT ?",
            (_containing(text), most),
        )
        return [HistoryLine(*row) for row in rows]

    def counts(self) -> dict[JobState, int]:
        """Return how many jobs are in each state; every state is a key."""
        counts = dict.fromkeys(JobState, 0)
        for state, count in self._db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state"):
            counts[JobState(state)] = count
        return counts

    def paused(self) -> bool:
        """Return whether the user paused the queue."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'paused'").fetchone()
        return bool(row and row[0] == "1")


def _conditions(query: JobQuery) -> tuple[list[str], tuple[object, ...]]:
    """Return conditions that all have to hold, and the values that are bound in them."""
    conditions: list[str] = []
    values: list[object] = []
    if query.states is not None:
        # Not bound, and one state not as a list: only so does an index on what is in that state serve.
        names = [repr(str(state)) for state in sorted(query.states)]
        conditions.append(f"state = {names[0]}" if len(names) == 1 else f"state IN ({', '.join(names)})")
    if query.text:
        pattern = _containing(query.text)
        if "/" in query.text or "\\" in query.text:
            conditions.append("folder || name LIKE ? ESCAPE '\\'")
            values.append(pattern)
        else:  # it is in the one or in the other, which need not be put together: a fifth of the time less
            conditions.append("(name LIKE ? ESCAPE '\\' OR folder LIKE ? ESCAPE '\\')")
            values += [pattern, pattern]
    if query.error_code:
        conditions.append("error_code = ?")
        values.append(query.error_code)
    if query.without_code:
        conditions.append("error_code IS NOT ?")
        values.append(query.without_code)
    return conditions, tuple(values)


def _containing(text: str) -> str:
    """Return the pattern for LIKE that finds a text anywhere, whatever signs it has."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _reversed(part: str) -> str:
    return part.removesuffix(" DESC") if part.endswith(" DESC") else f"{part} DESC"


def _job(row: tuple[object, ...]) -> Job:
    (job, source, recipe_name, recipe, priority, state, attempts, max_retries, added, due, ended, seconds,
     source_bytes, output_bytes, width, height, reason, code, message, retryable, outputs,
     root, machine) = row  # fmt: skip
    error = JobError(str(code), str(message), bool(retryable)) if code else None
    files = tuple(OutputFile(*fields) for fields in json.loads(str(outputs))) if outputs else ()
    return Job(
        job, source, recipe_name, recipe, priority, JobState(str(state)), attempts, max_retries,  # type: ignore[arg-type]
        added, due, ended, seconds, source_bytes, output_bytes, width, height,  # type: ignore[arg-type]
        str(reason or ""), error, files, str(source)[: int(str(root))], str(machine),
    )  # fmt: skip
