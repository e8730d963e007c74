"""The details of what is selected: why it failed, what to do, its attempts, its outputs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.job import ENDED, Attempt, Job, JobState
from core.looks import Looks
from core.queue import TaskQueue
from core.recipe import Recipe
from core.status import JobChange
from gui import words
from gui.hearing import Hearing
from gui.job_pictures import JobPictures
from gui.plans import outputs_of, place_of
from gui.remedies import remedy
from gui.tasks import Tasks
from gui.theme import SPACE, state_colours
from gui.throttle import Throttle

_SUMMED: Final = 2_000  # jobs of a large selection that are looked at
_LOG: Final = 120  # pixels at 100 %: its least height
_DETAILS: Final = Qt.ItemDataRole.UserRole


class Inspector(QScrollArea):
    """A pane beside the table; it reads what it shows, and follows its changes."""

    open_path = Signal(str)

    def __init__(self, queue: TaskQueue, tasks: Tasks, looks: Looks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName(self.tr("Details of the selection"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(280)
        self._queue = queue
        self._tasks = tasks
        self._ids: Sequence[int] = ()
        self._reading: asyncio.Task[Any] | None = None
        self._source = ""
        self._recipe: tuple[int, Recipe] | None = None  # of the job that was shown last, by its id
        self._attempts_of = 0  # the job whose attempts are listed
        self.pictures = JobPictures(looks, tasks)
        self._build()
        self._throttle = Throttle(self._read_again, 100, self)
        self._hearing = Hearing()
        self._hearing.connect(queue.job_changed, self._on_changed)
        self._show_none()

    def _build(self) -> None:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        self.title = self._label("inspectorTitle")
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self.title.setFont(font)
        self.folder = self._label("inspectorFolder")
        for part in (self.title, self.folder):
            part.setTextFormat(Qt.TextFormat.PlainText)  # a name may look like markup
        self.state = self._label("inspectorState")
        self.trouble = self._label("inspectorError")
        self.facts = self._label("inspectorFacts")
        self.outputs = self._label("inspectorOutputs")
        self.outputs.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.outputs.linkActivated.connect(lambda link: self.open_path.emit(QUrl(link).toLocalFile()))
        self.attempts = QTreeWidget(page)
        self.attempts.setObjectName("inspectorAttempts")
        self.attempts.setAccessibleName(self.tr("Attempts"))
        self.attempts.setRootIsDecorated(False)
        self.attempts.setHeaderLabels(
            [self.tr("No."), self.tr("End"), self.tr("When"), self.tr("Took"), self.tr("Worker")]
        )
        self.attempts.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.attempts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.attempts.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.attempts.setMaximumHeight(160)  # more of them scroll
        self.attempts.currentItemChanged.connect(lambda item, _: self._show_log(item))
        self.log = _Log(page)
        self.log.setObjectName("inspectorLog")
        self.log.setAccessibleName(self.tr("Details of the attempt"))
        self.log.setReadOnly(True)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setMinimumHeight(_LOG)
        self.log.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)  # what is left
        self.copy = QPushButton(self.tr("Copy details"), page)
        self.copy.setObjectName("inspectorCopy")
        self.copy.clicked.connect(self._copy)
        parts: tuple[QWidget, ...] = (
            self.title, self.folder, self.state, self.trouble, self.pictures, self.facts, self.outputs,
            self.attempts,
        )  # fmt: skip
        for shown in parts:
            column.addWidget(shown)
        column.addWidget(self.log, 1)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        self.setWidget(page)

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Names have no spaces to be broken at, and must not force the pane to be wide.
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        return label

    def end(self) -> None:
        """Hear nothing more."""
        self._hearing.end()
        self._throttle.stop()
        self.pictures.end()

    # -- what is shown --------------------------------------------------------------------------------------

    def show_jobs(self, ids: Sequence[int]) -> None:
        """Show one job, or a summary of several."""
        if ids != self._ids:
            self._ids = ids
            self._read_again()

    def _on_changed(self, change: JobChange) -> None:
        if self.isVisible() and self._ids:
            shown = set(self._ids[:_SUMMED])
            if len(change.ids) > _SUMMED or not shown.isdisjoint(change.ids):
                self._throttle.ask_later()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while the pane was hidden, and show its pictures."""
        super().showEvent(event)
        if self._ids:
            self._throttle.ask_later()

    def _read_again(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self._tasks.start(self._read(self._ids))

    async def _read(self, ids: Sequence[int]) -> None:
        jobs = await self._queue.jobs(ids[:_SUMMED]) if ids else []
        self.pictures.show_job(jobs[0] if len(ids) == 1 and jobs and self.isVisible() else None)
        if len(ids) == 1 and jobs:
            attempts, plans = await self._queue.attempts(jobs[0].id), await self._plans_of(jobs[0])
            self._show_one(jobs[0], attempts, plans)
        elif jobs:
            self._show_several(len(ids), jobs)
        else:
            self._show_none()

    async def _plans_of(self, job: Job) -> list[tuple[str, str]]:
        """Return what is to become of a job that has not ended: names, with what stands beside them."""
        if job.state in ENDED:
            return []
        if self._recipe is None or self._recipe[0] != job.recipe_id:
            self._recipe = job.recipe_id, Recipe.from_json(await self._queue.recipe(job.recipe_id))
        recipe = self._recipe[1]
        plans = [(self.tr("Goes to"), words.shown(place_of(recipe)))]
        return [*((self.tr("Will be"), words.shown(one)) for one in outputs_of(recipe)), *plans]

    def _show_none(self) -> None:
        self._clear()
        self.facts.setText(self.tr("Select an image to see its details."))
        self.facts.show()

    def _clear(self) -> None:
        for part in (
            self.title,
            self.folder,
            self.state,
            self.trouble,
            self.facts,
            self.outputs,
            self.attempts,
            self.log,
            self.copy,
        ):
            part.hide()

    def _show_several(self, number: int, jobs: list[Job]) -> None:
        self._clear()
        self.title.setText(self.tr("{0} selected").format(words.images(number)))
        self.title.show()
        states = Counter(job.state for job in jobs)
        lines = [
            f"{words.state(state)}: {words.number(states[state])}" for state in JobState if states[state]
        ]
        before = sum(job.source_bytes or 0 for job in jobs if job.output_bytes)
        after = sum(job.output_bytes or 0 for job in jobs)
        if before:
            lines.append(self.tr("{0} became {1}").format(words.size(before), words.size(after)))
        if number > len(jobs):
            lines.append(self.tr("(of the first {0})").format(words.number(len(jobs))))
        self.facts.setText("<br>".join(map(escape, lines)))
        self.facts.show()

    def _show_one(self, job: Job, attempts: list[Attempt], plans: list[tuple[str, str]]) -> None:
        self.title.setText(_breakable(words.name_of(job.source)))
        self.title.setToolTip(_as_markup(words.shown(job.source)))
        self._source = words.shown(job.source)
        self.folder.setText(_breakable(words.folder_of(job.source)))
        self.state.setText(_pill(job.state))
        self._show_trouble(job)
        rows = [
            (self.tr("Recipe"), words.recipe(job.recipe_name)),
            *plans,
            (self.tr("Priority"), words.priority(job.priority)),
            (self.tr("Dimensions"), words.dimensions(job.width, job.height)),
            (self.tr("Before"), words.size(job.source_bytes)),
            (self.tr("After"), words.size(job.output_bytes)),
            (self.tr("Saved"), words.saved(job.source_bytes, job.output_bytes) if job.output_bytes else ""),
            (self.tr("Attempts"), words.attempts(job)),
            (self.tr("Took"), words.seconds(job.seconds)),
            (self.tr("Added"), words.moment(job.added_at)),
        ]
        self.facts.setText(
            "<table>"
            + "".join(
                f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
                for name, value in rows
                if value
            )
            + "</table>"
        )
        links = [
            f'<a href="{_address(file.path)}">'
            f"{escape(_breakable(words.name_of(file.path)))}</a>"
            f"<br>{file.width} × {file.height}, {words.size(file.bytes)}"
            for file in job.outputs
        ]
        self.outputs.setText("<br>".join(links))
        self._show_attempts(job.id, attempts)
        for part in (self.title, self.folder, self.state, self.facts):
            part.show()
        self.outputs.setVisible(bool(links))
        self.attempts.setVisible(bool(attempts))

    def _show_trouble(self, job: Job) -> None:
        lines = []
        if job.error is not None:
            lines = [f"<b>{escape(words.said(job.error.message))}</b>"]
            if hint := remedy(job.error.code):
                lines.append(escape(hint))
            lines.append(self.tr("Code: {0}").format(escape(job.error.code)))
        elif job.reason:
            lines = [escape(words.said(job.reason))]
        self.trouble.setText("<br>".join(lines))
        self.trouble.setVisible(bool(lines))

    def _show_attempts(self, job_id: int, attempts: list[Attempt]) -> None:
        chosen = self._chosen_attempt() if job_id == self._attempts_of else None
        self._attempts_of = job_id
        self.attempts.clear()
        elsewhere = any(attempt.machine for attempt in attempts)  # else it is this computer in any case
        for attempt in attempts:
            end = words.attempt_end(attempt.end)
            if not attempt.counted:
                end = self.tr("{0}, not counted").format(end)
            item = QTreeWidgetItem(
                [
                    str(attempt.number),
                    end,
                    words.moment(attempt.started_at),
                    words.seconds(attempt.seconds),
                    words.worker(attempt) if elsewhere else str(attempt.worker + 1),
                ]
            )
            error = attempt.error
            if error is not None:
                item.setData(
                    0, _DETAILS, f"{words.said(error.message)}\n[{error.code}]\n\n{error.details}".strip()
                )
                item.setToolTip(1, _as_markup(words.said(error.message)))
            self.attempts.addTopLevelItem(item)
        for place in range(self.attempts.columnCount()):
            self.attempts.resizeColumnToContents(place)
        last = self.attempts.topLevelItemCount() - 1
        shown = self.attempts.topLevelItem(last if chosen is None else min(chosen, last))
        if shown is not None:
            self.attempts.setCurrentItem(shown)
        self._show_log(shown)

    def _chosen_attempt(self) -> int | None:
        """Return the place of the attempt that the user chose; None for the last, which follows the job."""
        place = self.attempts.currentIndex().row()
        return place if 0 <= place < self.attempts.topLevelItemCount() - 1 else None

    def _show_log(self, item: QTreeWidgetItem | None) -> None:
        text = item.data(0, _DETAILS) if item is not None else None
        self.log.setPlainText(str(text) if text else "")
        self.log.setVisible(bool(text))
        self.copy.setVisible(bool(text))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._source}\n{self.log.toPlainText()}")


class _Log(QPlainTextEdit):
    """Wants no more room than it needs at least, and takes what is left over."""

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the least height."""
        return QSize(super().sizeHint().width(), _LOG)


def _as_markup(text: str) -> str:
    """Return a text for a tool tip, which would take a name that looks like markup for markup."""
    return f"<span>{escape(text)}</span>"


def _address(path: str) -> str:
    return QUrl.fromLocalFile(path).toString(QUrl.ComponentFormattingOption.FullyEncoded)


def _breakable(text: str) -> str:
    """Return a path or name that may be broken over lines at any of its signs that part words."""
    for sign in "/-_.":
        text = text.replace(sign, sign + "\u200b")
    return text


def _pill(state: JobState) -> str:
    text, ground = state_colours(state)
    return (
        f'<span style="color:{text.name()}; background-color:{ground.name()};">'
        f"&nbsp;&nbsp;{escape(words.state(state))}&nbsp;&nbsp;</span>"
    )
