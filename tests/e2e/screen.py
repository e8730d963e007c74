"""A screen without a monitor: an X server, a window manager, and hands for its mouse and keyboard."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.polling import until

PROGRAMS = ("Xvfb", "openbox", "xdotool")

# Windows without frames lie where they say; the keys are those of a plain desktop.
_OPENBOX = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew></focus>
  <keyboard><keybind key="A-F4"><action name="Close"/></keybind></keyboard>
  <mouse><context name="Client">
    <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
  </context></mouse>
  <applications><application class="*"><decor>{decor}</decor></application></applications>
</openbox_config>
"""


def missing_programs() -> list[str]:
    """The programs that a screen needs and that are not on this machine."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Screen:
    """An X server of its own, for a `with` statement. `env` is what programs need to be shown on it."""

    def __init__(self, folder: Path, *, width: int = 1440, height: int = 900, framed: bool = False) -> None:
        self.width, self.height = width, height  # pixels
        self._framed = framed  # whether windows have a frame with their title
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.env: dict[str, str] = {}

    def __enter__(self) -> Self:
        config = self._folder / "openbox.xml"
        config.write_text(_OPENBOX.format(decor="yes" if self._framed else "no"), encoding="utf-8")
        reader, writer = os.pipe()
        size = f"{self.width}x{self.height}x24"
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"]
        try:
            self._start(command, pass_fds=(writer,))
            os.close(writer)
            with os.fdopen(reader, "rb") as number:
                display = number.readline().decode().strip()  # comes when the server is ready
            if not display:
                raise AssertionError(f"Xvfb did not start: {self._log()}")
            home = self._folder / "home"
            home.mkdir(exist_ok=True)
            self.env = {
                **{
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith(("XDG_", "WAYLAND"))
                },
                "DISPLAY": f":{display}",
                "QT_QPA_PLATFORM": "xcb",
                "HOME": str(home),
                "XDG_CONFIG_HOME": str(home / ".config"),
            }
            self._start(["openbox", "--config-file", str(config)])
            until(self._is_managed, "a window manager runs")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str], pass_fds: tuple[int, ...] = ()) -> None:
        with (self._folder / "screen.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.env or None,
                    pass_fds=pass_fds,
                )
            )

    def _log(self) -> str:
        return (self._folder / "screen.log").read_text(encoding="utf-8", errors="replace")

    def _is_managed(self) -> bool:
        return self.xdotool("get_desktop", check=False).strip().isdigit()

    # -- hands ----------------------------------------------------------------------------------------

    def xdotool(self, *arguments: str, check: bool = True) -> str:
        """Run xdotool on this screen and return what it printed."""
        done = subprocess.run(
            ["xdotool", *arguments], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0 or not check, f"xdotool {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def titles(self) -> list[str]:
        """The titles of the windows that are shown."""
        numbers = self.xdotool("search", "--onlyvisible", "--name", "", check=False).split()
        return [self.xdotool("getwindowname", number, check=False).strip() for number in numbers]

    def described(self) -> str:
        """The windows that are shown, and which of them is active and has the keyboard."""
        numbers = self.xdotool("search", "--onlyvisible", "--name", ".", check=False).split()
        focused = self.xdotool("getwindowfocus", "-f", check=False).strip()
        lines = [
            f"{number} {self.xdotool('getwindowname', number, check=False).strip()!r}"
            f"{' is active' * (number == self.active())}{' has the keyboard' * (number == focused)}"
            for number in numbers
        ]
        return "\n".join([*lines, f"active: {self.active()}, keyboard: {focused}"])

    def window(self, title: str) -> str:
        """Wait for a window whose title holds a match of this pattern, and return its X number."""
        found = until(
            lambda: self.xdotool("search", "--onlyvisible", "--name", title, check=False).split(),
            f"a window {title!r} is shown",
        )
        return found[-1]

    def focus(self, window: str | Callable[[], str]) -> None:
        """Give a window the keyboard, as a click on its frame does; one may be looked up each time.

        The window manager calls it active at once, but it takes the keyboard by itself, when it comes to it:
        what is typed before goes nowhere. It is asked again and again: it may not know a window yet that has
        just been shown.
        """

        def has_the_keyboard() -> bool:
            wanted = window if isinstance(window, str) else window()
            if self.active() != wanted:
                self.xdotool("windowactivate", wanted, check=False)
                return False
            return self.xdotool("getwindowfocus", "-f", check=False).strip() == wanted

        until(has_the_keyboard, f"the window has the keyboard, of {self.titles()}", every=0.1)

    def active(self) -> str:
        """The X number of the window that the window manager calls active; "" while there is none."""
        return self.xdotool("getactivewindow", check=False).strip()

    def key(self, name: str) -> None:
        """Press and release a key in the active window, by its X name: `space`, `alt+F4`."""
        self.xdotool("key", "--clearmodifiers", name)

    def point(self, x: int, y: int) -> None:
        """Move the mouse to a place of the screen."""
        self.xdotool("mousemove", str(x), str(y))

    def click(self) -> None:
        """Click with the left button where the mouse is."""
        self.xdotool("click", "1")

    def geometry(self, window: str) -> tuple[int, int, int, int]:
        """Left, top, width and height of a window on the screen, in pixels."""
        shell = self.xdotool("getwindowgeometry", "--shell", window)
        values = dict(re.findall(r"(\w+)=(-?\d+)", shell))
        return int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"])
