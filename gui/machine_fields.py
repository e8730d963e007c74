"""The fields of the preferences for other machines: the broker with its password, and the shared folders."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)
from shiboken6 import isValid

from core.errors import BadUsage
from core.job import JobState
from core.remote.address import Address, parse_address
from core.remote.cluster import Link
from core.remote.keys import Keys
from core.remote.shared_folder import SharedFolder
from core.remote.trying import try_broker
from gui import words
from gui.placeholder import Placeholder
from gui.preference_fields import Field
from gui.tasks import Tasks
from gui.theme import SPACE, state_colours

_REST: Final = 400  # milliseconds that typing has to rest before what was typed is looked at
_ROWS: Final = 4  # shared folders that are in sight
_PATH: Final = Qt.ItemDataRole.UserRole


class BrokerField(Field):
    """The URL of the broker, its password, and a button that tries them.

    A URL is looked at while it is typed, and taken once it is whole: by Enter, by leaving the field, by a
    try, or as the dialog is closed. A password in it goes to the field for the password.
    """

    password_changed = Signal()
    """The password is another one, of the broker that is set."""

    def __init__(self, label: str, hint: str, keys: Keys, tasks: Tasks) -> None:
        url = self.url = QLineEdit()
        self._state: JobState | None = None  # in whose colour the answer is
        self.answer = QLabel()
        url.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # a URL, in any language
        super().__init__("broker", label, url, hint)
        url.setPlaceholderText(self.tr("For example: {0}").format("amqp://ann@rabbit.example.org/"))
        self._keys = keys
        self._tasks = tasks
        self._taken = ("", "")  # the broker and its password, as they are in use
        self._trying: asyncio.Task[Any] | None = None
        self.password = QLineEdit(self)
        self.password.setObjectName("brokerPassword")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setAccessibleName(self.tr("Password of the broker"))
        self.password.setAccessibleDescription(self.tr("Kept in the keyring of this system."))
        self.password.setPlaceholderText(self.tr("None. A new one goes to the keyring"))
        name = QLabel(self.tr("Pass&word:"), self)
        name.setBuddy(self.password)
        self.attempt = QPushButton(self.tr("&Try"), self)
        self.attempt.setObjectName("brokerTry")
        self.attempt.setAutoDefault(False)
        self.attempt.setToolTip(self.tr("Look whether the broker answers"))
        self.answer.setObjectName("brokerAnswer")
        self.answer.setWordWrap(True)
        self.answer.setTextFormat(Qt.TextFormat.PlainText)
        self.answer.hide()
        self.unkept = QLabel(self)
        self.unkept.setObjectName("brokerUnkept")
        self.unkept.setWordWrap(True)
        self.unkept.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.unkept.hide()
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(name)
        row.addWidget(self.password, 1)
        row.addWidget(self.attempt)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.addLayout(row)
        column.addWidget(self.unkept)
        column.addWidget(self.answer)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._look)
        url.textEdited.connect(self._on_typed)
        self.password.textEdited.connect(lambda _: self._say(""))
        for edit in (url, self.password):
            edit.editingFinished.connect(self.finish)
        self.attempt.clicked.connect(self._try)

    def show_value(self, value: object) -> None:
        """Show the URL, unless another one is being typed; its password comes when the keyring gives it."""
        broker = str(value)
        if broker != self._taken[0]:
            self._taken = (broker, "")
            self.url.setText(broker)
            self.url.setCursorPosition(0)
            self.password.clear()
            self._say("")
            if broker:
                self._tasks.start(self._find_password(broker))

    def finish(self) -> None:
        """Take what was typed, where it can be."""
        self._rest.stop()
        typed = self._look()
        if typed is not None:
            self._take(*typed)

    def allow(self, on: bool) -> None:
        """Let the fields be used, or not."""
        for part in (self.url, self.password, self.attempt):
            part.setEnabled(on)

    # -- what is typed --------------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        self._say("")
        self._rest.start()

    def _look(self) -> tuple[str, str] | None:
        """Return the broker and its password as they are typed; None, and say why, where they cannot be."""
        try:
            broker, password = self._typed()
        except BadUsage as error:
            self.say_error(words.said(str(error)))
            return None
        self.say_error("")
        return broker, password

    def _typed(self) -> tuple[str, str]:
        text = self.url.text().strip()
        if not text:
            return "", ""
        address = parse_address(text)
        if not address.password and (self.password.isModified() or self._same_machine(address)):
            address = address.with_password(self.password.text())
        return str(address), address.password

    def _same_machine(self, address: Address) -> bool:
        """Whether it is the machine that the password is for: no other one is shown it."""
        before = self._taken[0]
        return bool(before) and parse_address(before).host == address.host

    def _take(self, broker: str, password: str) -> None:
        self.url.setText(broker)
        self.password.setText(password)
        self.password.setModified(False)
        before, self._taken = self._taken, (broker, password)
        if self._taken == before:
            return
        self.unkept.hide()
        if broker and (password or broker == before[0]):
            self._keys.remember(broker, password)
            self._tasks.start(self._keep(broker, password))
        if broker == before[0]:
            self.password_changed.emit()
            return
        self.edited.emit(self.name, broker)
        if broker and not password:
            self._tasks.start(self._find_password(broker))

    async def _keep(self, broker: str, password: str) -> None:
        sentence = await self._keys.keep(broker, password)
        if isValid(self) and self._taken == (broker, password):
            self.unkept.setText(words.said(sentence))
            self.unkept.setVisible(bool(sentence))

    async def _find_password(self, broker: str) -> None:
        password = await self._keys.find(broker)
        if isValid(self) and self._taken == (broker, "") and not self.password.isModified():
            self._taken = (broker, password)
            self.password.setText(password)

    # -- a try ----------------------------------------------------------------------------------------------

    def _try(self) -> None:
        self.finish()
        if self._trying is not None:
            self._trying.cancel()
        broker, password = self._taken
        if broker and self._look() is not None:
            self._say(self.tr("Trying…"))
            self._trying = self._tasks.start(self._ask(parse_address(broker).with_password(password)))

    async def _ask(self, address: Address) -> None:
        link, sentence = await try_broker(address.in_full())
        if isValid(self):  # the dialog may be closed meanwhile
            state = JobState.DONE if link is Link.CONNECTED else JobState.FAILED
            self._say(words.said(sentence), state)

    def _say(self, sentence: str, state: JobState | None = None) -> None:
        self._state = state
        self.answer.setText(sentence)
        self.answer.setAccessibleName(sentence)
        self.answer.setVisible(bool(sentence))
        self._draw()

    def _draw(self) -> None:
        super()._draw()
        palette = QPalette(self.palette())
        if self._state is not None:
            palette.setColor(QPalette.ColorRole.WindowText, state_colours(self._state)[0])
        self.answer.setPalette(palette)


class _NotEdited(QStyledItemDelegate):
    """Shows a column that is not typed in."""

    def createEditor(self, *_: object) -> None:  # type: ignore[override]  # noqa: N802
        """Give no editor."""


class SharedField(Field):
    """The shared folders: a name each, changed in its place, and a path."""

    def __init__(self, label: str, hint: str) -> None:
        self.list = QTreeWidget()
        super().__init__("shared", label, self.list, hint)
        self.list.setRootIsDecorated(False)
        self.list.setAllColumnsShowFocus(True)
        self.list.setUniformRowHeights(True)
        self.list.setHeaderLabels([self.tr("Name"), self.tr("Folder on this computer")])
        self.list.setColumnWidth(0, self.list.fontMetrics().averageCharWidth() * 18)
        self.list.setEditTriggers(
            QTreeWidget.EditTrigger.DoubleClicked | QTreeWidget.EditTrigger.EditKeyPressed
        )
        self.list.setFixedHeight(self.list.fontMetrics().lineSpacing() * (_ROWS + 2) + 3 * SPACE)
        self.list.setItemDelegateForColumn(1, _NotEdited(self.list))
        Placeholder(self.list, self.tr("None: images travel to the machines and back over the broker."))
        self.add = QPushButton(self.tr("A&dd a folder…"), self)
        self.add.setObjectName("sharedAdd")
        self.add.clicked.connect(self._choose)
        self.remove = QPushButton(self.tr("Remo&ve"), self)
        self.remove.setObjectName("sharedRemove")
        self.remove.clicked.connect(self._remove)
        self.remove.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        for button in (self.add, self.remove):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertLayout(1, row)
        self.list.itemSelectionChanged.connect(
            lambda: self.remove.setEnabled(bool(self.list.selectedItems()))
        )
        self.list.itemChanged.connect(lambda *_: self._tell())

    def allow(self, on: bool) -> None:
        """Let the field be used, or not."""
        for part in (self.list, self.add):
            part.setEnabled(on)

    def show_value(self, value: object) -> None:
        """Show the folders."""
        assert isinstance(value, tuple)
        wanted = [(one.name, one.path) for one in value if isinstance(one, SharedFolder)]
        if wanted == self._rows():
            return
        self.list.blockSignals(True)
        self.list.clear()
        for name, path in wanted:
            self._put(name, path)
        self.list.blockSignals(False)
        self.remove.setEnabled(False)

    def add_folder(self, path: str) -> None:
        """Share a folder, under a name out of its own that none has yet; it can be changed in its place."""
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).name).strip("-_")[:30] or "shared"
        taken, name, number = {one.casefold() for one, _ in self._rows()}, plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}-{number}"
        self.list.blockSignals(True)
        item = self._put(name, path)
        self.list.blockSignals(False)
        self.list.setCurrentItem(item)
        self._tell()

    def _put(self, name: str, path: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self.list, [name, words.shown_path(path)])
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setData(1, _PATH, path)
        item.setToolTip(1, words.tip(words.shown_path(path)))
        return item

    def _rows(self) -> list[tuple[str, str]]:
        items = [self.list.topLevelItem(place) for place in range(self.list.topLevelItemCount())]
        return [(one.text(0).strip(), str(one.data(1, _PATH))) for one in items if one is not None]

    def _tell(self) -> None:
        self.edited.emit(self.name, [{"name": name, "path": path} for name, path in self._rows()])

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeTopLevelItem(self.list.indexOfTopLevelItem(item))
        self._tell()

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a folder that the machines have, too"))
        dialog.setObjectName("sharedDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.add_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
