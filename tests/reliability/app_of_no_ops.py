"""The app with its window, whose jobs are nothing: drains many, and prints its memory and files as it goes.

Usage: python -m tests.reliability.app_of_no_ops DATA_DIR COUNT EVERY
It prints `ENDED BYTES FILES` for each EVERY jobs that have ended, then the counts of all states as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path

import PySide6.QtWidgets  # before qasync, which would else look for another binding  # noqa: F401
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from core.executor import Done, InProcess, Outcome, Task
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.settings import Settings
from core.status import QueueStatus
from gui.main_window import MainWindow
from gui.tasks import Tasks
from tests.reliability.processes import memory, open_files

BATCH = 5_000


async def nothing(_: Task) -> Outcome:
    """Be done at once."""
    return Done()


async def main(data_dir: Path, count: int, every: int) -> None:
    """Accept all, then run all, with the window open."""
    tasks = Tasks()
    queue = TaskQueue(data_dir, InProcess(nothing))
    window = MainWindow(queue, Settings(), data_dir, tasks)
    window.show()
    window.opened(await queue.open())
    await queue.pause()
    for first in range(0, count, BATCH):
        names = [
            f"/photos/{number // 1000}/{number}.jpg" for number in range(first, min(first + BATCH, count))
        ]
        await queue.enqueue_batch(names, builtin_recipes()[0], first // BATCH % 3)
    told = 0

    def tell(status: QueueStatus) -> None:
        nonlocal told
        if status.ended >= told + every:
            told = status.ended
            gc.collect()
            print(status.ended, memory(), open_files(), flush=True)

    queue.status_changed.connect(tell)
    await queue.start()
    await queue.drained()
    print(json.dumps({str(state): number for state, number in queue.status().counts.items()}), flush=True)
    await queue.close()
    window.end()
    await tasks.end()
    window.close_for_good()


if __name__ == "__main__":
    application = QApplication(["imagequeue"])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
