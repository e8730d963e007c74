"""A module of work that takes for ever to get warm."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.executor import Done, Outcome, Task


def warm() -> None:
    while True:
        time.sleep(60)


def work(task: Task, report: Callable[[float], None]) -> Outcome:
    return Done()
