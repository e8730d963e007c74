"""What a slot for errands runs: the part of an attempt that belongs to the owner's machine."""

from __future__ import annotations

from collections.abc import Callable

from core.executor import Done, Skipped, Task
from core.imaging.handover import LOOK
from core.imaging.process import process
from core.imaging.staging import finish_staged, needed, warm

__all__ = "errand", "warm"


def errand(task: Task, report: Callable[[float], None]) -> Done | Skipped:
    """Look whether a task has to be run at all, or publish what was staged for it, or run it.

    What is handed over tells which: `LOOK`, what the parts before have left, or nothing. Raises what these
    raise.
    """
    if not task.handover:
        return process(task, report)
    return needed(task, report) if task.handover == LOOK else finish_staged(task, report)
