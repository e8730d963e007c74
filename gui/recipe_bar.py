"""Chooses what is made of the images that come next, and where it goes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLabel, QWidget

from core.errors import ImageQueueError
from core.recipe import Existing, Recipe, builtin_recipes, find_recipe, read_toml
from core.settings import Settings
from gui import words
from gui.tasks import Tasks
from gui.theme import SPACE

_CHOOSE: Final = "choose"
_ORIGINAL: Final = "original"
_TIP: Final = Qt.ItemDataRole.ToolTipRole


class RecipeBar(QWidget):
    """What images become and where it goes, in one row. It holds for what comes: a job keeps what it has."""

    changed = Signal()
    refused = Signal(str)  # why a recipe file was not taken

    def __init__(self, settings: Settings, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeBar")
        self._tasks = tasks
        self._recipes: dict[str, Recipe] = {}
        self.recipes = QComboBox(self)
        self.recipes.setObjectName("recipeChooser")
        self.recipes.setAccessibleName(self.tr("Recipe"))
        self.folders = QComboBox(self)
        self.folders.setObjectName("folderChooser")
        self.folders.setAccessibleName(self.tr("Output folder"))
        self.folders.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.folders.setMinimumContentsLength(14)
        self.mirror = QCheckBox(self.tr("Keep su&bfolders"), self)
        self.mirror.setObjectName("mirrorChooser")
        self.mirror.setToolTip(
            self.tr("In the output folder, use the same folders as below the folder that you add")
        )
        self.existing = QComboBox(self)
        self.existing.setObjectName("existingChooser")
        self.existing.setAccessibleName(self.tr("If a file is there already"))
        self.existing.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.existing.setMinimumContentsLength(9)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        for text, box, stretch in (
            (self.tr("Reci&pe:"), self.recipes, 2),
            (self.tr("&To:"), self.folders, 3),
            (self.tr("If a file is t&here:"), self.existing, 1),
        ):
            label = QLabel(text, self)
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box, stretch)
            if box is self.folders:
                row.addWidget(self.mirror)
        self._fill(settings)
        self._chosen = (self.recipes.currentIndex(), self.folders.currentIndex())
        self.recipes.activated.connect(self._on_recipe)
        self.folders.activated.connect(self._on_folder)
        self.mirror.clicked.connect(lambda _: self.changed.emit())
        self.existing.activated.connect(lambda _: self.changed.emit())
        self._match()

    def _fill(self, settings: Settings) -> None:
        for recipe in builtin_recipes():
            self._list(recipe.name, recipe)
        self.recipes.insertSeparator(self.recipes.count())
        self.recipes.addItem(self.tr("Load a recipe file…"), _CHOOSE)
        self.recipes.setCurrentIndex(max(0, self.recipes.findData(settings.recipe)))
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

    def _list(self, key: str, recipe: Recipe) -> int:
        """Put a recipe on the list, after the others of its kind; returns its place."""
        self._recipes[key] = recipe
        place = len(self._recipes) - 1
        self.recipes.insertItem(place, recipe.name, key)
        self.recipes.setItemData(place, recipe.description or recipe.name, _TIP)
        return place

    def _list_folder(self, folder: str) -> int:
        place = self.folders.findData(folder)
        if place < 0:
            place = 1
            self.folders.insertItem(place, words.shown(folder), folder)
            self.folders.setItemData(place, words.shown(folder), _TIP)
        return place

    # -- what is chosen -------------------------------------------------------------------------------------

    def recipe(self) -> Recipe:
        """Return the recipe for what is added now, with the folder and the rule that are chosen."""
        return self._with_choices(self._named())

    def _with_choices(self, recipe: Recipe) -> Recipe:
        folder = self.folders.currentData()
        if folder == _ORIGINAL:
            recipe = recipe.replacing_originals()
        elif folder is not None:
            recipe = replace(
                recipe.with_folder(str(folder)), mirror=self.mirror.isChecked() and not recipe.gather
            )
        return recipe.with_existing(Existing(str(self.existing.currentData())))

    def _named(self) -> Recipe:
        return self._recipes[str(self.recipes.currentData())]

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
        try:
            return self._with_choices(await asyncio.to_thread(_recipe_named, name))
        except ImageQueueError as error:
            self.refused.emit(words.shown(str(error)))
            return None

    async def choose(self, name: str) -> None:
        """Choose a built-in recipe, or that of a .toml file. Of one that cannot be, the reason is said."""
        if name.lower().endswith(".toml"):
            await self._load(name)
            return
        found = await self.named(name)
        if found is not None:
            self._choose(self.recipes.findData(found.name))

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
        if self.recipes.itemData(place) != _CHOOSE:
            self._match()
            self.changed.emit()
            return
        self.recipes.setCurrentIndex(self._chosen[0])
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
            self.refused.emit(words.shown(str(error)))
            return
        key = os.path.abspath(path)  # noqa: PTH100, ASYNC240 (text alone)
        place = self.recipes.findData(key)
        if place < 0:
            place = self._list(key, recipe)
        else:
            self._recipes[key] = recipe
            self.recipes.setItemText(place, recipe.name)
        self._choose(place)

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
