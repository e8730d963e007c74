"""Shows what failed by its kind: how many, what happened, what to do, and the buttons that do it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.job import JobState
from core.queue import TaskQueue
from core.status import ChangeKind, FailureGroup, JobChange
from gui import words
from gui.failure_kinds import MENDS, Mend, kind, mend_label
from gui.focus import tab_as_laid_out
from gui.hearing import Hearing
from gui.remedies import remedy
from gui.tasks import Tasks
from gui.theme import SPACE, icon, state_colours, theme_signals
from gui.throttle import Throttle

_PAUSE = 400  # milliseconds between two counts while failures come in
_LEAST_LINES = 6  # that are in sight also in a low window: those of two groups
_SHARE = 0.33  # of the window's height, at most: the table is what people came for


class GroupRow(QFrame):
    """One kind of failure."""

    retry = Signal(str)  # its code
    mend = Signal(str)
    show_only = Signal(str, bool)

    def __init__(self, group: FailureGroup, parent: QWidget) -> None:
        super().__init__(parent)
        self.code = group.code
        self.setObjectName(f"failures-{group.code}")
        self._number = QLabel(self)
        self._number.setObjectName("failureCount")
        font = QFont(self._number.font())
        font.setBold(True)
        font.setFeature(QFont.Tag("tnum"), 1)
        self._number.setFont(font)
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("000,000"))
        self._said = QLabel(f"<b>{escape(kind(group.code))}</b><br>{escape(remedy(group.code))}", self)
        self._said.setObjectName("failureSentence")
        self._said.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE // 2, SPACE // 2, SPACE // 2)
        row.setSpacing(SPACE)
        row.addWidget(self._number)
        row.addWidget(self._said, 1)
        self.only = QPushButton(self.tr("Show only these"), self)
        self.only.setObjectName("failureOnly")
        self.only.setCheckable(True)
        self.only.toggled.connect(lambda on: self.show_only.emit(self.code, on))
        self.buttons = [self.only]
        if (mend := MENDS.get(group.code)) is not None:
            button = QPushButton(mend_label(mend), self)
            button.setObjectName("failureMend")
            button.clicked.connect(lambda: self.mend.emit(self.code))
            widest = max(button.fontMetrics().horizontalAdvance(mend_label(one)) for one in Mend)
            button.setMinimumWidth(widest + 3 * SPACE)  # so that those of all groups stand in a column
            self.buttons.append(button)
        again = QPushButton(self.tr("Retry"), self)
        again.setObjectName("failureRetry")
        again.clicked.connect(lambda: self.retry.emit(self.code))
        self.buttons.append(again)
        for button in self.buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.show_group(group)

    def show_group(self, group: FailureGroup) -> None:
        """Show how many there are now."""
        self._number.setText(words.number(group.count))
        tip = self.tr("For example: {0}").format(escape(words.shown(group.example)))
        self._said.setToolTip(f"<span>{tip}</span>")
        self._said.setAccessibleName(f"{words.images(group.count)}: {kind(group.code)}. {remedy(group.code)}")
        for button in self.buttons:
            button.setAccessibleName(f"{button.text().rstrip('…')}: {kind(group.code)}")


class FailuresPanel(QFrame):
    """The groups, read anew while they change, as long as the panel is wanted; hidden while nothing failed.

    A group keeps its place while the panel is open, so that no button moves from under the pointer.
    """

    retry = Signal(str)  # the code of a group
    mend = Signal(str)
    show_only = Signal(str)  # the code of the group to list alone; empty for all

    def __init__(
        self, queue: TaskQueue, tasks: Tasks, actions: list[QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("failuresPanel")
        self.setAccessibleName(self.tr("What failed, by its kind"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._queue = queue
        self._tasks = tasks
        self._wanted = False
        self._reading = self._again = False
        self.rows: dict[str, GroupRow] = {}
        self._mark = QLabel(self)
        self._title = QLabel(self)
        self._title.setObjectName("failuresTitle")
        head = QHBoxLayout()
        head.setSpacing(SPACE)
        head.addWidget(self._mark)
        head.addWidget(self._title, 1)
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setObjectName(f"failures-{action.objectName()}")
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            head.addWidget(button)
        inside = QWidget(self)
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._scroll = _Bounded(inside, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        column.setSpacing(SPACE // 2)
        column.addLayout(head)
        column.addWidget(self._scroll)
        self._soon = Throttle(self._read, _PAUSE, self)
        self._hearing = Hearing()
        theme_signals().changed.connect(self._draw)
        self._draw()
        self.hide()

    def begin(self) -> None:
        """Hear the queue, which is open."""
        self._hearing.connect(self._queue.job_changed, self._on_change)
        self._hearing.connect(self._queue.batch_added, lambda _: self._ask())
        self._ask()

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()
        self._soon.stop()

    def want(self, wanted: bool) -> None:
        """Show the panel as soon as something has failed, or hide it."""
        self._wanted = wanted
        if wanted:
            self._ask()
        else:
            self.hide()
            self._fill([])

    def let_go(self) -> None:
        """Hear that all failures are listed again."""
        for row in self.rows.values():
            row.only.setChecked(False)

    # -- reading --------------------------------------------------------------------------------------------

    def _on_change(self, change: JobChange) -> None:
        if change.kind is ChangeKind.REMOVED or change.state in (JobState.FAILED, JobState.QUEUED):
            self._ask()

    def _ask(self) -> None:
        if self._wanted and (self.rows or self._queue.status().counts[JobState.FAILED]):
            self._soon.ask()

    def _read(self) -> None:
        if self._reading:
            self._again = True  # a change that the reading under way may not have seen
        else:
            self._reading = True
            self._tasks.start(self._show())

    async def _show(self) -> None:
        try:
            groups = await self._queue.failures()
        finally:
            self._reading = False
        if self._again:
            self._again = False
            self._soon.ask()
        if self._wanted:
            self._fill(groups)

    def _fill(self, groups: list[FailureGroup]) -> None:
        now = {group.code: group for group in groups}
        for code in [code for code in self.rows if code not in now]:
            row = self.rows.pop(code)
            had_focus = row.isAncestorOf(self.focusWidget() or self)
            if row.only.isChecked():
                self.show_only.emit("")
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
            if had_focus and self.rows:
                next(iter(self.rows.values())).buttons[-1].setFocus()
        for group in groups:
            if (row := self.rows.get(group.code)) is not None:  # type: ignore[assignment]
                row.show_group(group)
                continue
            row = self.rows[group.code] = GroupRow(group, self)
            row.retry.connect(self.retry)
            row.mend.connect(self.mend)
            row.show_only.connect(self._on_only)
            self._list.addWidget(row)
            tab_as_laid_out(self)
        number = sum(group.count for group in groups)
        reasons = words.count(len(groups), self.tr("for 1 reason"), self.tr("for {n} reasons"))
        self._title.setText(f"<b>{self.tr('{0} failed').format(words.images(number))}</b>, {reasons}")
        self.setVisible(self._wanted and bool(groups))
        self._scroll.updateGeometry()

    def _on_only(self, code: str, on: bool) -> None:
        if on:
            for row in self.rows.values():
                if row.code != code and row.only.isChecked():
                    row.only.blockSignals(True)
                    row.only.setChecked(False)
                    row.only.blockSignals(False)
            self.show_only.emit(code)
        elif not any(row.only.isChecked() for row in self.rows.values()):
            self.show_only.emit("")

    def _draw(self) -> None:
        ink, _ = state_colours(JobState.FAILED)
        self._mark.setPixmap(icon("warning", ink.name()).pixmap(2 * SPACE, 2 * SPACE))


class _Bounded(QScrollArea):
    """As high as what is in it, up to a share of the window; the rest is scrolled to."""

    def __init__(self, inside: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("failuresList")
        self._inside = inside
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons take it, and are scrolled to
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        inside.setBackgroundRole(QPalette.ColorRole.Window)
        inside.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the height of what is in it, bounded."""
        width = max(self.viewport().width(), 200)
        layout = self._inside.layout()
        assert layout is not None
        high = layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(width, min(high, round(self.window().height() * _SHARE)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same, as a group that is cut off would not be seen to be one; but no more than two."""
        return QSize(0, min(self.sizeHint().height(), _LEAST_LINES * self.fontMetrics().lineSpacing()))

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802
        """Be as high as what is in it has become."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.updateGeometry()
        return super().eventFilter(watched, event)  # type: ignore[arg-type]
