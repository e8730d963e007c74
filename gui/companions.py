"""Tells of a run outside the window, and does what was chosen for its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from core.job import JobState
from core.queue import TaskQueue
from core.settings import Settings
from core.status import QueueStatus, RunState
from gui import words
from gui.actions import Actions
from gui.desktop import Desktop
from gui.hearing import Hearing
from gui.run_end import RunEnd, RunSummary
from gui.tasks import Tasks
from gui.tray import Tray
from gui.when_done import Choice, WhenDone


class Companions(QObject):
    """The tray, the bar on the app's icon, notices, "when done", and a machine that stays awake meanwhile."""

    show_window = Signal()
    quit = Signal()

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        tasks: Tasks,
        settings: Callable[[], Settings],
        actions: Actions,
        desktop: Desktop,
        *,
        adding: Callable[[], bool],
        open_path: Callable[[str], None],
    ) -> None:
        """Prepare; `adding` tells whether images are being added just now."""
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._tasks = tasks
        self._settings = settings
        self._desktop = desktop
        self._open_path = open_path
        self._reason = ""
        self._hearing = Hearing()
        self.run_end = RunEnd(queue, adding, self)
        self.when_done = WhenDone(window, lambda: settings().when_done, self.sentence)
        self.tray = Tray([actions.start_pause, actions.quit], window)
        self.in_front: Callable[[], bool] = lambda: QApplication.activeWindow() is not None
        """Whether the user has the app before them."""
        self.run_end.began.connect(self.when_done.stop)
        self.run_end.ended.connect(self._on_run_end)
        self.when_done.due.connect(self._do)
        self.tray.show_window.connect(self.show_window)

    def begin(self) -> None:
        """Hear the queue, which is open, and ask the desktop what it has."""
        self.run_end.begin()
        self._hearing.connect(self._queue.status_changed, self._on_status)
        self.tray.want(self._settings().tray)
        self._desktop.on_click(self.show_window.emit)
        self._tasks.start(self._ask_powers())

    def end(self) -> None:
        """Hear the queue no more, and let the desktop go."""
        self._hearing.end()
        self.run_end.end()
        self.when_done.stop()
        self.tray.end()
        self._desktop.close()

    def take_settings(self, old: Settings, new: Settings) -> None:
        """Let a change of the settings take effect."""
        self.tray.want(new.tray)
        self._stay_awake(self._queue.status())
        if new.when_done != old.when_done:
            self.when_done.reset()

    def show_progress(self, fraction: float | None) -> None:
        """Show how far the run is, 0 to 1, outside the window; None when there is none."""
        self.tray.show_progress(fraction)
        self._desktop.show_progress(fraction)

    async def _ask_powers(self) -> None:
        self.when_done.allow(await self._desktop.powers())

    # -- what the queue tells -------------------------------------------------------------------------------

    def _on_status(self, status: QueueStatus) -> None:
        self._stay_awake(status)
        reason, self._reason = self._reason, status.reason
        if status.reason and not reason and self._settings().notify:
            self._tell(self.tr("Image Queue has paused"), words.said(status.reason))

    def _stay_awake(self, status: QueueStatus) -> None:
        running = status.run_state is RunState.RUNNING and status.counts[JobState.QUEUED] > 0
        self._desktop.stay_awake(self._settings().keep_awake and (status.active > 0 or running))

    def _on_run_end(self, summary: RunSummary) -> None:
        in_any_case = self.when_done.choice is Choice.NOTIFY
        if self._settings().notify or in_any_case:
            title = self.tr("All images are done")
            if summary.failed:
                title = words.count(
                    summary.failed, self.tr("Done, and 1 failed"), self.tr("Done, and {n} failed")
                )
            self._tell(title, self.sentence(summary), in_any_case=in_any_case)
        self.when_done.run_ended(summary)

    def sentence(self, summary: RunSummary) -> str:
        """Return what became of a run: "214 images done, 3 failed, 12 skipped. Saved 1.2 GB."."""
        parts = [self.tr("{0} done").format(words.images(summary.done))]
        for number, text in (
            (summary.failed, self.tr("{0} failed")),
            (summary.skipped, self.tr("{0} skipped")),
            (summary.cancelled, self.tr("{0} cancelled")),
        ):
            if number:
                parts.append(text.format(words.number(number)))
        said = ", ".join(parts) + "."
        if summary.saved > 0:
            said += " " + self.tr("Saved {0}.").format(words.size(summary.saved))
        return said

    def _tell(self, title: str, text: str, *, in_any_case: bool = False) -> None:
        if in_any_case or not self.in_front():
            QApplication.alert(self._window)
            self._tasks.start(self._notify(title, text))

    async def _notify(self, title: str, text: str) -> None:
        if not await self._desktop.notify(title, text):
            self.tray.notify(title, text)

    # -- when done ------------------------------------------------------------------------------------------

    def _do(self, choice: Choice, summary: RunSummary) -> None:
        match choice:
            case Choice.OPEN:
                self._tasks.start(self._open_folder(summary))
            case Choice.QUIT:
                self.quit.emit()
            case Choice.SLEEP | Choice.SHUT_DOWN:
                self._desktop.use_power(str(choice))

    async def _open_folder(self, summary: RunSummary) -> None:
        if summary.last is None:
            return
        for job in await self._queue.jobs([summary.last]):
            if job.outputs:
                self._open_path(str(Path(job.outputs[0].path).parent))
