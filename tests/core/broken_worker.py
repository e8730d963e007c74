"""A module of work that never gets warm: its worker dies while it starts."""

from __future__ import annotations

import os
from collections.abc import Callable

from core.executor import Done, Outcome, Task


def warm() -> None:
    os.write(2, b"libsomething.so is not there\n")
    os._exit(7)


def work(task: Task, report: Callable[[float], None]) -> Outcome:
    return Done()
