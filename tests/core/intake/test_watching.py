"""What arrives in a watched folder becomes a job once, when it is whole."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import BadUsage, DiskFull
from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.intake.watching import FolderWatch, Pace
from core.recipe import Recipe, quick_recipe
from core.settings import Settings

RECIPE = quick_recipe(16)
PACE = Pace(settled=0.15, tick=0.05, looked_for=0.05)


class Watching:
    """A watch under way, what it has taken and what it has said."""

    def __init__(self, watched: WatchedFolder, memory: Path, wanted: Wanted | None, pace: Pace) -> None:
        self.taken: list[str] = []
        self.said: list[str] = []
        self.failing: list[Exception] = []
        self.root = watched.path
        self.watch = FolderWatch(watched, memory, self._take, self.said.append, wanted=wanted, pace=pace)

    def _take(self, sources: list[str], recipe: Recipe, priority: int) -> None:
        if self.failing:
            raise self.failing.pop()
        assert (recipe.outputs, priority) == (RECIPE.outputs, 7)
        self.taken += [os.path.relpath(source, self.root) for source in sources]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, (self.taken, self.said)
            threading.Event().wait(0.01)

    def until_taken(self, *names: str) -> None:
        self.until(lambda: sorted(self.taken) == sorted(names))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    return path


@contextmanager
def watching(
    folder: Path,
    recipe: Recipe = RECIPE,
    wanted: Wanted | None = None,
    pace: Pace = PACE,
) -> Iterator[Watching]:
    one = Watching(WatchedFolder.of(str(folder), recipe, 7), folder.parent / "memory", wanted, pace)
    one.watch.start()
    try:
        yield one
    finally:
        one.watch.stop()
        one.watch.join()


def test_what_is_there_and_what_arrives_is_taken_once_also_after_a_restart(folder: Path) -> None:
    (folder / "old.jpg").write_bytes(b"1")
    (folder / "notes.txt").write_bytes(b"1")
    with watching(folder) as one:
        one.until_taken("old.jpg")
        (folder / "sub").mkdir()
        (folder / "sub" / "new.jpg").write_bytes(b"2")
        one.until_taken("old.jpg", "sub/new.jpg")
    (folder / "meanwhile.jpg").write_bytes(b"3")
    with watching(folder) as two:
        two.until_taken("meanwhile.jpg")
        (folder / "old.jpg").write_bytes(b"changed")
        two.until_taken("meanwhile.jpg", "old.jpg")


def test_a_file_is_taken_when_it_has_stopped_growing(folder: Path) -> None:
    with watching(folder, pace=Pace(settled=0.4, tick=0.05)) as one:
        one.until(lambda: "Watching." in one.said)
        with (folder / "slow.jpg").open("wb") as file:
            for _ in range(15):
                file.write(b"x" * 100)
                file.flush()
                threading.Event().wait(0.05)
                assert one.taken == []
        one.until_taken("slow.jpg")


def test_a_folder_that_is_moved_in_gives_what_it_holds(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "shoot" / "deep").mkdir(parents=True)
    (tmp_path / "shoot" / "deep" / "a.jpg").write_bytes(b"1")
    with watching(folder) as one:
        one.until(lambda: "Watching." in one.said)
        (tmp_path / "shoot").rename(folder / "shoot")
        one.until_taken("shoot/deep/a.jpg")


def test_a_folder_of_very_many_files_is_taken_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.intake.watching._MOST_GROWING", 5)
    names = [f"{number:02}.jpg" for number in range(23)]
    for name in names:
        (folder / name).write_bytes(b"1")
    waited_for: list[int] = []
    with watching(folder) as one:
        note = one.watch._note

        def counted(path: str) -> None:
            note(path)
            waited_for.append(len(one.watch._growing))

        monkeypatch.setattr(one.watch, "_note", counted)
        one.until_taken(*names)
    assert max(waited_for, default=0) <= 5


def test_what_is_made_never_feeds_back(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"1")
    with watching(folder) as one:
        one.until_taken("a.jpg")
        (folder / "b.webp").write_bytes(b"made of it under another name")
        one.watch.made([str(folder / "b.webp")])
        (folder / "a-thumbnail.jpg").write_bytes(b"made of it")
        (folder / "c.jpg").write_bytes(b"2")
        one.until_taken("a.jpg", "c.jpg")
        (folder / "d.jpg").write_bytes(b"3")
        one.until_taken("a.jpg", "c.jpg", "d.jpg")


def test_what_took_its_originals_place_never_feeds_back(folder: Path) -> None:
    source = folder / "a.jpg"
    source.write_bytes(b"1")
    with watching(folder) as one:
        one.until_taken("a.jpg")
        source.unlink()
        source.write_bytes(b"made of it")
        one.watch.made([str(source)])
        (folder / "b.jpg").write_bytes(b"2")
        one.until_taken("a.jpg", "b.jpg")


def test_an_output_folder_within_it_is_left_alone(folder: Path) -> None:
    (folder / "out").mkdir()
    with watching(folder, RECIPE.with_folder(folder / "out")) as one:
        one.until(lambda: "Watching." in one.said)
        (folder / "out" / "x.jpg").write_bytes(b"1")
        (folder / "y.jpg").write_bytes(b"1")
        one.until_taken("y.jpg")


@pytest.mark.parametrize("target", ["out", ""])
def test_what_is_made_never_feeds_back_by_way_of_a_link(folder: Path, tmp_path: Path, target: str) -> None:
    (folder / "out").mkdir()
    (tmp_path / "link").symlink_to(folder / target)
    with watching(folder, RECIPE.with_folder(tmp_path / "link")) as one:
        one.until(lambda: "Watching." in one.said)
        (folder / "a.jpg").write_bytes(b"1")
        one.until_taken("a.jpg")
        (folder / target / "a-thumbnail.jpg").write_bytes(b"made of it")
        (folder / target / "other.webp").write_bytes(b"made of it under another name")
        one.watch.made([str(tmp_path / "link" / "other.webp")])
        (folder / "y.jpg").write_bytes(b"1")
        one.until_taken("a.jpg", "y.jpg")


@pytest.mark.parametrize("trash", [".Trash-1000", ".local/share/Trash"])
def test_what_goes_to_a_trash_within_it_is_left_there(folder: Path, trash: str) -> None:
    with watching(folder, wanted=Wanted(hidden=True)) as one:
        one.until(lambda: "Watching." in one.said)
        for name in (f"{trash}/files/old.jpg", ".hidden.jpg"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"1")
        one.until_taken(".hidden.jpg")
        (folder / trash / "files" / "b.jpg").write_bytes(b"1")
        (folder / "c.jpg").write_bytes(b"1")
        one.until_taken(".hidden.jpg", "c.jpg")
    with watching(folder, wanted=Wanted(hidden=True)) as again:
        (folder / "d.jpg").write_bytes(b"1")
        again.until_taken("d.jpg")


def test_a_folder_is_watched_within_the_one_for_what_is_made(folder: Path) -> None:
    with watching(folder, RECIPE.with_folder(folder.parent)) as one:
        (folder / "a.jpg").write_bytes(b"1")
        one.until_taken("a.jpg")


def test_hidden_files_and_what_is_not_wanted_are_passed_over(folder: Path) -> None:
    with watching(folder, wanted=Wanted(("drafts/",), ("jpeg",), 5)) as one:
        one.until(lambda: "Watching." in one.said)
        for name in (".hidden.jpg", "drafts/a.jpg", "b.png", "c.jpg"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"12345")
        (folder / "small.jpg").write_bytes(b"1")
        one.until_taken("c.jpg")


def test_it_survives_the_folder_going_away_and_coming_back(folder: Path) -> None:
    with watching(folder) as one:
        one.until(lambda: "Watching." in one.said)
        shutil.rmtree(folder)
        one.until(lambda: one.said[-1] == "The folder is not there; it is waited for.")
        folder.mkdir()
        (folder / "back.jpg").write_bytes(b"1")
        one.until_taken("back.jpg")
        (folder / "later.jpg").write_bytes(b"1")
        one.until_taken("back.jpg", "later.jpg")


def test_a_queue_that_takes_nothing_is_offered_it_again(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"1")
    one = Watching(WatchedFolder.of(str(folder), RECIPE, 7), folder.parent / "memory", None, PACE)
    one.failing.append(DiskFull("The disk with the queue is full."))
    one.watch.start()
    try:
        one.until_taken("a.jpg")
        assert "The disk with the queue is full." in one.said
    finally:
        one.watch.stop()
        one.watch.join()


def test_where_the_system_cannot_tell_of_changes_it_looks_again_and_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles

    real, asked = watchfiles.watch, []

    def watch(*paths: str, **options: object) -> object:
        asked.append(options["force_polling"])
        if not options["force_polling"]:
            raise OSError(28, "inotify watch limit reached")
        return real(*paths, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watchfiles, "watch", watch)
    with watching(folder) as one:
        one.until(lambda: "Watching." in one.said)
        (folder / "a.jpg").write_bytes(b"1")
        one.until_taken("a.jpg")
    assert asked == [None, True]


def test_a_recipe_that_is_gone_and_a_spoilt_memory_stop_nothing_else(folder: Path) -> None:
    watched = WatchedFolder(str(folder), "No such recipe", priority=7)
    one = Watching(watched, folder.parent / "memory", None, PACE)
    one.watch.start()
    one.watch.join()
    assert "No such recipe" in one.said[0]
    (folder.parent / "memory").write_bytes(b"spoilt" * 1_000)
    (folder / "a.jpg").write_bytes(b"1")
    with watching(folder) as two:
        two.until_taken("a.jpg")


def test_the_settings_keep_watched_folders(tmp_path: Path) -> None:
    settings = Settings(watched=(WatchedFolder("/in", "Web", "/out", "number", -10),))
    settings.save(tmp_path)
    assert Settings.load(tmp_path) == settings
    assert settings.watched[0].read_recipe().folder == "/out"


@pytest.mark.parametrize(
    "value", ["x", [{"path": "in", "recipe": "Web"}], [{"path": "/in"}], [{"path": "/in", "recipe": 1}],
              [{"path": "/in", "recipe": "Web"}] * 2, [{"path": "/in", "recipe": "Web", "priority": "high"}],
              [{"path": "/in", "recipe": "Web", "existing": "burn"}]],
)  # fmt: skip
def test_a_watched_folder_that_cannot_be_is_refused(value: object) -> None:
    with pytest.raises(BadUsage, match="watched"):
        Settings(watched=value)  # type: ignore[arg-type]
