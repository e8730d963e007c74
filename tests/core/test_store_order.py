"""The user moves waiting jobs in the queue, and is told where each stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.salvage import salvage
from core.status import JobQuery, SortKey
from core.store import JobStore
from core.store_reader import StoreReader
from tests.core.test_store import NOW, add

HIGH, LOW = 10, -10


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


def many(store: JobStore, number: int, priority: int = 0) -> list[int]:
    first = store.next_id()
    return add(store, *(f"/photos/{first + place}.jpg" for place in range(number)), priority=priority)


def order(reader: StoreReader) -> list[int]:
    return list(reader.find(JobQuery(sort=SortKey.ORDER)))


def test_jobs_are_moved_before_another_or_after_it_and_get_its_priority(
    store: JobStore, reader: StoreReader
) -> None:
    a, b, c, d = many(store, 4)
    (high,) = many(store, 1, HIGH)
    store.move([d, a], c)
    assert order(reader) == [high, b, d, a, c]
    store.move([b], c, after=True)
    assert order(reader) == [high, d, a, c, b]
    store.move([a], high)
    assert order(reader) == [a, high, d, c, b]
    assert reader.jobs([a])[0].priority == HIGH
    (later,) = many(store, 1)
    assert order(reader)[-1] == later


def test_jobs_are_moved_by_one_place_also_into_another_priority(store: JobStore, reader: StoreReader) -> None:
    (high,) = many(store, 1, HIGH)
    a, b, c, d = many(store, 4)
    store.hold([b])
    store.shift([d, c], up=True)  # both pass the one that stands before the first of them
    assert order(reader) == [high, a, c, d, b]
    store.shift([a], up=True)
    assert order(reader) == [a, high, c, d, b]
    assert reader.jobs([a])[0].priority == HIGH
    store.shift([a, high], up=True)  # there is nothing to pass
    assert order(reader) == [a, high, c, d, b]
    store.shift([a], up=False)
    store.shift([a], up=False)
    assert order(reader) == [high, c, a, d, b]
    assert reader.jobs([a])[0].priority == 0


def test_the_last_stand_before_what_is_added_later(store: JobStore, reader: StoreReader) -> None:
    a, b, c = many(store, 3)
    (low,) = many(store, 1, LOW)
    store.do_last([b])
    store.do_last([a])
    assert order(reader) == [c, low, b, a]
    (later,) = many(store, 1, LOW)
    assert order(reader) == [c, low, b, a, later]


def test_there_is_always_room_between_two(store: JobStore, reader: StoreReader) -> None:
    first, second, last = many(store, 3)
    for number in range(120):  # each halves what is left between the two
        moved = (first, second)[number % 2]
        store.move([moved], last)
        assert order(reader) == [(first, second)[(number + 1) % 2], moved, last]
    (later,) = many(store, 1)
    assert order(reader)[-1] == later


def test_what_has_ended_or_runs_is_not_moved_and_stands_behind(store: JobStore, reader: StoreReader) -> None:
    a, b, c = many(store, 3)
    store.cancel([a], NOW)
    (running,) = store.claim([0], NOW)
    assert store.move([a, running.job_id], c, after=True) == []
    assert store.do_last([a, running.job_id]) == []
    assert store.shift([a, running.job_id], up=False) == []
    assert store.move([b], 999) == []
    assert order(reader) == [b, c, a]
    assert list(reader.find(JobQuery(sort=SortKey.ORDER, descending=True))) == [c, b, a]


def test_the_place_in_the_queue_is_that_among_the_queued(store: JobStore, reader: StoreReader) -> None:
    low = many(store, 3, LOW)
    normal = many(store, 5)
    high = many(store, 2, HIGH)
    store.hold([normal[1]])
    store.move([normal[4]], normal[0])
    queue = [*high, normal[4], normal[0], normal[2], normal[3], *low]
    assert reader.places([*low, *normal, *high, 999]) == {job: place for place, job in enumerate(queue, 1)}
    assert reader.places([normal[3], low[1]]) == {normal[3]: 6, low[1]: 8}
    assert reader.places([normal[1]]) == {}


def test_a_job_between_two_others_is_salvaged_in_its_place(
    store: JobStore, path: Path, tmp_path: Path
) -> None:
    a, b, c = many(store, 3)
    store.move([c], b)
    store.close()
    fresh = JobStore(tmp_path / "fresh.sqlite3")
    try:
        assert salvage(path, fresh._db) == 3
    finally:
        fresh.close()
    with closing(sqlite3.connect(tmp_path / "fresh.sqlite3")) as db:
        assert [row[0] for row in db.execute("SELECT id FROM jobs ORDER BY place")] == [a, c, b]


@pytest.mark.parametrize("descending", [False, True])
def test_what_has_no_value_to_compare_stands_behind(
    store: JobStore, reader: StoreReader, descending: bool
) -> None:
    a, b, c = many(store, 3)
    for job, seconds in ((b, 20.0), (c, 10.0)):
        store._db.execute("UPDATE jobs SET seconds = ? WHERE id = ?", (seconds, job))
    found = list(reader.find(JobQuery(sort=SortKey.SECONDS, descending=descending)))
    assert found == ([b, c, a] if descending else [c, b, a])
