"""The list of all recipes: the user's own first, then those that come with the app."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from core.recipe import builtin_recipes
from gui import words
from gui.recipes.shelf import RecipeShelf
from gui.theme import icon

_KEY: Final = Qt.ItemDataRole.UserRole
_ICON: Final = 16  # pixels at 100 %


class Book(QListWidget):
    """Lists recipes by name; the default one has a tick. One of the user's own is renamed in place."""

    chosen = Signal(str)  # the key of a recipe: a built-in one's name, or the path of a file
    renamed = Signal(str, str)  # a key, and the new name

    def __init__(self, shelf: RecipeShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeBook")
        self.setAccessibleName(self.tr("Recipes"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setSpacing(2)
        self._shelf = shelf
        self._filling = False
        blank = QPixmap(_ICON, _ICON)
        blank.fill(Qt.GlobalColor.transparent)
        self._blank = QIcon(blank)
        self.currentItemChanged.connect(self._on_current)
        self.itemChanged.connect(self._on_changed)

    def fill(self, chosen: str, default: str) -> None:
        """Show all recipes, with one chosen."""
        self._filling = True
        self.clear()
        own = sorted(self._shelf.kept, key=lambda one: (one.name.casefold(), one.path))
        if own:
            self._head(self.tr("Your own"))
        for one in own:
            self._row(one.path, one.name, str(one.draft.value("description") or ""), default, own=True)
        self._head(self.tr("Built in"))
        for recipe in builtin_recipes():
            self._row(
                recipe.name, words.recipe(recipe.name), words.recipe(recipe.description), default, own=False
            )
        for row in range(self.count()):
            if self.item(row).data(_KEY) == chosen:
                self.setCurrentRow(row)
        self._filling = False

    def rename_current(self) -> None:
        """Let the name of the chosen recipe be edited in place."""
        item = self.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEditable:
            self.setFocus()
            self.editItem(item)

    def is_renaming(self) -> bool:
        """Return whether a name is being edited."""
        return self.state() is QAbstractItemView.State.EditingState

    def _head(self, text: str) -> None:
        item = QListWidgetItem(text, self)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        item.setFont(font)

    def _row(self, key: str, name: str, description: str, default: str, *, own: bool) -> None:
        item = QListWidgetItem(words.shown(name), self)
        item.setData(_KEY, key)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        item.setFlags(flags | Qt.ItemFlag.ItemIsEditable if own else flags)
        item.setIcon(icon("state-done") if key == default else self._blank)
        tip = f"{name}\n{description}" if description else name
        spoken = name
        if key == default:
            tip += "\n" + self.tr("This is the default.")
            spoken = self.tr("{0}, the default").format(name)
        item.setToolTip(words.shown(tip.replace("\n", " · ")))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._filling and item.data(_KEY):
            self.chosen.emit(str(item.data(_KEY)))

    def _on_changed(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.renamed.emit(str(item.data(_KEY)), item.text().strip())
