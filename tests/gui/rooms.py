"""Every window that a person may come to: the main one in two states, and each dialog, by its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from core.executor import Done, Failed, Outcome, Task
from core.intake.paths import Refused
from core.job import JobError
from core.remote.cluster import Link
from core.transfer.queue_file import SUFFIX
from core.transfer.sending import Then
from gui.dialogs import confirm
from tests.core.clocks import until
from tests.gui.made_up import TWO
from tests.gui.stage import Stage, staged

DAMAGED = Failed(JobError("damaged-image", "It is damaged: it ends too early.", False, "OSError: truncated"))


def _some_fail(task: Task) -> Outcome | None:
    if task.job_id == 1:
        return Done()
    return DAMAGED if task.job_id == 2 else None


def _dialogs() -> list[QDialog]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]


async def _opened(open_: Callable[[], object]) -> QDialog:
    before = _dialogs()
    open_()
    await until(lambda: any(one not in before for one in _dialogs()))
    return next(one for one in _dialogs() if one not in before)


async def _busy(stage: Stage) -> QWidget:
    """A window in which everything is shown that can be: failures, details, a notice, a hint, a summary."""
    window = stage.window
    await stage.add(8)
    await stage.queue.start()
    await until(lambda: len(stage.hand.tasks) == 4)
    window.tabs.choose("failed")
    await until(lambda: bool(window.failures_panel.rows) and window.model.rowCount() == 1)
    window.view.selectRow(0)
    await until(lambda: window.inspector.copy.isVisible())
    window.notice.say("Something was done.", "Undo", lambda: None)
    window.adding._conclude("Added 8, 1 is not an image.", ["notes.txt is not an image."])
    await until(window.hints.isVisible)
    return window


async def _empty(stage: Stage) -> QWidget:
    return stage.window


async def _listed(stage: Stage) -> QWidget:
    await stage.add(5)
    await stage.read()
    stage.window.view.selectRow(1)
    return stage.window


async def _import(stage: Stage) -> QWidget:
    await stage.add(3)
    file = stage.folder / f"sent{SUFFIX}"
    await stage.window.queue_files.export(file, None, Then.KEEP)
    dialog = await _opened(lambda: stage.window.queue_files.open(str(file)))
    await until(lambda: stage.window.findChild(QWidget, "importMissing").isVisible())  # type: ignore[union-attr]
    return dialog


async def _export(stage: Stage) -> QWidget:
    await stage.add(3)
    return await _opened(stage.window.actions_.export_jobs.trigger)


async def _reasons(stage: Stage) -> QWidget:
    stage.window.adding._reasons = [Refused("/notes.txt", "notes.txt is not an image.").sentence]
    return await _opened(stage.window.adding._show_reasons)


async def _question(stage: Stage) -> QWidget:
    asked: list[object] = []

    def ask() -> None:
        question = confirm(stage.window, "question", "Quit?", "Later.", "Quit", "Stay")
        asked.append(asyncio.ensure_future(question))

    dialog = await _opened(ask)
    dialog.finished.connect(lambda _: asked.clear())
    return dialog


async def _watched(stage: Stage) -> QWidget:
    stage.window.watched.add(str(stage.folder), 0)
    return await _opened(stage.window.actions_.watched_folders.trigger)


async def _machines(stage: Stage) -> QWidget:
    stage.machines.become(Link.CONNECTED, "", TWO)
    return await _opened(stage.window.actions_.machines.trigger)


def _by(action: str) -> Callable[[Stage], Awaitable[QWidget]]:
    async def open_(stage: Stage) -> QWidget:
        return await _opened(getattr(stage.window.actions_, action).trigger)

    return open_


def _preferences(page: int) -> Callable[[Stage], Awaitable[QWidget]]:
    async def open_(stage: Stage) -> QWidget:
        stage.window.preferences.show()
        dialog = stage.window.preferences.dialog
        assert dialog is not None
        dialog.pages.setCurrentIndex(page)
        return dialog

    return open_


MAIN: dict[str, Callable[[Stage], Awaitable[QWidget]]] = {
    "empty": _empty, "listed": _listed, "busy": _busy,
}  # fmt: skip
DIALOGS: dict[str, Callable[[Stage], Awaitable[QWidget]]] = {
    **{f"preferences-{page}": _preferences(page) for page in range(5)},
    "folder filters": _by("folder_filters"),
    "watched folders": _watched,
    "dry run": _by("dry_run"),
    "history": _by("history"),
    "machines": _machines,
    "shortcuts": _by("shortcuts"),
    "about": _by("about"),
    "diagnostics": _by("diagnostics"),
    "recipes": _by("edit_recipes"),
    "export": _export,
    "import": _import,
    "not added": _reasons,
    "question": _question,
}
ROOMS = {**MAIN, **DIALOGS}


@asynccontextmanager
async def room(name: str, folder: Path) -> AsyncIterator[QWidget]:
    """Open a window by its name, active and laid out, and close all in order."""
    async with staged(folder / "data", _some_fail) as stage:
        window = await ROOMS[name](stage)
        window.activateWindow()
        await until(lambda: window.isActiveWindow())
        await asyncio.sleep(0.05)  # what was shown is laid out
        try:
            yield window
        finally:
            for dialog in _dialogs():
                dialog.close()
            await asyncio.sleep(0)


def shown(window: QWidget) -> Iterator[QWidget]:
    """The widgets of a window that can be seen, without those of other windows that belong to it."""
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.window() is window:
            yield widget
