"""Works for the queues of other machines, in the terminal, until it is told to end."""

from __future__ import annotations

import argparse
import os

from core.cli.terminal import Printer
from core.errors import BadUsage
from core.machine import processors
from core.remote.extra import MISSING
from core.remote.keys import BROKER_VARIABLE


def work(options: argparse.Namespace, printer: Printer) -> int:
    """Run `imagequeue worker`; returns the exit status. Raises BadUsage for what keeps it from beginning."""
    url = options.broker or os.environ.get(BROKER_VARIABLE, "")
    if not url:
        raise BadUsage(f"A worker needs a broker: --broker URL, or the variable {BROKER_VARIABLE}.")
    try:
        from core.remote.worker import WorkerOptions, run_worker
    except ImportError as error:
        raise BadUsage(MISSING) from error
    return run_worker(
        WorkerOptions(
            url=url,
            name=options.name or "",
            slots=options.slots or processors(),
            shares=dict(options.share),
            memory_limit=options.memory_limit * 2**20 or None,
            grace=options.grace,
        ),
        printer.say,
    )
