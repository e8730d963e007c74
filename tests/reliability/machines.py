"""Machines under attack: each a real `imagequeue worker` that can be killed, frozen, or cut off."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from core.guard import Guard
from core.remote.everywhere import FIRST, Everywhere
from core.remote.keys import BROKER_VARIABLE
from tests.brokers import Broker
from tests.reliability.lives import ROOT
from tests.reliability.processes import MARK, kill, marked, within
from tests.reliability.roads import Road

_READY: Final = 60.0  # seconds in which a worker has reached the broker, on a busy machine
_GONE: Final = 30.0  # seconds in which its processes are gone after its end

_numbers = itertools.count(1)


class Elsewhere(Everywhere):
    """The processor of a queue whose images are all made on other machines."""

    def open_slots(self) -> list[int]:
        return [slot for slot in super().open_slots() if slot >= FIRST]


class Machine:
    """One machine, for a `with` statement: started, and killed at the end if it still runs."""

    def __init__(
        self, folder: Path, name: str, broker: Broker, *, slots: int, shared: Mapping[str, Path],
        road: Road | None = None,
    ) -> None:  # fmt: skip
        """shared: the path there of each shared folder. road: its own way to the broker."""
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self._broker, self._slots, self._shared, self.road = broker, slots, shared, road
        self.mark = ""
        self._guard = Guard()  # ends it with this process, however that comes about
        self._out = self.folder / "out"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._guard.close()

    def start(self) -> None:
        """Start the worker, without waiting for it."""
        self.mark = f"{os.getpid()}-machine-{next(_numbers)}"
        port = self._broker.port if self.road is None else self.road.port
        url = self._broker.url_at(port)
        if self.road is not None:
            url = url.replace("127.0.0.1", self.road.address)
        enter = () if self.road is None else self.road.enter
        shares = [word for name, path in self._shared.items() for word in ("--share", f"{name}={path}")]
        command = [
            *enter, sys.executable, "-m", "core.cli", "worker", "--name", self.name,
            "--slots", str(self._slots), *shares,
        ]  # fmt: skip
        environ = {**os.environ, MARK: self.mark, BROKER_VARIABLE: url, "TMPDIR": str(self.folder)}
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self._guard.watch(self._process.pid)

    def is_ready(self) -> bool:
        """Wait until it has said that it is; return whether that came about."""
        return within(_READY, lambda: "is ready" in self.said(), every=0.02)

    def said(self) -> str:
        """Return what it has printed over all its starts."""
        return self._out.read_text("utf-8", "replace")

    def kill(self) -> None:
        """Kill its own process, with which its slots end."""
        if self._process is not None:
            kill(self._process.pid)
            self.thaw()  # a frozen slot sees the end of its pipe when it goes on
            self._process.wait()
            self._guard.forget(self._process.pid)
            self._process = None

    def end(self) -> None:
        """Ask it to end in order, and wait."""
        assert self._process is not None
        kill(self._process.pid, signal.SIGTERM)
        if not within(_GONE, lambda: self._process is None or self._process.poll() is not None):
            raise AssertionError(f"{self.name} does not end: {self.said()[-300:]}")
        self._guard.forget(self._process.pid)
        self._process = None

    def freeze(self) -> None:
        """Let all of it stand still, as a laptop does that is closed."""
        for pid in marked(self.mark):
            kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in marked(self.mark):
            kill(pid, signal.SIGCONT)

    def all_gone(self) -> bool:
        """Wait until nothing of it is left; return whether that came about."""
        return within(_GONE, lambda: not marked(self.mark))

    def left(self) -> set[str]:
        """Return what lies in its folder for temporary files."""
        return {one.name for one in self.folder.iterdir()} - {self._out.name}
