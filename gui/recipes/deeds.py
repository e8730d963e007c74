"""All that can be done in the recipe editor, as actions that its menus, buttons and keys share."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QMenuBar, QToolButton, QWidget

from core.operations import KINDS
from core.recipe.draft import Place
from gui import words
from gui.recipes import labels
from gui.recipes.outline import Outline
from gui.recipes.shelf import RecipeShelf
from gui.theme import SPACE, icon, theme_signals


class Deeds(QObject):
    """Makes the actions, and enables what applies to what is chosen."""

    def __init__(self, editor: QDialog) -> None:
        super().__init__(editor)
        self._editor = editor
        key, tr = QKeySequence.StandardKey, self.tr
        self.new = self._make("recipeNew", tr("&New recipe"), "add", key.New)
        self.duplicate = self._make("recipeDuplicate", tr("&Duplicate"), "copy", "Ctrl+D")
        self.rename = self._make("recipeRename", tr("&Rename"), "", "F2")
        self.delete = self._make("recipeDelete", tr("D&elete"), "remove", "Ctrl+Del")
        self.import_ = self._make("recipeImport", tr("&Import…"), "open", key.Open)
        self.export = self._make("recipeExport", tr("E&xport…"), "", key.Save)
        self.default = self._make("recipeDefault", tr("Set as de&fault"), "state-done", "Ctrl+Shift+D")
        self.close = self._make("recipeClose", tr("&Close"), "", key.Close)
        self.undo = self._make("recipeUndo", tr("&Undo"), "", key.Undo)
        self.redo = self._make("recipeRedo", tr("&Redo"), "", "Ctrl+Shift+Z")
        self.add_output = self._make("recipeAddOutput", tr("An &output"), "add", "Ctrl+Shift+N")
        self.steps = {
            word: self._make(f"recipeAdd-{word}", labels.title(kind), "", "") for word, kind in KINDS.items()
        }
        for word, kind in KINDS.items():
            self.steps[word].setToolTip(labels.hint_of(kind))
        self.remove = self._make("recipeRemovePart", tr("Re&move"), "remove", "")
        self.up = self._make("recipeUp", tr("Move &up"), "", "")
        self.down = self._make("recipeDown", tr("Move &down"), "", "")
        self.add = QMenu(tr("&Add"), editor)
        self.add.setObjectName("recipeAdd")
        self.add.addAction(self.add_output)
        self.add.addSeparator()
        self.add.addActions(list(self.steps.values()))
        self.more = QMenu(tr("More"), editor)
        self.more.setObjectName("recipeMore")
        self.more.addActions([self.rename, self.default])
        self.more.addSeparator()
        self.more.addActions([self.import_, self.export])
        self.menu_bar = QMenuBar(editor)
        recipe = self.menu_bar.addMenu(tr("&Recipe"))
        recipe.addActions([self.new, self.duplicate, self.rename, self.delete, self.default])
        recipe.addSeparator()
        recipe.addActions([self.import_, self.export])
        recipe.addSeparator()
        recipe.addAction(self.close)
        edit = self.menu_bar.addMenu(tr("&Edit"))
        edit.addActions([self.undo, self.redo])
        edit.addSeparator()
        edit.addMenu(self.add)
        edit.addActions([self.remove, self.up, self.down])
        theme_signals().changed.connect(self._draw)
        self._draw()

    def _make(self, name: str, text: str, picture: str, shortcut: QKeySequence.StandardKey | str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        action.setData(picture)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        plain = words.plain(text)
        action.setToolTip(f"{plain} ({keys})" if keys else plain)
        self._editor.addAction(action)
        return action

    def _draw(self) -> None:
        for action in self._editor.actions():
            if action.data():
                action.setIcon(icon(str(action.data())))

    def bar(self, *entries: QAction | QMenu) -> QWidget:
        """Return a row of buttons for actions and menus."""
        holder = QWidget(self._editor)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE // 2)
        arrows = {self.up: Qt.ArrowType.UpArrow, self.down: Qt.ArrowType.DownArrow}
        for entry in entries:
            button = QToolButton(holder)
            button.setAutoRaise(True)
            button.setObjectName(f"button-{entry.objectName()}")
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            if isinstance(entry, QMenu):
                button.setText(words.plain(entry.title()))
                button.setMenu(entry)
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            else:
                button.setDefaultAction(entry)
                button.setAccessibleName(words.plain(entry.text()))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                if entry in arrows:
                    button.setArrowType(arrows[entry])
            row.addWidget(button)
        row.addStretch()
        return holder

    def apply(
        self, *, own: bool, place: Place, outline: Outline, shelf: RecipeShelf, default: bool, whole: bool
    ) -> None:
        """Enable what applies: to one of the user's own recipes, and to the part that is chosen."""
        for action in (self.rename, self.delete, self.add_output):
            action.setEnabled(own)
        self.export.setEnabled(whole)
        self.default.setEnabled(whole and not default)
        for step in self.steps.values():
            step.setEnabled(own and outline.topLevelItemCount() > 1)
        self.remove.setEnabled(own and bool(place))
        self.up.setEnabled(own and bool(place) and outline.neighbour(place, -1) is not None)
        self.down.setEnabled(own and bool(place) and outline.neighbour(place, 1) is not None)
        for action, said, text in (
            (self.undo, shelf.undo_text(), self.tr("&Undo")),
            (self.redo, shelf.redo_text(), self.tr("&Redo")),
        ):
            action.setEnabled(bool(said))
            action.setText(f"{text}: {said}" if said else text)
