"""An app that gives each of its slots one bad task, and waits.

Usage: python -m tests.reliability.app_of_slots NAME...
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from core.executor import Task
from core.slots import ProcessSlots


async def main(names: Sequence[str]) -> None:
    """Run the tasks, and say `running` when all workers have theirs."""
    slots = ProcessSlots(memory_limit=None, work="tests.reliability.work:badly")
    await slots.start(len(names), lambda _job, _fraction: None)
    runs = [
        asyncio.ensure_future(slots.run(at, Task(at, 1, name, "{}", receipt="/dev/null")))
        for at, name in enumerate(names)
    ]
    await asyncio.sleep(0.2)
    print("running", flush=True)
    await asyncio.gather(*runs)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
