"""Shows what would be made of files and folders before they are added: a dry run in a dialog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.dry_run import DryRun, Foreseen, Totals
from core.intake.adding import AddSummary
from core.recipe import Recipe
from core.settings import Settings
from gui import words
from gui.choosers import choose_files, choose_folder
from gui.dialogs import DialogButtons
from gui.foreseen import ForeseenModel, lines_of, totals_sentence
from gui.mime import sources_of_mime
from gui.placeholder import Placeholder
from gui.tasks import Tasks, sentence_of
from gui.theme import SPACE
from gui.throttle import Throttle

_WORKERS: Final = 2  # that look, beside those of the queue
_LISTED: Final = 10_000  # rows; the sums count all
_CHUNK: Final = 200  # rows that are shown in one go


class DryRuns(QObject):
    """The dry runs of the window, one at a time, with what is chosen in it when one begins."""

    chosen = Signal(object, object)  # what to add, and the recipe that it was looked at with

    def __init__(
        self,
        window: QWidget,
        data_dir: Path,
        settings: Callable[[], Settings],
        recipe: Callable[[], Recipe],
        tasks: Tasks,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._data_dir = data_dir
        self._settings = settings
        self._recipe = recipe
        self._tasks = tasks
        self._used = recipe()
        self.dialog: DryRunDialog | None = None

    def show(self) -> None:
        """Show the dialog, which asks for files and folders."""
        if self.dialog is None:
            self.dialog = DryRunDialog(self._window, self._start)
            self.dialog.finished.connect(self._forget_dialog)
            self.dialog.added.connect(lambda paths: self.chosen.emit(paths, self._used))
        self.dialog.show()
        self.dialog.raise_()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _start(self, dialog: DryRunDialog, paths: Sequence[str]) -> asyncio.Task[Any]:
        return self._tasks.start(self._run(dialog, paths))

    async def _run(self, dialog: DryRunDialog, paths: Sequence[str]) -> None:
        settings, stopped = self._settings(), dialog.stopped
        self._used = self._recipe()
        run = DryRun(
            self._data_dir, settings, workers=min(_WORKERS, settings.workers),
            timeout=settings.timeout or None, by_content=settings.by_content,
        )  # fmt: skip
        try:
            async with run:
                summary = await run.look(
                    paths,
                    self._used,
                    wanted=settings.wanted(),
                    on_progress=dialog.on_progress,
                    stopped=stopped,
                )
                if not stopped.is_set():
                    dialog.say_weighing()
                    await run.weigh(stopped)
                await _list(run, dialog)
                dialog.conclude(run.totals, summary)
        except Exception as error:
            dialog.fail(sentence_of(error))


async def _list(run: DryRun, dialog: DryRunDialog) -> None:
    rows: list[Foreseen] = []
    async with aclosing(run.rows()) as foreseen:
        async for row in foreseen:
            rows.append(row)
            if len(rows) >= _CHUNK:
                if not dialog.list_rows(rows):
                    return
                rows = []
    dialog.list_rows(rows)


class DryRunDialog(QDialog):
    """Asks what to look at, shows how far that is, and lists what would become of each image."""

    added = Signal(object)  # the paths and links that are to be added

    def __init__(
        self, window: QWidget, start: Callable[[DryRunDialog, Sequence[str]], asyncio.Task[Any]]
    ) -> None:
        super().__init__(window)
        self.setObjectName("dryRun")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What would be made"))
        self.setAcceptDrops(True)
        self._start = start
        self._task: asyncio.Task[Any] | None = None
        self._paths: list[str] = []
        self._progress = 0, 0
        self._gone = False
        self.stopped = asyncio.Event()
        """Set when the user wants no more looked at."""
        said = QLabel(
            self.tr(
                "Choose files or a folder, or drop them here. Each image is looked at with the recipe, the"
                " output folder and the rule that are chosen in the window now. Nothing is written."
            ),
            self,
        )
        said.setWordWrap(True)
        self._files = self._button("dryRunFiles", self.tr("Choose &files…"), self._choose_files)
        self._folder = self._button("dryRunFolder", self.tr("Choose a f&older…"), self._choose_folder)
        self._stop = self._button("dryRunStop", self.tr("&Stop"), self.stop)
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(self.tr("How much was looked at"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(SPACE)
        self.list = QTableView(self)
        self.model = ForeseenModel(self)
        self._lay_out_list()
        self.totals = QLabel(self)
        self.totals.setObjectName("dryRunTotals")
        self.totals.setTextFormat(Qt.TextFormat.PlainText)
        self.totals.setWordWrap(True)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        self._add = buttons.addButton(
            self.tr("&Add these to the queue"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self._add.setObjectName("dryRunAdd")
        self._add.clicked.connect(self._add_these)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        for part in (self._files, self._folder):
            row.addWidget(part)
        row.addStretch()
        row.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addWidget(said)
        column.addLayout(row)
        column.addWidget(self._bar)
        column.addWidget(self.list, 1)
        column.addWidget(self.totals)
        column.addWidget(buttons)
        self.resize(980, 560)
        self._throttle = Throttle(self._show_progress, 100, self)
        self._rest()

    def _button(self, name: str, text: str, slot: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _lay_out_list(self) -> None:
        self.list.setObjectName("dryRunList")
        self.list.setAccessibleName(self.windowTitle())
        self.list.setModel(self.model)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setWordWrap(False)
        self.list.setShowGrid(False)
        self.list.setTabKeyNavigation(False)
        self.list.verticalHeader().hide()
        self.list.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + SPACE)
        Placeholder(self.list, self.tr("What would be written, replaced or skipped is listed here."))
        header = self.list.horizontalHeader()
        for column, width in enumerate((110, 330, 100, 90, 280)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    # -- choosing -------------------------------------------------------------------------------------------

    def _choose_files(self) -> None:
        choose_files(self, self.look_at, "dryRunFilesDialog")

    def _choose_folder(self) -> None:
        choose_folder(self, self.look_at, "dryRunFolderDialog")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take paths and links, as copies, while nothing is looked at."""
        if self._task is None and sources_of_mime(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Look at what is dropped."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.look_at(sources_of_mime(event.mimeData()))

    def look_at(self, paths: Sequence[str]) -> None:
        """Begin to look at these, in the place of what was looked at before."""
        if self._task is not None or not paths:
            return
        self._paths = list(paths)
        self.stopped = asyncio.Event()
        self.model.clear()
        self._progress = 0, 0
        for button in (self._files, self._folder, self._add):
            button.setEnabled(False)
        self._stop.setEnabled(True)
        self._bar.reset()
        self._say(self.tr("Looking for images…"))
        self._task = self._start(self, self._paths)

    def stop(self) -> None:
        """Look at nothing more; what was looked at is listed."""
        self.stopped.set()
        self._stop.setEnabled(False)

    def done(self, result: int) -> None:
        """Give up what is under way when the dialog is closed."""
        self._gone = True
        self._throttle.stop()
        if self._task is not None:
            self._task.cancel()
        super().done(result)

    def _add_these(self) -> None:
        self.added.emit(self._paths)
        self.accept()

    # -- what the dry run tells -----------------------------------------------------------------------------

    def on_progress(self, done: int, found: int) -> None:
        """Hear how many images were looked at, of those found so far."""
        self._progress = done, found
        if not self._gone:
            self._throttle.ask()

    def _show_progress(self) -> None:
        done, found = self._progress
        if self._task is not None and found:
            self._bar.setRange(0, found)
            self._bar.setValue(done)
            self._say(self.tr("Looked at {0} of {1}").format(words.number(done), words.images(found)))

    def say_weighing(self) -> None:
        """Say that sizes are estimated now."""
        self._throttle.stop()
        self._bar.setRange(0, 1)
        self._say(self.tr("Making a few in memory to estimate the sizes…"))

    def list_rows(self, rows: Sequence[Foreseen]) -> bool:
        """List what would become of some sources; returns whether there is room for more."""
        self.model.add([line for row in rows for line in lines_of(row)])
        return self.model.rowCount() < _LISTED

    def conclude(self, totals: Totals, summary: AddSummary) -> None:
        """Tell the sums."""
        self._rest()
        said = [totals_sentence(totals)]
        looked = totals.write + totals.skip + totals.fail
        if looked < totals.found or summary.cancelled:
            said.insert(0, self.tr("Stopped: {0} looked at.").format(words.images(looked)))
        left = (
            summary.unreadable_count
            + summary.not_images_count
            + summary.left_out_count
            + summary.results_count
        )
        if left:
            said.append(
                words.count(
                    left,
                    self.tr("1 file or folder is not taken."),
                    self.tr("{n} files or folders are not taken."),
                )
            )
        if self.model.rowCount() >= _LISTED:
            said.append(
                self.tr("The first {0} lines are listed.").format(words.number(self.model.rowCount()))
            )
        self._say(" ".join(said) if totals.found else self.tr("No images were found."))
        self._add.setEnabled(bool(totals.write))

    def fail(self, sentence: str) -> None:
        """Say why nothing could be foreseen."""
        self._rest()
        self._say(words.said(sentence))

    def _rest(self) -> None:
        self._task = None
        self._throttle.stop()
        self._bar.setRange(0, 1)
        self._bar.setValue(0)
        self._stop.setEnabled(False)
        self._add.setEnabled(False)
        for button in (self._files, self._folder):
            button.setEnabled(True)

    def _say(self, sentence: str) -> None:
        self.totals.setText(sentence)
        self.totals.setAccessibleName(sentence)
