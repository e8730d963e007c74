"""Shows the machines that work for this queue, how the broker is, and how a machine is added."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.remote.address import parse_address
from core.remote.cluster import Cluster, Link, Machine
from core.remote.extra import HOW_TO_GET
from core.settings import Settings
from gui import words
from gui.dialogs import DialogButtons
from gui.placeholder import Placeholder
from gui.theme import SPACE, icon, theme_signals

_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGNED: Final = {
    **dict.fromkeys(range(1, 5), _RIGHT), **dict.fromkeys((5, 6), Qt.AlignmentFlag.AlignCenter)
}  # fmt: skip
_NOW: Final = 4.0  # seconds since a machine was heard of, within which it is here
_TICK: Final = 1_000  # milliseconds between two looks at how long ago that was
_PICTURE: Final = 2 * SPACE  # pixels at 100 %
_SAID: Final = 6  # machines whose shared folders are not the same that are told of
_HOST: Final = "HOST"
_PASSWORD: Final = "PASSWORD"  # noqa: S105 (what stands for one)
_BROKER: Final = f"amqp://ann:{_PASSWORD}@{_HOST}/"


class MachinesDialog(QDialog):
    """A live table. It stays until it is closed, and hinders nothing."""

    preferences_asked = Signal()

    def __init__(
        self,
        window: QWidget,
        settings: Callable[[], Settings],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(window)
        self.setObjectName("machinesDialog")
        self.setWindowTitle(self.tr("Machines"))
        self._settings = settings
        self._clock = clock
        self._cluster = Cluster()
        self._told = clock()  # when that came
        self._secret = False  # whether the broker has a password
        self._sign = QLabel(self)
        self.state = QLabel(self)
        self.state.setObjectName("machinesState")
        self.state.setWordWrap(True)
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.list = self._make_list()
        self.folders = QLabel(self)
        self.folders.setObjectName("machinesFolders")
        self.folders.setWordWrap(True)
        self.folders.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.state, self.folders):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.how = QLabel(self.tr("To &add a machine, run these two commands on it:"), self)
        self.commands = self._make_commands()
        self.how.setBuddy(self.commands)
        self.remark = QLabel(self)
        self.remark.setObjectName("machinesRemark")
        self.remark.setWordWrap(True)
        self.remark.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.copy = QPushButton(self.tr("&Copy"), self)
        self.copy.setObjectName("machinesCopy")
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.commands.toPlainText()))
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        ask = buttons.addButton(self.tr("&Broker and folders…"), QDialogButtonBox.ButtonRole.ActionRole)
        ask.setObjectName("machinesPreferences")
        ask.setAutoDefault(False)
        ask.clicked.connect(self.preferences_asked)
        buttons.rejected.connect(self.close)
        self._lay_out(buttons)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK)
        self._tick.timeout.connect(self._show_seen)
        self._tick.start()
        theme_signals().changed.connect(self._draw)
        letters = self.fontMetrics()
        self.resize(letters.averageCharWidth() * 108, letters.lineSpacing() * 27)

    def _make_list(self) -> QTreeWidget:
        view = QTreeWidget(self)
        view.setObjectName("machinesList")
        view.setAccessibleName(self.tr("Machines"))
        view.setRootIsDecorated(False)
        view.setAllColumnsShowFocus(True)
        view.setUniformRowHeights(True)
        view.setHeaderLabels(
            [self.tr("Machine"), self.tr("Slots"), self.tr("Running"), self.tr("Done"), self.tr("Images/s"),
             self.tr("Last heard of"), self.tr("Version"), self.tr("Shared folders")]
        )  # fmt: skip
        header = view.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head = view.headerItem()
        for column, alignment in _ALIGNED.items():
            head.setTextAlignment(column, alignment)
        self._numbers = QFont(self.font())
        self._numbers.setFeature(QFont.Tag("tnum"), 1)
        Placeholder(
            view,
            self.tr(
                "No machine is at work for this queue. Choose a broker, and start a worker on another"
                " computer with the two commands below."
            ),
        )
        return view

    def _make_commands(self) -> QPlainTextEdit:
        edit = QPlainTextEdit(self)
        edit.setObjectName("machinesCommands")
        edit.setReadOnly(True)
        edit.setTabChangesFocus(True)
        edit.setAccessibleName(self.tr("Commands that start a worker on another machine"))
        edit.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # commands, in any language
        edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        edit.setFixedHeight(edit.fontMetrics().lineSpacing() * 4 + 2 * SPACE)
        return edit

    def _lay_out(self, buttons: QWidget) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE)
        head.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.state, 1)
        how = QHBoxLayout()
        how.setSpacing(SPACE)
        how.addWidget(self.commands, 1)
        how.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        column.addWidget(self.folders)
        column.addWidget(self.how)
        column.addLayout(how)
        column.addWidget(self.remark)
        column.addWidget(buttons)

    # -- what is shown --------------------------------------------------------------------------------------

    def show_cluster(self, cluster: Cluster) -> None:
        """Show the broker and the machines as they are known now."""
        self._cluster, self._told = cluster, self._clock()
        sentence = state_sentence(cluster, self._settings().broker)
        if sentence != self.state.text():
            self.state.setText(sentence)
            self.state.setAccessibleName(sentence)
        self._show_machines(cluster.machines)
        self._show_seen()
        self._show_folders(cluster.machines)
        self._show_commands()
        self._draw()

    def know_password(self, *, is_set: bool) -> None:
        """Name a place for the password in the commands, or none."""
        self._secret = is_set
        self._show_commands()

    def _show_machines(self, machines: Sequence[Machine]) -> None:
        for place, one in enumerate(machines):
            item = self._item_at(place, one.name)
            texts = (
                one.name, words.number(one.slots), words.number(one.running), words.number(one.done),
                words.figure(f"{one.rate:.1f}"), item.text(5), one.version, self._folders_of(one),
            )  # fmt: skip
            for column, text in enumerate(texts):
                if item.text(column) != text:
                    item.setText(column, text)
            wrong = "\n".join(words.said(text) for text in one.folders.values() if text)
            item.setToolTip(7, words.tip(wrong))
        while self.list.topLevelItemCount() > len(machines):
            self.list.takeTopLevelItem(len(machines))

    def _item_at(self, place: int, name: str) -> QTreeWidgetItem:
        """Return the row of a machine at its place; other rows stay as they are, and so does the choice."""
        found = self.list.topLevelItem(place)
        while found is not None and found.text(0) < name:  # it is known no more
            self.list.takeTopLevelItem(place)
            found = self.list.topLevelItem(place)
        if found is None or found.text(0) != name:
            found = QTreeWidgetItem([name])
            for column in range(1, 6):
                found.setFont(column, self._numbers)
            for column, alignment in _ALIGNED.items():
                found.setTextAlignment(column, alignment)
            self.list.insertTopLevelItem(place, found)
        return found

    def _show_seen(self) -> None:
        """Say how long ago each machine was heard of, which grows also while nothing comes."""
        passed = self._clock() - self._told
        for place, one in enumerate(self._cluster.machines):
            item = self.list.topLevelItem(place)
            if item is not None:
                ago = one.seen + passed
                text = self.tr("now") if ago < _NOW else self.tr("{0} ago").format(words.countdown(ago))
                if item.text(5) != text:
                    item.setText(5, text)

    def _folders_of(self, machine: Machine) -> str:
        wrong = sum(bool(sentence) for sentence in machine.folders.values())
        if not machine.folders:
            return self.tr("None")
        if not wrong:
            return self.tr("The same")
        return self.tr("{0} of {1} not the same").format(wrong, len(machine.folders))

    def _show_folders(self, machines: Sequence[Machine]) -> None:
        lines = [
            self.tr("{0} on {1}: {2}").format(name, one.name, words.said(sentence))
            for one in machines
            for name, sentence in one.folders.items()
            if sentence
        ]
        if len(lines) > _SAID:
            more = len(lines) - _SAID
            lines[_SAID:] = [words.count(more, self.tr("And 1 more."), self.tr("And {n} more."))]
        self.folders.setText("\n".join(lines))
        self.folders.setVisible(bool(lines))

    def _show_commands(self) -> None:
        settings = self._settings()
        second, remark = worker_command(settings, secret=self._secret), ""
        if not settings.broker:
            text = self.tr("{0} stands for the computer with the broker, {1} for the password of this user.")
            remark = text.format(_HOST, _PASSWORD)
        elif self._secret:
            remark = self.tr("{0} stands for the password of the broker.").format(_PASSWORD)
        if settings.broker and parse_address(settings.broker).is_here:
            here = self.tr("The broker is on this computer: others find it by the name of the computer.")
            remark = f"{here} {remark}".strip()
        commands = f"{HOW_TO_GET}\n{second}"
        if commands != self.commands.toPlainText():
            self.commands.setPlainText(commands)
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))

    def _draw(self) -> None:
        away = self._cluster.link in (Link.AWAY, Link.REFUSED, Link.MISSING)
        self._sign.setPixmap(icon("warning").pixmap(_PICTURE, _PICTURE))
        self._sign.setVisible(away)


def worker_command(settings: Settings, *, secret: bool) -> str:
    """Return the command that starts a worker for this queue on another machine.

    A password never stands in it, but a word for one, and then in a variable: other programs may read the
    words of a command.
    """
    url = _BROKER
    if settings.broker:
        address = parse_address(settings.broker)
        url = (address.with_password(_PASSWORD) if secret else address).in_full()
    shares = "".join(f" --share {one.name}=FOLDER" for one in settings.shared)
    if secret or not settings.broker:
        return f"IMAGEQUEUE_BROKER={shlex.quote(url)} imagequeue worker{shares}"
    return f"imagequeue worker --broker {shlex.quote(url)}{shares}"


def state_sentence(cluster: Cluster, broker: str) -> str:
    """Return how the broker is, and what that means."""
    why = words.said(cluster.sentence)
    match cluster.link:
        case Link.OFF:
            return words.tr("No broker is set: this computer works alone.")
        case Link.MISSING:
            return words.tr("This computer works alone. {0}").format(why)
        case Link.CONNECTING:
            return words.tr("Connecting to {0}…").format(broker)
        case Link.AWAY:
            text = words.tr("The broker is away, and tried again by itself. This computer goes on alone. {0}")
            return text.format(why).strip()
        case Link.REFUSED:
            return words.tr("The broker refuses. This computer goes on alone. {0}").format(why)
        case Link.CONNECTED:
            machines = words.count(len(cluster.machines), words.tr("1 machine"), words.tr("{n} machines"))
            slots = words.count(cluster.slots, words.tr("1 slot"), words.tr("{n} slots"))
            text = words.tr("Connected to {0}: {1}, {2}.").format(broker, machines, slots)
            return f"{text} {why}".strip()
