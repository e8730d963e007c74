"""What a slot of a machine runs: an order of somebody else's attempt, from its places to its staged outputs.

The folders of an order are looked at here, in a process that can be killed: one that does not answer holds up
its own slot, and neither the machine's word that it is there nor what else it does.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from core.executor import Done, Skipped, Task
from core.imaging.staging import stage, warm
from core.remote.orders import NotCarried, opened

__all__ = "run_order", "warm"


def run_order(task: Task, report: Callable[[float], None]) -> Done | Skipped:
    """Stage what an order asks for, as `core.remote.orders.for_a_slot` gives it.

    The handover is then that of `stage`, or says why it cannot be run on this machine: `not_carried`. Raises
    what `stage` raises.
    """
    try:
        ready = opened(task)
    except NotCarried as error:
        return Done(handover=json.dumps({"not_carried": str(error)}))
    return stage(ready, report)
