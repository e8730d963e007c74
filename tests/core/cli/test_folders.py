"""What a run leaves out of folders, and the archives that it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings
from tests.core.cli.conftest import Command
from tests.core.intake.test_archives import zipped


def names(ended_objects: list[dict[str, object]]) -> list[str]:
    return sorted(Path(str(one["source"])).name for one in ended_objects[:-1])


@pytest.fixture
def folder(photos: Path) -> Path:
    for name in ("a.jpg", "b.png", "drafts/c.jpg"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"x" * (2_000 if name == "a.jpg" else 10))
    (photos / ".h.jpg").write_bytes(b"x")
    zipped(photos / "more.zip", {"z.jpg": b"x"})
    return photos


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (["--ignore", "drafts/", "--ignore", "*.png"], ["a.jpg"]),
        (["--only", "PNG"], ["b.png"]),
        (["--min-size", "1.5k"], ["a.jpg"]),
        ([], ["a.jpg", "c.jpg"]),
        (["--ignore", "nothing"], ["a.jpg", "b.png", "c.jpg"]),
        (["--hidden"], [".h.jpg", "a.jpg", "c.jpg"]),
        (["--archives"], ["a.jpg", "c.jpg", "z.jpg"]),
    ],
)
def test_options_go_before_the_settings(
    command: Command, folder: Path, data_dir: Path, options: list[str], taken: list[str]
) -> None:
    if "--only" not in options:
        Settings(ignore=("*.png",)).save(data_dir)
    ended = command("run", "--json", folder, *options)
    assert names(ended.objects) == taken
    assert "left out" in ended.err or options == ["--ignore", "nothing"]


@pytest.mark.parametrize(
    ("option", "value"), [("--only", "docx"), ("--min-size", "-1"), ("--min-size", "2kk"), ("--ignore", "!")]
)
def test_a_value_that_cannot_be_is_wrong_usage(
    command: Command, folder: Path, option: str, value: str
) -> None:
    ended = command("run", folder, option, value)
    assert ended.status == 2
    assert "takes" in ended.err or "expected" in ended.err


def test_an_archive_is_opened_as_a_folder(command: Command, photos: Path) -> None:
    archive = zipped(photos / "trip.zip", {"one.jpg": b"1", "two/three.jpg": b"2"})
    ended = command("run", "--json", archive)
    assert names(ended.objects) == ["one.jpg", "three.jpg"]
    assert f"What is made of trip.zip goes to {photos / 'trip'}." in ended.err
