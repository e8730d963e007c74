"""What attacks let worker processes do beyond `tests.core.worker_functions`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

from core.executor import Done, Outcome, Task
from core.imaging.process import process, warm
from tests.core import worker_functions

__all__ = ["badly", "freezing", "nothing", "warm"]

Report = Callable[[float], None]


def badly(task: Task, report: Report) -> Outcome:
    """Do what the function does that the source is named after, here or among the tests' own."""
    name = task.source.partition(":")[0]
    return HERE[name](task, report) if name in HERE else worker_functions.by_source(task, report)


def freeze(task: Task, report: Report) -> Outcome:
    """Stop as by SIGSTOP, with all threads, and be done when somebody lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return Done()


def start_and_hang(task: Task, report: Report) -> Outcome:
    """Start another program, and hang in both."""
    subprocess.run(["sleep", "600"], check=False)
    return Done()


def freezing(task: Task, report: Report) -> Outcome:
    """Freeze in the first attempt just before the images are made; else make them."""
    if task.attempt == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.2)  # for one that comes back: it is in no hurry to be ended
    return process(task, report)


def nothing(task: Task, report: Report) -> Outcome:
    """Be done at once."""
    return Done()


HERE: dict[str, Callable[[Task, Report], Outcome]] = {"freeze": freeze, "start_and_hang": start_and_hang}
