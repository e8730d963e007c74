"""What slots of tests do: an order, but for sources whose names say to wait first, or to die; and errands.

They take the processor like any other: one that yields it to all others may wait for a minute on a machine
that is busy with other things.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from core import worker
from core.executor import Done, Skipped, Task
from core.imaging.staging import stage, warm
from core.remote import order_work
from core.remote.errand_work import errand
from core.remote.order_work import run_order
from tests.core.worker_functions import Report

__all__ = "errand", "held", "stalling", "warm"

worker._yield_the_processor = lambda: None
worker._yield_as_a_session = lambda: True


def held(task: Task, report: Report) -> Done | Skipped:
    """Wait with a source that is named "held" until there is a file `go`, and die of one named "poison".

    The order is open by then. The file is beside the source, or for one that came as bytes where the
    environment says.
    """
    return run_order(task, report)


def _stage(task: Task, report: Report) -> Done | Skipped:
    source = Path(task.source)
    go = [source.with_name("go"), Path(os.environ["IMAGEQUEUE_TEST_GO"])]
    report(0.1)
    if source.name.startswith("poison"):
        os.kill(os.getpid(), signal.SIGSEGV)
    while source.name.startswith("held") and not any(path.exists() for path in go):
        time.sleep(0.01)
    return stage(task, report)


order_work.stage = _stage  # type: ignore[attr-defined]


def stalling(task: Task, report: Report) -> Done | Skipped:
    """Do an errand, but hang at a source whose name says so, as in a folder that does not answer."""
    while Path(task.source).name.startswith("stalls"):
        time.sleep(0.05)
    return errand(task, report)
