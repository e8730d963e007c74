"""Says what failed, and gives what a report of a mistake needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QCheckBox, QWidget

from core.diagnostics import diagnostics
from core.job import ENDED, Job, JobState
from core.queue import TaskQueue
from core.settings import Settings
from core.status import JobQuery, Recovery
from gui import words
from gui.dialogs import TextDialog
from gui.notice import Notice
from gui.remedies import recovery_line
from gui.tasks import Tasks, is_expected, sentence_of

_FAILURES: Final = 10  # failed jobs that a report names


class Report(QObject):
    """Speaks through the window's notice; what there is to read opens beside it and hinders nothing."""

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        settings: Callable[[], Settings],
        data_dir: Path,
        tasks: Tasks,
        notice: Notice,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._settings = settings
        self._data_dir = data_dir
        self._tasks = tasks
        self._notice = notice

    def failed(self, error: BaseException) -> None:
        """Say what kept something from being done; our own mistakes are logged, and can be reported."""
        sentence = words.shown(sentence_of(error))
        if is_expected(error):
            self._notice.say(sentence)
        else:
            self._notice.say(sentence, self.tr("Report…"), self.show_diagnostics)

    def opened(self, recovery: Recovery) -> None:
        """Say what was found at the opening of the queue, and in the settings."""
        sentence = " ".join(filter(None, [recovery_line(recovery), words.said(self._settings().notice)]))
        if recovery.jobs:
            self._notice.say(sentence, self.tr("Details"), lambda: self._show_recovery(recovery))
        elif sentence:
            self._notice.say(sentence)

    # -- what there is to read ------------------------------------------------------------------------------

    def show_diagnostics(self) -> None:
        """Show versions, settings and the last errors, to be copied; paths only when asked for."""
        dialog = TextDialog(
            self._window, "diagnostics", self.tr("Diagnostics"),
            self.tr("When you report a mistake, add this text, and a line on what you did."),
        )  # fmt: skip
        paths = QCheckBox(self.tr("With the &paths of my files"), dialog)
        paths.setObjectName("withPaths")
        paths.toggled.connect(lambda on: self._tasks.start(self._fill(dialog, private=on)))
        dialog.add(paths)
        dialog.show()
        self._tasks.start(self._fill(dialog, private=False))

    async def _fill(self, dialog: TextDialog, *, private: bool) -> None:
        query = JobQuery(states=frozenset({JobState.FAILED}), descending=True)
        failures = await self._queue.jobs((await self._queue.find(query))[:_FAILURES])
        text = await asyncio.to_thread(
            diagnostics, self._data_dir, self._settings(), self._queue.status(), failures, private=private
        )
        if not dialog.gone:
            dialog.set_text("\n".join(map(words.shown, text.splitlines())))

    def _show_recovery(self, recovery: Recovery) -> None:
        dialog = TextDialog(
            self._window, "recovery", self.tr("What was being worked on"),
            self.tr("These images were being worked on when Image Queue closed unexpectedly."),
        )  # fmt: skip
        dialog.show()
        self._tasks.start(self._fill_recovery(dialog, recovery))

    async def _fill_recovery(self, dialog: TextDialog, recovery: Recovery) -> None:
        jobs = await self._queue.jobs(recovery.jobs)
        if not dialog.gone:
            dialog.set_text("\n".join(map(self._became, jobs)))

    def _became(self, job: Job) -> str:
        """Return what became of a job that the last run of the app had left running."""
        if job.state is JobState.DONE:
            what = self.tr("complete")
        elif job.state in ENDED:
            what = job.error.message if job.error is not None else words.state(job.state)
        else:
            what = self.tr("put back, attempt {0} of {1} used").format(job.attempts, job.max_retries + 1)
        return f"{words.shown(job.source)}: {words.said(what)}"
