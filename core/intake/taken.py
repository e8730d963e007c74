"""Remembers which files of watched folders were taken, so that each is taken once, also after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int]
"""A file's size in bytes, and when it was changed, nanoseconds since the epoch."""


class Taken:
    """A small SQLite file beside the store; one that cannot be read is begun anew. For one thread.

    Without what it knew, files are offered to the queue once more, which makes nothing twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = self._open()
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS taken (path BLOB PRIMARY KEY, size INTEGER, changed INTEGER)"
                " WITHOUT ROWID"
            )
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def knows(self, path: str, stamp: Stamp) -> bool:
        """Return whether this file was taken as it is now."""
        row = self._db.execute("SELECT size, changed FROM taken WHERE path = ?", (_key(path),)).fetchone()
        return row is not None and tuple(row) == stamp

    def add(self, files: Mapping[str, Stamp]) -> None:
        """Note that these files are taken."""
        with suppress(sqlite3.OperationalError):  # a full disk: they will be offered once more
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", _rows(files))
            self._db.execute("COMMIT")


def _rows(files: Mapping[str, Stamp]) -> Iterable[tuple[bytes, int, int]]:
    return ((_key(path), *stamp) for path, stamp in files.items())


def _key(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
