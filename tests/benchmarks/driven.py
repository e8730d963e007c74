"""The real app with very many jobs, driven from within as by hands, and timed.

Run as a program: `python -m tests.benchmarks.driven ARGUMENT...` does what `imagequeue ARGUMENT...` does, and
then all that is measured; each figure is printed as a line of JSON. A frame is the time from the mouse's move
to the painted rows, within the one thread of the window; a stall is how late the loop's timer of 5 ms came.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PySide6 import QtWidgets
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractSlider, QApplication

from core.cli import main
from core.job import JobState, Priority
from gui.columns import COLUMNS
from gui.main_window import MainWindow
from tests.benchmarks.loop_lag import MeasuredApplication

STEPS: Final = 300  # moves of the scroll bar
FRAME: Final = 0.016  # seconds between two of them
IDLE: Final = 10.0  # seconds in which the idle window is watched
PATIENCE: Final = 120.0  # seconds for one step


class DrivenApplication(MeasuredApplication):
    """Qt's application, which begins to drive its window as soon as that shows rows."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._look = QTimer(self, interval=2, timerType=Qt.TimerType.PreciseTimer)
        self._look.timeout.connect(self._begin)
        self._look.start()

    def _begin(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if not isinstance(widget, MainWindow) or not widget.model.rowCount():
                continue
            if widget.model.cached(widget.model.id_at(0)) is not None:
                self._look.stop()
                tell("first rows", at=time.monotonic(), work=time.process_time())
                self._driving = asyncio.ensure_future(drive(self, widget))

    @contextmanager
    def timed(self, what: str, **more: object) -> Iterator[None]:
        """Print how long it took, and how late the loop was meanwhile."""
        seen, began = len(self._lags), time.perf_counter()
        own, work = time.thread_time(), time.process_time()
        yield
        seconds, own = time.perf_counter() - began, time.thread_time() - own
        work = time.process_time() - work
        lags = sorted(self._lags[seen:]) or [0.0]
        tell(
            what, seconds=seconds, own=own, work=work, worst=lags[-1], p99=lags[len(lags) * 99 // 100], **more
        )


def tell(what: str, **values: object) -> None:
    """Print a figure."""
    print(json.dumps({"what": what, **values}), flush=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.002)


async def drive(app: DrivenApplication, window: MainWindow) -> None:
    """Do all that is measured, one after the other."""
    try:
        await asyncio.sleep(3)  # the rest of the start
        tell("memory", bytes=resident(), when="after the start")
        await scroll(app, window)
        await sort(app, window)
        await search(app, window)
        await change(app, window)
        tell("memory", bytes=resident(), when="after all that")
        await idle(app, window)
    except Exception as error:
        tell("failed", error=repr(error))
    os._exit(0)


async def scroll(app: DrivenApplication, window: MainWindow) -> None:
    """Scroll by page, then drag the bar from end to end."""
    bar = window.view.verticalScrollBar()
    page = QAbstractSlider.SliderAction.SliderPageStepAdd

    def drag(step: int) -> None:
        bar.setValue(bar.maximum() * step // STEPS)

    moves: tuple[tuple[str, Callable[[int], None]], ...] = (
        ("scroll by page", lambda _: bar.triggerAction(page)),
        ("drag the bar", drag),
    )
    for what, move in moves:
        bar.setValue(0)
        frames: list[float] = []
        own: list[float] = []  # the processor time of each, whatever else the machine does
        with app.timed(f"{what}, stalls"):
            for step in range(STEPS):
                began, worked = time.perf_counter(), time.thread_time()
                move(step)
                window.view.viewport().repaint()
                frames.append(time.perf_counter() - began)
                own.append(time.thread_time() - worked)
                await asyncio.sleep(FRAME)
        frames.sort()
        own.sort()
        place = len(frames) * 99 // 100
        tell(what, p99=frames[place], worst=frames[-1], own=own[place])
    bar.setValue(0)


async def listed(window: MainWindow, text: str = "") -> None:
    """Wait until the rows are those of the query, with this text, and the first of them is known."""
    model = window.model
    done = asyncio.Event()

    def hear() -> None:
        if model.query.text == text:
            done.set()

    told = model.queried.connect(hear)
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    model.queried.disconnect(told)
    await until(lambda: not model.rowCount() or model.job_at(0) is not None)


async def sort(app: DrivenApplication, window: MainWindow) -> None:
    """Sort by every column, both ways."""
    for place, column in enumerate(COLUMNS):
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            with app.timed("sort", by=f"{column.key} {order.name}"):
                window.view.sortByColumn(place, order)
                await listed(window)
    window.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    await listed(window)


async def search(app: DrivenApplication, window: MainWindow) -> None:
    """Type the name of a file, letter by letter; each result is timed from its key."""
    text = ""
    for letter in "IMG_0123":
        text += letter
        with app.timed("search", text=text, rows=window.model.rowCount()):
            window.search.setText(text)
            await listed(window, text)
    window.search.setText("nowhere")
    await listed(window, "nowhere")
    with app.timed("search", text=""):
        window.search.setText("")
        await listed(window)


async def change(app: DrivenApplication, window: MainWindow) -> None:
    """Select all and change the priority, and undo it; clear what has ended, and undo that."""
    queue, acts = window._queue, window.actions_
    done = asyncio.Event()
    start = window._tasks.start

    def watched(coroutine: Any) -> Any:
        task = start(coroutine)
        if any(name in coroutine.__qualname__ for name in ("_as_step", "Undoing._take")):
            task.add_done_callback(lambda _: done.set())
        return task

    window._tasks.start = watched  # type: ignore[method-assign]
    with app.timed("select all and change priority"):
        window.view.selectAll()
        await until(acts.priorities[Priority.HIGH].isEnabled)
        acts.priorities[Priority.HIGH].trigger()
        await done.wait()
    window.view.clearSelection()
    await asyncio.sleep(1)
    done.clear()
    with app.timed("undo the priority"):
        acts.undo.trigger()
        await done.wait()
    await asyncio.sleep(1)
    with app.timed("clear what has ended"):
        acts.clear_ended.trigger()
        await until(lambda: queue.status().counts[JobState.DONE] < 10_000)
        await listed(window)
    await asyncio.sleep(1)
    done.clear()
    with app.timed("undo the clearing"):
        acts.undo.trigger()
        await done.wait()


async def idle(app: DrivenApplication, window: MainWindow) -> None:
    """Pause, wait for quiet, and see what processor time the window still takes."""
    await window._queue.pause()
    await until(lambda: not window._queue.status().active)
    await asyncio.sleep(3)
    app._timer.stop()  # the measuring itself
    before, began = time.process_time(), time.monotonic()
    await asyncio.sleep(IDLE)
    tell("idle", share=(time.process_time() - before) / (time.monotonic() - began))


def resident() -> int:
    """The memory of this process in bytes, with its part of what it shares with others."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    QtWidgets.QApplication = DrivenApplication  # type: ignore[misc, assignment]  # before the app looks it up
    sys.exit(main(sys.argv[1:]))
