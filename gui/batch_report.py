"""Saves a report of all images in the queue, or of those that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from core.batch_report import ORDER, PAGE, SUFFIXES, ReportFile
from core.job import JobState
from core.queue import TaskQueue
from core.status import JobQuery
from gui import words
from gui.notice import Notice
from gui.tasks import Tasks

FAILURES: Final = (JobState.FAILED,)
"""The states of a report of what failed."""


class BatchReport(QObject):
    """Asks where to, writes beside the window's work, and says when it is there."""

    def __init__(self, window: QWidget, queue: TaskQueue, notice: Notice, tasks: Tasks) -> None:
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._notice = notice
        self._tasks = tasks

    def choose(self, states: Sequence[JobState] = ORDER) -> None:
        """Ask for a file, and write the report of what is in these states into it."""
        failures = tuple(states) == FAILURES
        title = self.tr("Save what failed") if failures else self.tr("Save a report")
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName("reportDialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("For a spreadsheet (*.csv)"), self.tr("For programs (*.json)")])
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix("json" if "json" in chosen else "csv")
        )
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("image-queue-failures.csv" if failures else "image-queue-report.csv")
        dialog.fileSelected.connect(lambda path: self._tasks.start(self.save(Path(path), states)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def save(self, path: Path, states: Sequence[JobState] = ORDER) -> None:
        """Write the report. Raises what `ReportFile` raises, which the window says."""
        if path.suffix.lower() not in SUFFIXES:
            path = path.with_name(f"{path.name}.csv")
        report = await asyncio.to_thread(ReportFile, path)
        try:
            for state in states:
                ids = await self._queue.find(JobQuery(states=frozenset({state})))
                for start in range(0, len(ids), PAGE):
                    jobs = await self._queue.jobs(ids[start : start + PAGE])
                    await asyncio.to_thread(report.add, jobs)
            await asyncio.to_thread(report.finish)
        finally:
            await asyncio.to_thread(report.close)
        sentence = self.tr("Saved a report of {0} to {1}.").format(
            words.images(report.counts.total()), words.shown(str(path))
        )
        if report.missing:
            sentence += " " + words.count(
                report.missing,
                self.tr("1 output is missing or was changed."),
                self.tr("{n} outputs are missing or were changed."),
            )
        self._notice.say(sentence, seconds=12)
