"""The app with its window, whose jobs are bad tasks: tells how late its loop is, idle and then under attack.

Usage: python -m tests.reliability.app_of_bad_tasks DATA_DIR IDLE_SECONDS SECONDS NAME...
All slots run the tasks of these names, each for SECONDS at most, and none is tried again. At the end it
prints a line of JSON: how late the loop was, `idle` and `hit`, each as the median, the 99th percentile and
the worst in ms; how many jobs are in each state as `counts`; how many `rows` the table in the window had.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import PySide6.QtWidgets  # before qasync, which would else look for another binding  # noqa: F401
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QTableView
from qasync import QEventLoop

from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.settings import Settings
from core.slots import ProcessSlots
from gui.main_window import MainWindow
from gui.tasks import Tasks

EVERY: Final = 0.005  # seconds
MEMORY: Final = 400_000_000  # bytes that a task may take


class Lag(QObject):
    """How late the window's loop is for what is due every 5 ms.

    What was due while the loop stood still counts, each by how late it was: else a loop that stands still for
    a second would have been late once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._late: list[float] = []
        self._due = time.perf_counter() + EVERY
        timer = QTimer(self, interval=round(EVERY * 1_000), timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._tick)
        timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        late = max(0.0, now - self._due)
        self._due = now + EVERY
        while late >= 0:
            self._late.append(late)
            late -= EVERY

    def told(self) -> list[float]:
        """Return the median, the 99th percentile and the worst since it was last asked, in ms."""
        ordered, self._late = sorted(self._late) or [0.0], []
        return [round(ordered[int((len(ordered) - 1) * part)] * 1_000, 1) for part in (0.5, 0.99, 1.0)]


async def main(data_dir: Path, idle: float, longest: float, names: Sequence[str]) -> None:
    """Show all jobs, be idle for so many seconds, then run them."""
    tasks = Tasks()
    slots = ProcessSlots(memory_limit=MEMORY, work="tests.reliability.work:badly")
    queue = TaskQueue(data_dir, slots, timeout=longest)
    window = MainWindow(queue, Settings(), data_dir, tasks)
    window.show()
    window.opened(await queue.open())
    await queue.pause()
    for number, name in enumerate(names):
        await queue.enqueue(f"{name}:{number}" if ":" not in name else name, builtin_recipes()[0], 0, 0)
    await asyncio.sleep(1.0)  # until what a start does has been done
    lag = Lag()
    await asyncio.sleep(idle)
    lags = {"idle": lag.told()}
    await queue.start()
    await queue.drained()
    lags["hit"] = lag.told()
    counts = {str(state): number for state, number in queue.status().counts.items() if number}
    table = window.findChild(QTableView)
    assert table is not None
    print(json.dumps({**lags, "counts": counts, "rows": table.model().rowCount()}), flush=True)
    await queue.close()
    window.end()
    await tasks.end()
    window.close_for_good()


if __name__ == "__main__":
    application = QApplication(["imagequeue"])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
