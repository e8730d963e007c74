"""Shows what the chosen output makes of a real image of the queue, while the recipe is edited."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import ImageQueueError
from core.formats import JPEG, READABLE_SUFFIXES, format_named
from core.imaging.naming import Shot, final_name
from core.imaging.pixels import Picture
from core.job import JobError, JobState
from core.preview import Preview, Previewer
from core.recipe import Recipe
from gui import words
from gui.comparison import Comparison, image_of
from gui.recipes.controls import Box
from gui.tasks import Tasks
from gui.theme import SPACE, state_colours, theme_signals

_REST: Final = 120  # milliseconds that editing has to rest before a preview is begun
_SLOW: Final = 400  # milliseconds from which on it is said that one is being made
_EXAMPLE: Final = "IMG_2041.jpg"


class PreviewPane(QWidget):
    """An image, what becomes of it, and in numbers how large that is; the newest wish alone counts."""

    named = Signal(str)  # the name that the file would get

    def __init__(self, previewer: Previewer, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipePreview")
        self._previewer = previewer
        self._tasks = tasks
        self._recipe: Recipe | None = None
        self._output = 0
        self._shown: tuple[object, ...] = ()
        self._before: tuple[Picture, QImage] | None = None  # the source that was shown last
        self.images = Box()
        self.images.setObjectName("recipeImages")
        self.images.setAccessibleName(self.tr("Image to look at"))
        self.images.activated.connect(lambda _: self._ask())
        choose = QToolButton(self)
        choose.setObjectName("recipeChooseImage")
        choose.setText(self.tr("Choose…"))
        choose.setToolTip(self.tr("Look at another image"))
        choose.setAccessibleName(choose.toolTip())
        choose.clicked.connect(self._choose)
        self.comparison = Comparison(self)
        self.empty = QLabel(
            self.tr("Add images to the queue, or choose one,\nto see what becomes of it."), self
        )
        self.empty.setObjectName("recipePreviewEmpty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.comparison)
        self._pages.addWidget(self.empty)
        self._pages.setCurrentWidget(self.empty)
        self.weight = self._label("recipePreviewSize")
        font = self.weight.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.weight.setFont(font)
        self.facts = self._label("recipePreviewFacts")
        self.notes = self._label("recipePreviewNotes")
        self.notes.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.trouble = self._label("recipePreviewTrouble")
        row = QHBoxLayout()
        row.addWidget(self.images, 1)
        row.addWidget(choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addLayout(row)
        column.addWidget(self._pages, 1)
        for part in (self.weight, self.facts, self.notes, self.trouble):
            column.addWidget(part)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._start)
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW)
        self._slow.timeout.connect(self._say_slow)
        theme_signals().changed.connect(self._draw)
        self._show_nothing()
        self._draw()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.hide()
        return label

    # -- what is to be seen ---------------------------------------------------------------------------------

    def set_images(self, paths: Sequence[str]) -> None:
        """Offer these images; the one that is looked at stays."""
        chosen = self.images.currentData()
        offered = list(dict.fromkeys([*([chosen] if chosen else []), *paths]))
        self.images.clear()
        for path in offered:
            self.images.addItem(words.name_of(path), path)
            self.images.setItemData(self.images.count() - 1, words.shown(path), Qt.ItemDataRole.ToolTipRole)
        self.images.setEnabled(bool(offered))
        self._ask()

    def look_at(self, path: str) -> None:
        """Look at this image."""
        place = self.images.findData(path)
        if place < 0:
            self.images.insertItem(0, words.name_of(path), path)
            place = 0
        self.images.setEnabled(True)
        self.images.setCurrentIndex(place)
        self._ask()

    def show_recipe(self, recipe: Recipe | None, output: int) -> None:
        """Show what an output of a recipe makes; None while there is none that is right."""
        self._recipe, self._output = recipe, output
        self.named.emit(self._example())
        self._ask()

    def _ask(self) -> None:
        wish = (self.images.currentData(), self._recipe, self._output)
        if wish == self._shown:
            return
        self._shown = wish
        self._set_outdated(True)
        self._rest.start()

    def _set_outdated(self, outdated: bool) -> None:
        self.comparison.set_outdated(outdated)
        for part in (self.weight, self.facts, self.notes, self.trouble):
            part.setEnabled(not outdated)

    def stop(self) -> None:
        """Wish for nothing any more."""
        self._rest.stop()
        self._slow.stop()
        self._shown = ()
        self._previewer.forget()

    def _start(self) -> None:
        path, recipe = self.images.currentData(), self._recipe
        if path is None or recipe is None:
            self._slow.stop()
            self._previewer.forget()
            if path is None:
                self._show_nothing()
            return
        self._slow.start()
        self._tasks.start(self._make(str(path), recipe, self._output))

    async def _make(self, path: str, recipe: Recipe, output: int) -> None:
        found = await self._previewer.make(path, recipe, output, self._say_about)
        if found is None:  # a newer one is on its way
            return
        if isinstance(found, JobError):
            self._slow.stop()
            self._show_nothing()
            self._say(self.trouble, words.said(found.message))
            self._set_outdated(False)
            return
        if self._before is None or self._before[0] is not found.before:
            self._before = found.before, await asyncio.to_thread(image_of, found.before)
        before = self._before[1]
        after = await asyncio.to_thread(image_of, found.after)
        if (path, recipe, output) == self._shown:
            self._slow.stop()
            self._show(found, before, after, skip_larger=recipe.skip_larger)

    def _show(self, found: Preview, before: QImage, after: QImage, *, skip_larger: bool) -> None:
        self._set_outdated(False)
        self.comparison.show_images(before, after, QSize(found.width, found.height))
        self._pages.setCurrentWidget(self.comparison)
        was = f"{words.dimensions(found.source_width, found.source_height)}, {words.size(found.source_bytes)}"
        saved = words.saved(found.source_bytes, found.bytes)
        if found.bytes > found.source_bytes:
            change = self.tr("larger than the source")
        else:
            change = self.tr("{0} smaller").format(saved)
        self._say(self.weight, f"{words.size(found.bytes)}, {change}")
        exact = self.tr("{0} bytes").format(words.number(found.bytes))
        becomes = f"{words.dimensions(found.width, found.height)}, {exact}"
        self._say(self.facts, self.tr("{0} becomes {1}").format(was, becomes))
        notes = list(found.notes)
        if skip_larger and found.bytes > found.source_bytes:
            notes.insert(0, self.tr("It would not be written, as it is larger than its source."))
        self._say(self.notes, " ".join(map(words.said, notes)))
        self._say(self.trouble, "")
        self.named.emit(found.file_name)

    def _show_nothing(self) -> None:
        self.comparison.clear()
        self._pages.setCurrentWidget(self.empty)
        text = self.tr("Add images to the queue, or choose one,\nto see what becomes of it.")
        self.empty.setText(text if self.images.currentData() is None else "")
        for part in (self.weight, self.facts, self.notes, self.trouble):
            self._say(part, "")

    def _say(self, part: QLabel, text: str) -> None:
        part.setText(text)
        part.setVisible(bool(text))

    def _say_slow(self) -> None:
        if self.comparison.is_empty():
            self.empty.setText(self.tr("Being made…"))
        else:
            self._say(self.weight, self.tr("Being made…"))

    def _say_about(self, about: int) -> None:
        self._slow.stop()
        text = self.tr("About {0}, being made…").format(words.size(about))
        if self.comparison.is_empty():
            self.empty.setText(text)
        self._say(self.weight, text)

    def _example(self) -> str:
        """Return the name that the file would get, as far as it can be told without the image."""
        if self._recipe is None:
            return ""
        output = self._recipe.outputs[self._output]
        chosen = format_named(output.format) if output.format is not None else JPEG
        path = self.images.currentData() or _EXAMPLE
        shot = Shot(datetime.now().astimezone(), "NIKON Z 6")
        try:
            return final_name(
                os.path.basename(str(path)),  # noqa: PTH119 (text alone)
                output, (chosen or JPEG).suffix, width=2048, height=1365, shot=shot,
            )  # fmt: skip
        except ImageQueueError as error:
            return words.said(str(error))

    def _choose(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Look at an image"))
        dialog.setObjectName("recipeImageDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        suffixes = " ".join(f"*{one}" for one in sorted(READABLE_SUFFIXES))
        dialog.setNameFilters([self.tr("Images ({0})").format(suffixes), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.look_at)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _draw(self) -> None:
        palette = self.trouble.palette()
        palette.setColor(QPalette.ColorRole.WindowText, state_colours(JobState.FAILED)[0])
        self.trouble.setPalette(palette)
