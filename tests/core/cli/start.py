"""`python -m tests.core.cli.start` is `imagequeue` with jobs of `tests.core.cli.work` instead of images."""

import sys

import core.cli.run
from core.cli import main
from core.executor import InProcess, Processor
from tests.core.cli.work import by_name


def slots(memory_limit: int | None) -> Processor:
    """Stand in for the worker processes."""
    return InProcess(by_name)


if __name__ == "__main__":
    setattr(core.cli.run, "ProcessSlots", slots)  # noqa: B010
    sys.exit(main())
