"""A second start hands over what it is given, however much, and raises the first one's window."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.photos import photo
from tests.e2e.polling import until
from tests.e2e.running_app import ROOT, RunningApp
from tests.e2e.screen import Screen

MANY = 40_000


@contextmanager
def covered(screen: Screen) -> Iterator[str]:
    """Another program's window over all others; its X number."""
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.covering"], cwd=ROOT, env=screen.env)
    try:
        window = screen.window("Covering all")
        screen.focus(window)
        yield window
    finally:
        process.terminate()
        process.wait()


def in_the_middle(screen: Screen) -> str:
    """The frame of the window that a person sees in the middle of the screen, by its X number."""
    screen.xdotool("mousemove", str(screen.width // 2), str(screen.height // 2))
    shell = screen.xdotool("getmouselocation", "--shell")
    return shell.partition("WINDOW=")[2].strip()


def test_a_covered_window_comes_to_the_front(app: RunningApp, screen: Screen, tmp_path: Path) -> None:
    """G14: the second process ends at once, its photo is in the first one's window, and that is seen."""
    app.start()
    window = app.x_window()
    screen.focus(window)
    frame = in_the_middle(screen)
    with covered(screen):
        until(lambda: in_the_middle(screen) != frame, "the other window covers the app's")
        assert app.second_start(photo(tmp_path / "second.jpg")) == 0
        until(lambda: in_the_middle(screen) == frame, "the app's window is raised")
        until(lambda: screen.active() == window, "the app's window has the keyboard")
    app.until_done(1)
    until(lambda: len(app.see("queueTable").rows) == 1, "the photo is in the window")


def test_a_minimised_window_comes_back_without_paths_too(app: RunningApp, screen: Screen) -> None:
    app.start()
    window = app.x_window()
    screen.focus(window)
    frame = in_the_middle(screen)
    screen.xdotool("windowminimize", window)
    until(lambda: in_the_middle(screen) != frame, "the app's window is minimised")
    assert app.second_start() == 0
    until(lambda: in_the_middle(screen) == frame, "the app's window is back")


def test_tens_of_thousands_of_files_are_handed_over(app: RunningApp, tmp_path: Path) -> None:
    """G14, G1: through a pipe, as the scripts of file managers do it; a command takes only so many."""
    folder = tmp_path / "a folder with a name that is not a short one at all"
    folder.mkdir()
    names = [f"{folder}/photo number {number:05}.jpg" for number in range(MANY)]
    for name in names:
        Path(name).touch()
    app.start()
    app.start_or_pause(paused=True)
    listed = "\0".join(names).encode()
    assert app.second_start("--recipe", "Web", "--paths-from", "-", given=listed) == 0
    until(lambda: app.counts()["queued"] == MANY, f"{MANY} jobs wait", seconds=60)
