"""Shows what a file of jobs would bring, asks where its folders are here, and takes it in."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.errors import ImageQueueError
from core.queue import TaskQueue
from core.transfer.mapping import PathMap, is_absolute
from core.transfer.queue_file import QueueFile
from core.transfer.taking import (
    Arrival,
    Missing,
    Sources,
    arrival_of,
    chosen_jobs,
    look_for_sources,
    recipe_folders,
    top_folders,
)
from core.undo import Deed
from gui import words
from gui.dialogs import DialogButtons
from gui.elided import ElidedLabel
from gui.focus import tab_as_laid_out
from gui.notice import Notice
from gui.tasks import Tasks
from gui.theme import SPACE

_REST: Final = 300  # milliseconds without a key until what was typed is looked for
_NAMED: Final = 3  # recipes and folders that are named
_LETTERS: Final = 24  # of a folder that are in sight at least
_ROWS: Final = 20  # folders that are asked for


class ImportDialog(QDialog):
    """One line for each folder, what is found of the images, and a button. It hinders nothing."""

    def __init__(
        self, window: QWidget, queue: TaskQueue, name: str, file: QueueFile, notice: Notice, tasks: Tasks
    ) -> None:
        super().__init__(window)
        self.setObjectName("importDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Import {0}").format(words.shown(name)))
        self._queue = queue
        self._name = name
        self._file = file
        self._notice = notice
        self._tasks = tasks
        self._found: tuple[Arrival, Sources] | None = None
        self._stop = threading.Event()  # of the looking that is under way
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_REST)
        self._soon.timeout.connect(self._look)
        self._edits: list[tuple[str, QLineEdit]] = []
        self._state = QLabel(self)
        self._state.setObjectName("importState")
        self._state.setWordWrap(True)
        self._state.setTextFormat(Qt.TextFormat.PlainText)  # what comes out of the file may look like markup
        self._list = QPlainTextEdit(self)
        self._list.setObjectName("importMissing")
        self._list.setAccessibleName(self.tr("Images that are not here"))
        self._list.setReadOnly(True)
        self._list.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._list.hide()
        self._all = QCheckBox(
            self.tr("Import the &missing ones, too; they fail unless they come in time"), self
        )
        self._all.setObjectName("importAll")
        self._all.toggled.connect(self._show_found)
        self._all.hide()
        self.finished.connect(self._stop_looking)
        self._lay_out()
        self._look()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        said = QLabel(self._what_it_brings(), self)
        said.setObjectName("importSummary")
        said.setTextFormat(Qt.TextFormat.PlainText)
        said.setWordWrap(True)
        column.addWidget(said)
        rows = self._rows()
        if rows:
            column.addWidget(self._make_rows(rows))
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Cancel, self)
        self._accept = buttons.addButton(self.tr("&Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setObjectName("importAccept")
        buttons.accepted.connect(self._take_in)
        buttons.rejected.connect(self.reject)
        column.addWidget(self._state)
        column.addWidget(self._list, 1)
        column.addWidget(self._all)
        column.addStretch()
        column.addWidget(buttons)
        self.resize(680, 360)
        tab_as_laid_out(self)

    def _what_it_brings(self) -> str:
        names = [words.recipe(str(one.get("name", ""))[:60]) for one in self._file.recipes[:_NAMED]]
        more = len(self._file.recipes) - len(names)
        listed = ", ".join(names) + (self.tr(" and {0} more").format(words.number(more)) if more > 0 else "")
        held = sum(job.held for job in self._file.jobs)
        text = self.tr("{0} of another queue, with their priorities, order and recipes: {1}.").format(
            words.images(len(self._file.jobs)), listed
        )
        if held:
            text += " " + self.tr("{0} of them are held.").format(words.number(held))
        return text

    def _rows(self) -> list[tuple[str, str]]:
        """Return the folders to ask for, each with what it is."""
        rows = [(folder, words.images(number)) for folder, number in top_folders(self._file)]
        known = [folder.casefold().rstrip("/\\") for folder, _ in rows]
        for folder in recipe_folders(self._file):
            folded = folder.casefold()
            if not any(folded == one or folded.startswith((f"{one}/", f"{one}\\")) for one in known):
                rows.append((folder, self.tr("of a recipe")))
        return rows[:_ROWS]

    def _make_rows(self, rows: list[tuple[str, str]]) -> QWidget:
        box = QWidget(self)
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(QLabel(self.tr("Folder in the file"), box), 0, 0)
        grid.addWidget(QLabel(self.tr("Is here"), box), 0, 1)
        for number, (folder, what) in enumerate(rows, 1):
            text = f"{words.shown_path(folder)}  ({what})"
            label = ElidedLabel(box, Qt.TextElideMode.ElideMiddle, text)
            edit = QLineEdit(folder if self._file.separator == os.sep else "", box)
            edit.setObjectName(f"importFolder{number}")
            edit.setAccessibleName(self.tr("Where {0} is here").format(words.shown(folder)))
            edit.setPlaceholderText(self.tr("the folder on this machine"))
            edit.textChanged.connect(self._on_edited)
            label.setBuddy(edit)
            button = QPushButton(self.tr("Choose…"), box)
            button.setObjectName(f"importChoose{number}")
            button.setAccessibleName(self.tr("Choose where {0} is here").format(words.shown(folder)))
            button.clicked.connect(lambda _=False, edit=edit: self._choose(edit))
            for place, part in enumerate((label, edit, button)):
                grid.addWidget(part, number, place)
            self._edits.append((folder, edit))
            edit.setMinimumWidth(edit.fontMetrics().averageCharWidth() * _LETTERS)
            edit.setCursorPosition(0)
        for place in (0, 1):
            grid.setColumnStretch(place, 1)
        if len(rows) <= 6:
            return box
        area = QScrollArea(self)
        area.setWidget(box)
        area.setWidgetResizable(True)
        return area

    def _choose(self, edit: QLineEdit) -> None:
        dialog = QFileDialog(self, self.tr("Choose the folder on this machine"))
        dialog.setObjectName("importFolderDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(edit.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # -- looking ---------------------------------------------------------------------------------------------

    def maps(self) -> list[PathMap]:
        """Return which folders of the file are which here, as far as that was said."""
        given = [(folder, edit.text().strip()) for folder, edit in self._edits]
        return [PathMap(old, new) for old, new in given if is_absolute(new, os.sep)]

    def _on_edited(self) -> None:
        self._stop_looking()
        self._found = None
        self._accept.setEnabled(False)
        self._soon.start()

    def _stop_looking(self) -> None:
        self._stop.set()
        self._soon.stop()

    def _look(self) -> None:
        self._stop = threading.Event()
        self._found = None
        self._accept.setEnabled(False)
        self._state.setText(self.tr("Looking for the images…"))
        self._tasks.start(self._look_for(self._stop))

    async def _look_for(self, stop: threading.Event) -> None:
        try:
            arrival = await asyncio.to_thread(arrival_of, self._file, self.maps())
            sources = await asyncio.to_thread(look_for_sources, arrival.jobs, stop.is_set)
        except ImageQueueError as error:
            if not stop.is_set():
                self._state.setText(words.said(str(error)))
            return
        if not stop.is_set():
            self._found = (arrival, sources)
            self._show_found()

    def _show_found(self) -> None:
        if self._found is None:
            return
        arrival, sources = self._found
        missing, total = len(sources.missing), len(arrival.jobs)
        lines = [*arrival.elsewhere, *sources.listed]
        if arrival.elsewhere_count:
            state = self.tr("Say where the folders are here: {0} of another system.").format(
                words.count(arrival.elsewhere_count, self.tr("1 path is"), self.tr("{n} paths are"))
            )
        elif not total:
            state = self.tr("The file has no images.")
        elif missing:
            there = self.tr("{0} of {1} are here.").format(words.number(total - missing), words.images(total))
            lost = words.count(missing, self.tr("1 is missing."), self.tr("{n} are missing."))
            state = f"{there} {lost}"
        else:
            state = words.count(total, self.tr("The image is here."), self.tr("All {n} images are here."))
        if arrival.folders and not arrival.elsewhere_count:
            state += " " + self.tr("Results go to {0}.").format(_listed(arrival.folders))
        if arrival.replacing:
            names = _listed([words.recipe(name[:60]) for name in arrival.replacing])
            state += " " + self.tr("Originals are replaced, and go to the trash, by: {0}.").format(names)
        if arrival.overwriting:
            names = _listed([words.recipe(name[:60]) for name in arrival.overwriting])
            state += " " + self.tr("Files of the results' names are replaced by: {0}.").format(names)
        self._state.setText(state)
        self._list.setPlainText("\n".join(map(words.shown, lines)))
        self._list.setVisible(bool(lines))
        self._all.setVisible(bool(missing) and not arrival.elsewhere_count)
        number = total if self._all.isChecked() else total - missing
        if arrival.elsewhere_count:
            number = 0
        self._accept.setEnabled(bool(number))
        self._accept.setText(
            self.tr("&Import {0}").format(words.images(number)) if number else self.tr("&Import")
        )

    # -- taking in -------------------------------------------------------------------------------------------

    def _take_in(self) -> None:
        if self._found is not None:
            arrival, sources = self._found
            missing = Missing.TAKE if self._all.isChecked() else Missing.LEAVE_OUT
            self._tasks.start(_take_in(self._queue, self._name, arrival, sources, missing, self._notice))
            self.accept()


def _listed(texts: list[str]) -> str:
    """Return the first of these texts, and how many more there are: none is passed over in silence."""
    more = len(texts) - _NAMED
    said = ", ".join(map(words.shown, texts[:_NAMED]))
    if more <= 0:
        return said
    return said + QCoreApplication.translate("ImportDialog", " and {0} more").format(words.number(more))


async def _take_in(
    queue: TaskQueue, name: str, arrival: Arrival, sources: Sources, missing: Missing, notice: Notice
) -> None:
    jobs = chosen_jobs(arrival, sources, missing)
    async with queue.undo.step(Deed.IMPORT):
        accepted = await queue.take_in(jobs, arrival.recipes)  # what it raises is said; nothing is taken in
    sentence = words.tr("Imported {0} from {1}.").format(words.images(len(accepted.ids)), words.shown(name))
    if accepted.duplicates:
        sentence += " " + words.count(
            accepted.duplicates, words.tr("1 was here already."), words.tr("{n} were here already.")
        )
    if len(jobs) < len(arrival.jobs):
        sentence += " " + words.count(
            len(arrival.jobs) - len(jobs),
            words.tr("1 is missing and was left out."),
            words.tr("{n} are missing and were left out."),
        )
    notice.say(sentence, seconds=12)
