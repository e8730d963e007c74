"""Chooses which jobs the table lists: by their state with live counts, and by a text in their path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QTabBar, QWidget

from core.job import WAITING, JobState
from core.queue import TaskQueue
from core.status import QueueStatus
from gui import words
from gui.hearing import Hearing
from gui.theme import icon, state_colours, state_icon, theme_signals
from gui.throttle import Throttle


def _T(_context: str, text: str) -> str:  # noqa: N802 (the mark that translation tools look for)
    return text


# What needs a person comes first, as a narrow window cuts the last ones off.
TABS: Final[tuple[tuple[str, str, frozenset[JobState] | None], ...]] = (
    ("all", _T("tabs", "All"), None),
    ("waiting", _T("tabs", "Waiting"), WAITING),
    ("running", _T("tabs", "Running"), frozenset({JobState.RUNNING})),
    ("failed", _T("tabs", "Failed"), frozenset({JobState.FAILED})),
    ("done", _T("tabs", "Done"), frozenset({JobState.DONE})),
    ("skipped", _T("tabs", "Skipped"), frozenset({JobState.SKIPPED})),
    ("cancelled", _T("tabs", "Cancelled"), frozenset({JobState.CANCELLED})),
)


class StateTabs(QTabBar):
    """One tab for each group of states; the one of failures stands out when there are some."""

    chosen = Signal(object)  # the states to list, or None for all

    def __init__(self, queue: TaskQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stateTabs")
        self.setAccessibleName(self.tr("Which images are listed"))
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setUsesScrollButtons(True)
        for key, _, _ in TABS:
            self.setTabData(self.addTab(""), key)
        self._queue = queue
        self._throttle = Throttle(self._count, 200, self)
        self._hearing = Hearing()
        self._hearing.connect(queue.status_changed, lambda _: self._throttle.ask())
        self.currentChanged.connect(lambda place: self.chosen.emit(TABS[place][2]))
        theme_signals().changed.connect(self._mark_failures)
        self._count()

    def end(self) -> None:
        """Hear nothing more."""
        self._hearing.end()
        self._throttle.stop()

    def current(self) -> str:
        """Return the key of the tab that is chosen."""
        return TABS[self.currentIndex()][0]

    def choose(self, key: str) -> None:
        """Choose a tab by its key; an unknown key changes nothing."""
        for place, (name, _, _) in enumerate(TABS):
            if name == key:
                self.setCurrentIndex(place)

    def _count(self) -> None:
        status: QueueStatus = self._queue.status()
        for place, (_, title, states) in enumerate(TABS):
            number = status.total if states is None else _sum(status.counts, states)
            text = f"{QCoreApplication.translate('tabs', title)}  {words.number(number)}"
            if self.tabText(place) != text:
                self.setTabText(place, text)
                self.setTabToolTip(place, text)
        self._mark_failures()

    def _mark_failures(self) -> None:
        place = next(number for number, (key, _, _) in enumerate(TABS) if key == "failed")
        some = bool(self._queue.status().counts[JobState.FAILED])
        self.setTabIcon(place, state_icon(JobState.FAILED) if some else icon("state-failed"))
        colour = state_colours(JobState.FAILED)[0]
        self.setTabTextColor(place, colour if some else QColor())  # none: that of the theme


def _sum(counts: Mapping[JobState, int], states: frozenset[JobState]) -> int:
    return sum(counts[state] for state in states)


class SearchField(QLineEdit):
    """A field whose text is told when the typing rests."""

    text_settled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("searchField")
        self.setPlaceholderText(self.tr("Find by name or folder"))
        self.setAccessibleName(self.tr("Find by name or folder"))
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(200)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(0)  # a query that is under way lets the next one wait anyway
        self._rest.timeout.connect(lambda: self.text_settled.emit(self.text()))
        self.textChanged.connect(lambda _: self._rest.start())
        self.setAcceptDrops(False)  # what is dropped on it goes to the window

    def start(self) -> None:
        """Take the keyboard, to type another text over this one."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
