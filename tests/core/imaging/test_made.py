"""What is up to date is not made again, unless it is asked for; what has changed is."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from core.executor import Done, Skipped
from core.imaging import made
from core.imaging.made import memory_of, recall, want_again
from core.imaging.process import foresee
from core.imaging.receipt import digest_of
from core.intake.adding import add_paths
from core.intake.again import make_again
from core.job import JobState
from core.recipe import Existing, Recipe, quick_recipe
from tests.core.bench import opened
from tests.core.imaging.pictures import encoded, names_in, photo, run, task_for
from tests.core.intake.test_adding import Recorder
from tests.core.processors import SKIP, ByHand

RECIPE = quick_recipe(16).with_existing(Existing.NUMBER)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(encoded(photo(40, 30), "JPEG"))
    return path


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    made.forget()


@pytest.fixture
def memory(tmp_path: Path) -> str:
    return memory_of(tmp_path)


def test_the_second_time_it_is_skipped_and_says_why(source: Path, memory: str) -> None:
    assert isinstance(run(source, RECIPE, memory=memory), Done)
    again = run(source, RECIPE, memory=memory)
    assert again == Skipped(
        "Up to date: a-thumbnail.jpg was made of it before, and nothing has changed since.",
        source.stat().st_size,
    )
    assert names_in(source.parent) == {"a-thumbnail.jpg", "a.jpg"}


def change_source(source: Path) -> None:
    os.utime(source, ns=(1, 1))


def lose_output(source: Path) -> None:
    source.with_name("a-thumbnail.jpg").unlink()


def edit_output(source: Path) -> None:
    path = source.with_name("a-thumbnail.jpg")
    os.utime(path, ns=(1, 1))


def spoil_memory(source: Path) -> None:
    made.forget()
    Path(memory_of(source.parent.parent)).write_bytes(b"no database at all" * 100)


@pytest.mark.parametrize("change", [change_source, lose_output, edit_output, spoil_memory])
def test_what_has_changed_is_made_again(source: Path, memory: str, change: Callable[[Path], None]) -> None:
    run(source, RECIPE, memory=memory)
    change(source)
    assert isinstance(run(source, RECIPE, memory=memory), Done)


def test_by_content_a_source_that_was_only_touched_is_up_to_date(source: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory, by_content=True)
    os.utime(source, ns=(1, 1))
    assert isinstance(run(source, RECIPE, memory=memory, by_content=True), Skipped)
    assert isinstance(
        foresee(task_for(source, RECIPE, memory=memory, by_content=True), lambda _: None), Skipped
    )
    assert isinstance(run(source, RECIPE, memory=memory), Done)


def test_by_content_a_source_that_was_changed_under_its_old_time_and_size_is_made_again(
    source: Path, memory: str
) -> None:
    content, status = source.read_bytes(), source.stat()
    run(source, RECIPE, memory=memory, by_content=True)
    source.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert isinstance(run(source, RECIPE, memory=memory), Skipped)
    assert isinstance(run(source, RECIPE, memory=memory, by_content=True), Done)
    assert isinstance(run(source, RECIPE, memory=memory, by_content=True), Skipped)


def test_by_content_what_was_made_by_time_counts_once_and_is_noted(source: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory)
    assert record(memory, source, RECIPE).identity.content == ""
    assert isinstance(run(source, RECIPE, memory=memory, by_content=True), Skipped)
    assert record(memory, source, RECIPE).identity.content == digest_of(source)
    os.utime(source, ns=(1, 1))
    assert isinstance(run(source, RECIPE, memory=memory, by_content=True), Skipped)


def test_by_time_no_source_is_read_for_its_digest(
    source: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.imaging.process.digest_of", lambda _: pytest.fail("it was read"))
    run(source, RECIPE, memory=memory)
    run(source, RECIPE, memory=memory)


def test_a_memory_of_an_earlier_version_is_still_of_use(source: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory)
    made.forget()
    with closing(sqlite3.connect(memory)) as db, db:
        db.execute("ALTER TABLE made DROP COLUMN identity")
    assert isinstance(run(source, RECIPE, memory=memory), Skipped)
    with closing(sqlite3.connect(memory)) as db, db:
        db.execute("UPDATE made SET identity = 'nonsense'")
    assert isinstance(run(source, RECIPE, memory=memory), Done)


def test_another_recipe_or_no_memory_makes_it_anew(source: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory)
    assert isinstance(run(source, quick_recipe(20).with_existing(Existing.NUMBER), memory=memory), Done)
    assert isinstance(run(source, RECIPE), Done)


def test_a_later_attempt_never_takes_its_own_work_for_old(source: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory)
    assert isinstance(run(source, RECIPE, memory=memory, attempt=2), Done)


def test_what_is_wanted_again_replaces_what_it_left_there(source: Path, memory: str) -> None:
    recipe = quick_recipe(16)  # which keeps what is there
    run(source, recipe, memory=memory)
    out = source.with_name("a-thumbnail.jpg")
    Image.new("RGB", (30, 30), "red").save(source)
    for expected in (Done, Skipped):
        if expected is Done:
            want_again(memory, [str(source)], recipe.id_hash)
        assert isinstance(run(source, recipe, memory=memory), expected)
        with Image.open(out) as image:
            assert image.size == (16, 16)


def test_g5_what_is_wanted_again_does_not_replace_what_someone_changed(source: Path, memory: str) -> None:
    recipe = quick_recipe(16)
    run(source, recipe, memory=memory)
    source.with_name("a-thumbnail.jpg").write_bytes(b"edited")
    want_again(memory, [str(source)], recipe.id_hash)
    assert run(source, recipe, memory=memory) == Skipped(
        "a-thumbnail.jpg is there already.", source.stat().st_size
    )
    assert source.with_name("a-thumbnail.jpg").read_bytes() == b"edited"


def test_a_memory_that_another_process_keeps_is_done_without(
    source: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(source, RECIPE, memory=memory)
    monkeypatch.setattr(made, "_WAIT", 0.01)
    made.forget()
    with closing(sqlite3.connect(memory, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other_recipe = quick_recipe(9).with_existing(Existing.NUMBER)
        assert isinstance(run(source, other_recipe, memory=memory), Done)
    assert recall(memory, str(source), other_recipe.id_hash) is None


def test_adding_with_force_wants_all_again(source: Path, tmp_path: Path, memory: str) -> None:
    run(source, RECIPE, memory=memory)
    asyncio.run(add_paths(Recorder(), [source.parent], RECIPE, data_dir=tmp_path))
    assert not record(memory, source, RECIPE).again
    asyncio.run(add_paths(Recorder(), [source.parent], RECIPE, data_dir=tmp_path, again=True))
    assert record(memory, source, RECIPE).again


def record(memory: str, source: Path, recipe: Recipe) -> made.Record:
    found = recall(memory, str(source), recipe.id_hash)
    assert found is not None
    return found


def test_jobs_are_made_again_with_their_own_recipes_and_priorities(source: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    run(source, RECIPE, memory=memory_of(tmp_path / "data"))

    async def story() -> None:
        async with opened(tmp_path / "data", ByHand(lambda task: SKIP)) as bench:
            queue = bench.queue
            await queue.start()
            job = await queue.enqueue(source, RECIPE, 7, 2)
            await queue.drained()
            await queue.pause()
            assert await make_again(queue, tmp_path / "data", [job, 99]) == 1
            assert await make_again(queue, tmp_path / "data", [job]) == 0  # it waits already
            (new,) = await queue.jobs([job + 1])
            assert (new.state, new.source, new.priority, new.max_retries) == (
                JobState.QUEUED, str(source), 7, 2,
            )  # fmt: skip

    asyncio.run(story())
    assert record(memory_of(tmp_path / "data"), source, RECIPE).again
