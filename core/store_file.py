"""Opens the store's file: makes, migrates, or sets it aside when it cannot be read."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import DiskFull, ImageQueueError, StoreUnusable
from core.job import JobState
from core.migrations import LATEST, migrate, version_of
from core.salvage import salvage

STORE_NAME: Final = "queue.sqlite3"


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that was just opened for its one writer."""

    db: sqlite3.Connection
    counts: dict[str, int]  # jobs in each state that there are any in
    set_aside: str = ""  # where a damaged file was moved to, or ""
    salvaged: int = 0  # jobs that were brought over from it


def open_store(path: Path) -> Opened:
    """Open the store, and make it where there is none; of a damaged one all that can be read is kept.

    Commits are synced to disk (WAL with synchronous=FULL), so that what was accepted survives a power cut.
    Raises StoreUnusable, StoreTooNew or DiskFull.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        if fresh.exists() and not path.exists():  # the app died between the two renames below
            fresh.rename(path)
        try:
            if _suspect(path).exists():
                _look_through(path)
            return Opened(*_connect(path))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        salvaged = _make_anew(path, fresh)
        moved = _set_aside(path)
        fresh.rename(path)
        return Opened(*_connect(path), str(moved), salvaged)
    except (sqlite3.Error, OSError) as error:
        raise as_store_error(error, path) from error


def note_damage(path: Path) -> None:
    """Note that the store was found to be damaged while it was in use: its next opening looks through it."""
    with suppress(OSError):
        _suspect(path).touch()


def _suspect(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")


def _look_through(path: Path) -> None:
    """Check the whole store, indexes too. Raises sqlite3.DatabaseError when it is damaged."""
    db, _ = _connect(path)
    with closing(db):
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        without_recipe = db.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or without_recipe is not None:
        raise damage(found)
    _suspect(path).unlink()


def _make_anew(path: Path, fresh: Path) -> int:
    """Make a new store beside a damaged one, of what that still has; returns how many jobs."""
    for suffix in ("", "-wal", "-shm"):  # of an earlier try that was cut off
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    db, _ = _connect(fresh)
    with closing(db):  # which folds its log into it
        return salvage(path, db)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the store beside its writer, to read only. Raises StoreUnusable when there is none."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None,
                             check_same_thread=False, timeout=5)  # fmt: skip
        try:
            db.text_factory = text_of
            db.execute("PRAGMA query_only = ON")
            if version_of(db) > LATEST:
                raise StoreUnusable("The queue was written by a newer version of Image Queue. Please update.")
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise as_store_error(error, path) from error
    return db


def _connect(path: Path) -> tuple[sqlite3.Connection, dict[str, int]]:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.text_factory = text_of
        version_of(db)  # the first read: a file that is no store is found out here
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 67108864")
        db.execute("PRAGMA temp_store = MEMORY")
        # 32 MB at most. With the 2 MB that are usual, batches of many jobs were written to the log in pieces
        # before their commit: a fifth more of processor time, and of bytes.
        db.execute("PRAGMA cache_size = -32000")
        migrate(db, path)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE meta SET value = value")  # a store that can only be read is found out here
        db.execute("ROLLBACK")
        # This reads every job: damage in the middle of the file is found out here.
        counts = dict(db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())
        if not counts.keys() <= set(JobState):
            raise damage(f"There are jobs in the states {sorted(map(str, counts))}")
    except BaseException:
        db.close()
        raise
    return db, counts


def text_of(raw: bytes) -> str:
    """Return text from the store; bytes that are no Unicode come back as the operating system's names do."""
    return raw.decode("utf-8", "surrogateescape")


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the error says that the file is no store, or a broken one."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damage(what: str) -> sqlite3.DatabaseError:
    """Return the error for what SQLite itself does not see to be wrong in a store."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def as_store_error(error: sqlite3.Error | OSError, path: Path) -> ImageQueueError:
    """Return the sentence for what kept the store from being opened, read or written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"The disk with the queue ({path.parent}) is full.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreUnusable(f"The queue in {path.parent} is locked by another program.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM) or isinstance(
        error, PermissionError
    ):
        return StoreUnusable(f"The queue in {path.parent} cannot be opened for writing: check the folder.")
    if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
        return StoreUnusable(
            f"The queue in {path.parent} is damaged. Start Image Queue again: it will keep what can be read."
        )
    return StoreUnusable(f"The queue in {path.parent} cannot be used: {error}.")


def _set_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target, number = path.with_name(f"{path.name}.damaged-{stamp}"), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    _suspect(path).unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(target.with_name(target.name + suffix))
    return path.rename(target)
