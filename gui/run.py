"""One run of the app: one loop, a start that shows the window at once, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import PySide6.QtWidgets  # before qasync, which would else look for another binding  # noqa: F401
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from core.after import AfterCommands
from core.errors import ImageQueueError
from core.live_settings import apply_settings
from core.owner import Owner, Reply, Request
from core.owner_requests import fulfil, in_loop
from core.queue import TaskQueue
from core.remote.everywhere import Everywhere
from core.remote.joining import Joining
from core.remote.keys import Keys
from core.settings import Settings
from gui import sentences, words
from gui.desktop import SystemDesktop
from gui.dialogs import confirm
from gui.language import speak
from gui.main_window import MainWindow
from gui.painting import paint_in_one_thread
from gui.signals import SystemSignals
from gui.tasks import Tasks
from gui.theme import apply_theme, icon

log = logging.getLogger(__name__)

_TURN: Final = 0.0002  # seconds that a thread may keep Python for itself while the window waits
_KEYRING_PATIENCE: Final = 2.0  # seconds until the queue is opened while the keyring waits for its user
_ROWS_PATIENCE: Final = 0.5  # seconds that the workers wait at the start until rows are shown
_STATE_PATIENCE: Final = 10.0  # seconds that the look of the window is given to be kept, at the end


def run(
    owner: Owner,
    queue: TaskQueue,
    everywhere: Everywhere,
    settings: Settings,
    data_dir: Path,
    paths: list[str],
    recipe: str,
) -> int:
    """Show the window on a queue that was begun, and run both to their end; returns the exit status."""
    paint_in_one_thread()
    app = QApplication.instance() or QApplication(["imagequeue"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Image Queue")
    app.setDesktopFileName("imagequeue")
    app.setQuitOnLastWindowClosed(False)  # the loop goes on until the queue is closed in order
    apply_theme(app)
    app.setWindowIcon(icon("app"))
    speak(settings.language)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        return runner.run(_Run(owner, queue, everywhere, settings, data_dir).run(paths, recipe))


class _Run:
    """One run of the app, from the first window to the end of the last worker."""

    def __init__(
        self, owner: Owner, queue: TaskQueue, everywhere: Everywhere, settings: Settings, data_dir: Path
    ) -> None:
        self._owner = owner
        self._tasks = Tasks()
        self._everywhere = everywhere
        keys = Keys()
        self._joining = Joining(self._everywhere, keys)
        self._queue = queue
        self._window = MainWindow(
            self._queue, settings, data_dir, self._tasks, SystemDesktop(), self._everywhere, keys
        )
        self._window.close_asked.connect(self._on_close_asked)
        self._window.settings_changed.connect(
            lambda old, new: self._tasks.start(
                apply_settings(self._queue, self._everywhere, old, new, self._joining)
            )
        )
        self._window.preferences.password_changed.connect(
            lambda: self._tasks.start(self._joining.follow(self._window.settings()))
        )
        self._ending = asyncio.Event()
        self._asking = False

    async def run(self, paths: list[str], recipe: str) -> int:
        """Show the window, run the queue, and return the exit status when all has ended in order."""
        signals = SystemSignals(self._ending.set, self._window)
        sys.excepthook = self._on_surprise
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_surprise)
        # qasync's own would start ten threads at once, each with a file handle that it never lets go.
        loop.set_default_executor(ThreadPoolExecutor(4, "files"))
        self._window.show()
        if self._window.settings().broker:
            joining = self._tasks.start(self._joining.follow(self._window.settings()))
            await asyncio.wait([joining], timeout=_KEYRING_PATIENCE)
        try:
            recovery = await self._queue.open(self._show_first_rows)
        except ImageQueueError as error:
            tr = self._window.tr
            await confirm(self._window, "cannotOpen", tr("The queue cannot be opened."),
                          words.said(str(error)), tr("Quit"), tr("Close"))  # fmt: skip
            self._window.close_for_good()
            return 2
        if self._queue.was_running:
            await self._queue.start()
        self._window.opened(recovery)
        self._after = self._begin_after(self._window.settings())
        self._owner.serve(in_loop(loop, self._answer))
        self._window.take(paths, recipe)
        _favour_the_window()
        sentences.prepare()
        await self._ending.wait()
        status = await self._end()
        signals.end()
        return status

    async def _show_first_rows(self) -> None:
        """Let the rows be on the screen before the workers start, which want both processors for it."""
        self._window.model.begin()
        with suppress(TimeoutError):
            async with asyncio.timeout(_ROWS_PATIENCE):
                await self._window.model.shown.wait()

    def _begin_after(self, settings: Settings) -> AfterCommands:
        after = AfterCommands(
            self._queue, each=settings.after_each, all_done=settings.after_all,
            seconds=settings.after_seconds, say=self._window.notice.say,
            adding=lambda: self._window.adding.busy,
        )  # fmt: skip
        self._window.adding.concluded.connect(after.look)
        self._window.settings_changed.connect(
            lambda _, new: after.set(new.after_each, new.after_all, new.after_seconds)
        )
        after.begin()
        self._window.companions.run_end.wait_for(lambda: after.busy)
        return after

    async def _end(self) -> int:
        self._window.setEnabled(False)
        await self._after.close()
        await self._window.watched.close()
        await self._window.recipes.close()
        await self._queue.close(self._window.settings().grace)
        self._window.end()
        await self._tasks.end()
        await self._window.looks.close()
        with suppress(ImageQueueError, TimeoutError):
            async with asyncio.timeout(_STATE_PATIENCE):
                await self._window.state.close()
        self._owner.release()
        self._window.close_for_good()
        return 0

    # -- closing --------------------------------------------------------------------------------------------

    def _on_close_asked(self) -> None:
        if not self._asking:
            self._asking = True
            self._tasks.start(self._ask_to_close())

    async def _ask_to_close(self) -> None:
        try:
            active = self._queue.status().active
            told = self._window.tr(
                "There are up to {0:g} s to finish. Everything else stays in the queue,"
                " and goes on at the next start."
            ).format(self._window.settings().grace)
            if self._everywhere.cluster.slots:
                told += " " + self._window.tr("What other machines have begun goes on there.")
            if not active or await confirm(
                self._window, "closeQuestion",
                words.count(
                    active, self._window.tr("Quit while 1 image is being worked on?"),
                    self._window.tr("Quit while {n} images are being worked on?"),
                ),
                told, self._window.tr("Quit"), self._window.tr("Keep working"),
            ):  # fmt: skip
                self._ending.set()
        finally:
            self._asking = False

    # -- from outside ---------------------------------------------------------------------------------------

    async def _answer(self, message: Request) -> Reply:
        if message.get("do") != "open":
            return await fulfil(self._queue, message)
        paths, recipe = message.get("paths"), message.get("recipe", "")
        self._window.take(
            [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else [], str(recipe)
        )
        self._window.to_front(str(message.get("token", "")))
        return {"ok": True}

    def _on_surprise(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        """Say what a slot of Qt raised; the queue goes on."""
        self._window.report.failed(error)

    def _on_loop_surprise(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say what nobody awaited; the queue goes on."""
        error = context.get("exception")
        self._window.report.failed(error or RuntimeError(context.get("message", "")))


def _favour_the_window() -> None:
    """Let neither other threads nor the collector keep the window waiting.

    Painting a table enters Python hundreds of times, and each time waits for its turn while the intake or the
    store has it. What was made until now stays, and need not be looked through by each full collection.
    """
    sys.setswitchinterval(_TURN)
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(25_000, 20, 100)  # a collection stops all threads: fewer, as there is little in cycles
