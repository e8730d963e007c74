"""What tests look at of the processes of this machine, and how they wait for a thing to become true."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable


def until(is_true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it is true; fail if that takes far too long."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.002)


def _stat(pid: int) -> tuple[str, int]:
    """The state letter of a process, and its parent's id."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        state, parent = file.read().rpartition(")")[2].split()[:2]
    return state, int(parent)


def is_gone(pid: int) -> bool:
    """Whether a process runs no more; a dead one that its new parent has not waited for is gone."""
    try:
        return _stat(pid)[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def children() -> set[int]:
    """The processes that this one started and has not waited for, dead ones too."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = _stat(int(name))[1]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid():
                found.add(int(name))
    return found


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def slot_threads() -> int:
    """How many threads of slots there are in this process."""
    return sum(thread.name.startswith(("slot-", "worker-")) for thread in threading.enumerate())
