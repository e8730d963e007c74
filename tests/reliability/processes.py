"""Processes under attack: found by a mark in their environment, wherever they have got to."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

MARK: Final = "IMAGEQUEUE_ATTACKED"
"""The variable whose value tells the processes of one app, and what they started, from all others."""


def marked(value: str) -> list[int]:
    """Return the ids of the processes with this mark that are alive, stopped ones too."""
    wanted = f"{MARK}={value}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (
                    wanted in (entry / "environ").read_bytes().split(b"\0")
                    and state(int(entry.name)) not in "ZX"
                ):
                    found.append(int(entry.name))
    return found


def state(pid: int) -> str:
    """Return the state letter of a process: Z for a zombie, X for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError:
        return "X"


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def within(seconds: float, condition: Callable[[], object], every: float = 0.005) -> bool:
    """Return whether the condition came true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def zombies() -> list[int]:
    """Return the children of this process that nobody has waited for."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit():
                fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] == b"Z" and int(fields[1]) == os.getpid():
                    found.append(int(name))
    return found


def open_files(pid: int | str = "self") -> int:
    """Return how many files a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid: int | str = "self") -> int:
    """Return the bytes of memory that are a process's own, without what it shares with others."""
    resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text("ascii").split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
