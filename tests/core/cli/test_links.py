"""Links stand beside paths on the command line."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from tests.core.cli.conftest import Command


def test_a_link_becomes_a_job_and_where_its_outputs_go_is_said(
    command: Command, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(tmp_path / "Pictures"))
    monkeypatch.setattr(platformdirs, "user_downloads_dir", lambda: str(tmp_path / "Downloads"))
    (photos / "a.jpg").touch()
    ended = command("run", "--json", "https://photos.invalid/b.jpg", photos)
    assert ended.status == 0, ended.err
    assert f"Added 2. What is made of links goes to {tmp_path / 'Pictures'}." in ended.err
    assert {one.get("source") for one in ended.objects[:-1]} == {
        "https://photos.invalid/b.jpg",
        str(photos / "a.jpg"),
    }


@pytest.mark.parametrize("there", ["Downloads", "Pictures"])
def test_without_a_pictures_folder_the_downloads_folder_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    from core.intake.homeless import folder_for_homeless

    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(tmp_path / "Pictures"))
    monkeypatch.setattr(platformdirs, "user_downloads_dir", lambda: str(tmp_path / "Downloads"))
    (tmp_path / there).mkdir()
    assert folder_for_homeless() == str(tmp_path / there)


def test_with_an_output_folder_there_is_nothing_to_say(command: Command, tmp_path: Path) -> None:
    ended = command("run", "http://photos.invalid/b.jpg", "-o", tmp_path / "out")
    assert ended.status == 0
    assert "Added 1.\n" in ended.err


def test_what_only_begins_like_a_link_is_wrong_usage(command: Command) -> None:
    ended = command("run", "http://")
    assert ended.status == 2
    assert "http:// is no link that can be followed; nothing was added." in ended.err
