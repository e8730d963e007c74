"""A store of an earlier version is brought to the layout of this one, and a newer one is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core import migrations
from core.errors import StoreTooNew, StoreUnusable
from core.job import JobState
from core.migrations import LATEST, MIGRATIONS
from core.store import JobStore
from core.store_reader import StoreReader
from tests.core.test_store import NOW, add


def test_versions_of_the_layout_rise_and_a_store_tells_its_own(tmp_path: Path) -> None:
    versions = [version for version, _ in MIGRATIONS]
    assert versions == list(range(1, len(versions) + 1))
    JobStore(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (LATEST,)
    db.close()


def test_an_older_store_is_migrated_step_by_step_and_a_backup_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "queue.sqlite3"
    old = JobStore(path)
    add(old, "/a", "/b")
    old.close()
    steps = (*MIGRATIONS, (LATEST + 1, ("ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'blue'",)))
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    monkeypatch.setattr(migrations, "LATEST", LATEST + 1)
    new = JobStore(path)
    assert new._db.execute("SELECT id, colour FROM jobs").fetchall() == [(1, "blue"), (2, "blue")]
    new.close()
    with sqlite3.connect(tmp_path / f"queue.sqlite3.v{LATEST}.backup") as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (LATEST,)
        assert backup.execute("SELECT COUNT(*) FROM jobs").fetchone() == (2,)
    backup.close()


def test_a_store_of_the_first_layout_is_read_as_it_is_and_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    with sqlite3.connect(path) as db:
        for statement in MIGRATIONS[0][1]:
            db.execute(statement)
        db.execute("INSERT INTO recipes VALUES (1, 'd', 'r', '{}')")
        db.execute(
            "INSERT INTO jobs (folder, name, recipe, priority, place, state, name_key, twin, batch_index,"
            " max_retries, added_at) VALUES ('/in/', 'a.jpg', 1, 0, 1, 'queued', 1, 1, 1, 3, 0)"
        )
        db.execute("PRAGMA user_version = 1")
    db.close()
    before = StoreReader(path)
    assert [(job.source, job.root) for job in before.jobs([1])] == [("/in/a.jpg", "")]
    before.close()
    store = JobStore(path)
    store.within(1, lambda: store.remove([1]))
    assert store.take_back(1, 2, 10).added == [1]
    assert store.claim([0], NOW)[0].below == ""
    store.close()
    assert path.with_name("queue.sqlite3.v1.backup").exists()


def test_a_step_that_fails_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "queue.sqlite3"
    old = JobStore(path)
    add(old, "/a")
    old.close()
    broken = (LATEST + 1, ("ALTER TABLE jobs ADD COLUMN colour TEXT", "NO SUCH STATEMENT"))
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr(migrations, "LATEST", LATEST + 1)
    with pytest.raises(StoreUnusable):
        JobStore(path)
    monkeypatch.undo()
    again = JobStore(path)
    assert again.set_aside == ""
    assert again.counts[JobState.QUEUED] == 1
    again.close()


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    JobStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {LATEST + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer version"):
        JobStore(path)
    assert path.read_bytes() == before
