"""What is made takes its original's place, and at no instant is either of them lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BadRecipe, FileBusy, NoOriginal, NoSuchFile, NotWritable, TrashFailed
from core.executor import Done, Skipped
from core.imaging.made import recall
from core.imaging.naming import name_keys
from core.imaging.process import foresee, process
from core.imaging.receipt import published
from core.leftovers import tidy
from core.operations import Grey, Thumbnail
from core.recipe import Existing, Output, Recipe
from tests.core.imaging.pictures import encoded, names_in, opened, photo, task_for
from tests.core.imaging.replacing_to_kill import RECIPE, task_in

ROOT = Path(__file__).parents[3]
BYTES = {"jpg": encoded(photo(120, 90), "JPEG"), "png": encoded(photo(120, 90), "PNG")}


class Trash:
    """A trash of the tests' own, in the place of the system's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.error: Exception | None = None
        self.instead: Callable[[str], None] | None = None

    def take(self, path: str) -> None:
        if self.instead is not None:
            self.instead(path)
            return
        if self.error is not None:
            raise self.error
        os.rename(path, self.folder / f"{len(self.contents())}-{Path(path).name}")

    def contents(self) -> list[bytes]:
        return [one.read_bytes() for one in sorted(self.folder.iterdir())]


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trash:
    (tmp_path / "trash").mkdir()
    made = Trash(tmp_path / "trash")
    monkeypatch.setattr("send2trash.send2trash", made.take)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "data").mkdir(parents=True)
    return tmp_path / "in"


def put(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(BYTES[name.rpartition(".")[2].lower().replace("jpeg", "jpg")])
    return path


def run(source: Path, attempt: int = 1, recipe: Recipe = RECIPE, **fields: object) -> Done | Skipped:
    data = source.parent / "data"
    values: dict[str, object] = {
        "attempt": attempt, "receipt": str(data / "0.json"), "memory": str(data / "made.sqlite3"),
        "temp_tag": f"tag-{attempt}", **fields,
    }  # fmt: skip
    return process(task_for(source, recipe, **values), lambda _: None)


def files_in(folder: Path) -> set[str]:
    return names_in(folder) - {"data"}


@pytest.mark.parametrize("name", ["photo.jpg", "photo.JPG", "photo.jpeg"])
def test_the_new_file_has_the_name_and_the_old_one_is_in_the_trash(
    folder: Path, trash: Trash, name: str
) -> None:
    source = put(folder, name)
    source.chmod(0o640)
    outcome = run(source)
    assert isinstance(outcome, Done)
    assert [one.path for one in outcome.outputs] == [str(source)]
    assert files_in(folder) == {name}
    assert opened(source).size == (20, 15)
    assert source.stat().st_mode & 0o777 == 0o640
    assert trash.contents() == [BYTES["jpg"]]


def test_another_format_has_another_suffix_and_takes_the_place_too(folder: Path, trash: Trash) -> None:
    outcome = run(put(folder, "photo.png"))
    assert isinstance(outcome, Done)
    assert files_in(folder) == {"photo.jpg"}
    assert outcome.notes == ()
    assert trash.contents() == [BYTES["png"]]


@pytest.mark.parametrize("existing", list(Existing))
def test_g5_another_file_of_the_new_name_is_never_replaced(
    folder: Path, trash: Trash, existing: Existing
) -> None:
    source, other = put(folder, "photo.png"), put(folder, "photo.jpg")
    os.utime(other, (1, 1))
    outcome = run(source, recipe=RECIPE.with_existing(existing))
    assert other.read_bytes() == BYTES["jpg"]
    if existing in (Existing.KEEP, Existing.NEWER):
        assert isinstance(outcome, Skipped)
        assert files_in(folder) == {"photo.jpg", "photo.png"}
        assert trash.contents() == []
    else:
        assert files_in(folder) == {"photo.jpg", "photo-2.jpg"}
        assert trash.contents() == [BYTES["png"]]


@pytest.mark.parametrize("existing", list(Existing))
def test_its_own_name_is_taken_whatever_becomes_of_other_files(
    folder: Path, trash: Trash, existing: Existing
) -> None:
    source = put(folder, "photo.jpg")
    assert isinstance(run(source, recipe=RECIPE.with_existing(existing), place=2), Done)
    assert files_in(folder) == {"photo.jpg"}


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied"), RuntimeError("no trash here"), PermissionError()]
)
def test_where_the_trash_does_not_take_it_the_original_stays_and_that_is_said(
    folder: Path, trash: Trash, error: Exception
) -> None:
    trash.error = error
    source = put(folder, "photo.jpg")
    with pytest.raises(
        TrashFailed, match=r"photo\.jpg could not be moved to the trash \(.+\), and stays as it is\."
    ):
        run(source)
    assert source.read_bytes() == BYTES["jpg"]
    assert files_in(folder) == {"photo.jpg"}
    other = put(folder, "other.png")
    outcome = run(other)
    assert isinstance(outcome, Done)
    (note,) = outcome.notes
    assert note.startswith("other.png could not be moved to the trash")
    assert files_in(folder) == {"photo.jpg", "other.png", "other.jpg"}


