"""Exports the waiting images into a file, and imports those of another machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from core.queue import TaskQueue
from core.store_file import STORE_NAME
from core.transfer.queue_file import SUFFIX, read_queue_file
from core.transfer.sending import Then, part_with, write_store
from core.undo import Deed
from gui import words
from gui.export_dialog import ExportDialog
from gui.import_dialog import ImportDialog
from gui.notice import Notice
from gui.tasks import Tasks

_STAYS: Final = 12  # seconds that a sentence on what was done stays


class QueueFiles(QObject):
    """Asks what, where to and where from; writes and reads beside the window's work."""

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        data_dir: Path,
        notice: Notice,
        tasks: Tasks,
        selected: Callable[[], Sequence[int]],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._store = data_dir / STORE_NAME
        self._notice = notice
        self._tasks = tasks
        self._selected = selected

    # -- export ----------------------------------------------------------------------------------------------

    def choose_export(self) -> None:
        """Ask which of the waiting images go into a file, and what becomes of them here."""
        self._tasks.start(self._choose_export())

    async def _choose_export(self) -> None:
        selected = list(self._selected())
        waiting = len(await self._queue.waiting(selected)) if selected else 0
        dialog = ExportDialog(self._window, self._queue.status(), waiting)
        dialog.chosen.connect(lambda only, then: self._choose_target(selected if only else None, then))
        dialog.show()

    def _choose_target(self, only: Sequence[int] | None, then: Then) -> None:
        dialog = QFileDialog(self._window, self.tr("Export waiting images"))
        dialog.setObjectName("exportFileDialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("Image Queue jobs (*{0})").format(SUFFIX))
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.selectFile(f"images{SUFFIX}")
        dialog.fileSelected.connect(lambda path: self._tasks.start(self.export(Path(path), only, then)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def export(self, path: Path, only: Sequence[int] | None, then: Then) -> None:
        """Write the waiting images, or those of `only`; when that is done hold or remove them here.

        Raises what `write_waiting` raises, which the window says: then all wait as before.
        """
        ids, left_out = await asyncio.to_thread(write_store, self._store, path, only)
        alone = self.tr(
            "Left out, as they are on this machine alone (pasted pictures, archives, images that become one"
            " file): {0}."
        ).format(words.number(left_out))
        if not ids:
            nothing = self.tr("No image is waiting any more; nothing was written.")
            self._notice.say(f"{self.tr('Nothing was written.')} {alone}" if left_out else nothing)
            return
        async with self._queue.undo.step(Deed.REMOVE if then is Then.REMOVE else Deed.HOLD):
            changed = await part_with(self._queue, then, ids)
        sentence = self.tr("Exported {0} to {1}.").format(words.images(len(ids)), words.shown(str(path)))
        if then is Then.HOLD:
            sentence += " " + self.tr("Held here until they are released: {0}.").format(words.number(changed))
        elif then is Then.REMOVE:
            sentence += " " + self.tr("Removed from the list here: {0}.").format(words.number(changed))
        else:
            sentence += " " + self.tr("They wait here, too.")
        if left_out:
            sentence += f" {alone}"
        self._notice.say(sentence, seconds=_STAYS)

    # -- import ----------------------------------------------------------------------------------------------

    def choose_import(self) -> None:
        """Ask for a file of jobs, and show what it would bring."""
        dialog = QFileDialog(self._window, self.tr("Import a queue"))
        dialog.setObjectName("importFileDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Image Queue jobs (*{0})").format(SUFFIX), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open(self, path: str) -> None:
        """Read a file of jobs, and show what it would bring; nothing is taken in before that is accepted."""
        self._tasks.start(self._open(Path(path)))

    async def _open(self, path: Path) -> None:
        file = await asyncio.to_thread(read_queue_file, path)  # what it raises is said
        dialog = ImportDialog(self._window, self._queue, path.name, file, self._notice, self._tasks)
        dialog.show()
