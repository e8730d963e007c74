"""Without a command the window opens, or the one that is open gets the paths."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from core.owner import Owner, Reply, Request
from tests.core.cli.conftest import Command


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, list[str], str]]:
    calls: list[tuple[Path, list[str], str]] = []

    def main(data_dir: Path, paths: list[str], recipe: str) -> int:
        calls.append((data_dir, paths, recipe))
        return 0

    app = ModuleType("gui.app")
    app.main = main  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gui.app", app)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return calls


def test_the_window_gets_the_data_folder_and_absolute_paths(
    command: Command, photos: Path, data_dir: Path, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "run").touch()
    monkeypatch.chdir(photos)
    assert command("./run", photos).status == 0
    assert command().status == 0
    assert opened == [(data_dir, [str(photos / "run"), str(photos)], ""), (data_dir, [], "")]


def test_g14_a_second_start_hands_its_paths_to_the_first(
    command: Command, photos: Path, data_dir: Path, opened: list[object]
) -> None:
    heard: list[Request] = []

    def answer(message: Request) -> Reply:
        heard.append(message)
        return {"ok": True}

    with Owner.acquire(data_dir) as owner:
        owner.serve(answer)
        ended = command(photos)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert heard == [{"do": "open", "paths": [str(photos)]}]
    assert opened == []


def test_without_a_display_the_command_line_is_named(
    command: Command, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    ended = command()
    assert ended.status == 2
    assert ended.err == (
        "imagequeue: There is no display to open a window on. "
        "The same queue runs in a terminal: imagequeue run PATH...\n"
    )
    assert opened == []


def test_without_qt_the_command_line_is_named(
    command: Command, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "gui.run":
                raise ModuleNotFoundError("No module named 'PySide6'", name="PySide6")

    monkeypatch.delitem(sys.modules, "gui.app")
    monkeypatch.delitem(sys.modules, "gui.run", raising=False)
    monkeypatch.setattr("gui.app.keep_log", lambda *_, **__: None)  # it would stay for other tests
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    ended = command()
    assert ended.status == 2
    assert "The window needs PySide6" in ended.err
    assert not [one for one in threading.enumerate() if one.name == "store-writer"]
    assert "imagequeue run PATH..." in ended.err


def test_a_recipe_goes_with_the_paths_and_is_looked_at_first(
    command: Command, photos: Path, data_dir: Path, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Request] = []

    def answer(message: Request) -> Reply:
        heard.append(message)
        return {"ok": True}

    (photos / "shop.toml").write_text('name = "Shop"\noutputs = [{ name = "x", format = "png" }]\n')
    monkeypatch.chdir(photos)
    with Owner.acquire(data_dir) as owner:
        owner.serve(answer)
        assert command(photos, "--recipe", "web set").status == 0
        assert command("--recipe", "shop.toml").status == 0
        ended = command(photos, "--recipe", "Nope")
    assert (ended.status, "There is no recipe 'Nope'" in ended.err) == (2, True)
    assert heard == [
        {"do": "open", "paths": [str(photos)], "recipe": "web set"},
        {"do": "open", "paths": [], "recipe": str(photos / "shop.toml")},
    ]
    assert command(photos, "--recipe", "Web").status == 0
    assert opened == [(data_dir, [str(photos)], "Web")]


@pytest.mark.parametrize("separator", ["\n", "\0", "\r\n"])
def test_paths_come_from_a_list(
    command: Command, photos: Path, data_dir: Path, opened: list[object], tmp_path: Path, separator: str
) -> None:
    names = ["a b.jpg", "-n.jpg", "ä.jpg"]
    for name in names:
        (photos / name).touch()
    address = f"file://{photos}/a%20b.jpg"
    listed = tmp_path / "list"
    listed.write_text(separator.join([address, *(f"{photos}/{name}" for name in names), ""]))
    assert command(photos, "--paths-from", listed).status == 0
    expected = [photos, photos / "a b.jpg", *(photos / name for name in names)]
    assert opened == [(data_dir, [str(one) for one in expected], "")]


def test_a_list_that_is_none_is_said(command: Command, tmp_path: Path, opened: list[object]) -> None:
    (tmp_path / "empty").write_bytes(b"\n\n")
    (tmp_path / "wrong").write_bytes(b"/gone/\xff.jpg")
    for name, said in (
        ("empty", "lists no path; nothing was added."),
        ("gone", f"There is no file {tmp_path}/gone."),
        ("wrong", "/gone/\\xff.jpg is not there; nothing was added."),
        ("", "is a folder"),
    ):
        ended = command("--paths-from", f"{tmp_path}/{name}")
        assert (ended.status, ended.err.count("\n")) == (2, 1)
        assert said in ended.err
    assert opened == []


def test_g14_more_paths_than_a_message_holds_are_handed_over_in_parts(
    command: Command, photos: Path, data_dir: Path, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    def answer(message: Request) -> Reply:
        heard.append(message["paths"])
        assert message["token"] == "from the desktop"
        return {"ok": True}

    paths = [photos / f"{number}.jpg" for number in range(7)]
    for path in paths:
        path.touch()
    monkeypatch.setattr("core.cli.window._MOST", 3 * len(str(paths[0])))
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "from the desktop")
    with Owner.acquire(data_dir) as owner:
        owner.serve(answer)
        assert command(*paths).status == 0
        assert command().status == 0
    names = [str(path) for path in paths]
    assert heard == [names[:3], names[3:6], names[6:], []]
