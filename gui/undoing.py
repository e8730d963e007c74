"""Undoes what was done to the queue, and does it again; the menu says what that would be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QObject
from PySide6.QtGui import QAction

from core.queue import TaskQueue
from core.undo import Deed, Step, Undone
from gui import words
from gui.actions import Actions
from gui.hearing import Hearing
from gui.notice import Notice
from gui.tasks import Tasks

_SECONDS: Final = 8  # that it is said what was undone


def _T(text: str) -> str:  # noqa: N802 - marks a text for translation
    return str(QT_TRANSLATE_NOOP("Undoing", text))


_DEEDS: Final = {
    Deed.ADD: _T("adding of {0}"),
    Deed.IMPORT: _T("import of {0}"),
    Deed.MAKE_AGAIN: _T("making {0} again"),
    Deed.REMOVE: _T("removal of {0}"),
    Deed.CANCEL: _T("cancelling of {0}"),
    Deed.HOLD: _T("holding of {0}"),
    Deed.RELEASE: _T("release of {0}"),
    Deed.RETRY: _T("retry of {0}"),
    Deed.PRIORITY: _T("new priority of {0}"),
    Deed.ORDER: _T("moving of {0}"),
    Deed.RECIPE: _T("new recipe of {0}"),
}


def deed(kind: Deed, jobs: int) -> str:
    """Return what was done to so many images, fit to stand behind "Undo"."""
    return QCoreApplication.translate("Undoing", _DEEDS[kind]).format(words.images(jobs))


class Undoing(QObject):
    """Connects the two actions with the steps of the queue, and says what came of them."""

    def __init__(self, queue: TaskQueue, actions: Actions, notice: Notice, tasks: Tasks) -> None:
        super().__init__(actions)
        self._undo = queue.undo
        self._actions = actions
        self._notice = notice
        self._hearing = Hearing()
        self._hearing.connect(self._undo.changed, self._show)
        actions.undo.triggered.connect(
            lambda: tasks.start(self._take(self._undo.undo, self.tr("Undoing…"), self.tr("Undone: {0}.")))
        )
        actions.redo.triggered.connect(
            lambda: tasks.start(
                self._take(self._undo.redo, self.tr("Doing it again…"), self.tr("Done again: {0}."))
            )
        )
        self._show()

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()

    def _show(self) -> None:
        undo, redo = self._undo.next_undo, self._undo.next_redo
        _say_on(self._actions.undo, self.tr("&Undo"), self.tr("&Undo {0}"), undo)
        _say_on(self._actions.redo, self.tr("R&edo"), self.tr("R&edo {0}"), redo)

    async def _take(
        self, take: Callable[[Callable[[float], object]], Awaitable[Undone | None]], doing: str, said: str
    ) -> None:
        def on_share(share: float) -> None:
            self._notice.say(f"{doing} {self.tr('{0} % are done.').format(int(100 * share))}")

        undone = await take(on_share)
        if undone is not None:
            self._notice.say(_sentence(undone, said), seconds=_SECONDS)


def _say_on(action: QAction, text: str, with_deed: str, step: Step | None) -> None:
    action.setText(text if step is None else with_deed.format(deed(step.deed, step.jobs)))
    action.setEnabled(step is not None)
    keys = action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
    action.setToolTip(f"{words.plain(action.text())} ({keys})")


def _sentence(undone: Undone, said: str) -> str:
    parts = []
    if undone.changed:
        parts.append(said.format(deed(undone.deed, undone.changed)))
    if undone.left:
        parts.append(
            words.count(
                undone.left,
                QCoreApplication.translate(
                    "Undoing", "1 image has run or was changed since, and stays as it is."
                ),
                QCoreApplication.translate(
                    "Undoing", "{n} images have run or were changed since, and stay as they are."
                ),
            )
        )
    return " ".join(parts)
