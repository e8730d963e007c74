"""Brings what can still be read of a damaged store over into a new one."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.job import JobState

_RANGE: Final = 4_096  # ids that are read at once
_MOST_FAILURES: Final = 200_000  # unreadable ranges, after which the rest is given up
_MOST_IDS: Final = 10_000_000  # looked through where the store does not tell its last id
_PAGE_COUNT: Final = slice(
    28, 32
)  # of the header, https://www.sqlite.org/fileformat2.html#the_database_header

_STATES: Final = frozenset(state.encode() for state in JobState)

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str  # INTEGER, REAL or TEXT
    needed: bool

    def takes(self, value: object) -> bool:
        """Return whether a value that was read can be one of this column."""
        if value is None:
            return not self.needed
        if self.kind == "TEXT":
            return isinstance(value, bytes)
        fractional = self.kind == "REAL" or self.name == "place"  # of a job that was moved between two others
        return isinstance(value, int) or (fractional and isinstance(value, float))


def salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy the recipes, the jobs and their attempts that can be read; returns how many jobs.

    damaged: stays as it is; a copy of it is read, from the same disk. fresh: a new and empty store of the
    latest layout. What a page that cannot be read held is lost, and a row whose values cannot be is left out.
    Where the first page is lost, which says where the tables are, that of the new store stands in for it: a
    store is always made by the same steps. Raises OSError, and sqlite3.Error for the new store alone.
    """
    with tempfile.TemporaryDirectory(prefix="salvage-", dir=damaged.parent) as folder:
        copy = Path(folder) / "damaged.sqlite3"
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{damaged}{suffix}", f"{copy}{suffix}")
        if not _knows_its_tables(copy):
            _put_first_page(copy, fresh)
            if not _knows_its_tables(copy):
                return 0
        with closing(_opened(copy)) as old:
            return _Salvage(old, fresh).run()


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.text_factory = bytes
    return db


def _knows_its_tables(path: Path) -> bool:
    try:
        with closing(_opened(path)) as db:
            return bool(_columns(db, "jobs") and _columns(db, "recipes"))
    except sqlite3.Error:
        return False


def _put_first_page(path: Path, fresh: sqlite3.Connection) -> None:
    (size,) = fresh.execute("PRAGMA page_size").fetchone()
    page = bytearray(fresh.serialize()[:size])
    with path.open("r+b") as file:
        page[_PAGE_COUNT] = (path.stat().st_size // size).to_bytes(4, "big")
        file.write(page)


def _columns(db: sqlite3.Connection, table: str) -> list[_Column]:
    def text(value: str | bytes) -> str:
        return value if isinstance(value, str) else value.decode()

    rows = db.execute(f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')").fetchall()  # noqa: S608
    return [_Column(text(name), text(kind), bool(needed)) for name, kind, needed in rows]


class _Salvage:
    """One run, table by table; what a row needs of another table comes first."""

    def __init__(self, old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
        self._old = old
        self._fresh = fresh
        self._failures = 0
        self._recipes: set[object] = set()
        self._jobs: set[object] = set()

    def run(self) -> int:
        """Copy all that can be read in one transaction; returns the number of jobs."""
        self._fresh.execute("BEGIN IMMEDIATE")
        try:
            self._copy("recipes", "id", self._recipes.add, lambda row: row)
            self._copy("jobs", "id", self._jobs.add, self._as_job)
            self._copy(
                "attempts", "job", lambda _: None, lambda row: row if row["job"] in self._jobs else None
            )
            self._copy_meta()
            self._copy_history()
        except BaseException:
            self._fresh.execute("ROLLBACK")
            raise
        self._fresh.execute("COMMIT")
        return len(self._jobs)

    def _copy(
        self, table: str, key: str, note: Callable[[object], None], checked: Callable[[Values], Values | None]
    ) -> None:
        old = {column.name for column in _columns(self._old, table)}
        columns = [column for column in _columns(self._fresh, table) if column.name in old]
        names = ", ".join(column.name for column in columns)
        places = ", ".join("CAST(? AS TEXT)" if column.kind == "TEXT" else "?" for column in columns)
        insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})"  # noqa: S608
        for values in self._rows(f"SELECT {names} FROM {table}", table, key):  # noqa: S608
            if not all(column.takes(value) for column, value in zip(columns, values, strict=True)):
                continue
            row = checked({column.name: value for column, value in zip(columns, values, strict=True)})
            if row is not None:
                self._fresh.execute(insert, tuple(row.values()))
                note(row[key])

    def _as_job(self, row: Values) -> Values | None:
        """Return a job that the queue can go on with, or None."""
        if row["recipe"] not in self._recipes or row["state"] not in _STATES or not row["name"]:
            return None
        if (row["state"] == b"retrying" and row["due_at"] is None) or (
            row["state"] == b"running" and (row["worker"] is None or row["started_at"] is None)
        ):
            return row | {"state": b"queued"}
        return row

    def _rows(self, select: str, table: str, key: str) -> Iterator[tuple[object, ...]]:
        last = self._last(table, key)
        for first in range(1, last + 1, _RANGE):
            yield from self._range(
                f"{select} WHERE {key} BETWEEN ? AND ?", first, min(first + _RANGE - 1, last)
            )

    def _range(self, select: str, first: int, last: int) -> Iterator[tuple[object, ...]]:
        """Read the rows of these ids; a range with an unreadable page in it is halved down to single rows."""
        ranges = [(first, last)]
        while ranges:
            low, high = ranges.pop()
            try:
                rows = self._old.execute(select, (low, high)).fetchall()
            except sqlite3.Error:
                self._failures += 1
                if low < high and self._failures < _MOST_FAILURES:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]
            else:
                yield from rows

    def _last(self, table: str, key: str) -> int:
        """Return the last id there may be: that of the table, or else the last that a job was ever given."""
        for ask in (f"SELECT MAX({key}) FROM {table}", "SELECT seq FROM sqlite_sequence"):  # noqa: S608
            with suppress(sqlite3.Error, ValueError, TypeError):
                (last,) = self._old.execute(ask).fetchone()
                return min(int(last or 0), _MOST_IDS)
        return _MOST_IDS

    def _copy_history(self) -> None:
        """Keep what was done on which day, up to where it cannot be read."""
        with suppress(sqlite3.Error):
            names = [column.name for column in _columns(self._fresh, "history")]
            kinds = [column.kind for column in _columns(self._fresh, "history")]
            places = ", ".join("CAST(? AS TEXT)" if kind == "TEXT" else "?" for kind in kinds)
            for row in self._old.execute(f"SELECT {', '.join(names)} FROM history"):  # noqa: S608
                self._fresh.execute(f"INSERT OR IGNORE INTO history VALUES ({places})", row)  # noqa: S608

    def _copy_meta(self) -> None:
        """Keep the store's own id, which names of temporary files have, and whether it is paused."""
        with suppress(sqlite3.Error):
            for key, value in self._old.execute("SELECT key, value FROM meta").fetchall():
                if (key == b"uid" and len(value) == 8 and value.isalnum()) or (
                    key == b"paused" and value in (b"0", b"1")
                ):
                    self._fresh.execute(
                        "UPDATE meta SET value = CAST(? AS TEXT) WHERE key = CAST(? AS TEXT)", (value, key)
                    )
