"""One life of the app under attack: the command line, or the window, with its workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.reliability.processes import MARK, kill, marked, within

ROOT: Final = Path(__file__).resolve().parents[2]
CLI: Final = ("core.cli", "run", "--json")
WINDOW: Final = ("gui",)

_GONE: Final = 30.0  # seconds in which a killed app's processes must be gone; they are in some ms


class Life:
    """A process of the app, which can be killed alone, with a worker's, or with all of its own."""

    _numbers = iter(range(1, 1_000_000))

    def __init__(
        self, data_dir: Path, program: Sequence[str], *arguments: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.mark = f"{os.getpid()}-{next(self._numbers)}"
        self._out = data_dir.parent / f"out-{self.mark}"
        self._err = data_dir.parent / f"err-{self.mark}"
        module, *words = program
        environ = {**os.environ, **(env or {}), MARK: self.mark, "QT_QPA_PLATFORM": "offscreen"}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *words, *arguments, "--data-dir", str(data_dir)],
                cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip

    @property
    def ended(self) -> bool:
        """Whether the app has ended, by itself or killed."""
        return self.process.poll() is not None

    def workers(self) -> list[int]:
        """Return the ids of the app's other processes."""
        return [pid for pid in marked(self.mark) if pid != self.process.pid]

    def told_done(self) -> list[int]:
        """Return the jobs that it told to be done, in whole lines."""
        lines = self._out.read_bytes().split(b"\n")[:-1]
        objects = [json.loads(line) for line in lines]
        return [one["id"] for one in objects if one.get("state") == "done"]

    def said(self) -> str:
        """Return what it said to people until now."""
        return self._err.read_text("utf-8", "replace")

    def lines(self) -> int:
        """Return how many lines it has printed."""
        return self._out.read_bytes().count(b"\n")

    def kill_app(self) -> None:
        """Kill the app's own process."""
        kill(self.process.pid)
        self.process.wait()

    def kill_all(self) -> None:
        """Kill the app's process and all of its workers."""
        for pid in (self.process.pid, *self.workers()):
            kill(pid)
        self.process.wait()

    def all_gone(self) -> bool:
        """Wait until no process of this life is left; return whether that came about."""
        return within(_GONE, lambda: not marked(self.mark))

    def end(self) -> None:
        """Ask it to end in order, and wait."""
        kill(self.process.pid, signal.SIGTERM)
        if not within(_GONE, lambda: self.ended):
            self.kill_all()

    def forget(self) -> None:
        """Remove what it printed."""
        self._out.unlink()
        self._err.unlink()
