"""Offers the images that pages name, whose links were added in the place of images."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from core.errors import PageNotImage
from core.job import JobState
from core.queue import TaskQueue
from core.status import ChangeKind, JobChange
from gui import words
from gui.hearing import Hearing
from gui.notice import Notice
from gui.tasks import Tasks

_LOOKED_AT = 50  # failed jobs of one change that are looked at; pages come one by one


class Pages(QObject):
    """Hears of jobs that failed as pages; a notice counts their images, and its button adds them."""

    chosen = Signal(object, int)  # links of images, and the priority of the page's job

    def __init__(self, queue: TaskQueue, notice: Notice, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = queue
        self._notice = notice
        self._tasks = tasks
        self._hearing = Hearing()
        self._hearing.connect(queue.job_changed, self._on_change)

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()

    def _on_change(self, change: JobChange) -> None:
        if change.kind is ChangeKind.STATE and change.state is JobState.FAILED:
            self._tasks.start(self._look(list(change.ids[:_LOOKED_AT])))

    async def _look(self, ids: list[int]) -> None:
        links: dict[str, None] = {}
        pages, priority = 0, 0
        for job in await self._queue.jobs(ids):
            if job.error is None or job.error.code != PageNotImage.code:
                continue
            error = (await self._queue.attempts(job.id))[-1].error
            found = error.details.splitlines() if error is not None else []
            pages += bool(found)
            priority = job.priority
            links |= dict.fromkeys(found)
        if links:
            sentence = words.count(
                pages,
                self.tr("The link leads to a page, not to an image. The page names {{0}}."),
                self.tr("{n} links lead to pages, not to images. The pages name {{0}}."),
            )
            button = words.count(len(links), self.tr("Add this image"), self.tr("Add these {n} images"))
            self._notice.say(
                sentence.format(words.images(len(links))),
                button,
                lambda: self.chosen.emit(list(links), priority),
            )
