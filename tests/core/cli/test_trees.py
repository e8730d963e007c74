"""Runs that mirror the tree of what they were given, or replace it, whole with their workers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.core.cli.conftest import Command

SIZE = ("--thumbnail", "16", "--workers", "1")


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 16), "red").save(path)
    return path


def tree(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_the_folders_below_the_one_that_was_given_are_there_again(
    command: Command, real_work: None, tmp_path: Path, out: Path
) -> None:
    shoot = tmp_path / "shoot"
    for name in ("a.png", "day 1/a.png", "day 1/deep/b.png"):
        picture(shoot / name)
    single = picture(tmp_path / "single.png")
    ended = command("run", *SIZE, "-o", out, "--mirror", shoot, single)
    assert ended.status == 0, ended.err
    assert tree(out) == [
        "a-thumbnail.png", "day 1/a-thumbnail.png", "day 1/deep/b-thumbnail.png", "single-thumbnail.png"
    ]  # fmt: skip


def test_of_an_archive_its_own_folders_are_there_again(
    command: Command, real_work: None, tmp_path: Path, out: Path
) -> None:
    one = picture(tmp_path / "p.png")
    with zipfile.ZipFile(tmp_path / "trip.zip", "w") as archive:
        archive.write(one, "top.png")
        archive.write(one, "sub/inner.png")
    ended = command("run", *SIZE, "-o", out, "--mirror", tmp_path / "trip.zip")
    assert ended.status == 0, ended.err
    assert tree(out) == ["sub/inner-thumbnail.png", "top-thumbnail.png"]


def test_an_archive_that_was_found_in_a_folder_is_a_folder_there(
    command: Command, real_work: None, tmp_path: Path, out: Path
) -> None:
    one = picture(tmp_path / "p.png")
    (tmp_path / "shoot" / "day").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "shoot" / "day" / "trip.zip", "w") as archive:
        archive.write(one, "sub/inner.png")
    ended = command("run", *SIZE, "-o", out, "--mirror", "--archives", tmp_path / "shoot")
    assert ended.status == 0, ended.err
    assert tree(out) == ["day/trip/sub/inner-thumbnail.png"]


def test_g5_two_trees_with_the_same_names_do_not_overwrite_each_other(
    command: Command, real_work: None, tmp_path: Path, out: Path
) -> None:
    for shoot in ("one", "two"):
        picture(tmp_path / shoot / "day" / "a.png")
        picture(tmp_path / shoot / "other" / f"{shoot}.png")
    ended = command(
        "run", *SIZE, "-o", out, "--mirror", "--existing", "replace", tmp_path / "one", tmp_path / "two"
    )
    assert ended.status == 0, ended.err
    assert "1 could have the name of another and gets a number." in ended.err
    assert tree(out) == [
        "day/a-2-thumbnail.png", "day/a-thumbnail.png", "other/one-thumbnail.png", "other/two-thumbnail.png"
    ]  # fmt: skip


def test_a_folder_for_outputs_inside_the_one_that_is_given_is_not_taken_again(
    command: Command, real_work: None, tmp_path: Path
) -> None:
    shoot = tmp_path / "shoot"
    picture(shoot / "day" / "a.png")
    for _ in range(2):
        ended = command("run", *SIZE, "-o", shoot / "out", "--mirror", "--json", shoot)
        assert ended.status == 0, ended.err
    assert tree(shoot) == ["day/a.png", "out/day/a-thumbnail.png"]


def test_a_counter_counts_on_over_runs_and_its_names_never_meet(
    command: Command, real_work: None, tmp_path: Path, out: Path
) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text(
        'name = "r"\nexisting = "replace"\n[[outputs]]\nname = "o"\ntemplate = "shot-{index:03}"\n'
        'operations = [{ do = "grey" }]\n',
        encoding="utf-8",
    )
    for run in ("one", "two"):
        for name in ("a.png", "b.png"):
            picture(tmp_path / run / name)
        ended = command("run", "--workers", "1", "--recipe", recipe, "-o", out, tmp_path / run)
        assert ended.status == 0, ended.err
    assert tree(out) == [f"shot-00{number}.png" for number in (1, 2, 3, 4)]


def test_originals_are_replaced_once_and_are_in_the_trash(
    command: Command, real_work: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    shoot = tmp_path / "shoot"
    for name in ("a.png", "day/a.png", "day/b.png"):
        picture(shoot / name)
    trip = tmp_path / "trip.zip"
    with zipfile.ZipFile(trip, "w") as archive:
        archive.write(shoot / "a.png", "inner.png")
    replacing = ("run", "--workers", "2", "--format", "webp", "--replace-original")
    dry = command(*replacing, "--dry-run", shoot)
    assert "would go to the trash" in dry.out
    ended = command(*replacing, shoot, trip)
    assert ended.status == 0, ended.err
    assert f"What is made of trip.zip goes to {tmp_path / 'trip'}, as there is no original to" in ended.err
    assert tree(shoot) == ["a.webp", "day/a.webp", "day/b.webp"]
    assert tree(tmp_path / "trip") == ["inner.webp"]
    trashed = sorted(one.name for one in (tmp_path / "home" / "Trash" / "files").iterdir())
    assert trashed == ["a 1.png", "a.png", "b.png"]
    before = [(shoot / name).read_bytes() for name in tree(shoot)]
    ended = command(*replacing, "--json", shoot)
    assert [one["state"] for one in ended.objects[:-1]] == ["skipped"] * 3
    assert [(shoot / name).read_bytes() for name in tree(shoot)] == before


def test_a_tree_needs_a_folder_to_be_built_in(command: Command, photos: Path) -> None:
    ended = command("run", "--mirror", photos)
    assert ended.status == 2
    assert "--mirror needs the folder to build the tree in: give it by -o." in ended.err
    assert "--mirror needs a PATH" in command("run", "--mirror").err
