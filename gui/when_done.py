"""What is done when a run has ended: chosen until the app is closed, counted down where it ends something."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMessageBox, QPushButton, QToolButton, QWidget

from gui import words
from gui.desktop import SHUT_DOWN, SLEEP
from gui.run_end import RunSummary

SECONDS: Final = 30
"""How long is counted down before something is ended."""


class Choice(StrEnum):
    """What "when done" can be."""

    NOTHING = "nothing"
    NOTIFY = "notify"
    OPEN = "open"
    QUIT = "quit"
    SLEEP = SLEEP
    SHUT_DOWN = SHUT_DOWN


ENDING: Final = (Choice.QUIT, Choice.SLEEP, Choice.SHUT_DOWN)
"""The choices that are counted down, and made anew each time."""


class WhenDone(QObject):
    """The choice, as actions for a menu and a button; and the countdown, which can be stopped."""

    due = Signal(object, object)  # Choice, RunSummary: do it now
    chosen = Signal()

    def __init__(self, window: QWidget, first: Callable[[], str], said: Callable[[RunSummary], str]) -> None:
        """Prepare; `first` is the choice at the start and after one that ended something.

        said: what became of a run, in words, for the countdown.
        """
        super().__init__(window)
        self._window = window
        self._first = first
        self._said = said
        self._box: QMessageBox | None = None
        self._left = 0
        self._summary = RunSummary()
        self._counted = Choice.NOTHING
        self._second = QTimer(self)
        self._second.setInterval(1_000)
        self._second.timeout.connect(self.tick)
        self._group = QActionGroup(self)
        self.actions_: dict[Choice, QAction] = {}
        for choice, text in (
            (Choice.NOTHING, self.tr("Do &nothing more")),
            (Choice.NOTIFY, self.tr("&Notify me")),
            (Choice.OPEN, self.tr("&Open the folder")),
            (Choice.QUIT, self.tr("&Quit")),
            (Choice.SLEEP, self.tr("&Sleep")),
            (Choice.SHUT_DOWN, self.tr("Shut &down")),
        ):
            action = self.actions_[choice] = QAction(text, self._group)
            action.setObjectName(f"whenDone-{choice}")
            action.setCheckable(True)
            action.setVisible(choice not in (Choice.SLEEP, Choice.SHUT_DOWN))  # until the machine says so
            action.toggled.connect(lambda on: self._on_chosen() if on else None)
        self.menu = QMenu(self.tr("When &done"), window)
        self.menu.addActions(self._group.actions())
        self.button = QToolButton(window)
        self.button.setObjectName("whenDoneButton")
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setAutoRaise(True)
        self.button.setToolTip(self.tr("What is done when all images are done; until the app is closed"))
        self.reset()

    @property
    def choice(self) -> Choice:
        """What is done at the end of the run."""
        return next((one for one, action in self.actions_.items() if action.isChecked()), Choice.NOTHING)

    def choose(self, choice: Choice) -> None:
        """Choose what is done at the end of the run."""
        self.actions_[choice].setChecked(True)

    def reset(self) -> None:
        """Go back to what it is at each start."""
        self.choose(Choice(self._first()))

    def allow(self, powers: frozenset[str]) -> None:
        """Offer what the machine can be asked for."""
        for power in (Choice.SLEEP, Choice.SHUT_DOWN):
            self.actions_[power].setVisible(str(power) in powers)

    def _on_chosen(self) -> None:
        word = words.plain(self.actions_[self.choice].text())
        text = self.tr("When done: {0}").format(word)
        self.button.setText(f"{text}  ")  # with room for the arrow
        self.button.setAccessibleName(text)
        if self._box is not None and self.choice is not self._counted:
            self.stop()
        self.chosen.emit()

    # -- the end of a run -----------------------------------------------------------------------------------

    def run_ended(self, summary: RunSummary) -> None:
        """Do what was chosen, at once or after the countdown."""
        if self.choice in ENDING:
            self._count_down(summary)
        else:
            self.due.emit(self.choice, summary)

    def _count_down(self, summary: RunSummary) -> None:
        self.stop()
        self._summary, self._left, self._counted = summary, SECONDS, self.choice
        box = self._box = QMessageBox(self._window)
        box.setObjectName("countdown")
        box.setModal(False)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setInformativeText(self._said(summary))
        now = QPushButton(words.plain(self.actions_[self._counted].text()), box)
        now.setObjectName("countdownNow")
        stop = QPushButton(self.tr("&Stop"), box)
        stop.setObjectName("countdownStop")
        box.addButton(now, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(stop, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stop)
        box.setEscapeButton(stop)
        now.clicked.connect(self._do)
        stop.clicked.connect(self.refuse)
        box.rejected.connect(self.refuse)
        self._show_left()
        box.show()
        box.raise_()
        box.activateWindow()
        self._second.start()

    def tick(self) -> None:
        """Count one second down; at none, do it."""
        self._left -= 1
        if self._left > 0:
            self._show_left()
        else:
            self._do()

    def stop(self) -> None:
        """Count no further; the choice stays, as there is more to be done first."""
        self._second.stop()
        box, self._box = self._box, None
        if box is not None:
            box.hide()
            box.deleteLater()

    def refuse(self) -> None:
        """Count no further, and let nothing be ended after a later run either."""
        if self._box is not None:
            self.stop()
            self.reset()

    def _do(self) -> None:
        if self._box is None:
            return
        choice, summary = self._counted, self._summary
        self.stop()
        self.reset()  # the next run is not to end the machine again without being asked to
        self.due.emit(choice, summary)

    def _show_left(self) -> None:
        assert self._box is not None
        text = {
            Choice.QUIT: self.tr("All is done. Image Queue quits in {0} s."),
            Choice.SLEEP: self.tr("All is done. The machine goes to sleep in {0} s."),
            Choice.SHUT_DOWN: self.tr("All is done. The machine shuts down in {0} s."),
        }[self._counted]
        self._box.setText(text.format(self._left))
