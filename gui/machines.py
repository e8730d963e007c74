"""Tells of the machines that work for this queue: in a line of the window, and in a dialog of their own."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal as CoreSignal
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from core.remote.cluster import Cluster, Link, TellsCluster
from core.remote.keys import Keys
from core.settings import Settings
from gui import words
from gui.hearing import Hearing
from gui.link_button import LinkButton
from gui.machines_dialog import MachinesDialog, state_sentence
from gui.notice import Notice
from gui.tasks import Tasks
from gui.theme import icon, theme_signals

_TROUBLE = frozenset({Link.AWAY, Link.REFUSED, Link.MISSING})


class NoMachines:
    """Knows of no machine, and of no broker."""

    cluster_changed = CoreSignal(Cluster)

    def __init__(self) -> None:
        self.cluster = Cluster()


class Machines(QObject):
    """Shows what the processor of the queue knows of other machines, as it changes."""

    preferences_asked = Signal()

    def __init__(
        self,
        window: QWidget,
        source: TellsCluster,
        settings: Callable[[], Settings],
        notice: Notice,
        keys: Keys,
        tasks: Tasks,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._source = source
        self._settings = settings
        self._notice = notice
        self._keys = keys
        self._tasks = tasks
        self._said = ""  # the sentence of the notice on a broker that is away
        self._link = Link.OFF
        self.dialog: MachinesDialog | None = None
        self.button = LinkButton(window)
        self.button.setObjectName("machinesLink")
        self.button.clicked.connect(self.show)
        self.button.hide()
        self._hearing = Hearing()
        theme_signals().changed.connect(self._draw)

    def begin(self) -> None:
        """Follow the machines."""
        self._hearing.connect(self._source.cluster_changed, self._on_cluster)
        self._on_cluster(self._source.cluster)

    def end(self) -> None:
        """Follow them no more."""
        self._hearing.end()

    def show(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = MachinesDialog(self._window, self._settings)
            self.dialog.preferences_asked.connect(self.preferences_asked)
            self.dialog.finished.connect(self._forget_dialog)
        self.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def refresh(self) -> None:
        """Follow the settings, which may have changed."""
        if self.dialog is not None:
            self.dialog.show_cluster(self._source.cluster)
            self._tasks.start(self._look_for_password(self.dialog))

    async def _look_for_password(self, dialog: MachinesDialog) -> None:
        broker = self._settings().broker
        known = bool(broker and await self._keys.find(broker))
        if self.dialog is dialog:
            dialog.know_password(is_set=known)

    def _forget_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    # -- what is told ---------------------------------------------------------------------------------------

    def _on_cluster(self, cluster: Cluster) -> None:
        before, self._link = self._link, cluster.link
        self._draw()
        if self.dialog is not None:
            self.dialog.show_cluster(cluster)
        shown = bool(self._said) and self._notice.says(self._said)
        if cluster.link not in _TROUBLE:
            self._said = ""
            if shown:
                self._notice.hide()
        elif shown or before not in _TROUBLE:  # one that was closed does not come again
            self._said = state_sentence(cluster, self._settings().broker)
            self._notice.say(self._said, self.tr("Machines…"), self.show)

    def _draw(self) -> None:
        cluster = self._source.cluster
        text = {
            Link.OFF: "",
            Link.MISSING: self.tr("Machines cannot be used"),
            Link.CONNECTING: self.tr("Connecting…"),
            Link.CONNECTED: words.count(len(cluster.machines), self.tr("1 machine"), self.tr("{n} machines")),
            Link.AWAY: self.tr("The broker is away"),
            Link.REFUSED: self.tr("The broker refuses"),
        }[cluster.link]
        self.button.setText(text)
        self.button.setIcon(icon("warning") if cluster.link in _TROUBLE else QIcon())
        self.button.setToolTip(state_sentence(cluster, self._settings().broker) if text else "")
        self.button.setAccessibleDescription(self.button.toolTip())
        self.button.setVisible(bool(text))
