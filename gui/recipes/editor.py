"""The window in which recipes are made: the list of them, the parts of one, a form, and a preview."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from core.operations import KINDS
from core.preview import Previewer
from core.recipe import Output, builtin_recipes
from core.recipe.draft import Kind, Part, Place, draft_of, problems_of, recipe_of
from core.recipe.shelf import export_draft, free_name
from gui import words
from gui.notice import Notice
from gui.recipes import labels
from gui.recipes.book import Book
from gui.recipes.deeds import Deeds
from gui.recipes.form import PartForm
from gui.recipes.outline import Outline
from gui.recipes.preview_pane import PreviewPane
from gui.recipes.shelf import RecipeShelf
from gui.recipes.specs import fresh
from gui.tasks import Tasks
from gui.theme import SPACE, theme_signals

_STAYS = 10.0  # seconds that a sentence on what was done stays


class RecipeEditor(QDialog):
    """Shows the shelf and asks it for changes; it hinders nothing and stays until it is closed."""

    default_chosen = Signal(str)  # the key of the recipe that is to be the default

    def __init__(
        self,
        window: QWidget,
        shelf: RecipeShelf,
        previewer: Previewer,
        tasks: Tasks,
        default: Callable[[], str],
        images: Callable[[], Sequence[str]],
    ) -> None:
        """Open on the default recipe; `images` are those of the queue that can be looked at."""
        super().__init__(window)
        self.setObjectName("recipeEditor")
        self.setWindowTitle(self.tr("Recipes"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setAcceptDrops(True)
        self._shelf = shelf
        self._tasks = tasks
        self._default = default
        self._images = images
        self.key = default()
        self.place: Place = ()
        self.book = Book(shelf, self)
        self.outline = Outline(self)
        self.form = PartForm(self)
        self.preview = PreviewPane(previewer, tasks, self)
        self.notice = Notice(self)
        self.deeds = Deeds(self)
        self._lay_out()
        self._connect()
        self.choose(self.key)
        self.preview.set_images(images())

    # -- putting together -----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        deeds = self.deeds
        self._fixed = QFrame(self)
        self._fixed.setObjectName("recipeFixed")
        self._fixed.setFrameShape(QFrame.Shape.StyledPanel)
        said = QLabel(self.tr("This recipe comes with the app, and stays as it is."), self._fixed)
        said.setWordWrap(True)
        copy = QPushButton(self.tr("Duplicate to change it"), self._fixed)
        copy.setObjectName("recipeDuplicateFixed")
        copy.clicked.connect(deeds.duplicate.trigger)
        row = QHBoxLayout(self._fixed)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        row.addWidget(said, 1)
        row.addWidget(copy)
        left = _column(self.book, deeds.bar(deeds.new, deeds.duplicate, deeds.delete, deeds.more))
        middle = _column(
            self._fixed, self.outline, deeds.bar(deeds.add, deeds.remove, deeds.up, deeds.down), self.form
        )
        inner = middle.layout()
        assert isinstance(inner, QVBoxLayout)
        inner.setStretchFactor(self.outline, 2)
        inner.setStretchFactor(self.form, 3)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setObjectName("recipeSplitter")
        split.setChildrenCollapsible(False)
        for place, (part, stretch, width) in enumerate(
            ((left, 2, 220), (middle, 4, 420), (self.preview, 5, 480))
        ):
            split.addWidget(part)
            split.setStretchFactor(place, stretch)
            part.setMinimumWidth(width // 2)
        split.setSizes([220, 420, 480])
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        column.setMenuBar(deeds.menu_bar)
        column.addWidget(self.notice)
        column.addWidget(split, 1)
        screen = self.screen().availableSize()
        self.resize(min(1180, screen.width() - 2 * SPACE), min(760, screen.height() - 6 * SPACE))

    def _connect(self) -> None:
        deeds = self.deeds
        self.book.chosen.connect(self.choose)
        self.book.renamed.connect(self._rename)
        self.outline.chosen.connect(self._look_at)
        self.outline.switched.connect(self._switch)
        self.outline.moved.connect(self._move)
        self.outline.removed.connect(lambda _: self._remove())
        self.form.changed.connect(self._on_form)
        self.preview.named.connect(self.form.show_example)
        self._shelf.changed.connect(self.refresh)
        self._shelf.failed.connect(self._say)
        theme_signals().changed.connect(self.refresh)
        deeds_done: tuple[tuple[QAction, Callable[[], object]], ...] = (
            (deeds.new, self._new),
            (deeds.duplicate, self._duplicate),
            (deeds.rename, self.book.rename_current),
            (deeds.delete, self._delete),
            (deeds.import_, self._choose_import),
            (deeds.export, self._choose_export),
            (deeds.default, lambda: self.default_chosen.emit(self.key)),
            (deeds.undo, self._undo),
            (deeds.redo, self._redo),
            (deeds.add_output, self._add_output),
            (deeds.remove, self._remove),
            (deeds.up, lambda: self._step(-1)),
            (deeds.down, lambda: self._step(1)),
            (deeds.close, self.close),
        )
        for action, method in deeds_done:
            action.triggered.connect(lambda _=False, method=method: method())
        for word, step in deeds.steps.items():
            step.triggered.connect(lambda _=False, word=word: self._add_step(KINDS[word]))
        self.book.installEventFilter(self)
        self.finished.connect(self.preview.stop)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter takes a value, and presses nothing

    # -- what is shown --------------------------------------------------------------------------------------

    def choose(self, key: str) -> None:
        """Show a recipe, at its first output."""
        if self._shelf.draft(key) is None:
            key = builtin_recipes()[0].name
        self.key = key
        draft = self._shelf.draft(key)
        self.place = (0,) if draft is not None and draft.parts else ()
        self.refresh()

    def refresh(self) -> None:
        """Show what there is now."""
        draft = self._shelf.draft(self.key)
        if draft is None:  # it was removed, or its adding was undone
            self.choose(self._default())
            return
        while self.place and not _has(draft, self.place):
            self.place = (*self.place[:-1], self.place[-1] - 1) if self.place[-1] else self.place[:-1]
        if not self.book.is_renaming():
            self.book.fill(self.key, self._default())
        own = self._shelf.is_own(self.key)
        problems = problems_of(draft)
        self._fixed.setVisible(not own)
        self.outline.show_draft(draft, problems, self.place, editable=own)
        problem = next((one for one in problems if one.path == self.place), None)
        self.form.show_part(draft.at(self.place), problem, editable=own)
        self.preview.show_recipe(None if problems else recipe_of(draft), self._output(draft))
        self.deeds.apply(
            own=own, place=self.place, outline=self.outline, shelf=self._shelf,
            default=self.key == self._default(), whole=not problems,
        )  # fmt: skip

    def _output(self, draft: Part) -> int:
        """Return which output is previewed, counted among those that are on."""
        on = [number for number, one in enumerate(draft.parts) if one.on]
        return on.index(self.place[0]) if self.place and self.place[0] in on else 0

    def _look_at(self, place: Place) -> None:
        self.place = place
        self.refresh()

    def _say(self, sentence: str, *, undo: bool = False) -> None:
        if undo:
            self.notice.say(sentence, self.tr("Undo"), self.deeds.undo.trigger, seconds=_STAYS)
        else:
            self.notice.say(words.shown(sentence), seconds=_STAYS)

    # -- changes of the parts -------------------------------------------------------------------------------

    def _draft(self) -> Part:
        draft = self._shelf.draft(self.key)
        assert draft is not None
        return draft

    def _edit(self, draft: Part, text: str, merge: str = "", place: Place | None = None) -> None:
        """Change the recipe that is shown, and look at a place of it."""
        if self._shelf.is_own(self.key):
            self.place = self.place if place is None else place
            self._shelf.edit(self.key, draft, text, merge)

    def _on_form(self, part: Part, name: str) -> None:
        text = self.tr("change of {0}").format(words.inside(labels.label(part.kind, name)))
        self._edit(self._draft().changed(self.place, part), text, f"{self.place} {name}")

    def _switch(self, place: Place, on: bool) -> None:
        draft = self._draft()
        part = replace(draft.at(place), on=on)
        text = self.tr("switching on") if on else self.tr("switching off")
        self._edit(draft.changed(place, part), text, place=place)

    def _move(self, place: Place, to: Place) -> None:
        moved, there = self._draft().moved(place, to)
        self._edit(moved, self.tr("moving"), place=there)

    def _step(self, by: int) -> None:
        target = self.outline.neighbour(self.place, by) if self.place else None
        if target is not None:
            self._move(self.place, target)

    def _remove(self) -> None:
        if self.place and self._shelf.is_own(self.key):
            name = labels.title(self._draft().at(self.place).kind)
            self._edit(self._draft().without(self.place), self.tr("removing {0}").format(name))

    def _add_output(self) -> None:
        draft = self._draft()
        names = [str(one.value("name")) for one in draft.parts]
        output = fresh(Output).with_value("name", free_name("output", names))
        place = (self.place[0] + 1,) if self.place else (len(draft.parts),)
        self._edit(draft.added(place, output), self.tr("adding an output"), place=place)
        self.form.go_to("name")

    def _add_step(self, kind: Kind) -> None:
        draft = self._draft()
        if not draft.parts:
            return
        number = self.place[0] if self.place else len(draft.parts) - 1
        place = (number, self.place[1] + 1 if len(self.place) == 2 else len(draft.at((number,)).parts))
        text = self.tr("adding {0}").format(labels.title(kind))
        self._edit(draft.added(place, fresh(kind)), text, place=place)
        self.form.go_to("")

    # -- changes of the list --------------------------------------------------------------------------------

    def _new(self) -> None:
        draft = draft_of(builtin_recipes()[1]).with_value("name", self.tr("New recipe"))
        self.choose(self._shelf.add(draft.with_value("description", None), self.tr("adding a recipe")))
        self.book.rename_current()

    def _duplicate(self) -> None:
        place = self.place
        self.choose(self._shelf.add(self._draft(), self.tr("duplicating")))
        self._look_at(place)

    def _rename(self, key: str, name: str) -> None:
        draft = self._shelf.draft(key)
        if draft is None or not name or name == draft.value("name"):
            self.refresh()
            return
        others = [one for one in self._shelf.names() if one != draft.value("name")]
        self._shelf.edit(key, draft.with_value("name", free_name(name, others)), self.tr("renaming"))

    def _delete(self) -> None:
        if self._shelf.is_own(self.key):
            name = str(self._draft().value("name"))
            self._shelf.remove(self.key, self.tr("deleting {0}").format(name))
            text = self.tr("Deleted “{0}”. Jobs that have it keep it.").format(words.shown(name))
            self._say(text, undo=True)

    def _undo(self) -> None:
        before = {one.path for one in self._shelf.kept}
        self._shelf.undo()
        for one in self._shelf.kept:
            if one.path not in before:  # what was deleted is looked at again
                self.choose(one.path)

    def _redo(self) -> None:
        self._shelf.redo()

    # -- files ----------------------------------------------------------------------------------------------

    def _choose_import(self) -> None:
        dialog = QFileDialog(self, self.tr("Import a recipe"))
        dialog.setObjectName("recipeImportDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(self.tr("Recipes (*.toml)"))
        dialog.filesSelected.connect(self.take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take(self, paths: Sequence[str]) -> None:
        """Import recipe files."""
        self._tasks.start(self._take(list(paths)))

    async def _take(self, paths: list[str]) -> None:
        for path in paths:
            key, name = await self._shelf.take(path, self.tr("importing"))
            self.choose(key)
            self._say(self.tr("Imported “{0}”.").format(words.shown(name)))

    def _choose_export(self) -> None:
        dialog = QFileDialog(self, self.tr("Export the recipe"))
        dialog.setObjectName("recipeExportDialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("Recipes (*.toml)"))
        dialog.setDefaultSuffix("toml")
        name = str(self._draft().value("name")).replace("/", "-").replace("\\", "-")
        dialog.selectFile(f"{name}.toml")
        draft = self._draft()
        dialog.fileSelected.connect(lambda path: self._tasks.start(self._export(Path(path), draft)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def _export(self, path: Path, draft: Part) -> None:
        await asyncio.to_thread(export_draft, path, draft)
        self._say(self.tr("Exported to {0}.").format(words.shown(str(path))))

    # -- events ---------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Let Delete in the list delete the recipe."""
        if (
            watched is self.book
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Delete
        ):
            self._delete()
            return True
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files."""
        if _files(event):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Import recipe files, and look at another file, which is to be an image."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        files = _files(event)
        recipes = [path for path in files if path.lower().endswith(".toml")]
        others = [path for path in files if path not in recipes]
        if recipes:
            self.take(recipes)
        if others:
            self.preview.look_at(others[0])

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Offer the images that the queue has now, when the user comes back to this window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.preview.set_images(self._images())


def _column(*parts: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE // 2)
    for part in parts:
        column.addWidget(part)
    return holder


def _has(draft: Part, place: Place) -> bool:
    try:
        draft.at(place)
    except IndexError:
        return False
    return True


def _files(event: QDropEvent) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
