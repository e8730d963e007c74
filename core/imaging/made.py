"""Remembers what was made of which source, so that what is up to date need not be made again.

It is one small SQLite file beside the store, which workers read and write themselves: a memory and no more.
Without it, or when it cannot be used, everything is made as if for the first time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.job import OutputFile
from core.links.identity import UNKNOWN, Identity

if TYPE_CHECKING:
    import sqlite3  # elsewhere inside functions: a worker that has nothing to remember needs none

_WAIT: Final = 0.5  # seconds that another process may keep it
_LAYOUT: Final = (
    "CREATE TABLE IF NOT EXISTS made (key BLOB PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " files TEXT NOT NULL, again INTEGER NOT NULL DEFAULT 0, identity TEXT NOT NULL DEFAULT '[]')"
    " WITHOUT ROWID"
)
_INSERT: Final = "INSERT OR REPLACE INTO made (key, size, changed, files, identity) VALUES (?, ?, ?, ?, ?)"
_IDENTITY: Final = "ALTER TABLE made ADD COLUMN identity TEXT NOT NULL DEFAULT '[]'"  # of an earlier version


def memory_of(data_dir: Path) -> str:
    """Return the path of the memory in a data folder."""
    return f"{data_dir}/made.sqlite3"


@dataclass(frozen=True, slots=True)
class Record:
    """What was made of a source by a recipe when it was last made."""

    size: int  # of the source, bytes
    changed: int  # when the source was changed, nanoseconds since the epoch
    files: tuple[tuple[str, int, int], ...]  # of each output its path, size, and time of change
    again: bool = False  # whether the user wants it made again
    identity: Identity = UNKNOWN

    def current(self, stamp: tuple[int, int], content: str = "") -> bool:
        """Return whether there is nothing to make: the source and the outputs are as they were left.

        content: the digest of the source's bytes, which then decides in the place of its time; "" to go by
        size and time, as is done for a source whose content was not noted, too.
        """
        if not self.settled():
            return False
        if content and self.identity.content:
            return (stamp[0], content) == (self.size, self.identity.content)
        return stamp == (self.size, self.changed)

    def settled(self) -> bool:
        """Return whether nothing is to be made as long as the source is the same."""
        return not self.again and self.unchanged()

    def unchanged(self) -> bool:
        """Return whether every output is as it was left."""
        return bool(self.files) and all(_stamp(path) == (size, at) for path, size, at in self.files)

    def reason(self) -> str:
        """Return why there is nothing to make, a sentence."""
        name = os.path.basename(self.files[0][0]).encode("utf-8", "replace").decode()  # noqa: PTH119
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        were = "were" if more else "was"
        return f"Up to date: {name}{more} {were} made of it before, and nothing has changed since."


def recall(memory: str, source: str, recipe_hash: str) -> Record | None:
    """Return what was made of a source by a recipe; None when that is not known."""
    found: list[Record] = []

    def read(db: sqlite3.Connection) -> None:
        record = record_in(db, source, recipe_hash)
        if record is not None:
            found.append(record)

    if os.path.exists(memory):  # noqa: PTH110
        _with(memory, read)
    return found[0] if found else None


def record_in(db: sqlite3.Connection, source: str, recipe_hash: str) -> Record | None:
    """Return what an open memory has of a source. Raises sqlite3.Error, or ValueError for what is damaged."""
    row = db.execute(
        "SELECT size, changed, files, again, identity FROM made WHERE key = ?", (_key(source, recipe_hash),)
    ).fetchone()
    if row is None:
        return None
    files = tuple((str(path), int(size), int(at)) for path, size, at in json.loads(row[2]))
    return Record(row[0], row[1], files, bool(row[3]), Identity(*json.loads(row[4])))


def remember(
    memory: str,
    source: str,
    recipe_hash: str,
    stamp: tuple[int, int],
    outputs: Sequence[OutputFile],
    identity: Identity = UNKNOWN,
) -> None:
    """Note what was just made of a source; `stamp` is its bytes and its last change then."""
    files = [(one.path, left) for one in outputs if (left := _stamp(one.path)) is not None]
    if len(files) == len(outputs):
        text = json.dumps([(path, *left) for path, left in files])
        row = (_key(source, recipe_hash), *stamp, text, _as_text(identity))
        _with(memory, lambda db: db.execute(_INSERT, row))


def note_identity(memory: str, source: str, recipe_hash: str, identity: Identity) -> None:
    """Note what else tells the version of a source that is known."""
    values = _as_text(identity), _key(source, recipe_hash)
    _with(memory, lambda db: db.execute("UPDATE made SET identity = ? WHERE key = ?", values))


def remember_as(memory: str, path: str, recipe_hash: str, status: os.stat_result) -> None:
    """Note that a file is what this recipe makes of it: one that took, or will take, its original's place.

    status: what the file is, under whatever name.
    """
    stamp = status.st_size, status.st_mtime_ns
    row = (_key(path, recipe_hash), *stamp, json.dumps([(path, *stamp)]), _as_text(UNKNOWN))
    _with(memory, lambda db: db.execute(_INSERT, row))


def want_again(memory: str, sources: Iterable[str], recipe_hash: str) -> None:
    """Note that these sources are to be made again, whether or not anything has changed."""
    keys = [(_key(source, recipe_hash),) for source in sources]
    if Path(memory).exists():
        _with(memory, lambda db: db.executemany("UPDATE made SET again = 1 WHERE key = ?", keys))
        forget()  # the app asks, now and then and from any thread; workers hold it open


def copy_memory(memory: str, to: str) -> None:
    """Copy a memory, as far as there is one that can be read."""
    import sqlite3

    if Path(memory).exists():
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(memory, timeout=_WAIT)) as db,
            closing(sqlite3.connect(to)) as copy,
        ):
            db.backup(copy)


def _as_text(identity: Identity) -> str:
    return json.dumps([identity.content, identity.tag, identity.modified])


def _key(source: str, recipe_hash: str) -> bytes:
    text = f"{recipe_hash}\0{source}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).digest()


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _with(memory: str, work: Callable[[sqlite3.Connection], object]) -> None:
    """Do something with the memory; one that is damaged is removed, and one that is busy is done without."""
    import sqlite3

    try:
        db = _open(memory)
        with db:
            work(db)
    except sqlite3.OperationalError:
        forget()  # busy, or not to be written
    except (sqlite3.Error, ValueError, TypeError):
        forget()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(memory + suffix)  # noqa: PTH108


_open_now: dict[str, sqlite3.Connection] = {}
"""The memory that this process has open, if any: to open and close it takes 12 ms, an entry 0.02 ms."""


def forget() -> None:
    """Close the memory that is open, if any."""
    while _open_now:
        _open_now.popitem()[1].close()


def _open(memory: str) -> sqlite3.Connection:
    import sqlite3

    if memory not in _open_now:
        forget()
        db = _open_now[memory] = sqlite3.connect(memory, timeout=_WAIT, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # whole after a power cut, but for the last entries
        db.execute(_LAYOUT)
        if "identity" not in {row[1] for row in db.execute("PRAGMA table_info(made)")}:
            with suppress(sqlite3.OperationalError):  # another process was first
                db.execute(_IDENTITY)
    return _open_now[memory]
