"""The main window on a real queue, whose jobs end when the test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest

from core.executor import Outcome, Task
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.remote.keys import Keys
from core.settings import Settings
from gui.desktop import Desktop
from gui.main_window import MainWindow
from gui.tasks import Tasks
from tests.core.clocks import ManualClock, until
from tests.core.processors import ByHand
from tests.gui.made_up import KeysInMemory, MadeUp

T = TypeVar("T", bound=QObject)

RECIPE = builtin_recipes()[0]


@dataclass
class Stage:
    """A window, its queue, and the hand that ends its jobs."""

    window: MainWindow
    queue: TaskQueue
    hand: ByHand
    clock: ManualClock
    tasks: Tasks
    folder: Path
    machines: MadeUp
    said: list[str] = field(default_factory=list)

    async def add(self, number: int, priority: int = 0, name: str = "photo") -> list[int]:
        """Enqueue so many jobs, and wait until the table lists them."""
        before = self.window.model.rowCount()
        sources = [f"/photos/{name}-{place:06}.jpg" for place in range(number)]
        ids = list((await self.queue.enqueue_batch(sources, RECIPE, priority)).ids)
        await until(lambda: self.window.model.rowCount() == before + number)
        return ids

    async def rows(self, number: int) -> None:
        """Wait until the table has so many rows, and has read those on screen."""
        await until(lambda: self.window.model.rowCount() == number)

    async def read(self) -> None:
        """Wait until what is on screen has been read."""
        model = self.window.model
        await until(lambda: all(model.job_at(row) is not None for row in range(min(5, model.rowCount()))))

    def part(self, kind: type[T], name: str) -> T:
        """A part of the window by its object name."""
        found = self.window.findChild(kind, name)
        assert found is not None, name
        return found

    def text(self, row: int, column: int) -> str:
        """What a cell shows."""
        return str(self.window.model.index(row, column).data() or "")


@asynccontextmanager
async def staged(
    folder: Path,
    script: Callable[[Task], Outcome | None] = lambda task: None,
    settings: Settings | None = None,
    *,
    start: bool = False,
    desktop: Desktop | None = None,
    machines: MadeUp | None = None,
    keys: Keys | None = None,
) -> AsyncIterator[Stage]:
    """Open a queue and a window on it, and close both in order."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 (a test's own folder)
    hand, clock, tasks, machines = ByHand(script), ManualClock(), Tasks(), machines or MadeUp()
    queue = TaskQueue(folder, hand, clock=clock)
    window = MainWindow(
        queue, settings or Settings(), folder, tasks, desktop, machines, keys or KeysInMemory()
    )
    window.show()
    stage = Stage(window, queue, hand, clock, tasks, folder, machines)
    recovery = await queue.open()
    if start:
        await queue.start()
    window.opened(recovery)
    try:
        yield stage
    finally:
        # A key that was pressed with Ctrl or Shift leaves them held down for Qt, in later tests, too.
        QTest.keyRelease(window, Qt.Key.Key_Control)
        await window.recipes.close()
        window.end()
        await queue.close(0)
        await tasks.end()
        await window.looks.close()
        await window.state.close()
        window.close_for_good()
        window.deleteLater()
