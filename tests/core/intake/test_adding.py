"""Files and folders reach the queue in batches, and one sentence says what became of them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import StoreUnusable
from core.gathered import read_list
from core.intake.adding import AddSummary, add_paths
from core.recipe import Output, Recipe, quick_recipe
from core.status import Accepted

RECIPE = quick_recipe(256)


class Recorder:
    """Accepts batches like the queue, at the seam that the intake needs of it."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.sizes: list[int] = []
        self.roots: dict[str, str] = {}
        self.asked: set[tuple[str, int, int]] = set()

    async def enqueue_batch(
        self,
        sources: Sequence[str],
        recipe: Recipe,
        priority: int = 0,
        max_retries: int = 3,
        first_index: int = 1,
        root: str = "",
    ) -> Accepted:
        known = set(self.sources)
        new = [source for source in sources if source not in known]
        first = len(self.sources) + 1
        self.sources += new
        self.sizes.append(len(sources))
        self.roots.update(dict.fromkeys(new, root))
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
        "Added 214, 3 were here already, 1 was made by this recipe and is left out, 2 are not images, "
        "1 could not be read."
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
        (
            AddSummary(added=5, numbered=3),
            "Added 5. 3 could have the name of another and get a number.",
        ),
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
            root: str = "",
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


def test_each_batch_comes_with_the_folder_that_was_given(tmp_path: Path) -> None:
    for name in ("one", "one/deep", "two", "alone"):
        (tmp_path / name).mkdir()
        fill(tmp_path / name, 2)
    given = [tmp_path / "one", tmp_path / "alone" / "0.jpg", tmp_path / "two", tmp_path / "one" / "deep"]
    queue = Recorder()
    assert asyncio.run(add_paths(queue, given, RECIPE)).added == 7
    roots = {os.path.relpath(source, tmp_path): root for source, root in queue.roots.items()}
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert roots == {
        "one/0.jpg": one, "one/1.jpg": one, "one/deep/0.jpg": one, "one/deep/1.jpg": one,
        "two/0.jpg": two, "two/1.jpg": two, "alone/0.jpg": "",
    }  # fmt: skip


@pytest.mark.parametrize("template", ["web/{stem}", "{output}/{stem}-{date:%Y}", "{date:%Y/%m}/{stem}"])
def test_what_a_template_put_into_folders_beside_the_sources_is_not_taken_again(
    tmp_path: Path, template: str
) -> None:
    recipe = Recipe("r", (Output("web", template=template),))
    below = {"w": "web/a.jpg", "{o": "web/a-2026.jpg", "{d": "2026/11/a.jpg"}
    result = tmp_path / next(name for start, name in below.items() if template.startswith(start))
    result.parent.mkdir(parents=True)
    for path in (tmp_path / "a.jpg", result, result.with_name("zebra.jpg")):
        path.touch()
    queue = Recorder()
    summary = asyncio.run(add_paths(queue, [tmp_path], recipe))
    assert (summary.added, summary.results_count) == (2, 1)
    assert str(result) not in queue.sources


GATHER = Recipe("One", (Output("o", (), "pdf", template="{stem}"),), gather=True)


def test_what_is_gathered_is_one_job_whose_source_lists_all_in_their_order(tmp_path: Path) -> None:
    pictures, data = tmp_path / "Holiday", tmp_path / "data"
    pictures.mkdir()
    fill(pictures, 3)
    queue = Recorder()
    given: list[str | Path] = [pictures, "https://example.org/a.jpg", tmp_path / "gone.jpg"]
    summary = asyncio.run(add_paths(queue, given, GATHER, data_dir=data))
    (source,) = queue.sources
    assert Path(source).stem == "Holiday"
    assert read_list(source) == [str(pictures / f"{number}.jpg") for number in range(3)]
    assert summary.sentence() == (
        f"Added 1, 2 could not be read. What is made of these 3 images goes to {pictures}."
    )
    assert "is a link" in summary.unreadable[0].sentence
    (pictures / "Holiday.pdf").touch()
    (pictures / "Holiday-2.pdf").touch()
    again = asyncio.run(add_paths(queue, [pictures], GATHER, data_dir=data))
    assert (again.added, again.duplicates, again.results_count) == (0, 1, 2)


def test_images_of_several_folders_are_gathered_under_the_name_of_the_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}{name}.jpg").touch()
    queue = Recorder()
    recipe = GATHER.with_folder(tmp_path / "out")
    given = [tmp_path / "b" / "bb.jpg", tmp_path / "a"]
    summary = asyncio.run(add_paths(queue, given, recipe, data_dir=tmp_path / "data"))
    assert [Path(one).stem for one in queue.sources] == ["bb"]
    assert summary.homes == ()
    nothing = asyncio.run(add_paths(queue, [tmp_path / "c"], recipe, data_dir=tmp_path / "data"))
    assert nothing.added == 0
