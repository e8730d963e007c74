"""`desktop install` puts the app into the menus of the desktop, and `remove` leaves nothing behind."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import core.cli.desktop as desktop
from core.recipe import builtin_recipes
from tests.core.cli.conftest import Command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these are desktops of Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for the desktop's files, with a command that says what it is given."""
    app = tmp_path / 'the "app" 100$x' / "imagequeue"
    app.parent.mkdir()
    app.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {shlex.quote(str(tmp_path))}/given\ncat >> /dev/null\n"
    )
    app.chmod(0o755)
    monkeypatch.setattr(desktop, "command_words", lambda: [str(app)])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def entry_in(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def test_each_recipe_has_an_action_and_a_script(command: Command, home: Path) -> None:
    ended = command("desktop", "install")
    assert (ended.status, ended.err) == (0, "")
    names = [recipe.name for recipe in builtin_recipes()]
    scripts = home / "nautilus" / "scripts" / "Image Queue"
    assert sorted(os.listdir(scripts)) == sorted(names)
    assert all(os.access(scripts / name, os.X_OK) for name in names)
    for path in ("applications/imagequeue.desktop", "kio/servicemenus/imagequeue.desktop"):
        entry = entry_in(home / path)
        keys = entry["Desktop Entry"]["Actions"].removesuffix(";").split(";")
        actions = [entry[f"Desktop Action {key}"] for key in keys]
        assert [one["Name"] for one in actions] == names
        assert all(f' --recipe "{one["Name"]}" %U' in one["Exec"] for one in actions)


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="the program is not installed")
def test_the_desktop_takes_the_entry(command: Command, home: Path) -> None:
    command("desktop", "install")
    done = subprocess.run(
        ["desktop-file-validate", home / "applications" / "imagequeue.desktop"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_a_script_hands_over_any_names_and_more_than_a_command_takes(
    command: Command, home: Path, tmp_path: Path
) -> None:
    app = Path(desktop.command_words()[0])
    app.write_text(app.read_text().replace(">> /dev/null", f"> {shlex.quote(str(tmp_path))}/read"))
    command("desktop", "install")
    script = home / "nautilus" / "scripts" / "Image Queue" / "Web set"
    names = ["a b.jpg", "-n", "ä\nö.jpg", "%s'\"$x.jpg"] + [f"{number:05}.jpg" for number in range(20_000)]
    subprocess.run([script, *names], check=True, timeout=60)
    assert (tmp_path / "given").read_text() == "--recipe\nWeb set\n--paths-from\n-\n"
    assert (tmp_path / "read").read_bytes().decode().split("\0")[:-1] == names
    uris = {**os.environ, "NAUTILUS_SCRIPT_SELECTED_URIS": "file:///a%20b.jpg\n"}
    subprocess.run([script], env=uris, check=True, timeout=60)
    assert (tmp_path / "read").read_text() == "file:///a%20b.jpg\n"


@pytest.mark.skipif(shutil.which("gio") is None, reason="the program is not installed")
def test_the_entry_starts_the_app_wherever_it_is_installed(
    command: Command, home: Path, tmp_path: Path
) -> None:
    command("desktop", "install")
    subprocess.run(
        ["gio", "launch", home / "applications" / "imagequeue.desktop", tmp_path / "a b.jpg"],
        stdin=subprocess.DEVNULL, check=True, timeout=60,
    )  # fmt: skip
    for _ in range(500):
        if (tmp_path / "given").exists() and (tmp_path / "given").read_text():
            break
        subprocess.run(["sleep", "0.02"], check=True)
    assert (tmp_path / "given").read_text() == f"{tmp_path}/a b.jpg\n"


def test_remove_takes_all_of_it_out_and_nothing_else(command: Command, home: Path) -> None:
    (home / "applications").mkdir(parents=True)
    (home / "applications" / "other.desktop").touch()
    command("desktop", "install")
    command("desktop", "install")  # again changes nothing
    ended = command("desktop", "remove")
    assert (ended.status, ended.out) == (0, f"Removed 17 files from {home}.\n")
    left = [path for path in home.rglob("*") if path.is_file() and "mime" not in str(path.relative_to(home))]
    assert left == [home / "applications" / "other.desktop"]
    assert command("desktop", "remove").out == f"Removed 0 files from {home}.\n"


def test_a_file_of_another_is_left_and_said(command: Command, home: Path) -> None:
    path = home / "bash-completion" / "completions" / "imagequeue"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    for do in ("install", "remove"):
        ended = command("desktop", do, "-q")
        assert (ended.status, ended.out) == (1, "")
        assert ended.err == f"{path} is not of Image Queue's making, and was left as it is.\n"
    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_said(command: Command, home: Path) -> None:
    home.touch()
    ended = command("desktop", "install")
    assert (ended.status, ended.err.count("\n")) == (2, 1)


def test_elsewhere_it_says_what_it_is_for(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    ended = command("desktop", "install")
    assert (ended.status, "desktops such as GNOME and KDE" in ended.err) == (2, True)
    assert not home.exists()
