"""Of a damaged store all that can be read is kept, and the damaged one, too."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StoreUnusable
from core.executor import Done
from core.imaging.naming import name_keys
from core.job import JobError, JobState, OutputFile
from core.recipe import builtin_recipes
from core.status import JobQuery
from core.store import Ended, JobStore, NewJobs
from core.store_file import STORE_NAME, note_damage
from core.store_reader import StoreReader
from tests.conftest import RunOnLoop
from tests.core.bench import opened

JOBS = 3_000
PAGE = 4_096
RECIPE = builtin_recipes()[0]
NAMES = [f"/photos/{number // 100}/b\udce9ach {number:05}.jpg" for number in range(JOBS)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with jobs in every state but skipped, closed in order."""
    store = JobStore(tmp_path / STORE_NAME)
    batch = NewJobs(NAMES, name_keys(NAMES, RECIPE), RECIPE.name, RECIPE.id_hash, RECIPE.to_json(), 0, 3)
    ids = store.add(batch, 1.0).ids
    done, failed, waits, running = store.claim(range(4), 2.0)
    store.finish(Ended(done.job_id, 1, 3.0, 1.0), Done((OutputFile("/out/a.jpg", 5, 2, 1),), 9, 20, 10))
    store.fail(Ended(failed.job_id, 1, 3.0, 1.0), JobError("not-an-image", "It is none."))
    store.retry_later(Ended(waits.job_id, 1, 3.0, 1.0), JobError("file-busy", "Busy.", True), 8.0)
    store.hold(list(ids[10:20]))
    store.cancel(list(ids[20:30]), 4.0)
    store.set_paused(True)
    assert running.job_id == 4
    store.close()
    return tmp_path / STORE_NAME


def states(path: Path) -> dict[int, JobState]:
    with closing(StoreReader(path)) as reader:
        return {job.id: job.state for job in reader.jobs(reader.find(JobQuery()))}


def overwrite(path: Path, place: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(what)


def pages(path: Path) -> int:
    return path.stat().st_size // PAGE


def test_g1_a_page_in_the_middle_that_is_garbage_costs_only_its_own_jobs(path: Path) -> None:
    before = states(path)
    with closing(sqlite3.connect(path)) as db:
        # SQLite tells by itself which pages hold the table of jobs.
        try:
            leaves = [
                row[0]
                for row in db.execute("SELECT pageno FROM dbstat WHERE name = 'jobs' AND pagetype = 'leaf'")
            ]
        except sqlite3.OperationalError:  # a build without that table
            leaves = [pages(path) // 2]
    overwrite(path, (leaves[len(leaves) // 2] - 1) * PAGE, b"\xa5" * PAGE)
    damaged = path.read_bytes()
    store = JobStore(path)
    uid, paused, counts = store.uid, store.paused, dict(store.counts)
    store.close()
    assert JOBS - 100 < store.salvaged < JOBS
    assert Path(store.set_aside).read_bytes() == damaged
    after = states(path)
    assert len(after) == store.salvaged == sum(counts.values())
    assert after.items() <= before.items()
    assert {state: list(after.values()).count(state) for state in JobState} == counts
    assert paused
    assert len(uid) == 8
    with closing(StoreReader(path)) as reader:
        done, failed = reader.jobs([1, 2])
        assert done.source == NAMES[0]
        assert done.outputs == (OutputFile("/out/a.jpg", 5, 2, 1),)
        assert failed.error is not None
        assert failed.error.message == "It is none."
        assert [attempt.number for attempt in reader.attempts(2)] == [1]
    assert [one.name for one in path.parent.iterdir() if "salvage" in one.name or ".new" in one.name] == []


@pytest.mark.parametrize("what", [b"\0" * PAGE, b"garbage " * 512, b"SQLite format 3\0" + b"\xff" * 4_080])
def test_g1_without_its_first_page_every_job_is_still_found(path: Path, what: bytes) -> None:
    before = states(path)
    overwrite(path, 0, what)
    store = JobStore(path)
    store.close()
    assert store.salvaged == JOBS
    assert states(path) == before


def test_g1_of_a_file_that_was_cut_off_the_rest_is_kept(path: Path) -> None:
    before = states(path)
    with path.open("r+b") as file:
        file.truncate(pages(path) * PAGE * 2 // 3)
    store = JobStore(path)
    store.close()
    assert 0 < store.salvaged < JOBS
    assert states(path).items() <= before.items()


def test_rows_that_cannot_be_are_left_out(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE jobs SET state = 'flying' WHERE id = 100")
        db.execute("UPDATE jobs SET recipe = 77 WHERE id = 101")
        db.execute("UPDATE jobs SET added_at = 'noon' WHERE id = 102")
        db.execute("UPDATE jobs SET state = 'retrying', due_at = NULL WHERE id = 103")
    overwrite(path, 0, b"\0" * PAGE)
    store = JobStore(path)
    store.close()
    after = states(path)
    assert store.salvaged == JOBS - 3
    assert not {100, 101, 102} & after.keys()
    assert after[103] is JobState.QUEUED  # it would have waited for ever


def test_an_end_in_the_middle_of_a_salvage_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overwrite(path, 0, b"\0" * PAGE)

    def die(old: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("core.store_file._set_aside", die)  # the new store is whole, the old one in its place
        with pytest.raises(KeyboardInterrupt):
            JobStore(path)
    store = JobStore(path)
    assert store.salvaged == JOBS
    store.close()
    # And between the two renames:
    path.rename(path.with_name(f"{path.name}.new"))
    again = JobStore(path)
    assert sum(again.counts.values()) == JOBS
    again.close()


def test_an_index_that_is_found_damaged_in_use_is_mended_at_the_next_start(
    run_on_loop: RunOnLoop, path: Path
) -> None:
    store = JobStore(path)
    store.put_back(Ended(4, 1, 5.0, 1.0))  # or it would be found at once
    store.close()
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs_next'").fetchone()
    overwrite(path, (root - 1) * PAGE, b"\xa5" * PAGE)

    async def story() -> None:
        async with opened(path.parent) as bench:
            try:
                await bench.queue.start()
                await bench.queue.drained()  # it pauses itself, and says why
                said = bench.queue.status().reason
            except StoreUnusable as error:
                said = str(error)
            assert "is damaged" in said
        async with opened(path.parent) as bench:
            assert bench.queue.status().total == JOBS
            await bench.queue.start()
            await bench.running(4)

    run_on_loop(story())
    assert len(list(path.parent.glob("*.damaged-*"))) >= 1


def test_a_suspicion_that_proves_unfounded_is_forgotten(path: Path) -> None:
    note_damage(path)
    store = JobStore(path)
    assert store.set_aside == ""
    store.close()
    assert {one.name for one in path.parent.iterdir()} == {STORE_NAME}
