"""Does with the queue what the actions ask for the selected jobs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from core.errors import CrashesDecoder
from core.failures import retry_failed, retry_kind
from core.intake.again import make_again
from core.job import JobState
from core.links.address import is_link
from core.queue import TaskQueue
from core.status import JobQuery, RunState
from core.undo import Deed
from gui import words
from gui.actions import Actions
from gui.columns import QUEUE_PLACE
from gui.dialogs import confirm
from gui.notice import Notice
from gui.queue_model import QueueModel
from gui.queue_view import QueueView
from gui.tasks import Tasks

_KNOWN: Final = 500  # selected jobs that are looked at to tell which actions apply
_PART: Final = 20_000  # jobs that are changed in one commit, so that others come in between
_COPIED: Final = 10_000  # paths that go to the clipboard
_CLEARED: Final = frozenset({JobState.DONE, JobState.SKIPPED, JobState.CANCELLED})


class Commands(QObject):
    """Connects the actions on jobs with the queue; each is a coroutine that `tasks` owns."""

    def __init__(
        self,
        queue: TaskQueue,
        actions: Actions,
        view: QueueView,
        model: QueueModel,
        notice: Notice,
        tasks: Tasks,
        data_dir: Path,
    ) -> None:
        super().__init__(view)
        self._data_dir = data_dir
        self._queue = queue
        self._actions = actions
        self._view = view
        self._model = model
        self._notice = notice
        self._tasks = tasks
        self._look_soon = QTimer(self)
        self._look_soon.setSingleShot(True)
        self._look_soon.setInterval(50)
        self._look_soon.timeout.connect(self._look)
        view.selection_settled.connect(self._look_soon.start)
        model.dataChanged.connect(self._on_data_changed)
        model.queried.connect(self._look_soon.start)
        view.moved.connect(
            lambda ids, target: self._tasks.start(self._as_step(Deed.ORDER, self._move(ids, target)))
        )
        view.dragging.refused.connect(self._offer_order)
        view.opened.connect(lambda job: self._open([job], folder=False))
        self._connect()

    def _connect(self) -> None:
        actions, queue = self._actions, self._queue
        actions.start_pause.triggered.connect(self._start_or_pause)
        actions.stop.triggered.connect(lambda: self._tasks.start(queue.stop()))
        for action, deed, method in (
            (actions.do_next, Deed.ORDER, queue.do_next),
            (actions.do_last, Deed.ORDER, queue.do_last),
            (actions.move_up, Deed.ORDER, lambda ids: queue.shift(ids, up=True)),
            (actions.move_down, Deed.ORDER, lambda ids: queue.shift(ids, up=False)),
            (actions.hold, Deed.HOLD, lambda ids: self._in_parts(ids, queue.hold)),
            (actions.release, Deed.RELEASE, lambda ids: self._in_parts(ids, queue.release)),
            (actions.cancel, Deed.CANCEL, self._cancel),
            (actions.retry, Deed.RETRY, lambda ids: self._in_parts(ids, queue.retry)),
            (actions.make_again, Deed.MAKE_AGAIN, lambda ids: make_again(queue, self._data_dir, ids)),
        ):
            action.triggered.connect(lambda _=False, d=deed, m=method: self._with_selected(d, m))
        for priority, action in actions.priorities.items():
            action.triggered.connect(lambda _=False, p=int(priority): self._set_priority(p))
        actions.choose_priority.triggered.connect(self._choose_priority)
        actions.remove.triggered.connect(lambda: self._tasks.start(self.remove(self._selected())))
        actions.clear_ended.triggered.connect(lambda: self._tasks.start(self._clear()))
        actions.retry_failed.triggered.connect(lambda: self._tasks.start(self._retry_failed()))
        actions.select_all.triggered.connect(self._view.selectAll)
        actions.open_output.triggered.connect(lambda: self._open(self._selected(), folder=False))
        actions.show_output.triggered.connect(lambda: self._open(self._selected(), folder=True))
        actions.show_source.triggered.connect(self._show_source)
        actions.copy_path.triggered.connect(lambda: self._tasks.start(self._copy(errors=False)))
        actions.copy_error.triggered.connect(lambda: self._tasks.start(self._copy(errors=True)))

    def _selected(self) -> array[int]:
        return self._view.selected_ids()

    def _with_selected(self, deed: Deed, method: Callable[[array[int]], Coroutine[Any, Any, int]]) -> None:
        ids = self._selected()
        if ids:
            self._tasks.start(self._as_step(deed, method(ids)))

    async def _as_step(self, deed: Deed, change: Coroutine[Any, Any, int]) -> None:
        """Do what can be undone as one."""
        async with self._queue.undo.step(deed):
            await change

    async def _in_parts(
        self, ids: Sequence[int], method: Callable[[Sequence[int]], Coroutine[Any, Any, int]]
    ) -> int:
        """Do with very many jobs what is asked for in parts, between which the workers get their next jobs.

        How far it is is said; returns how many jobs changed.
        """
        changed = 0
        for start in range(0, len(ids), _PART):
            if start:
                percent, number = 100 * start // len(ids), words.images(len(ids))
                self._notice.say(self.tr("Changing {0}: {1} % are done.").format(number, percent))
            changed += await method(ids[start : start + _PART])
        if len(ids) > _PART:
            self._notice.hide()
        return changed

    def _on_data_changed(self) -> None:
        self._look_soon.start()  # a method of its own: Qt calls it no more when this is gone

    def _look(self) -> None:
        """Enable the actions that apply to what is selected, as far as it is known."""
        ids = self._selected()
        jobs = [job for job in map(self._model.cached, ids[:_KNOWN]) if job is not None]
        self._actions.apply_selection(len(ids), jobs)

    # -- the queue ------------------------------------------------------------------------------------------

    def _start_or_pause(self) -> None:
        running = self._queue.status().run_state is RunState.RUNNING
        self._tasks.start(self._queue.pause() if running else self._queue.start())

    async def _cancel(self, ids: array[int]) -> int:
        self._model.mark_cancelling(ids)
        return await self._in_parts(ids, self._queue.cancel)

    async def _move(self, ids: array[int], target: int | None) -> int:
        if target is None:
            return await self._queue.do_last(ids)
        return await self._queue.move(ids, target)

    def _offer_order(self) -> None:
        """Say why rows cannot be dragged now, and offer the order in which they can."""
        self._notice.say(
            self.tr("Images can be dragged to another place when the table is in the order of the queue."),
            self.tr("Sort by #"),
            lambda: self._view.sortByColumn(QUEUE_PLACE, Qt.SortOrder.AscendingOrder),
            seconds=10,
        )

    def _set_priority(self, priority: int) -> None:
        change = self._queue.set_priority
        self._with_selected(
            Deed.PRIORITY, lambda ids: self._in_parts(ids, lambda part: change(part, priority))
        )

    def _choose_priority(self) -> None:
        menu = self._actions.priority_menu(self._view)
        menu.aboutToHide.connect(menu.deleteLater)
        place = self._view.visualRect(self._view.currentIndex()).bottomLeft()
        menu.popup(self._view.viewport().mapToGlobal(place))
        menu.setActiveAction(menu.actions()[0])

    async def remove(self, ids: Sequence[int]) -> None:
        """Take jobs off the list, and offer to bring them back."""
        async with self._queue.undo.step(Deed.REMOVE):
            removed = await self._in_parts(ids, self._queue.remove)
        if removed:
            sentence = self.tr("Removed {0} from the list. Files stay.").format(words.images(removed))
            self._notice.say(sentence, self.tr("Undo"), self._actions.undo.trigger, seconds=10)

    async def _clear(self) -> None:
        await self.remove(await self._queue.find(JobQuery(states=_CLEARED)))

    async def _retry_failed(self) -> None:
        async with self._queue.undo.step(Deed.RETRY):
            _, crashing = await retry_failed(self._queue)
        if crashing and await confirm(
            self._view.window(), "retryCrashing",
            words.count(crashing, self.tr("1 image crashes the decoder. Try it again, too?"),
                        self.tr("{n} images crash the decoder. Try them again, too?")),
            self.tr("Each attempt costs a worker process. All else that failed is being tried again."),
            self.tr("Try again"), self.tr("Leave"),
        ):  # fmt: skip
            async with self._queue.undo.step(Deed.RETRY):
                await retry_kind(self._queue, CrashesDecoder.code)

    # -- files ----------------------------------------------------------------------------------------------

    def _open(self, ids: Sequence[int], *, folder: bool) -> None:
        self._tasks.start(self._open_outputs(ids[:10], folder=folder))

    async def _open_outputs(self, ids: Sequence[int], *, folder: bool) -> None:
        opened: set[str] = set()
        for job in await self._queue.jobs(ids):
            # The largest output is what a person wants to look at; a job without one shows its source.
            paths = [max(job.outputs, key=lambda one: one.width * one.height).path] if job.outputs else []
            for path in paths or [job.source]:
                target = str(Path(path).parent) if folder and not is_link(path) else path
                if target not in opened:
                    opened.add(target)
                    self.open_path(target)

    def open_path(self, path: str) -> None:
        """Open a file, a folder or a link with the program that the platform has for it."""
        if not QDesktopServices.openUrl(QUrl(path) if is_link(path) else QUrl.fromLocalFile(path)):
            self._notice.say(self.tr("No program is known to open {0}.").format(words.shown(path)))

    def _show_source(self) -> None:
        self._tasks.start(self._show_source_of(self._selected()[:1]))

    async def _show_source_of(self, ids: Sequence[int]) -> None:
        for job in await self._queue.jobs(ids):
            self.open_path(job.source if is_link(job.source) else str(Path(job.source).parent))

    async def _copy(self, *, errors: bool) -> None:
        lines = []
        for job in await self._queue.jobs(self._selected()[:_COPIED]):
            if not errors:
                lines.append(job.source)
            elif job.error is not None:
                lines.append(f"{job.source}: {words.said(job.error.message)} ({job.error.code})")
            elif job.reason:
                lines.append(f"{job.source}: {words.said(job.reason)}")
        QGuiApplication.clipboard().setText("\n".join(map(words.shown, lines)))
