"""The user's own recipes in the window: each change is undone by going back to how all of them were."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from core.errors import ImageQueueError
from core.recipe import Recipe, builtin_recipes
from core.recipe.draft import Part, draft_of, problems_of, recipe_of
from core.recipe.shelf import Kept, free_name, kept_recipes, new_path, read_kept, remove_kept, write_kept
from gui.tasks import Tasks
from gui.throttle import Throttle

_REST: Final = 400  # milliseconds in which changes gather to be written together
_MOST_STEPS: Final = 200  # that can be undone


@dataclass(frozen=True)
class _Step:
    """How all recipes were before a change, and what the change was."""

    kept: tuple[Kept, ...]
    text: str
    merge: str  # changes in a row with the same one are undone together; "" for none


class RecipeShelf(QObject):
    """The user's own recipes, on disk soon after each change; one that is not right keeps its good file."""

    changed = Signal()
    """The recipes are others than before, or were read."""

    failed = Signal(str)
    """A sentence on a recipe that could not be read or written."""

    def __init__(self, data_dir: Path, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._tasks = tasks
        self.kept: tuple[Kept, ...] = ()
        self._written: dict[str, Part] = {}  # what is in the files
        self._usable: dict[str, tuple[Part, Recipe | None]] = {}  # what came of the drafts
        self._past: list[_Step] = []
        self._future: list[_Step] = []
        self._lock: asyncio.Lock | None = None
        self._soon = Throttle(self._start_writing, _REST, self)

    async def read(self) -> None:
        """Read what was kept; what cannot be read is told."""
        kept, refused = await asyncio.to_thread(kept_recipes, self._data_dir)
        known = {one.path for one in self.kept}
        self.kept = (*self.kept, *(one for one in kept if one.path not in known))
        self._written |= {one.path: one.draft for one in kept if one.path not in known}
        self.changed.emit()
        for sentence in refused:
            self.failed.emit(sentence)

    # -- what there is --------------------------------------------------------------------------------------

    def recipes(self) -> list[tuple[str, Recipe]]:
        """Return those that can be used, by the paths of their files; one that is wrong as it last was."""
        usable: dict[str, tuple[Part, Recipe | None]] = {}
        for one in self.kept:
            known = self._usable.get(one.path)
            if known is not None and known[0] is one.draft:
                usable[one.path] = known
                continue
            recipe = known[1] if known is not None else None
            draft = one.draft if not problems_of(one.draft) else self._written.get(one.path)
            if draft is one.draft or (recipe is None and draft is not None):
                recipe = recipe_of(draft)
            usable[one.path] = (one.draft, recipe)
        self._usable = usable
        return [(path, recipe) for path, (_, recipe) in usable.items() if recipe is not None]

    def draft(self, key: str) -> Part | None:
        """Return the recipe of a file, or the built-in one of a name, as it is being edited."""
        own = next((one.draft for one in self.kept if one.path == key), None)
        if own is not None:
            return own
        return next((draft_of(one) for one in builtin_recipes() if one.name == key), None)

    def is_own(self, key: str) -> bool:
        """Return whether this is one of the user's own, which can be changed."""
        return any(one.path == key for one in self.kept)

    def names(self) -> list[str]:
        """Return the names of all recipes, the built-in ones too."""
        return [*(one.name for one in builtin_recipes()), *(one.name for one in self.kept)]

    # -- changes --------------------------------------------------------------------------------------------

    def edit(self, key: str, draft: Part, text: str, merge: str = "") -> None:
        """Put another draft in the place of one; `text` says what was done, for the undo."""
        kept = tuple(replace(one, draft=draft) if one.path == key else one for one in self.kept)
        if kept != self.kept:
            self._apply(kept, text, f"{key} {merge}" if merge else "")

    def add(self, draft: Part, text: str) -> str:
        """Add a recipe, under a name that is free; returns the path of its file."""
        name = free_name(str(draft.value("name") or ""), self.names())
        taken = {one.path for one in self.kept} | set(self._written) | self._earlier_paths()
        path = new_path(self._data_dir, name, taken)
        self._apply((*self.kept, Kept(path, draft.with_value("name", name))), text, "")
        return path

    def remove(self, key: str, text: str) -> None:
        """Remove a recipe; jobs that have it keep it."""
        self._apply(tuple(one for one in self.kept if one.path != key), text, "")

    async def take(self, path: str, text: str) -> tuple[str, str]:
        """Take in a recipe file; returns the key and the name of the recipe.

        One that is here already, under its name or as a built-in one, is not added again. Raises BadRecipe,
        or what `from_os_error` gives.
        """
        found = await asyncio.to_thread(read_kept, Path(path))
        for one in self.kept:
            if one.draft == found.draft or one.path == found.path:
                return one.path, one.name
        for recipe in builtin_recipes():
            if draft_of(recipe) == found.draft:
                return recipe.name, recipe.name
        key = self.add(found.draft, text)
        return key, str((self.draft(key) or found.draft).value("name"))

    def _earlier_paths(self) -> set[str]:
        """Return the paths that an undo may bring back."""
        return {one.path for step in (*self._past, *self._future) for one in step.kept}

    def _apply(self, kept: tuple[Kept, ...], text: str, merge: str) -> None:
        last = self._past[-1] if self._past else None
        if not (merge and last is not None and last.merge == merge and not self._future):
            self._past = [*self._past[1 - _MOST_STEPS :], _Step(self.kept, text, merge)]
        self._future = []
        self.kept = kept
        self._changed()

    def _changed(self) -> None:
        self._soon.ask_later()
        self.changed.emit()

    # -- undo -----------------------------------------------------------------------------------------------

    def undo_text(self) -> str:
        """Return what an undo would take back; "" when there is nothing."""
        return self._past[-1].text if self._past else ""

    def redo_text(self) -> str:
        """Return what a redo would do again; "" when there is nothing."""
        return self._future[-1].text if self._future else ""

    def undo(self) -> None:
        """Go back by one step."""
        self._go(self._past, self._future)

    def redo(self) -> None:
        """Do again what was undone last."""
        self._go(self._future, self._past)

    def _go(self, back: list[_Step], forth: list[_Step]) -> None:
        if back:
            step = back.pop()
            forth.append(replace(step, kept=self.kept, merge=""))
            self.kept = step.kept
            self._changed()

    # -- on disk --------------------------------------------------------------------------------------------

    def _start_writing(self) -> None:
        self._tasks.start(self.write())

    async def write(self) -> None:
        """Bring the files to what there is now; what cannot be written is told, and tried again later."""
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            now = {one.path: one for one in self.kept}
            new = [one for one in now.values() if self._written.get(one.path) != one.draft]
            good = [one for one in new if not problems_of(one.draft)]
            gone = [path for path in self._written if path not in now]
            try:
                await asyncio.to_thread(_bring, good, gone)
            except ImageQueueError as error:
                self.failed.emit(str(error))
                return
            for one in good:
                self._written[one.path] = one.draft
            for path in gone:
                self._written.pop(path, None)

    async def close(self) -> None:
        """Write what is left to be written."""
        self._soon.stop()
        await self.write()


def _bring(good: Sequence[Kept], gone: Sequence[str]) -> None:
    for one in good:
        write_kept(one)
    for path in gone:
        remove_kept(path)
