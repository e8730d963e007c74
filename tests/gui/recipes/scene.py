"""The recipe editor on a shelf of its own, whose previews end when the test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from core.executor import Done, Outcome, Task
from core.imaging.pixels import AFTER, BEFORE, Picture, write_picture
from core.job import OutputFile
from core.preview import Previewer
from core.recipe import Recipe
from core.recipe.draft import recipe_of
from gui.recipes.editor import RecipeEditor
from gui.recipes.shelf import RecipeShelf
from gui.tasks import Tasks
from tests.core.processors import ByHand


@dataclass
class Scene:
    """An editor on a shelf, whose previews end when the test says so, or at once."""

    editor: RecipeEditor
    shelf: RecipeShelf
    hand: ByHand
    folder: Path
    defaults: list[str]
    failures: list[BaseException]

    def line(self, name: str) -> QLineEdit:
        found = self.editor.form.controls[name].main
        assert isinstance(found, QLineEdit)
        return found

    def type(self, name: str, text: str) -> None:
        """Type into a field in the place of what it holds."""
        line = self.line(name)
        line.selectAll()
        QTest.keyClicks(line, text)

    def recipe(self) -> Recipe:
        draft = self.shelf.draft(self.editor.key)
        assert draft is not None
        return recipe_of(draft)

    def name(self) -> str:
        draft = self.shelf.draft(self.editor.key)
        assert draft is not None
        return str(draft.value("name"))

    def error(self, name: str) -> str:
        label = self.editor.form.controls[name].error
        return label.text() if not label.isHidden() else ""


def previewed(folder: Path) -> Callable[[Task], Outcome]:
    """Answer each wish for a preview at once."""

    def script(task: Task) -> Outcome:
        for name in (BEFORE, AFTER):
            write_picture(folder / "preview" / name, Picture(2, 1, b"\xff\x00\x00\xff" * 2))
        output = Recipe.from_json(task.recipe).outputs[0]
        return Done((OutputFile(f"photo-{output.name}.webp", 1_234, 200, 100, output.name),), 9_876, 400, 200)

    return script


@asynccontextmanager
async def scene(
    folder: Path, script: Callable[[Task], Outcome | None] | None = None, default: str = "Web"
) -> AsyncIterator[Scene]:
    tasks, defaults = Tasks(), [default]
    failures: list[BaseException] = []
    tasks.on_failure = failures.append
    shelf = RecipeShelf(folder, tasks)
    await shelf.read()
    hand = ByHand(script or previewed(folder))
    previewer = Previewer(folder, processor=hand)
    window = QWidget()
    editor = RecipeEditor(
        window, shelf, previewer, tasks, lambda: defaults[-1], lambda: ["/photos/photo.jpg", "/photos/b.jpg"]
    )
    editor.default_chosen.connect(defaults.append)
    editor.show()
    try:
        yield Scene(editor, shelf, hand, folder, defaults, failures)
    finally:
        editor.close()
        await previewer.close()
        await shelf.close()
        await tasks.end()
        window.deleteLater()


Story = Callable[[Scene], Coroutine[Any, Any, None]]
