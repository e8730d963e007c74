"""The reader lists the jobs that are asked for, all of them, in the order that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.executor import Done
from core.job import OutputFile
from core.status import JobQuery, SortKey
from core.store import Ended, JobStore, NewJobs
from core.store_reader import StoreReader

NOW = 1_700_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    made = JobStore(tmp_path / "queue.sqlite3")
    yield made
    made.close()


@pytest.fixture
def reader(store: JobStore, tmp_path: Path) -> Iterator[StoreReader]:
    made = StoreReader(tmp_path / "queue.sqlite3")
    yield made
    made.close()


def add(store: JobStore, *sources: str, priority: int = 0) -> list[int]:
    keys = [hash(source) for source in sources]
    return list(store.add(NewJobs(sources, keys, "r", "d", "{}", priority, 3), NOW).ids)


def finish(store: JobStore, *output_bytes: int) -> list[int]:
    """Let the next jobs end with outputs of these sizes; returns their ids."""
    claimed = store.claim(range(len(output_bytes)), NOW)
    for one, size in zip(claimed, output_bytes, strict=True):
        output = OutputFile("/out/x.jpg", size, 4, 3, "x")
        store.finish(Ended(one.job_id, one.attempt, NOW, 0.1), Done((output,), source_bytes=1000))
    return [one.job_id for one in claimed]


@pytest.mark.parametrize("descending", [False, True])
def test_what_has_no_size_yet_stands_behind_whichever_way_it_is_sorted(
    store: JobStore, reader: StoreReader, descending: bool
) -> None:
    add(store, *(f"/in/{number}.jpg" for number in range(7)))
    sized = dict(zip(finish(store, 30, 10, 20, 10), (30, 10, 20, 10), strict=True))
    query = JobQuery(sort=SortKey.OUTPUT_BYTES, descending=descending)
    found = list(reader.find(query))
    assert [sized[job] for job in found[:4]] == sorted(sized.values(), reverse=descending)
    assert found[4:] == [5, 6, 7]
    for most in (0, 2, 4, 5, 9):
        assert list(reader.find(query, most)) == found[:most]


def test_the_order_of_the_queue_goes_on_among_what_has_ended(store: JobStore, reader: StoreReader) -> None:
    low = add(store, "/in/a.jpg", "/in/b.jpg", priority=-10)
    high = add(store, "/in/c.jpg", "/in/d.jpg", priority=10)
    store.cancel([low[0], high[0]], NOW)
    assert list(reader.find(JobQuery(sort=SortKey.ORDER))) == [high[1], low[1], high[0], low[0]]
    assert list(reader.find(JobQuery(sort=SortKey.ORDER, descending=True))) == [
        low[1], high[1], low[0], high[0],
    ]  # fmt: skip


def test_a_list_is_of_one_moment_however_many_parts_it_is_read_in(
    store: JobStore, reader: StoreReader
) -> None:
    add(store, "/in/a.jpg", "/in/b.jpg")
    statements: list[str] = []
    reader._db.set_trace_callback(statements.append)
    assert list(reader.find(JobQuery(sort=SortKey.OUTPUT_BYTES, descending=True))) == [1, 2]
    assert len(statements) == 1


def test_more_ids_than_are_read_at_once_are_all_there(store: JobStore, reader: StoreReader) -> None:
    ids = add(store, *(f"/in/{number}.jpg" for number in range(20_000)))
    assert list(reader.find(JobQuery())) == ids
    assert list(reader.find(JobQuery(), 12_345)) == ids[:12_345]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pict", [1, 2]),  # in the folder
        ("wood", [2]),  # in the name
        ("ures/w", [2]),  # over the border of both
        ("URES/", [1, 2]),
        ("a\\b", [3]),  # a name may have this sign
        ("no%", []),
    ],
)
def test_a_text_is_found_in_the_folder_and_in_the_name(
    store: JobStore, reader: StoreReader, text: str, found: list[int]
) -> None:
    add(store, "/pictures/sea.jpg", "/pictures/wood.jpg", "/in/a\\b.jpg", "/in/none.jpg")
    assert list(reader.find(JobQuery(text=text))) == found
