"""What workers of tests do: `stage`, but for sources whose names say to wait first, or to die."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from core.executor import Done, Skipped, Task
from core.imaging.staging import stage, warm
from tests.core.worker_functions import Report

__all__ = "held", "warm"


def held(task: Task, report: Report) -> Done | Skipped:
    """Wait until there is a file `go` beside a source that is named "held", and die of one named "poison"."""
    source = Path(task.source)
    report(0.1)
    if source.name.startswith("poison"):
        os.kill(os.getpid(), signal.SIGSEGV)
    while source.name.startswith("held") and not source.with_name("go").exists():
        time.sleep(0.01)
    return stage(task, report)
