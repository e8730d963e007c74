"""Does with the failures of one kind what the panel of failures asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from core.errors import CrashesDecoder
from core.failures import FAILED, retry_kind, retry_with
from core.queue import TaskQueue
from core.recipe import Recipe
from core.status import JobQuery
from core.undo import Deed
from gui import words
from gui.dialogs import confirm
from gui.failure_kinds import MENDS, Mend, kind
from gui.notice import Notice
from gui.tasks import Tasks

_SECONDS: Final = 8  # that a notice stays
_MANY: Final = 10_000  # images that take long enough to say so


class Failures(QObject):
    """Retries a group, mends it, or takes it off the list; what it did is said by the window's notice."""

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        tasks: Tasks,
        notice: Notice,
        *,
        recipe: Callable[[], Recipe],
        remove: Callable[[Sequence[int]], Awaitable[Any]],
        limits: Callable[[], None],
        report: Callable[[], None],
    ) -> None:
        """Prepare; `recipe` is what is chosen in the window, `remove` takes jobs off the list with an undo.

        limits: opens the preferences where limits are set. report: opens what a report of a mistake needs.
        """
        super().__init__(window)
        self._window = window
        self._queue = queue
        self._tasks = tasks
        self._notice = notice
        self._recipe = recipe
        self._remove = remove
        self._limits = limits
        self._report = report

    def retry(self, code: str) -> None:
        """Try a group again; one that crashes the decoder only when that is really meant."""
        self._tasks.start(self._retry(code))

    def mend(self, code: str) -> None:
        """Do the one thing that can help a group of this kind."""
        match MENDS.get(code):
            case Mend.FOLDER:
                self._choose_folder(code)
            case Mend.RECIPE:
                recipe = self._recipe()
                self._tasks.start(self._retry_with(code, lambda _: recipe))
            case Mend.REMOVE:
                self._tasks.start(self._take_off(code))
            case Mend.LIMITS:
                self._limits()
            case Mend.REPORT:
                self._report()

    async def _retry(self, code: str) -> None:
        if code == CrashesDecoder.code and not await confirm(
            self._window, "retryCrashing",
            self.tr("These images crash the decoder. Try them again?"),
            self.tr("Each attempt costs a worker process; everything else goes on meanwhile."),
            self.tr("Try again"), self.tr("Leave"),
        ):  # fmt: skip
            return
        async with self._queue.undo.step(Deed.RETRY):
            number = await retry_kind(self._queue, code)
        self._say(number)

    async def _retry_with(self, code: str, change: Callable[[Recipe], Recipe]) -> None:
        ids = await self._queue.find(JobQuery(states=FAILED, error_code=code))
        if len(ids) >= _MANY:
            self._notice.say(self.tr("{0} are made ready to be tried again…").format(words.images(len(ids))))
        async with self._queue.undo.step(Deed.RETRY):
            number = await retry_with(self._queue, ids, change)
        self._say(number)

    async def _take_off(self, code: str) -> None:
        await self._remove(await self._queue.find(JobQuery(states=FAILED, error_code=code)))

    def _choose_folder(self, code: str) -> None:
        dialog = QFileDialog(self._window, self.tr("{0}: choose another folder").format(kind(code)))
        dialog.setObjectName("failuresFolder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(
            lambda path: self._tasks.start(self._retry_with(code, lambda recipe: recipe.with_folder(path)))
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _say(self, number: int) -> None:
        sentence = words.count(
            number, self.tr("1 image is tried again."), self.tr("{n} images are tried again.")
        )
        self._notice.say(sentence, seconds=_SECONDS)
