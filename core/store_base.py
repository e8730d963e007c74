"""The ground of the store: its guards, its transactions, its counts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.job import LEGAL_CHANGES, JobState
from core.store_file import as_store_error, open_store

CHUNK: Final = 5_000
"""Ids or sources in one statement."""

NO_ERROR: Final = "error_code = NULL, error_message = NULL, error_retryable = NULL"


class StoreBase:
    """An open store that refuses illegal changes, counts its jobs, and commits or undoes as a whole."""

    def __init__(self, path: Path, *, aging: bool = False) -> None:
        """Open or make the store at `path`.

        Raises StoreTooNew (untouched) and StoreUnusable. A file that is no readable store is set aside under
        another name, which `set_aside` then tells, and a new one is made.
        """
        opened = open_store(path)
        self._db, counts = opened.db, opened.counts
        self.set_aside, self.salvaged = opened.set_aside, opened.salvaged
        self._depth = 0
        self.counts = {state: counts.get(state, 0) for state in JobState}
        try:
            self._install_guards(aging=aging)
            self.uid: str = self._meta("uid")
        except sqlite3.Error as error:
            self._db.close()
            raise as_store_error(error, path) from error

    def close(self) -> None:
        """Fold the log into the store and close it."""
        self._db.close()

    def _install_guards(self, *, aging: bool) -> None:
        self._db.execute("CREATE TEMP TABLE legal (old TEXT, new TEXT, PRIMARY KEY (old, new)) WITHOUT ROWID")
        self._db.executemany("INSERT INTO legal VALUES (?, ?)", sorted(LEGAL_CHANGES))
        # The last wall: whatever statement is ever written, the store itself refuses an illegal change.
        self._db.execute(
            "CREATE TEMP TRIGGER legal_changes BEFORE UPDATE OF state ON main.jobs"
            " WHEN NOT EXISTS (SELECT 1 FROM temp.legal WHERE old = OLD.state AND new = NEW.state)"
            " BEGIN SELECT RAISE(ABORT, 'illegal change of state'); END"
        )
        self.keep_oldest(aging=aging)

    def keep_oldest(self, *, aging: bool) -> None:
        """Keep an index of the oldest waiting jobs, which the aging option needs; or let it go."""
        if aging:
            self._db.execute("CREATE INDEX IF NOT EXISTS jobs_oldest ON jobs (id) WHERE state = 'queued'")
        else:
            self._db.execute("DROP INDEX IF EXISTS jobs_oldest")

    # -- transactions -------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, guarded: bool = False) -> Iterator[None]:
        """Make what happens within one commit; nested ones undo their own part alone when they fail.

        guarded: what happens within begins with its guard, and has changed nothing when it raises: then a
        nested one has nothing to undo, which saves a third of the time of a change.
        """
        if guarded and self._depth:
            yield
            return
        depth, counts = self._depth, dict(self.counts)
        self._db.execute(f"SAVEPOINT s{depth}" if depth else "BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
            self._depth = depth
            self._db.execute(f"RELEASE s{depth}" if depth else "COMMIT")
        except BaseException:
            self._depth = depth
            self.counts = counts
            if depth:
                self._db.execute(f"ROLLBACK TO s{depth}")
                self._db.execute(f"RELEASE s{depth}")
            elif self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def count(self, old: JobState | None, new: JobState | None, number: int = 1) -> None:
        """Note that so many jobs changed state; None for outside the store."""
        if old is not None:
            self.counts[old] -= number
        if new is not None:
            self.counts[new] += number

    def for_ids(
        self, statement: str, ids: Sequence[int], values: tuple[object, ...] = (), *, column: str = "id"
    ) -> list[int]:
        """Run a statement for these ids, in chunks; `{ids}` in it stands for the condition on `column`."""
        found: list[int] = []
        for start in range(0, len(ids), CHUNK):
            chunk = json.dumps(list(ids[start : start + CHUNK]))
            sql = statement.replace("{ids}", f"{column} IN (SELECT value FROM json_each(?))")
            found += [row[0] for row in self._db.execute(sql, (*values, chunk)).fetchall()]
        return found

    def recipe_id(self, digest: str, name: str, body: str) -> int:
        """Return the number under which the store keeps a recipe, which it may be given by this."""
        self._db.execute(
            "INSERT OR IGNORE INTO recipes (digest, name, body) VALUES (?, ?, ?)", (digest, name, body)
        )
        row = self._db.execute("SELECT id FROM recipes WHERE digest = ?", (digest,)).fetchone()
        return int(row[0])

    def next_id(self) -> int:
        """Return the id that the next new job gets."""
        (number,) = self._db.execute(
            "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) + 1"
        ).fetchone()
        return int(number)

    # -- what is kept beside the jobs ----------------------------------------------------------------------

    def _meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    @property
    def paused(self) -> bool:
        """Whether the user paused the queue; kept over restarts."""
        return self._meta("paused") == "1"

    def set_paused(self, paused: bool) -> None:
        """Keep whether the queue is paused."""
        with self.transaction():
            self._db.execute("UPDATE meta SET value = ? WHERE key = 'paused'", ("1" if paused else "0",))

    def left(self) -> set[tuple[int, int]]:
        """Return the jobs, with their attempts, that other machines went on with when the app was closed."""
        try:
            return {(int(job), int(attempt)) for job, attempt in json.loads(self._meta("left") or "[]")}
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return set()  # the file may have been anywhere

    def note_left(self, jobs: Sequence[tuple[int, int]]) -> None:
        """Keep with which jobs and attempts other machines go on."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('left', ?)", (json.dumps(jobs),))


def name_bytes(value: str) -> bytes:
    """Return a name as bytes for SQLite to keep as text, so that one that is not Unicode comes back.

    Raises UnicodeEncodeError for what no file can be named.
    """
    return value.encode("utf-8", "surrogateescape")
