"""The window: puts its parts together, and holds no logic of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from core.job import JobState, Priority
from core.looks import Looks
from core.queue import TaskQueue
from core.recipe import Recipe
from core.remote.cluster import TellsCluster
from core.remote.keys import Keys
from core.settings import Settings
from core.status import QueueStatus, Recovery
from core.transfer.queue_file import is_queue_file
from gui.actions import Actions
from gui.adding import AddingBar
from gui.batch_report import FAILURES, BatchReport
from gui.choosers import choose_files, choose_folder
from gui.commands import Commands
from gui.companions import Companions
from gui.desktop import Desktop, NoDesktop
from gui.drop_area import DropArea
from gui.dry_run import DryRuns
from gui.empty_state import EmptyState
from gui.failures import Failures
from gui.failures_panel import FailuresPanel
from gui.focus import tab_as_laid_out
from gui.folder_filters import FolderFilters
from gui.hearing import Hearing
from gui.help import About, ShortcutsSheet, shortcut_groups
from gui.hints import Hints
from gui.history import History
from gui.inspector import Inspector
from gui.machines import Machines, NoMachines
from gui.menus import fill_menu_bar
from gui.mime import Picture, pictures_of_mime, sources_of_mime
from gui.notice import Notice
from gui.pages import Pages
from gui.preferences import Preferences
from gui.progress import ProgressPanel
from gui.queue_files import QueueFiles
from gui.queue_model import QueueModel
from gui.queue_view import QueueView
from gui.recipe_bar import RecipeBar
from gui.recipes.recipes import Recipes
from gui.report import Report
from gui.state_tabs import SearchField, StateTabs
from gui.tasks import Tasks
from gui.theme import SPACE, choose_scheme, theme_signals
from gui.undoing import Undoing
from gui.unmaking import Unmaking
from gui.watched_folders import WatchedFolders
from gui.window_state import WindowState


class MainWindow(QMainWindow):
    """Everything on screen, bound to the queue's signals."""

    close_asked = Signal()
    """The user wants the window closed; the app decides when that is."""

    settings_changed = Signal(object, object)
    """The Settings before, and as they are now: what of them is the queue's is to take effect there."""

    def __init__(
        self,
        queue: TaskQueue,
        settings: Settings,
        data_dir: Path,
        tasks: Tasks,
        desktop: Desktop | None = None,
        machines: TellsCluster | None = None,
        keys: Keys | None = None,
    ) -> None:
        """Make the window; without a `desktop`, nothing of it reaches outside.

        machines: what knows of other machines; without it there are none. keys: the passwords of brokers.
        """
        super().__init__()
        self.setObjectName("mainWindow")
        self._queue = queue
        self._settings = settings
        self._tasks = tasks
        self._may_close = False
        self._hearing = Hearing()
        self.actions_ = Actions(self)
        self.notice = Notice(self)
        self.recipe_bar = RecipeBar(settings, tasks)
        self.filters = FolderFilters(self, self.settings)
        self.adding = AddingBar(queue, tasks, data_dir, lambda: self._settings.wanted())
        self.tabs = StateTabs(queue)
        self.search = SearchField()
        self.looks = Looks(data_dir, memory_limit=settings.memory_limit)
        self.model = QueueModel(queue, tasks, self.looks)
        self.view = QueueView(self.model)
        self.inspector = Inspector(queue, tasks, self.looks)
        self.progress = ProgressPanel(queue)
        self.hints = Hints(queue)
        self.commands = Commands(queue, self.actions_, self.view, self.model, self.notice, tasks, data_dir)
        self.unmaking = Unmaking(self, queue, data_dir, self.notice, tasks)
        self.undoing = Undoing(queue, self.actions_, self.notice, tasks)
        self.report = Report(self, queue, self.settings, data_dir, tasks, self.notice)
        self.batch_report = BatchReport(self, queue, self.notice, tasks)
        self.companions = Companions(
            self, queue, tasks, lambda: self._settings, self.actions_, desktop or NoDesktop(),
            adding=lambda: self.adding.busy, open_path=self.commands.open_path,
        )  # fmt: skip
        self.failures_panel = FailuresPanel(
            queue, tasks, [self.actions_.save_failures, self.actions_.retry_failed]
        )
        self.preferences = Preferences(
            self, self.settings, self.actions_.schemes, data_dir, tasks, self.commands.open_path,
            keys or Keys(),
        )  # fmt: skip
        self.failures = Failures(
            self, queue, tasks, self.notice,
            recipe=self.recipe_bar.recipe, remove=self.commands.remove,
            limits=lambda: self.preferences.show("timeout"), report=self.report.show_diagnostics,
        )  # fmt: skip
        self.watched = WatchedFolders(
            self,
            queue,
            settings,
            data_dir,
            tasks,
            self.recipe_bar.recipe,
            lambda: self.state.write(),
            lambda: self._settings.wanted(),
        )
        self.recipes = Recipes(
            self, queue, self.view, self.recipe_bar, self.notice, data_dir, tasks,
            lambda: self._settings.memory_limit, self.actions_.undo.trigger,
        )  # fmt: skip
        self.history = History(self, queue, tasks)
        self.queue_files = QueueFiles(self, queue, data_dir, self.notice, tasks, self.view.selected_ids)
        self.dry_runs = DryRuns(self, data_dir, self.settings, self.recipe_bar.recipe, tasks)
        self.pages = Pages(queue, self.notice, tasks, self)
        self.drop_area = DropArea(self)
        self.machines = Machines(
            self, machines or NoMachines(), self.settings, self.notice, self.preferences.keys, tasks
        )
        self.progress.add_part(self.machines.button)
        self.progress.add_part(self.companions.when_done.button)
        self._lay_out()
        self._job_menu = fill_menu_bar(
            self.menuBar(), self.actions_, self.view, self.companions.when_done.menu
        )
        self._connect()
        tab_as_laid_out(self)
        self.state = WindowState(
            self, self._splitter, self.view, self.tabs, self.actions_, self.recipe_bar, self.hints,
            self.settings, data_dir, tasks,
        )  # fmt: skip
        self.state.restore()
        self.inspector.setVisible(self.actions_.details.isChecked())

    # -- putting together -----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        acts = self.actions_
        bar = QToolBar(self.tr("Main toolbar"), self)
        bar.setObjectName("mainToolBar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        acts.fill_toolbar(bar)
        self.addToolBar(bar)
        self._empty = EmptyState(
            "emptyState", "drop", self.tr("Drop images, folders or links here"),
            self.tr("They are queued, and four workers make the copies that the recipe above describes.\n"
                    "Nothing is lost when you pause, quit, or lose power."),
            [acts.add_files, acts.add_folder], self,
        )  # fmt: skip
        show_all = QAction(self.tr("Show all"), self)
        show_all.setObjectName("showAll")
        show_all.triggered.connect(self._show_all)
        self._nothing = EmptyState(
            "nothingMatches", "find", self.tr("Nothing matches"), "", [show_all], self,
        )  # fmt: skip
        self._stack = QStackedWidget(self)
        for page in (self.view, self._empty, self._nothing):
            self._stack.addWidget(page)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setObjectName("splitter")
        self._splitter.addWidget(self._stack)
        self._splitter.addWidget(self.inspector)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        filters = QHBoxLayout()
        filters.setSpacing(SPACE)
        filters.addWidget(self.tabs, 1)
        filters.addWidget(self.search)
        column = QVBoxLayout()
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        for part in (self.recipe_bar, self.notice):
            column.addWidget(part)
        column.addLayout(filters)
        column.addWidget(self.failures_panel)
        column.addWidget(self._splitter, 1)
        column.addWidget(self.hints)
        column.addWidget(self.adding)
        column.addWidget(self.progress)
        centre = QWidget(self)
        centre.setLayout(column)
        self.setCentralWidget(centre)

    def _connect(self) -> None:
        acts, tasks = self.actions_, self._tasks
        acts.add_files.triggered.connect(lambda: choose_files(self, self.add))
        acts.add_folder.triggered.connect(lambda: choose_folder(self, self.add))
        acts.dry_run.triggered.connect(self.dry_runs.show)
        self.dry_runs.chosen.connect(self._add_foreseen)
        acts.by_content.setChecked(self._settings.by_content)
        self._queue.set_by_content(self._settings.by_content)
        acts.by_content.toggled.connect(self._compare_by_content)
        acts.folder_filters.triggered.connect(self.filters.show)
        self.adding.filters_asked.connect(self.filters.show)
        self.adding.undo_asked.connect(acts.undo.trigger)
        self.filters.changed.connect(self._take_settings)
        acts.paste.triggered.connect(self._paste)
        acts.watched_folders.triggered.connect(self.watched.show)
        acts.export_jobs.triggered.connect(self.queue_files.choose_export)
        acts.import_jobs.triggered.connect(self.queue_files.choose_import)
        acts.save_report.triggered.connect(lambda: self.batch_report.choose())
        acts.save_failures.triggered.connect(lambda: self.batch_report.choose(FAILURES))
        acts.show_failed.triggered.connect(self._show_failed)
        self.companions.show_window.connect(self.to_front)
        self.companions.quit.connect(self.close)
        self.progress.progressed.connect(self.companions.show_progress)
        self.progress.failures_asked.connect(self._show_failed)
        self.failures_panel.retry.connect(self.failures.retry)
        self.failures_panel.mend.connect(self.failures.mend)
        self.failures_panel.show_only.connect(self._show_kind)
        acts.preferences.triggered.connect(lambda: self.preferences.show())
        self.preferences.changed.connect(self._take_settings)
        self.recipe_bar.changed.connect(self.preferences.refresh)
        theme_signals().changed.connect(self.preferences.refresh)
        acts.quit.triggered.connect(self.close)
        acts.edit_recipes.triggered.connect(self.recipes.show)
        acts.change_recipe.triggered.connect(self.recipes.change.choose)
        acts.unmake.triggered.connect(lambda: self.unmaking.ask(self.view.selected_ids()))
        acts.find.triggered.connect(self.search.start)
        acts.details.toggled.connect(self.inspector.setVisible)
        acts.history.triggered.connect(self.history.show)
        acts.machines.triggered.connect(self.machines.show)
        self.machines.preferences_asked.connect(lambda: self.preferences.show("broker"))
        self.settings_changed.connect(lambda *_: self.machines.refresh())
        self.preferences.password_changed.connect(self.machines.refresh)
        for name, action in acts.schemes.items():
            action.toggled.connect(lambda on, name=name: choose_scheme(name) if on else None)
        acts.about.triggered.connect(lambda: About(self, acts.diagnostics).show())
        acts.shortcuts.triggered.connect(
            lambda: ShortcutsSheet(self, shortcut_groups(self.menuBar(), acts.all())).show()
        )
        acts.hints.triggered.connect(self.hints.forget)
        self.drop_area.dropped.connect(self.add)
        self.drop_area.pictures_dropped.connect(self._add_pictures)
        self.pages.chosen.connect(self.add)
        self.tabs.chosen.connect(self._show_states)
        self.search.text_settled.connect(self._show_text)
        self.model.queried.connect(self._choose_page)
        self.model.rowsInserted.connect(self._choose_page)
        self.view.menu_wanted.connect(lambda point: self._job_menu.popup(point))
        self.view.selection_settled.connect(lambda: self.inspector.show_jobs(self.view.selected_ids()))
        self.inspector.open_path.connect(self.commands.open_path)
        self.progress.title_changed.connect(self.setWindowTitle)
        tasks.on_failure = self.report.failed
        acts.diagnostics.triggered.connect(self.report.show_diagnostics)
        self.recipe_bar.refused.connect(self.notice.say)
        theme_signals().changed.connect(acts.renew_icons)
        self.setWindowTitle(self.progress.title())
        self.view.setFocus()  # not a button or a list, which would take Space for itself

    # -- what the app tells ---------------------------------------------------------------------------------

    def opened(self, recovery: Recovery) -> None:
        """Show the queue that was just opened, and what was found at its opening."""
        self._hearing.connect(self._queue.status_changed, self._on_status)
        self._on_status(self._queue.status())
        self.model.begin()  # if it has not yet
        self.failures_panel.begin()
        self.companions.begin()
        self.machines.begin()
        self.report.opened(recovery)
        self.watched.begin()
        self.recipes.begin()
        self.hints.begin()

    def add(self, paths: Sequence[str], priority: int = Priority.NORMAL) -> None:
        """Add files, folders and links with the recipe that is chosen; import files of jobs, and recipes."""
        files = [path for path in paths if is_queue_file(path)]
        for path in files:
            self.queue_files.open(path)
        paths = self.recipes.take_from([path for path in paths if path not in files] if files else paths)
        if paths:
            self.adding.add(list(paths), self.recipe_bar.recipe(), int(priority), self._settings.max_retries)

    def take(self, paths: Sequence[str], recipe: str) -> None:
        """Do what a start of the app asks for: add paths, with a recipe of their own unless it is "".

        A recipe without paths is chosen in the window.
        """
        if not recipe or (paths and all(is_queue_file(path) for path in paths)):
            self.add(paths)
        elif paths:
            self._tasks.start(self._add_with(list(paths), recipe))
        else:
            self._tasks.start(self.recipes.choose(recipe))

    async def _add_with(self, paths: list[str], name: str) -> None:
        recipe = await self.recipes.named(name)
        if recipe is not None:  # else the reason is said
            self.adding.add(paths, recipe, int(Priority.NORMAL), self._settings.max_retries)

    def _add_foreseen(self, paths: Sequence[str], recipe: Recipe) -> None:
        self.adding.add(list(paths), recipe, int(Priority.NORMAL), self._settings.max_retries)

    def settings(self) -> Settings:
        """Return the settings with what is chosen in the window."""
        return replace(self.recipe_bar.as_settings(self._settings), watched=self.watched.folders)

    def _take_settings(self, old: Settings, new: Settings) -> None:
        self._settings = new
        self.recipe_bar.choose_existing(new.existing)
        self.watched.watches.max_retries = new.max_retries
        if new.wanted() != old.wanted():
            self.watched.renew()
        self._queue.set_by_content(new.by_content)
        self.actions_.by_content.setChecked(new.by_content)
        self.companions.take_settings(old, new)
        self.state.keep_soon()
        self.settings_changed.emit(old, new)

    def to_front(self, token: str = "") -> None:
        """Show the window before others; `token` is what Wayland gave the program that asks for it, if any.

        https://wayland.app/protocols/xdg-activation-v1
        """
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt takes it from there, and away
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def close_for_good(self) -> None:
        """Close the window without asking."""
        self._may_close = True
        self.close()

    def end(self) -> None:
        """Hear the queue no more."""
        self._hearing.end()
        self.state.end()
        for part in (self.model, self.tabs, self.inspector, self.progress, self.pages, self.hints):
            part.end()
        self.undoing.end()
        self.adding.end()
        self.failures_panel.end()
        self.companions.end()
        self.machines.end()

    def _show_states(self, states: frozenset[JobState] | None) -> None:
        self.failures_panel.want(states == frozenset(FAILURES))  # first, as it is read sooner than the list
        self.model.set_query(replace(self.model.query, states=states, error_code=""))

    def _show_kind(self, code: str) -> None:
        self.model.set_query(replace(self.model.query, error_code=code))

    def _show_failed(self) -> None:
        self.search.clear()
        self.tabs.choose("failed")

    def _show_text(self, text: str) -> None:
        self.model.set_query(replace(self.model.query, text=text.strip()))

    # -- slots ----------------------------------------------------------------------------------------------

    def _on_status(self, status: QueueStatus) -> None:
        self.actions_.apply_status(status)
        self._choose_page()

    def _choose_page(self) -> None:
        page: QWidget
        if self.model.rowCount() or self._rows_are_coming():
            page = self.view
        elif self._queue.status().total:
            page = self._nothing
            self._nothing.say(*self._why_nothing())
        else:
            page = self._empty
        before = self._stack.currentWidget()
        if before is not page:
            had_focus = before is not None and before.hasFocus()
            self._stack.setCurrentWidget(page)
            if had_focus:
                page.setFocus()

    def _rows_are_coming(self) -> bool:
        """Return whether there are jobs of what is listed, and they have only to be read yet."""
        query, counts = self.model.query, self._queue.status().counts
        return not query.text and not query.error_code and sum(counts[one] for one in query.states or ()) > 0

    def _why_nothing(self) -> tuple[str, str, str]:
        """Return a heading, a sentence and a picture."""
        if self.model.query.text:
            hint = self.tr("No image listed here has this in its name or folder.")
            return self.tr("Nothing matches"), hint, "find"
        if self.model.query.states == frozenset(FAILURES):
            hint = self.tr("What fails is listed here by its kind, with what to do about it.")
            return self.tr("Nothing failed"), hint, "state-done"
        return self.tr("Nothing here"), self.tr("No image is in this state now."), "find"

    def _show_all(self) -> None:
        self.search.clear()
        self.failures_panel.let_go()
        self.tabs.choose("all")

    def _paste(self) -> None:
        mime = QGuiApplication.clipboard().mimeData()
        sources = sources_of_mime(mime)
        if sources:
            self.add(sources)
        elif pictures := pictures_of_mime(mime):
            self._add_pictures(pictures, Priority.NORMAL)
        else:
            self.notice.say(
                self.tr("What was copied is no file, no path, no link and no picture."), seconds=8
            )

    def _compare_by_content(self, on: bool) -> None:
        old = self.settings()
        if on != old.by_content:
            self._take_settings(old, replace(old, by_content=on))

    def _add_pictures(self, pictures: Sequence[Picture], priority: int) -> None:
        self.adding.add_pictures(pictures, self.recipe_bar.recipe(), priority, self._settings.max_retries)

    # -- events ---------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Leave Space to a button or a list that has the focus; elsewhere it starts and pauses."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and isinstance(self.focusWidget(), QAbstractButton | QComboBox)
        ):
            event.accept()
            return True
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask the app, which ends in order."""
        if self._may_close:
            event.accept()
        else:
            event.ignore()
            self.close_asked.emit()