def test_a_trash_that_says_yes_and_takes_nothing_is_found_out(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.jpg")
    trash.take = lambda path: None  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("send2trash.send2trash", trash.take)
        with pytest.raises(TrashFailed):
            run(source)
    assert source.read_bytes() == BYTES["jpg"]


def test_a_trash_that_complains_after_it_took_the_file_has_it(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.jpg")

    def take(path: str) -> None:
        os.rename(path, trash.folder / "taken")
        raise RuntimeError("but the index could not be written")

    trash.instead = take
    assert isinstance(run(source), Done)
    assert opened(source).size == (20, 15)
    assert trash.contents() == [BYTES["jpg"]]


def test_an_original_that_was_changed_meanwhile_is_left_alone(
    folder: Path, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(folder, "photo.jpg")
    monkeypatch.setattr("core.imaging.original.sync_folder", lambda _: source.write_bytes(b"a new version"))
    with pytest.raises(FileBusy, match="was changed while it was worked on"):
        run(source)
    assert source.read_bytes() == b"a new version"
    assert trash.contents() == []
    assert files_in(folder) == {"photo.jpg"}


def test_a_file_that_appears_in_the_gap_stays_and_the_new_one_is_numbered(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.jpg")

    def take(path: str) -> None:
        os.rename(path, trash.folder / "taken")
        Path(path).write_bytes(b"somebody else's")

    trash.instead = take
    outcome = run(source)
    assert isinstance(outcome, Done)
    assert [Path(one.path).name for one in outcome.outputs] == ["photo-2.jpg"]
    assert source.read_bytes() == b"somebody else's"
    assert files_in(folder) == {"photo.jpg", "photo-2.jpg"}
    assert published(str(folder / "data" / "0.json"), "tag-1") == outcome.outputs
    assert trash.contents() == [BYTES["jpg"]]


def test_where_the_name_cannot_be_given_after_all_what_was_made_is_kept(
    folder: Path, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("core.imaging.original.give_name", fail)
    with pytest.raises(NotWritable, match="is in the trash, and what was made of it"):
        run(put(folder, "photo.jpg"))
    (left,) = files_in(folder)
    assert opened(folder / left).size == (20, 15)
    assert trash.contents() == [BYTES["jpg"]]
    monkeypatch.undo()
    task = task_for(
        folder / "photo.jpg", RECIPE, attempt=1, temp_tag="tag-1", receipt=str(folder / "data" / "0.json")
    )
    assert tidy(task) is not None
    assert files_in(folder) == {"photo.jpg"}


def test_what_would_not_change_is_not_replaced(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.jpg")
    same = Recipe("r", (Output("o", (Thumbnail(500),), "jpeg"),), replace_original=True)
    outcome = run(source, recipe=same)
    assert outcome == Skipped("photo.jpg stays: nothing in it would change.", len(BYTES["jpg"]))
    assert trash.contents() == []


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_g6_what_took_the_place_is_not_taken_for_a_new_source(folder: Path, trash: Trash, name: str) -> None:
    assert isinstance(run(put(folder, name)), Done)
    made = (folder / "photo.jpg").read_bytes()
    for attempt in (1, 2):
        again = run(folder / "photo.jpg", attempt)
        assert isinstance(again, Skipped)
        assert again.reason.startswith("Up to date:")
    assert (folder / "photo.jpg").read_bytes() == made
    assert len(trash.contents()) == 1
    grey = Recipe("g", (Output("o", (Grey(),), "jpeg"),), replace_original=True)
    assert isinstance(run(folder / "photo.jpg", recipe=grey), Done)  # another recipe is another wish


def test_links_are_no_originals(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.jpg")
    (folder / "link.jpg").symlink_to(source)
    with pytest.raises(NoOriginal, match="is a link to another file"):
        run(folder / "link.jpg")
    with pytest.raises(NoOriginal, match="comes from a link"):
        run(source, downloads=str(folder))
    with pytest.raises(NoOriginal, match="comes from a link"):
        process(task_for("http://photos.invalid/a.jpg", RECIPE), lambda _: None)
    with pytest.raises(NoOriginal, match="no file of yours"):
        run(put(folder / "data", "photo.jpg"), memory=str(folder / "data" / "made.sqlite3"))
    assert trash.contents() == []


def test_a_recipe_replaces_by_one_output_and_in_no_other_folder() -> None:
    two = (Output("a"), Output("b"))
    with pytest.raises(BadRecipe, match="one output, not 2"):
        Recipe("r", two, replace_original=True)
    with pytest.raises(BadRecipe, match="one output"):
        Recipe("r", two).replacing_originals()
    with pytest.raises(BadRecipe, match="exclude each other"):
        Recipe("r", (Output("a"),), folder="/out", replace_original=True)
    assert not RECIPE.with_folder("/out").replace_original
    assert Recipe("r", (Output("a"),), folder="/out", mirror=True).replacing_originals().folder is None


def test_a_template_has_no_part_in_it(folder: Path, trash: Trash) -> None:
    recipe = Recipe("r", (Output("o", (Thumbnail(20),), "jpeg", template="cover"),), replace_original=True)
    assert isinstance(run(put(folder, "photo.png"), recipe=recipe), Done)
    assert files_in(folder) == {"photo.jpg"}
    one, other = name_keys(["/in/a.png", "/in/b.png"], recipe)
    assert one != other


def test_a_dry_run_tells_what_would_be_replaced(folder: Path, trash: Trash) -> None:
    for name, path in (("photo.jpg", "photo.jpg"), ("other.png", "other.jpg")):
        outcome = foresee(task_for(put(folder, name), RECIPE), lambda _: None)
        assert isinstance(outcome, Done)
        assert [one.path for one in outcome.outputs] == [str(folder / path)]
        assert outcome.notes == (f"{name} would go to the trash.",)
    assert files_in(folder) == {"photo.jpg", "other.png"}


def test_of_two_files_of_one_name_at_once_the_trash_keeps_both(tmp_path: Path, folder: Path) -> None:
    """Each waits for the other: a trash looks for a free name, and then moves."""
    taken, inside = [], []

    def slowly(path: str) -> None:
        inside.append(path)
        assert len(inside) == 1
        threading.Event().wait(0.05)
        taken.append(Path(path).read_bytes())
        os.unlink(path)
        inside.remove(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("send2trash.send2trash", slowly)
        sources = []
        for name in ("one", "two", "three"):
            (folder / name).mkdir()
            sources.append(put(folder / name, "photo.jpg"))
        data = folder / "data"
        tasks = [
            task_for(one, RECIPE, receipt=str(data / f"{number}.json"), temp_tag=f"tag-{number}")
            for number, one in enumerate(sources)
        ]
        threads = [threading.Thread(target=process, args=(task, lambda _: None)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(taken) == 3


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_g4_g6_a_kill_at_any_step_loses_neither_and_again_is_harmless(tmp_path: Path, suffix: str) -> None:
    """The worker dies before each of its steps in turn; then what the app does after a crash is done."""
    (tmp_path / f"photo.{suffix}").write_bytes(BYTES[suffix])
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home / "share")}
    command = [sys.executable, "-m", "tests.core.imaging.replacing_to_kill", str(tmp_path), suffix, "1"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    last = int(ran.stdout.split()[-1])
    assert last > 12
    ends = set()
    in_trash = [one.read_bytes() for one in (home / "share" / "Trash" / "files").iterdir()]
    assert set(in_trash) == {BYTES[suffix]}
    for number in range(1, last + 1):
        case = tmp_path / str(number)
        task = task_in(case, suffix, 1)
        files = tidy(task)
        source, made = Path(task.source), case / "photo.jpg"
        left = {one.name for one in case.iterdir()} - {"data"}
        assert left <= {source.name, "photo.jpg"}, (number, left)
        original_is_there = source.exists() and source.read_bytes() == BYTES[suffix]
        if files is not None:
            ends.add("done")
            assert not original_is_there
            assert opened(made).size == (20, 15)
            assert published(task.receipt, task.temp_tag) == files
        else:
            ends.add("to be done again" if source.exists() else "lost")
            assert original_is_there, number
        if not original_is_there:
            assert opened(made).size == (20, 15), number
    assert ends == {"done", "to be done again"}


def test_g6_an_attempt_after_a_kill_ends_what_the_first_began(folder: Path, trash: Trash) -> None:
    """It died between the name of the new file and the end of the original."""
    source = put(folder, "photo.png")
    trash.error = OSError(errno.EIO, "as if it had died here")
    assert isinstance(run(source), Done)
    trash.error = None
    assert files_in(folder) == {"photo.png", "photo.jpg"}
    outcome = run(source, attempt=2)
    assert isinstance(outcome, Done)
    assert outcome.notes == ()
    assert files_in(folder) == {"photo.jpg"}
    assert trash.contents() == [BYTES["png"]]


def test_a_cancelled_job_takes_its_file_back_while_the_original_is_there(folder: Path, trash: Trash) -> None:
    source = put(folder, "photo.png")
    trash.error = OSError(errno.EIO, "as if it had been killed here")
    assert isinstance(run(source), Done)
    task = task_for(source, RECIPE, temp_tag="tag-1", receipt=str(folder / "data" / "0.json"))
    assert tidy(task, cancelled=True) is None
    assert files_in(folder) == {"photo.png"}


def test_the_memory_is_written_before_the_name_is_given(
    folder: Path, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(folder, "photo.jpg")
    trash.error = RuntimeError("the end")
    with pytest.raises(TrashFailed):
        run(source)
    record = recall(str(folder / "data" / "made.sqlite3"), str(source), RECIPE.id_hash)
    assert record is not None
    assert not record.current(
        (source.stat().st_size, source.stat().st_mtime_ns)
    )  # of the original itself it says nothing


def test_a_file_that_is_given_by_two_ways_is_replaced_once(
    folder: Path, trash: Trash, tmp_path: Path
) -> None:
    source = put(folder, "photo.jpg")
    for name in ("way", "other"):
        (tmp_path / name).symlink_to(folder)
    assert isinstance(run(tmp_path / "way" / "photo.jpg"), Done)
    made = source.read_bytes()
    for one in (source, tmp_path / "other" / "photo.jpg", tmp_path / "way" / "photo.jpg"):
        outcome = run(one)
        assert isinstance(outcome, Skipped)
        assert outcome.reason.startswith("Up to date:")
    assert source.read_bytes() == made
    assert trash.contents() == [BYTES["jpg"]]


def test_g6_a_later_attempt_knows_what_was_made_though_the_original_is_gone(
    folder: Path, trash: Trash
) -> None:
    """The receipt is another job's by then: the app died before the queue had noted the end."""
    source = put(folder, "photo.png")
    done = run(source)
    assert isinstance(done, Done)
    again = run(source, attempt=2, receipt=str(folder / "data" / "1.json"))
    assert isinstance(again, Done)
    assert again.outputs == done.outputs
    assert again.source_bytes == done.source_bytes
    with pytest.raises(NoSuchFile):
        run(source)  # another job: there is no such file
    (folder / "photo.jpg").unlink()
    with pytest.raises(NoSuchFile):
        run(source, attempt=2)
