"""Gives the selected images that wait another recipe, out of a menu beside them, with an undo."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from core.queue import TaskQueue
from core.rechoosing import change_recipe
from core.undo import Deed
from gui import words
from gui.notice import Notice
from gui.queue_view import QueueView
from gui.recipe_bar import RecipeBar
from gui.tasks import Tasks

_STAYS = 12.0  # seconds that what was done is said


class RecipeChange(QObject):
    """Offers the recipes of the bar; what is chosen holds with the folder and the rule that the bar has."""

    def __init__(
        self,
        queue: TaskQueue,
        view: QueueView,
        bar: RecipeBar,
        notice: Notice,
        tasks: Tasks,
        undo: Callable[[], None],
    ) -> None:
        """Prepare; `undo` undoes what was done last."""
        super().__init__(view)
        self._queue = queue
        self._view = view
        self._bar = bar
        self._notice = notice
        self._tasks = tasks
        self._undo = undo

    def choose(self) -> None:
        """Show the recipes beside the row that has the focus."""
        menu = QMenu(self.tr("Change recipe"), self._view)
        menu.setObjectName("changeRecipeMenu")
        for key, recipe in self._bar.listed():
            action = menu.addAction(words.recipe(recipe.name).replace("&", "&&"))
            action.setData(key)
            action.setToolTip(words.recipe(recipe.description))
        menu.setToolTipsVisible(True)
        menu.addSeparator()
        menu.addAction(self.tr("Edit recipes…"), self._bar.edit_wanted.emit)
        menu.triggered.connect(lambda action: self.change(str(action.data())) if action.data() else None)
        menu.aboutToHide.connect(menu.deleteLater)
        place = self._view.visualRect(self._view.currentIndex()).bottomLeft()
        menu.popup(self._view.viewport().mapToGlobal(place))
        menu.setActiveAction(menu.actions()[0])

    def change(self, key: str) -> None:
        """Give the selected images that wait this recipe."""
        self._tasks.start(self._change(self._view.selected_ids(), key))

    async def _change(self, ids: array[int], key: str) -> None:
        recipe = self._bar.with_choices(dict(self._bar.listed())[key])
        async with self._queue.undo.step(Deed.RECIPE):
            done = await change_recipe(self._queue, ids, recipe)
        text = self.tr("{0} will become “{1}”.").format(words.images(done.changed), words.recipe(recipe.name))
        if done.left:
            text += " " + self.tr("{0} stay as they are: they are gathered into one file.").format(
                words.images(done.left)
            )
        if done.changed:
            self._notice.say(text, self.tr("Undo"), self._undo, seconds=_STAYS)
        else:
            self._notice.say(self.tr("None of these images waits any more."), seconds=_STAYS)
