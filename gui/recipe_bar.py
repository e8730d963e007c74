"""Chooses what is made of the images that come next, and where it goes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLabel, QWidget

from core.errors import ImageQueueError
from core.recipe import Existing, Recipe, builtin_recipes, find_recipe, read_toml
from core.settings import Settings
from gui import words
from gui.flow import FlowLayout
from gui.tasks import Tasks
from gui.theme import SPACE
from gui.wheel import passed_by_wheel

_CHOOSE: Final = "choose"
_EDIT: Final = "edit"
_ORIGINAL: Final = "original"
_FIRST: Final = builtin_recipes()[0].name
_TIP: Final = Qt.ItemDataRole.ToolTipRole


class RecipeBar(QWidget):
    """What images become and where it goes, in one row. It holds for what comes: a job keeps what it has."""

    changed = Signal()
    refused = Signal(str)  # why a recipe file was not taken
    edit_wanted = Signal()  # the recipes are to be edited

    def __init__(self, settings: Settings, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeBar")
        self._tasks = tasks
        self._built_in = {one.name: one for one in builtin_recipes()}
        self._own: dict[str, Recipe] = {}  # by the paths of their files, as those that were loaded
        self._loaded: dict[str, Recipe] = {}
        self.recipes = passed_by_wheel(QComboBox(self))
        self.recipes.setObjectName("recipeChooser")
        self.recipes.setAccessibleName(self.tr("Recipe"))
        self.folders = passed_by_wheel(QComboBox(self))
        self.folders.setObjectName("folderChooser")
        self.folders.setAccessibleName(self.tr("Output folder"))
        self.mirror = QCheckBox(self.tr("Keep su&bfolders"), self)
        self.mirror.setObjectName("mirrorChooser")
        self.mirror.setToolTip(
            self.tr("In the output folder, use the same folders as below the folder that you add")
        )
        self.existing = passed_by_wheel(QComboBox(self))
        self.existing.setObjectName("existingChooser")
        self.existing.setAccessibleName(self.tr("If a file is there already"))
        # Names may be long, and must not force the window to be wide.
        for box, signs in ((self.recipes, 14), (self.folders, 14), (self.existing, 9)):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(signs)
        flow = FlowLayout(self)  # in a narrow window, or with long texts, what does not fit goes below
        flow.setSpacing(SPACE)
        for text, box, stretch in (
            (self.tr("Reci&pe:"), self.recipes, 2),
            (self.tr("&To:"), self.folders, 3),
            (self.tr("If a file is t&here:"), self.existing, 1),
        ):
            part = QWidget(self)
            row = QHBoxLayout(part)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(SPACE)
            label = QLabel(text, part)
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box, 1)
            if box is self.folders:
                row.addWidget(self.mirror)
            flow.add(part, stretch)
        self._fill(settings)
        self._chosen = (self.recipes.currentIndex(), self.folders.currentIndex())
        self.recipes.activated.connect(self._on_recipe)
        self.folders.activated.connect(self._on_folder)
        self.mirror.clicked.connect(lambda _: self.changed.emit())
        self.existing.activated.connect(lambda _: self.changed.emit())
        self._match()

    def _fill(self, settings: Settings) -> None:
        self._list(settings.recipe)
        if settings.recipe.endswith(".toml"):
            self._tasks.start(self._load(settings.recipe))
        self.folders.addItem(self.tr("Beside the source"), None)
        self.folders.setItemData(0, self.tr("What is made of links goes to your Pictures folder"), _TIP)
        if settings.output_folder is not None:
            self._list_folder(settings.output_folder)
        self.folders.insertSeparator(self.folders.count())
        self.folders.addItem(self.tr("Replace the original"), _ORIGINAL)
        self.folders.addItem(self.tr("Choose a folder…"), _CHOOSE)
        target = _ORIGINAL if settings.replace_originals else settings.output_folder
        self.folders.setCurrentIndex(max(0, self.folders.findData(target)))
        self.mirror.setChecked(settings.mirror)
        for value, text in (
            (Existing.KEEP, self.tr("Keep it")),
            (Existing.NUMBER, self.tr("Number the new one")),
            (Existing.REPLACE, self.tr("Replace it")),
            (Existing.NEWER, self.tr("Replace it if older")),
        ):
            self.existing.addItem(text, str(value))
        view = self.existing.view()
        view.setMinimumWidth(
            view.sizeHintForColumn(0) + 2 * SPACE
        )  # the list shows all that the box cuts off
        self.existing.setCurrentIndex(max(0, self.existing.findData(settings.existing)))

    def _list(self, chosen: str) -> None:
        """List all recipes, with one chosen; the first one where that is not there."""
        self.recipes.clear()
        named = sorted((self._loaded | self._own).items(), key=lambda one: one[1].name.casefold())
        for group in (named, list(self._built_in.items())):
            for key, recipe in group:
                say = words.recipe if group is not named else words.shown
                self.recipes.addItem(say(recipe.name), key)
                tip = words.tip(say(recipe.description or recipe.name))
                self.recipes.setItemData(self.recipes.count() - 1, tip, _TIP)
            if group:
                self.recipes.insertSeparator(self.recipes.count())
        self.recipes.addItem(self.tr("Edit recipes…"), _EDIT)
        self.recipes.addItem(self.tr("Load a recipe file…"), _CHOOSE)
        place = self.recipes.findData(chosen)
        self.recipes.setCurrentIndex(place if place >= 0 else self.recipes.findData(_FIRST))

    def set_own(self, recipes: Sequence[tuple[str, Recipe]]) -> None:
        """List the user's own recipes, by the paths of their files; what is chosen stays if it is there."""
        own = dict(recipes)
        if own == self._own:
            return
        chosen, was = self.chosen(), self._named()
        self._own = own
        self._loaded = {key: one for key, one in self._loaded.items() if key not in own}
        self._list(chosen)
        if self.chosen() != chosen or self._named() != was:
            self._match()
            self.changed.emit()
        else:
            self._chosen = (self.recipes.currentIndex(), self._chosen[1])

    def chosen(self) -> str:
        """Return the key of the chosen recipe: the name of a built-in one, or the path of a file."""
        return str(self.recipes.currentData())

    def choose_key(self, key: str) -> None:
        """Choose a recipe that is listed."""
        place = self.recipes.findData(key)
        if place >= 0 and place != self.recipes.currentIndex():
            self._choose(place)

    def listed(self) -> list[tuple[str, Recipe]]:
        """Return all recipes with their keys, in the order of the list."""
        keys = [self.recipes.itemData(place) for place in range(self.recipes.count())]
        everything = self._all()
        return [(key, everything[key]) for key in keys if key in everything]

    def _all(self) -> dict[str, Recipe]:
        return self._built_in | self._loaded | self._own

    def _list_folder(self, folder: str) -> int:
        place = self.folders.findData(folder)
        if place < 0:
            place = 1
            self.folders.insertItem(place, words.shown_path(folder), folder)
            self.folders.setItemData(place, words.tip(words.shown_path(folder)), _TIP)
        return place

    # -- what is chosen -------------------------------------------------------------------------------------

    def recipe(self) -> Recipe:
        """Return the recipe for what is added now, with the folder and the rule that are chosen."""
        return self.with_choices(self._named())

    def with_choices(self, recipe: Recipe) -> Recipe:
        """Return a recipe with the folder and the rule that are chosen."""
        folder = self.folders.currentData()
        if folder == _ORIGINAL:
            recipe = recipe.replacing_originals()
        elif folder is not None:
            recipe = replace(
                recipe.with_folder(str(folder)), mirror=self.mirror.isChecked() and not recipe.gather
            )
        return recipe.with_existing(Existing(str(self.existing.currentData())))

    def _named(self) -> Recipe:
        return self._all()[self.chosen()]

    def as_settings(self, settings: Settings) -> Settings:
        """Return the settings with these choices."""
        folder = self.folders.currentData()
        return replace(
            settings,
            recipe=str(self.recipes.currentData()),
            output_folder=None if folder in (None, _ORIGINAL) else str(folder),
            replace_originals=folder == _ORIGINAL,
            mirror=self.mirror.isChecked(),
            existing=str(self.existing.currentData()),
        )

    async def named(self, name: str) -> Recipe | None:
        """Return a built-in recipe, or that of a .toml file, with the folder and the rule that are chosen.

        What is chosen stays so. Of one that cannot be, the reason is said, and None returned.
        """
        own = next((one for one in self._own.values() if one.name.casefold() == name.casefold()), None)
        try:
            found = own if own is not None else await asyncio.to_thread(_recipe_named, name)
            return self.with_choices(found)
        except ImageQueueError as error:
            self.refused.emit(words.said(str(error)))
            return None

    async def choose(self, name: str) -> None:
        """Choose a built-in recipe, or that of a .toml file. Of one that cannot be, the reason is said."""
        if name.lower().endswith(".toml"):
            await self._load(name)
            return
        found = await self.named(name)
        if found is not None:
            place = self.recipes.findText(words.shown(found.name))
            self._choose(place if place >= 0 else self.recipes.findText(words.recipe(found.name)))

    def _choose(self, place: int) -> None:
        self.recipes.setCurrentIndex(place)
        self._match()
        self.changed.emit()

    def _match(self) -> None:
        """Offer what the chosen recipe can have, and leave what it cannot, which is said.

        Only one output of one image can replace its original; what is gathered has no one source to be
        compared with, and no one folder.
        """
        recipe = self._named()
        why = ""
        if recipe.gather:
            why = self.tr("This recipe makes one file of many images: it cannot replace them")
        elif len(recipe.outputs) > 1:
            why = self.tr("This recipe makes {0} files of each image: they cannot replace it")
            why = why.format(len(recipe.outputs))
        tip = why or self.tr("What is made takes the original's place, and the original goes to the trash")
        self._offer(self.folders, _ORIGINAL, tip, "" if not why else f"{why}.")
        why = (
            self.tr("One file of many images has no one source that could be newer") if recipe.gather else ""
        )
        self._offer(self.existing, str(Existing.NEWER), why, "" if not why else f"{why}.")
        if recipe.replace_original:
            first = self.tr("Replace the original (by the recipe)")
        elif recipe.folder is not None:
            first = self.tr("{0} (by the recipe)").format(words.shown(recipe.folder))
        else:
            first = self.tr("Beside the source")
        self.folders.setItemText(0, first)
        self.mirror.setEnabled(self.folders.currentData() not in (None, _ORIGINAL) and not recipe.gather)
        self._chosen = (self.recipes.currentIndex(), self.folders.currentIndex())

    def _offer(self, box: QComboBox, choice: str, tip: str, why_not: str) -> None:
        """Let a choice be chosen, or say why not, and take the first one where it was."""
        place, model = box.findData(choice), box.model()
        assert isinstance(model, QStandardItemModel)
        model.item(place).setEnabled(not why_not)
        box.setItemData(place, tip, _TIP)
        if why_not and box.currentIndex() == place:
            box.setCurrentIndex(0)
            self.refused.emit(why_not)

    # -- choosing files and folders -------------------------------------------------------------------------

    def _on_recipe(self, place: int) -> None:
        wish = self.recipes.itemData(place)
        if wish not in (_CHOOSE, _EDIT):
            self._match()
            self.changed.emit()
            return
        self.recipes.setCurrentIndex(self._chosen[0])
        if wish == _EDIT:
            self.edit_wanted.emit()
            return
        dialog = QFileDialog(self.window(), self.tr("Load a recipe file"))
        dialog.setObjectName("recipeDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Recipes (*.toml)"))
        dialog.fileSelected.connect(lambda path: self._tasks.start(self._load(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def _load(self, path: str) -> None:
        try:
            recipe = await asyncio.to_thread(read_toml, path)
        except ImageQueueError as error:
            self.refused.emit(words.said(str(error)))
            return
        key = os.path.abspath(path)  # noqa: PTH100, ASYNC240 (text alone)
        if key not in self._own:
            self._loaded[key] = recipe
            self._list(key)
        self._choose(self.recipes.findData(key))

    def _on_folder(self, place: int) -> None:
        if self.folders.itemData(place) != _CHOOSE:
            self._match()
            self.changed.emit()
            return
        self.folders.setCurrentIndex(self._chosen[1])
        dialog = QFileDialog(self.window(), self.tr("Choose the output folder"))
        dialog.setObjectName("folderDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.choose_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def choose_existing(self, rule: str) -> None:
        """Let this rule hold for files that are there already: keep, number, replace or newer."""
        place = self.existing.findData(rule)
        if place not in (-1, self.existing.currentIndex()):
            self.existing.setCurrentIndex(place)
            self._match()
            self.changed.emit()

    def choose_folder(self, folder: str) -> None:
        """Let outputs go into this folder."""
        place = self._list_folder(folder)
        self.folders.setCurrentIndex(place)
        self._match()
        self.changed.emit()


def _recipe_named(name: str) -> Recipe:
    return read_toml(name) if name.lower().endswith(".toml") else find_recipe(name)
