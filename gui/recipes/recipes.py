"""The recipes of the window: the user's own ones, the editor, and recipe files that are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from core.gathered import SUFFIX
from core.links.address import is_link
from core.preview import Previewer
from core.queue import TaskQueue
from core.recipe import Recipe
from gui import words
from gui.notice import Notice
from gui.queue_model import QueueModel
from gui.queue_view import QueueView
from gui.recipe_bar import RecipeBar
from gui.recipes.changing import RecipeChange
from gui.recipes.editor import RecipeEditor
from gui.recipes.shelf import RecipeShelf
from gui.tasks import Tasks

_SUFFIX = ".toml"
_LOOKED_AT = 30  # images of the queue that a recipe can be looked at with


def is_recipe_file(path: str) -> bool:
    """Return whether a path or link is named like a recipe file on a disk here."""
    return path.lower().endswith(_SUFFIX) and not is_link(path)


class Recipes(QObject):
    """Keeps the bar and the editor in step with the shelf; a preview's worker lives as long as the editor."""

    def __init__(
        self,
        window: QWidget,
        queue: TaskQueue,
        view: QueueView,
        bar: RecipeBar,
        notice: Notice,
        data_dir: Path,
        tasks: Tasks,
        memory_limit: Callable[[], int | None],
        undo: Callable[[], None],
    ) -> None:
        """Prepare; `memory_limit` is in bytes, `undo` undoes what was done to jobs last."""
        super().__init__(window)
        self._window = window
        self._bar = bar
        self._notice = notice
        self._data_dir = data_dir
        self._tasks = tasks
        self._memory_limit = memory_limit
        self._view = view
        self.change = RecipeChange(queue, view, bar, notice, tasks, undo)
        self.shelf = RecipeShelf(data_dir, tasks, self)
        self.editor: RecipeEditor | None = None
        self._previewer: Previewer | None = None
        self._reading: asyncio.Task[Any] | None = None
        self.shelf.changed.connect(lambda: bar.set_own(self.shelf.recipes()))
        self.shelf.failed.connect(lambda sentence: notice.say(words.shown(sentence)))
        bar.edit_wanted.connect(self.show)

    def begin(self) -> None:
        """Read what was kept."""
        self._reading = self._tasks.start(self.shelf.read())

    async def named(self, name: str) -> Recipe | None:
        """Return what `RecipeBar.named` has for a name, as soon as what was kept has been read."""
        await self._read()
        return await self._bar.named(name)

    async def choose(self, name: str) -> None:
        """Choose a recipe in the bar, as soon as what was kept has been read."""
        await self._read()
        await self._bar.choose(name)

    async def _read(self) -> None:
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def close(self) -> None:
        """End the preview, and write what is left to be written."""
        previewer = self._previewer
        if self.editor is not None:
            self.editor.close()
        if previewer is not None:
            await previewer.close()
        await self.shelf.close()

    def show(self) -> None:
        """Show the editor, on the recipe that is chosen in the window."""
        if self.editor is None:
            self._previewer = Previewer(self._data_dir, memory_limit=self._memory_limit())
            self.editor = RecipeEditor(
                self._window, self.shelf, self._previewer, self._tasks, self._bar.chosen, self._images
            )
            self.editor.default_chosen.connect(self._set_default)
            self.editor.finished.connect(self._forget)
        self.editor.show()
        self.editor.raise_()
        self.editor.activateWindow()

    def _images(self) -> list[str]:
        """Return images to look at a recipe with: what is selected, then what the table shows."""
        model = self._view.model()
        assert isinstance(model, QueueModel)
        ids = [*self._view.selected_ids()[:_LOOKED_AT], *model.visible_ids()]
        jobs = [job for job in map(model.cached, ids) if job is not None]
        sources = [job.source for job in jobs]
        return [one for one in sources if not is_link(one) and not one.endswith(SUFFIX)][:_LOOKED_AT]

    def _forget(self) -> None:
        editor, previewer = self.editor, self._previewer
        self.editor = self._previewer = None
        if editor is not None:
            editor.deleteLater()
        if previewer is not None:
            self._tasks.start(previewer.close())

    def _set_default(self, key: str) -> None:
        self._bar.choose_key(key)
        if self.editor is not None:
            self.editor.refresh()

    def take_from(self, paths: Sequence[str]) -> Sequence[str]:
        """Import what is named like a recipe file; returns the other paths."""
        files = [path for path in paths if is_recipe_file(path)]
        if files:
            self.take(files)
        return [path for path in paths if path not in files] if files else paths

    def take(self, paths: Sequence[str]) -> None:
        """Import recipe files, and choose the last one for what is added from now on."""
        self._tasks.start(self._take(list(paths)))

    async def _take(self, paths: Sequence[str]) -> None:
        for path in paths:
            key, name = await self.shelf.take(path, self.tr("importing"))
            self._bar.choose_key(key)
            text = self.tr("Imported the recipe “{0}”, which is chosen now.").format(words.shown(name))
            self._notice.say(text, self.tr("Edit it"), self.show, seconds=12)
