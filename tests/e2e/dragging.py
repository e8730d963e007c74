"""A drag of files from another program, step by step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.drag_source import SIDE, TITLE
from tests.e2e.screen import Screen

ROOT = Path(__file__).resolve().parents[2]


class Drag:
    """Files that are taken up in another window and moved over the screen, to be used in a `with` statement.

    The other window lies in the screen's bottom right corner.
    """

    def __init__(self, screen: Screen, paths: Sequence[Path]) -> None:
        self._screen = screen
        self._paths = paths
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        screen = self._screen
        left, top = screen.width - SIDE - 10, screen.height - SIDE - 10
        command = [sys.executable, "-m", "tests.e2e.drag_source", str(left), str(top), *map(str, self._paths)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=screen.env, stdout=subprocess.PIPE, text=True)
        assert self._says() == "ready"
        screen.xdotool("windowraise", screen.window(TITLE))
        self._at = (left + SIDE // 2, top + SIDE // 2)
        screen.xdotool("mousemove", "--sync", *map(str, self._at), "mousedown", "1")
        self.move(left - 10, top - 10)  # far enough to be a drag
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._screen.xdotool("key", "Escape", "mouseup", "1", check=False)
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()

    def move(self, x: int, y: int) -> None:
        """Move to a place of the screen in some steps, as a hand does."""
        steps = 8
        from_x, from_y = self._at
        for step in range(1, steps + 1):
            place = (from_x + (x - from_x) * step // steps, from_y + (y - from_y) * step // steps)
            self._screen.xdotool("mousemove", *map(str, place))
        self._at = (x, y)

    def tremble(self) -> None:
        """Move by a pixel, as a hand always does: a last move that came too quickly may be told to nobody."""
        x, y = self._at
        self._screen.xdotool("mousemove", str(x + 1), str(y))
        self._at = (x + 1, y)

    def drop(self) -> str:
        """Let go, and return the action that the target took; `IgnoreAction` when it took nothing."""
        self._screen.xdotool("mouseup", "1")
        return self._says()

    def _says(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
