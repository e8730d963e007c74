"""What was done on which day is kept, also when its jobs are not; no part of it grows without end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.executor import Done
from core.job import JobError, OutputFile
from core.salvage import salvage
from core.status import HistoryLine
from core.store import Ended, JobStore
from core.store_reader import StoreReader
from tests.core.test_store import ERROR, NOW, batch

DAY = 86_400.0


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[JobStore]:
    made = JobStore(path)
    yield made
    made.close()


@pytest.fixture
def reader(store: JobStore, path: Path) -> Iterator[StoreReader]:
    made = StoreReader(path)
    yield made
    made.close()


def run(store: JobStore, source: str, at: float, *, how: str = "done", recipe: str = "r") -> None:
    """Take a job in, run it, and end it in a way at a time."""
    store.add(batch(source, recipe=recipe), at)
    (claimed,) = store.claim([0], at)
    end = Ended(claimed.job_id, claimed.attempt, at, 2.0)
    if how == "done":
        store.finish(end, Done((OutputFile("/out/a.jpg", 100, 4, 3),), 1_000, 40, 30))
    elif how == "skipped":
        store.skip(end, "Up to date", 1_000)
    elif how == "failed":
        store.fail(end, ERROR)
    else:
        store.retry_later(end, ERROR, 10)


def test_each_day_folder_and_recipe_has_a_line_which_outlives_the_jobs(
    store: JobStore, reader: StoreReader
) -> None:
    run(store, "/a/1.jpg", NOW)
    run(store, "/a/2.jpg", NOW + 60)
    run(store, "/a/3.jpg", NOW + 60, how="skipped")
    run(store, "/b/4.jpg", NOW, how="failed")
    run(store, "/b/5.jpg", NOW, how="retrying")  # which is not its end
    run(store, "/a/6.jpg", NOW + DAY, recipe="s")
    store.remove(range(1, 7))
    assert reader.history() == [
        HistoryLine("2023-11-15", "/a/", "s", 1, 0, 0, 1_000, 100, 2.0),
        HistoryLine("2023-11-14", "/a/", "r", 2, 1, 0, 2_000, 200, 6.0),
        HistoryLine("2023-11-14", "/b/", "r", 0, 0, 1, 0, 0, 2.0),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [("11-14", ["2023-11-14"]), ("/A", ["2023-11-15", "2023-11-14"]), ("%", []), ("s", ["2023-11-15"])],
)
def test_it_is_found_by_day_folder_and_recipe(
    store: JobStore, reader: StoreReader, text: str, days: list[str]
) -> None:
    run(store, "/a/1.jpg", NOW)
    run(store, "/a/6.jpg", NOW + DAY, recipe="s")
    assert [line.day for line in reader.history(text)] == days


def test_the_oldest_lines_are_forgotten_when_there_are_too_many(store: JobStore, reader: StoreReader) -> None:
    for number in range(6):
        run(store, "/a/1.jpg", NOW + number * DAY)
    store.trim_history(4)
    assert [line.day for line in reader.history()] == [f"2023-11-{day}" for day in (19, 18, 17, 16)]
    store.forget_history()
    assert reader.history() == []


def test_a_result_that_is_dropped_counts_on_no_day(store: JobStore, reader: StoreReader) -> None:
    run(store, "/a/1.jpg", NOW)
    with pytest.raises(Exception, match="does not run"):
        store.fail(Ended(1, 1, NOW, 1.0), JobError("io-error", "It hiccuped."))
    assert [(line.done, line.failed) for line in reader.history()] == [(1, 0)]


def test_it_is_brought_over_from_a_damaged_store(store: JobStore, path: Path, tmp_path: Path) -> None:
    run(store, os.fsdecode(b"/\xff/1.jpg"), NOW)
    store.close()
    fresh = JobStore(tmp_path / "fresh.sqlite3")
    try:
        salvage(path, fresh._db)
    finally:
        fresh.close()
    other = StoreReader(tmp_path / "fresh.sqlite3")
    try:
        assert [line.folder for line in other.history()] == [os.fsdecode(b"/\xff/")]
    finally:
        other.close()
