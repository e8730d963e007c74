"""Watches the folders that the user chose, and shows them in a small dialog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.intake.watches import Watches
from core.job import Priority
from core.queue import TaskQueue
from core.recipe import Recipe
from core.settings import Settings
from gui import words
from gui.dialogs import DialogButtons
from gui.placeholder import Placeholder
from gui.tasks import Tasks
from gui.theme import SPACE
from gui.wheel import passed_by_wheel

_PATH = Qt.ItemDataRole.UserRole


class WatchedFolders(QObject):
    """The watched folders of the window: kept in the settings at every change, watched from `begin` on."""

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        settings: Settings,
        data_dir: Path,
        tasks: Tasks,
        recipe: Callable[[], Recipe],
        keep: Callable[[], Awaitable[None]],
        wanted: Callable[[], Wanted],
    ) -> None:
        """Prepare; `recipe` is what a new folder gets, `keep` writes the settings after a change.

        wanted: tells what of these folders is taken; see `renew`.
        """
        super().__init__(window)
        self._window = window
        self._tasks = tasks
        self._recipe = recipe
        self._keep = keep
        self.folders = settings.watched
        self.watches = Watches(
            queue, data_dir, max_retries=settings.max_retries, wanted=wanted, changed=self._on_state
        )
        self.dialog: WatchedDialog | None = None
        self._began = False

    def begin(self) -> None:
        """Watch what the settings name; the queue is open."""
        self._began = True
        if self.folders:
            self._tasks.start(self.watches.watch(self.folders))

    async def close(self) -> None:
        """Watch no more, before the queue is closed."""
        await self.watches.close()

    def add(self, path: str, priority: int) -> None:
        """Watch a folder with the recipe that is chosen now, in the place of how it was watched before."""
        new = WatchedFolder.of(path, self._recipe(), priority)
        self._set((*(one for one in self.folders if one.path != new.path), new))

    def remove(self, path: str) -> None:
        """Watch a folder no more; what it has added stays in the queue."""
        self._set(tuple(one for one in self.folders if one.path != path))

    def show(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = WatchedDialog(self._window, self)
            self.dialog.finished.connect(self._forget_dialog)
        self.dialog.fill()
        self.dialog.show()
        self.dialog.raise_()

    def renew(self) -> None:
        """Follow what of folders is wanted now, which has changed."""
        self._tasks.start(self._renew())

    async def _renew(self) -> None:
        if self._began and self.folders:
            await self.watches.watch(())
            await self.watches.watch(self.folders)

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _set(self, folders: tuple[WatchedFolder, ...]) -> None:
        self.folders = folders
        self._tasks.start(self._apply())
        if self.dialog is not None:
            self.dialog.fill()

    async def _apply(self) -> None:
        await self._keep()
        await self.watches.watch(self.folders)

    def _on_state(self, _path: str, _sentence: str) -> None:
        if self.dialog is not None:
            self.dialog.fill()


class WatchedDialog(QDialog):
    """Lists the watched folders and how each is; adds and removes them. It hinders nothing."""

    def __init__(self, window: QWidget, watched: WatchedFolders) -> None:
        super().__init__(window)
        self.setObjectName("watchedFolders")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Watched folders"))
        self._watched = watched
        said = QLabel(
            self.tr(
                "Images that arrive in these folders are added when they have stopped growing, also those"
                " that arrived while Image Queue was closed. A folder that you add gets the recipe, the"
                " output folder and the rule that are chosen in the window now."
            ),
            self,
        )
        said.setWordWrap(True)
        self.list = QTreeWidget(self)
        self.list.setObjectName("watchedList")
        self.list.setAccessibleName(self.windowTitle())
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels(
            [self.tr("Folder"), self.tr("Recipe"), self.tr("Priority"), self.tr("How it is")]
        )
        self.list.setColumnWidth(0, 280)
        self.list.itemSelectionChanged.connect(self._on_selection)
        empty = self.tr("No folder is watched yet. Add one, and what arrives in it is queued by itself.")
        Placeholder(self.list, empty)
        self.priority = passed_by_wheel(QComboBox(self))
        self.priority.setObjectName("watchedPriority")
        for one in Priority:
            self.priority.addItem(words.priority(one), int(one))
        self.priority.setCurrentIndex(self.priority.findData(int(Priority.NORMAL)))
        label = QLabel(self.tr("&Priority of a folder that you add:"), self)
        label.setBuddy(self.priority)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.priority)
        row.addStretch()
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        role = QDialogButtonBox.ButtonRole.ActionRole
        add = buttons.addButton(self.tr("&Add a folder…"), role)
        add.setObjectName("watchedAdd")
        add.clicked.connect(self._choose)
        self._remove = buttons.addButton(self.tr("&Remove"), role)
        self._remove.setObjectName("watchedRemove")
        self._remove.clicked.connect(self._remove_selected)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addWidget(said)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        column.addWidget(buttons)
        self.resize(760, 400)

    def fill(self) -> None:
        """Show the folders as they are now."""
        chosen = self._selected()
        self.list.clear()
        for one in self._watched.folders:
            state = self._watched.watches.states.get(one.path, self.tr("Not watched yet."))
            texts = [
                words.shown_path(one.path),
                words.recipe(one.recipe_name),
                words.priority(one.priority),
                words.said(state),
            ]
            item = QTreeWidgetItem(self.list, texts)
            item.setData(0, _PATH, one.path)
            for place, text in enumerate(texts):
                item.setToolTip(place, words.tip(text))
            item.setSelected(one.path in chosen)
        self._on_selection()

    def _selected(self) -> list[str]:
        return [str(item.data(0, _PATH)) for item in self.list.selectedItems()]

    def _on_selection(self) -> None:
        self._remove.setEnabled(bool(self.list.selectedItems()))

    def _remove_selected(self) -> None:
        for path in self._selected():
            self._watched.remove(path)

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a folder to watch"))
        dialog.setObjectName("watchDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self._watched.add(path, int(self.priority.currentData())))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
