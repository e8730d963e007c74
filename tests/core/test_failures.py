"""What failed is counted by its kind, tried again by its kind, and mended with another recipe."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core.executor import Done, Failed, Outcome, Task
from core.failures import FAILED, retry_failed, retry_kind, retry_with
from core.job import JobError, JobState, OutputFile
from core.migrations import LATEST, MIGRATIONS
from core.recipe import Recipe
from core.status import FailureGroup, JobQuery
from core.store import JobStore
from core.store_reader import StoreReader
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, Bench, opened
from tests.core.processors import ByHand

KINDS = {"full": "disk-full", "locked": "not-writable", "poison": "crashes-decoder", "text": "not-an-image"}


def script(task: Task) -> Outcome:
    """Fail as the name of the source says: "locked-3.jpg" cannot be written."""
    name = Path(task.source).stem
    code = KINDS.get(name.split("-")[0])
    if code is None or Recipe.from_json(task.recipe).folder == "/elsewhere":
        return Done((OutputFile(f"/elsewhere/{name}", 1, 1, 1),))
    return Failed(JobError(code, f"{name} failed.", False))


async def failed(bench: Bench, *names: str) -> list[int]:
    """Add jobs that fail, and wait until they have."""
    ids = await bench.add(*names)
    await bench.queue.start()
    await bench.queue.drained()
    await bench.queue.start()  # a full disk has paused it
    await bench.queue.drained()
    return ids


def test_failures_are_counted_by_kind_the_largest_first(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            assert await bench.queue.failures() == []
            await failed(bench, "fine", "text-1", "locked-1", "locked-2")
            assert await bench.queue.failures() == [
                FailureGroup("not-writable", 2, "locked-2 failed."),
                FailureGroup("not-an-image", 1, "text-1 failed."),
            ]

    run_on_loop(story())


def test_what_failed_once_and_has_not_ended_is_no_failure(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            ids = await failed(bench, "text-1", "text-2")
            await bench.queue.pause()
            await bench.queue.retry(ids[:1])
            assert [group.count for group in await bench.queue.failures()] == [1]
            await bench.queue.remove(ids[1:])
            assert await bench.queue.failures() == []

    run_on_loop(story())


def test_one_kind_is_retried_and_no_other(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            ids = await failed(bench, "text-1", "locked-1", "locked-2")
            await bench.queue.pause()
            assert await retry_kind(bench.queue, "not-writable") == 2
            states = [await bench.state(job) for job in ids]
            assert states == [JobState.FAILED, JobState.QUEUED, JobState.QUEUED]

    run_on_loop(story())


def test_retrying_all_leaves_out_what_crashes_the_decoder(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            await failed(bench, "poison-1", "text-1")
            await bench.queue.pause()
            assert await retry_failed(bench.queue) == (1, 1)
            assert [group.code for group in await bench.queue.failures()] == ["crashes-decoder"]

    run_on_loop(story())


def test_another_folder_mends_all_whose_folder_cannot_be_written(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            ids = await failed(bench, "locked-1", "locked-2", "text-1", "fine")
            queue = bench.queue
            other = await queue.enqueue("/photos/locked-3.jpg", replace(RECIPE, name="Other"))
            await queue.drained()
            found = await queue.find(JobQuery(states=FAILED, error_code="not-writable"))
            assert list(found) == [ids[0], ids[1], other]
            assert await retry_with(queue, found, lambda recipe: recipe.with_folder("/elsewhere")) == 3
            await queue.drained()
            jobs = await queue.jobs(found)
            assert [job.state for job in jobs] == [JobState.DONE] * 3
            assert [job.recipe_name for job in jobs] == [RECIPE.name, RECIPE.name, "Other"]
            assert jobs[0].attempts == 1
            assert await bench.state(ids[2]) is JobState.FAILED

    run_on_loop(story())


def test_mended_jobs_of_one_name_still_get_names_of_their_own(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    """Two folders' "locked-1.jpg" would overwrite each other in the folder that both go to."""

    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            queue = bench.queue
            await queue.enqueue_batch(["/a/locked-1.jpg", "/b/locked-1.jpg"], RECIPE)
            await queue.start()
            await queue.drained()
            bench.hand.script = lambda task: None
            found = await queue.find(JobQuery(states=FAILED))
            await retry_with(queue, found, lambda recipe: recipe.with_folder("/elsewhere"))
            await bench.running(2)
            assert sorted(task.place for task in bench.hand.tasks.values()) == [1, 2]

    run_on_loop(story())


def test_only_what_has_ended_badly_is_mended(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            ids = await failed(bench, "fine", "text-1")
            assert await retry_with(bench.queue, ids, lambda recipe: recipe.with_folder("/elsewhere")) == 1
            assert await bench.state(ids[0]) is JobState.DONE

    run_on_loop(story())


def test_failures_are_counted_and_found_without_looking_at_the_other_jobs(tmp_path: Path) -> None:
    """Among a million jobs the index on what failed is read alone."""
    store = JobStore(tmp_path / "queue.sqlite3")
    seen: list[str] = []
    reader = StoreReader(tmp_path / "queue.sqlite3")
    reader._db.set_trace_callback(seen.append)
    reader.failures()
    reader.find(JobQuery(states=FAILED, error_code="disk-full"))
    for statement in seen:
        plan = str(reader._db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall())
        assert "jobs_failed" in plan, plan
        assert "SCAN jobs'" not in plan, plan
    reader.close()
    store.close()


def test_a_store_of_the_first_layout_gets_the_index_and_keeps_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "queue.sqlite3"
    with monkeypatch.context() as old:
        old.setattr("core.migrations.MIGRATIONS", MIGRATIONS[:1])
        old.setattr("core.migrations.LATEST", 1)
        JobStore(path).close()
    JobStore(path).close()
    with sqlite3.connect(path) as db:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert db.execute("PRAGMA user_version").fetchone() == (LATEST,)
    db.close()
    assert "jobs_failed" in names
    assert path.with_name("queue.sqlite3.v1.backup").exists()


def test_a_mended_job_of_a_recipe_that_mirrors_keeps_its_place_in_the_tree(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    """Of two folders' "locked-1.jpg" each goes to its own folder: they are no twins."""

    async def story() -> None:
        async with opened(tmp_path, ByHand(script)) as bench:
            queue = bench.queue
            mirrored = replace(RECIPE.with_folder("/first"), mirror=True)
            bench.hand.script = lambda task: Failed(JobError("not-writable", "It cannot be written.", False))
            await queue.enqueue_batch(["/in/a/locked-1.jpg", "/in/b/locked-1.jpg"], mirrored, root="/in")
            await queue.start()
            await queue.drained()
            bench.hand.script = lambda task: None
            found = await queue.find(JobQuery(states=FAILED))
            await retry_with(queue, found, lambda recipe: recipe.with_folder("/elsewhere"))
            await bench.running(2)
            tasks = sorted(bench.hand.tasks.values(), key=lambda task: task.job_id)
            assert [(task.below, task.place) for task in tasks] == [("a", 1), ("b", 1)]

    run_on_loop(story())
