"""The numbered steps that bring a store to the layout that this version reads and writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from core.errors import StoreTooNew

MIGRATIONS: Final[tuple[tuple[int, tuple[str, ...]], ...]] = (
    (
        1,
        (
            """
            CREATE TABLE recipes (
                id INTEGER PRIMARY KEY,
                digest TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                body TEXT NOT NULL           -- the recipe as JSON
            )
            """,
            """
            CREATE TABLE jobs (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                folder TEXT NOT NULL,        -- of the source, with the separator at its end
                name TEXT NOT NULL,          -- of the source within the folder
                recipe INTEGER NOT NULL REFERENCES recipes (id),
                priority INTEGER NOT NULL,
                place INTEGER NOT NULL,      -- within the priority, lower first; the id unless moved
                state TEXT NOT NULL,
                name_key INTEGER NOT NULL,   -- equal for sources whose outputs would have the same names
                twin INTEGER NOT NULL,       -- 1, or n for the n-th source with this name_key
                batch_index INTEGER NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,   -- counted ones
                runs INTEGER NOT NULL DEFAULT 0,       -- all, the number of the current or last attempt
                max_retries INTEGER NOT NULL,
                worker INTEGER,              -- of the current attempt
                started_at REAL,             -- of the current attempt
                added_at REAL NOT NULL,
                due_at REAL,
                backoff REAL,                -- seconds from the failure to due_at
                ended_at REAL,
                seconds REAL,
                source_bytes INTEGER,
                output_bytes INTEGER,
                width INTEGER,
                height INTEGER,
                reason TEXT,
                error_code TEXT,
                error_message TEXT,
                error_retryable INTEGER,
                outputs TEXT                 -- a JSON array of [path, bytes, width, height, name]
            )
            """,
            "CREATE INDEX jobs_next ON jobs (priority DESC, place) WHERE state = 'queued'",
            "CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'retrying'",
            "CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running'",
            "CREATE INDEX jobs_name_key ON jobs (name_key)",
            """
            CREATE TABLE attempts (
                job INTEGER NOT NULL,
                number INTEGER NOT NULL,
                worker INTEGER NOT NULL,
                started_at REAL NOT NULL,
                seconds REAL,
                ended TEXT NOT NULL,
                counted INTEGER NOT NULL,
                error_code TEXT,
                error_message TEXT,
                error_retryable INTEGER,
                error_details TEXT,
                PRIMARY KEY (job, number)
            ) WITHOUT ROWID
            """,
            # What was removed last, for as long as that can be undone.
            "CREATE TABLE removed_jobs AS SELECT * FROM jobs WHERE FALSE",
            "CREATE TABLE removed_attempts AS SELECT * FROM attempts WHERE FALSE",
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
            "INSERT INTO meta VALUES ('uid', lower(hex(randomblob(4)))), ('paused', '0')",
        ),
    ),
    # The failures by their kind, counted and listed without looking at what has not failed.
    (2, ("CREATE INDEX jobs_failed ON jobs (error_code) WHERE state = 'failed'",)),
    (
        3,
        (
            # How many characters of `folder` are the one that was given: below it the tree can be mirrored.
            "ALTER TABLE jobs ADD COLUMN root INTEGER NOT NULL DEFAULT 0",  # 0: the file itself was given
            "ALTER TABLE removed_jobs ADD COLUMN root INTEGER NOT NULL DEFAULT 0",
        ),
    ),
    # What waits and is not next, by its place in the queue, so that others can be moved between.
    (4, ("CREATE INDEX jobs_aside ON jobs (priority DESC, place) WHERE state IN ('retrying', 'held')",)),
    (
        5,
        (
            """
            CREATE TABLE history (
                day TEXT NOT NULL,           -- by local time, as 2026-01-31
                folder TEXT NOT NULL,        -- of the sources
                recipe TEXT NOT NULL,        -- its name
                done INTEGER NOT NULL,
                skipped INTEGER NOT NULL,
                failed INTEGER NOT NULL,
                source_bytes INTEGER NOT NULL,  -- of those that are done
                output_bytes INTEGER NOT NULL,
                seconds REAL NOT NULL,
                PRIMARY KEY (day, folder, recipe)
            ) WITHOUT ROWID
            """,
        ),
    ),
    # The name of the machine that has the current attempt, or made the last; "" for this one.
    (
        6,
        tuple(
            f"ALTER TABLE {table} ADD COLUMN machine TEXT NOT NULL DEFAULT ''"
            for table in ("jobs", "removed_jobs", "attempts", "removed_attempts")
        ),
    ),
    # What can be undone is kept beside the store, see core.store_steps.
    (7, ("DROP TABLE removed_jobs", "DROP TABLE removed_attempts")),
)
"""(version, statements), rising. A step that was released is never edited: a later one mends it."""

LATEST: Final = MIGRATIONS[-1][0]


def version_of(connection: sqlite3.Connection) -> int:
    """Return the layout version of an open store; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Bring the store to the latest layout, each step in a transaction of its own.

    Returns the path of the backup that was made of an older store, or None. Raises StoreTooNew, with the
    store untouched, when a newer version of the app wrote it.
    """
    found = version_of(connection)
    if found > LATEST:
        raise StoreTooNew(
            f"The queue in {path.parent} was written by a newer version of Image Queue "
            f"(layout {found}, this one knows {LATEST}). Please update; nothing was changed."
        )
    backup = None
    if 0 < found < LATEST:
        backup = path.with_name(f"{path.name}.v{found}.backup")
        with sqlite3.connect(backup) as target:
            connection.backup(target)
        target.close()
    for version, statements in MIGRATIONS:
        if version <= found:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return backup
