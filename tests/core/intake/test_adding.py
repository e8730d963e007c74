"""Files and folders reach the queue in batches, and one sentence says what became of them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import StoreUnusable
from core.intake.adding import AddSummary, add_paths
from core.recipe import Recipe, quick_recipe
from core.status import Accepted

RECIPE = quick_recipe(256)


class Recorder:
    """Accepts batches like the queue, at the seam that the intake needs of it."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.sizes: list[int] = []
        self.asked: set[tuple[str, int, int]] = set()

    async def enqueue_batch(
        self,
        sources: Sequence[str],
        recipe: Recipe,
        priority: int = 0,
        max_retries: int = 3,
        first_index: int = 1,
    ) -> Accepted:
        known = set(self.sources)
        new = [source for source in sources if source not in known]
        first = len(self.sources) + 1
        self.sources += new
        self.sizes.append(len(sources))
        self.asked.add((recipe.name, priority, max_retries))
        return Accepted(range(first, first + len(new)), len(sources) - len(new))


def fill(folder: Path, number: int) -> None:
    for one in range(number):
        (folder / f"{one}.jpg").touch()


def test_a_mixed_drop_is_summed_up_in_one_sentence(tmp_path: Path) -> None:
    fill(tmp_path, 214)
    (tmp_path / "0-thumbnail.jpg").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.txt").touch()
    queue = Recorder()
    given = [tmp_path, tmp_path / "3.jpg", tmp_path / "4.jpg", tmp_path / "5.jpg", tmp_path / "gone.jpg"]
    summary = asyncio.run(add_paths(queue, given, RECIPE, priority=10, max_retries=5))
    assert summary.sentence() == (
        "Added 214, 3 were here already, 1 is a result of this recipe, 2 are not images, 1 could not be read."
    )
    assert (summary.first_id, summary.last_id) == (1, 214)
    assert [Path(one.path).name for one in summary.not_images] in (["a.txt", "b.txt"], ["b.txt", "a.txt"])
    assert [Path(one.path).name for one in summary.unreadable] == ["gone.jpg"]
    assert [Path(one.path).name for one in summary.results] == ["0-thumbnail.jpg"]
    assert queue.asked == {("Command line", 10, 5)}


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (AddSummary(), "No images were found."),
        (AddSummary(added=100_000), "Added 100,000."),
        (AddSummary(duplicates=1), "Added 0, 1 was here already."),
        (AddSummary(added=1, not_images_count=1), "Added 1, 1 is not an image."),
        (AddSummary(added=50, cancelled=True), "Added 50, then stopped."),
    ],
)
def test_the_sentence_agrees_with_its_numbers(summary: AddSummary, sentence: str) -> None:
    assert summary.sentence() == sentence


def test_the_count_grows_batch_by_batch(tmp_path: Path) -> None:
    fill(tmp_path, 300)
    counts: list[int] = []
    queue = Recorder()
    summary = asyncio.run(add_paths(queue, [tmp_path], RECIPE, on_count=lambda n, _: counts.append(n)))
    assert counts == [50, 250, 300]
    assert summary.added == 300


def test_adding_can_be_stopped_and_what_was_accepted_stays(tmp_path: Path) -> None:
    fill(tmp_path, 400)
    stop = threading.Event()
    queue = Recorder()
    summary = asyncio.run(
        add_paths(queue, [tmp_path], RECIPE, on_count=lambda *_: stop.set(), cancelled=stop)
    )
    assert summary.cancelled
    assert summary.added == len(queue.sources) == 50


def test_cancelling_the_task_ends_the_walk(tmp_path: Path) -> None:
    fill(tmp_path, 400)
    queue = Recorder()

    async def scenario() -> None:
        def cancel(*_: int) -> None:
            adding.cancel()

        adding = asyncio.create_task(add_paths(queue, [tmp_path], RECIPE, on_count=cancel))
        with pytest.raises(asyncio.CancelledError):
            await adding

    asyncio.run(scenario())
    assert len(queue.sources) == 50


def test_a_store_that_fails_is_told_to_the_caller(tmp_path: Path) -> None:
    fill(tmp_path, 60)

    class Broken(Recorder):
        async def enqueue_batch(
            self,
            sources: Sequence[str],
            recipe: Recipe,
            priority: int = 0,
            max_retries: int = 3,
            first_index: int = 1,
        ) -> Accepted:
            raise StoreUnusable("The disk is gone.")

    with pytest.raises(StoreUnusable, match="disk is gone"):
        asyncio.run(add_paths(Broken(), [tmp_path], RECIPE))


def test_g13_the_loop_turns_while_a_folder_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 1)
    walking, go_on = threading.Event(), threading.Event()
    scandir = os.scandir

    def slow(path: str) -> object:
        walking.set()
        assert go_on.wait(10)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", slow)

    async def scenario() -> AddSummary:
        adding = asyncio.create_task(add_paths(Recorder(), [tmp_path], RECIPE))
        assert await asyncio.to_thread(walking.wait, 10)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not adding.done()
        go_on.set()
        return await adding

    assert asyncio.run(scenario()).added == 1
