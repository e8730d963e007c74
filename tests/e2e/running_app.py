"""The app as a process: started, looked at, ended in every way that an app can end."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import cli
from tests.e2e.dragging import Drag
from tests.e2e.polling import until
from tests.e2e.screen import Screen

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Seen:
    """One widget as a person could see it."""

    name: str
    cls: str
    action: str
    visible: bool
    enabled: bool
    under_mouse: bool
    text: str
    title: str
    place: tuple[int, int, int, int]  # left, top, width, height on the screen, in pixels
    rows: tuple[tuple[str, ...], ...] = field(repr=False, default=())

    @property
    def centre(self) -> tuple[int, int]:
        """The point to click at."""
        left, top, width, height = self.place
        return left + width // 2, top + height // 2


def command_line(data_dir: Path, *arguments: str) -> Any:
    """Ask the command line about the queue in this folder, and return its JSON."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = cli.main([*arguments, "--json", "--data-dir", str(data_dir)])
    assert status == 0, printed.getvalue()
    return json.loads(printed.getvalue())


def is_running(process: int) -> bool:
    """Whether there is a process of this id that is no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return False


def children_of(process: int) -> list[int]:
    """The ids of the processes that this one started, and theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1]) == process:
                    found += [int(entry.name), *children_of(int(entry.name))]
    return found


class RunningApp:
    """One data folder, and the process that shows its queue in a window; it can be started many times."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.screen = screen
        self.folder = folder
        self.data_dir = folder / "queue"
        self.process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.variables: dict[str, str] = {}
        """What else stands in the environment of the app."""

    # -- start and end --------------------------------------------------------------------------------

    def command(self, *paths: str | Path) -> list[str]:
        """The command that starts the app with these paths."""
        self._starts += 1
        socket_path = self.folder / f"seen-{self._starts}"
        return [sys.executable, "-m", "tests.e2e.observed", str(socket_path), *map(str, paths)]

    def start(self, *paths: str | Path) -> None:
        """Start the app, and wait until its window is shown."""
        assert self.process is None or self.process.poll() is not None, "it still runs"
        with (self.folder / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(*paths), cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(lambda: self.has_ended() or self.is_ready(), "the window is shown, and its queue is open")
        assert not self.has_ended(), f"the app ended at its start: {self.log()}"

    def second_start(self, *paths: str | Path, given: bytes = b"") -> int:
        """Start the app while it runs, as a double click does, and return the second one's exit status.

        `given` is what it can read from standard input.
        """
        command = [sys.executable, "-m", "gui", *map(str, paths)]
        done = subprocess.run(command, cwd=ROOT, env=self.env, input=given, timeout=60, check=False)
        return done.returncode

    @property
    def env(self) -> dict[str, str]:
        """The environment of the app's processes."""
        return {**self.screen.env, "IMAGEQUEUE_DATA_DIR": str(self.data_dir), **self.variables}

    def family(self) -> list[int]:
        """The ids of the app's process and of all that it started."""
        assert self.process is not None
        return [self.process.pid, *children_of(self.process.pid)]

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End the app's own process as a crash of the machine would: at once, without a word to it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def wait(self) -> int:
        """Wait until the app has ended by itself, and return its exit status."""
        assert self.process is not None
        try:
            until(self.has_ended, "the app has ended")
        except AssertionError as error:
            shown = [(one.name, one.text, one.place) for one in self.widgets() if one.text]
            raise AssertionError(f"{error}; it shows {shown}, and said {self.log()}") from None
        assert self.process.returncode is not None
        return self.process.returncode

    def log(self) -> str:
        """What the app printed."""
        path = self.folder / "app.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    # -- what can be seen -----------------------------------------------------------------------------

    def widgets(self) -> list[Seen]:
        """All widgets that are shown now; none when the app does not answer."""
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.settimeout(5)
            line.connect(str(self.folder / f"seen-{self._starts}"))
            answer = b"".join(iter(lambda: line.recv(1 << 16), b""))
            if answer:
                return [as_seen(one) for one in json.loads(answer) if one["visible"]]
        return []

    def is_ready(self) -> bool:
        """Whether the window is on the screen, with the button that pauses."""
        return any(one.action == "startPause" and one.visible and one.enabled for one in self.widgets())

    def x_window(self) -> str:
        """The X number of the app's main window."""
        return self.screen.window("Image Queue$")  # what stands before it changes while the queue runs

    def press(self, key: str) -> None:
        """Press a key in the app's main window."""
        self.screen.focus(self.x_window)
        self.screen.key(key)

    def start_or_pause(self, paused: bool) -> None:
        """Press Space until the queue is paused, or is not.

        Once is enough but on a very busy machine, where a key may come before its window is ready for it.
        """
        for _ in range(3):
            with contextlib.suppress(AssertionError):
                self.press("space")
                until(lambda: self.status()["paused"] is paused, f"paused is {paused}", seconds=20)
                return
        raise AssertionError(f"Space does nothing: {self.status()}, {self.log()}")

    def see(self, name: str) -> Seen:
        """Wait for a widget by its object name, its action's name or its text, and return it."""

        def found() -> list[Seen]:
            return [
                one for one in self.widgets() if name in (one.name, one.action, one.text.replace("&", ""))
            ]

        return until(found, f"{name!r} is shown")[0]

    def until_lit(self, zone: str, drag: Drag) -> None:
        """Wait until a drop zone says that a drop would land on it."""

        def lit() -> bool:
            drag.tremble()
            seen = self.see(zone)
            return seen.visible and seen.text.startswith("Add ")

        until(lit, f"{zone} is lit", every=0.1)

    def click(self, name: str) -> None:
        """Click on a widget.

        A widget says that it is shown before the screen shows it, and a click would go to what is there
        until then: so the mouse goes there first, and the click follows when the widget has felt it.
        """

        def felt() -> bool:
            self.screen.point(*self.see(name).centre)
            return self.see(name).under_mouse

        until(felt, f"{name!r} is under the mouse")
        self.screen.click()

    # -- what the queue says --------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The queue, as the command line says it is."""
        status: dict[str, Any] = command_line(self.data_dir, "status")
        return status

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        counts: dict[str, int] = self.status()["counts"]
        return counts

    def until_paused(self, paused: bool = True) -> None:
        """Wait until the queue is paused, or is not."""
        until(lambda: self.status()["paused"] is paused, f"paused is {paused}")

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, as the command line lists them."""
        jobs: list[dict[str, Any]] = command_line(self.data_dir, "list")
        return jobs

    def until_done(self, count: int) -> None:
        """Wait until so many jobs are done; it may take long on a busy machine, but one follows another."""
        done = -1

        def more() -> list[int]:
            return [now for now in [self.counts()["done"]] if now != done]

        while done != count:
            (done,) = until(more, f"another of {count} jobs is done", every=0.1)


def as_seen(said: dict[str, Any]) -> Seen:
    """One widget from what the observer said of it."""
    left, top, width, height = said["place"]
    return Seen(
        name=said["name"],
        cls=said["class"],
        action=said["action"],
        visible=said["visible"],
        enabled=said["enabled"],
        under_mouse=said["under_mouse"],
        text=said["text"],
        title=said["title"],
        place=(left, top, width, height),
        rows=tuple(tuple(row) for row in said["rows"]),
    )
