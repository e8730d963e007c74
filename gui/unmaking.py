"""Moves what images have become to the trash, after it has said what that comes to."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from core.queue import TaskQueue
from core.unmaking import Fate, Unmade, unmake
from gui import words
from gui.dialogs import confirm
from gui.notice import Notice
from gui.tasks import Tasks

_SECONDS: Final = 12  # that it is said what was done


class Unmaking(QObject):
    """Looks first, asks, and does it; how far it is stands in the window's notice, with a button to stop."""

    def __init__(
        self, window: QWidget, queue: TaskQueue, data_dir: Path, notice: Notice, tasks: Tasks
    ) -> None:
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._data_dir = data_dir
        self._notice = notice
        self._tasks = tasks
        self._stopped = False
        self._busy = False

    def ask(self, ids: array[int]) -> None:
        """Say what would go to the trash of what was made of these images, and let the user decide."""
        if ids and not self._busy:
            self._tasks.start(self._ask(ids))

    async def _ask(self, ids: array[int]) -> None:
        self._busy = True
        try:
            found = await self._go(ids, self.tr("Looking at what was made: {0} %"), only_look=True)
            if found.stopped:
                return
            if not found.moved:
                self._say(self.tr("Nothing can be moved to the trash."), found)
                return
            question = words.count(
                found.moved,
                self.tr("Move the file that was made to the trash?"),
                self.tr("Move the {n} files that were made to the trash?"),
            )
            about = self.tr("They were made of {0}.").format(words.images(found.jobs))
            if await confirm(
                self._window, "unmakeQuestion", question, " ".join([about, *self._about(found, before=True)]),
                self.tr("Move to the trash"), self.tr("Leave"),
            ):  # fmt: skip
                await self._do(ids)
        finally:
            self._busy = False

    async def _do(self, ids: array[int]) -> None:
        done = await self._go(ids, self.tr("Moving to the trash: {0} %"), only_look=False)
        moved = words.count(
            done.moved,
            self.tr("Moved 1 file to the trash."),
            self.tr("Moved {n} files to the trash."),
        )
        self._say(f"{self.tr('Stopped.')} {moved}" if done.stopped else moved, done)

    async def _go(self, ids: array[int], text: str, *, only_look: bool) -> Unmade:
        self._stopped = False

        def on_share(share: float) -> None:
            if share:
                self._notice.say(text.format(int(100 * share)), self.tr("Stop"), self._stop)

        found = await unmake(
            self._queue, self._data_dir, ids,
            only_look=only_look, on_share=on_share, stopped=lambda: self._stopped,
        )  # fmt: skip
        self._notice.hide()
        return found

    def _stop(self) -> None:
        self._stopped = True

    def _say(self, sentence: str, found: Unmade) -> None:
        self._notice.say(" ".join([sentence, *self._about(found, before=False)]), seconds=_SECONDS)

    def _about(self, found: Unmade, *, before: bool) -> list[str]:
        """Return a sentence for each fate that there is beside the usual one."""
        back = (
            (
                self.tr("1 original comes back from the trash."),
                self.tr("{n} originals come back from the trash."),
            )
            if before
            else (self.tr("1 original is back."), self.tr("{n} originals are back."))
        )
        said = {
            Fate.BACK: back,
            Fate.CHANGED: (
                self.tr("1 file was changed since and stays."),
                self.tr("{n} files were changed since and stay."),
            ),
            Fate.GONE: (self.tr("1 file is there no more."), self.tr("{n} files are there no more.")),
            Fate.UNKNOWN: (
                self.tr("Of 1 file it is not known whether it was changed; it stays."),
                self.tr("Of {n} files it is not known whether they were changed; they stay."),
            ),
            Fate.ORIGINAL: (
                self.tr("1 file stays, as the original that it replaced cannot be brought back: look for that"
                        " in the trash."),
                self.tr("{n} files stay, as the originals that they replaced cannot be brought back: look for"
                        " those in the trash."),
            ),
            Fate.FAILED: (
                self.tr("1 file could not be moved and stays."),
                self.tr("{n} files could not be moved and stay."),
            ),
        }  # fmt: skip
        return [words.count(found.counts[fate], *texts) for fate, texts in said.items() if found.counts[fate]]
