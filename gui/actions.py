"""Everything that can be done, as actions made once and shared by toolbar, menus and keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QWidget

from core.job import WAITING, Job, JobState, Priority
from core.status import QueueStatus, RunState
from gui import words
from gui.theme import icon

Shortcut = QKeySequence.StandardKey | str | None

_ANY: Final = frozenset(JobState)


@dataclass(frozen=True, slots=True)
class Needs:
    """What of the selection an action applies to."""

    states: frozenset[JobState]  # at least one selected job in one of these
    single: bool = False  # exactly one
    outputs: bool = False  # one that has outputs
    error: bool = False  # one that has an error or a reason


class Actions(QObject):
    """The actions by name; those for jobs are enabled when they apply to what is selected."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._needs: dict[QAction, Needs] = {}
        key, tr = QKeySequence.StandardKey, self.tr
        self.add_files = self._make("addFiles", tr("&Add files…"), "add", key.Open, tr("Add images"))
        self.add_folder = self._make(
            "addFolder", tr("Add &folder…"), "add-folder", "Ctrl+Shift+O", tr("Add a folder of images")
        )
        self.folder_filters = self._make(
            "folderFiltersAction", tr("W&hat of folders is taken…"), "", "",
            tr("Choose what is left out of folders: patterns, formats, small files"),
        )  # fmt: skip
        self.dry_run = self._make(
            "dryRunAction", tr("What &would be made…"), "", "Ctrl+Shift+D",
            tr("Look at what would be written, replaced and skipped, and how large it would be"),
        )  # fmt: skip
        self.paste = self._make(
            "paste", tr("&Paste"), "", key.Paste, tr("Add copied files, links or a copied picture")
        )
        self.watched_folders = self._make(
            "watchedFoldersAction",
            tr("&Watched folders…"),
            "",
            "",
            tr("Add what arrives in folders by itself"),
        )
        self.edit_recipes = self._make(
            "editRecipes", tr("&Recipes…"), "", "Ctrl+E", tr("Make, change, import and export recipes")
        )
        self.save_report = self._make(
            "saveReport", tr("Save a &report…"), "", "", tr("Save what became of each image, as CSV or JSON")
        )
        self.history = self._make(
            "historyAction",
            tr("&History…"),
            "",
            "Ctrl+Shift+H",
            tr("What was done on which day"),
        )
        self.machines = self._make(
            "machinesAction",
            tr("&Machines…"),
            "",
            "Ctrl+Shift+M",
            tr("Workers on other machines, and how to add one"),
        )
        self.export_jobs = self._make(
            "exportJobs",
            tr("&Export waiting images…"),
            "",
            "",
            tr("Write what waits into a file, for another machine"),
        )
        self.import_jobs = self._make(
            "importJobs", tr("&Import a queue…"), "", "", tr("Take in what another machine has exported")
        )
        self.save_failures = self._make(
            "saveFailures", tr("Export fa&ilures…"), "", "", tr("Save what failed and why, as CSV or JSON")
        )
        self.quit = self._make("quit", tr("&Quit"), "", key.Quit)
        self.start_pause = self._make("startPause", tr("Start"), "start", "Space")
        self.start_pause.setAutoRepeat(False)  # a key that is held would start and pause, again and again
        self.stop = self._make(
            "stop", tr("S&top"), "stop", "", tr("Pause, and put the running images back in the queue")
        )
        self.do_next = self._for_jobs("doNext", tr("Do &next"), "next", "Ctrl+N", Needs(WAITING))
        self.do_last = self._for_jobs("doLast", tr("Do l&ast"), "last", "Ctrl+Shift+N", Needs(WAITING))
        self.move_up = self._for_jobs("moveUp", tr("Move &up"), "up", "Alt+Up", Needs(WAITING))
        self.move_down = self._for_jobs("moveDown", tr("Move do&wn"), "down", "Alt+Down", Needs(WAITING))
        self.priorities = {
            Priority.HIGH: self._for_jobs(
                "priorityHigh", tr("&High"), "priority-high", "Ctrl+1", Needs(WAITING)
            ),
            Priority.NORMAL: self._for_jobs(
                "priorityNormal", tr("&Normal"), "priority-normal", "Ctrl+2", Needs(WAITING)
            ),
            Priority.LOW: self._for_jobs("priorityLow", tr("&Low"), "priority-low", "Ctrl+3", Needs(WAITING)),
        }
        self.choose_priority = self._for_jobs("choosePriority", tr("Priority"), "", "F2", Needs(WAITING))
        self.change_recipe = self._for_jobs(
            "changeRecipe", tr("Change rec&ipe…"), "", "Ctrl+Shift+E", Needs(WAITING)
        )
        self.hold = self._for_jobs(
            "hold", tr("H&old"), "hold", "Ctrl+H", Needs(frozenset({JobState.QUEUED, JobState.RETRYING}))
        )
        self.release = self._for_jobs(
            "release", tr("Re&lease"), "release", "Ctrl+L", Needs(frozenset({JobState.HELD}))
        )
        self.cancel = self._for_jobs(
            "cancel", tr("&Cancel"), "cancel", "Ctrl+.", Needs(WAITING | {JobState.RUNNING})
        )
        self.make_again = self._for_jobs(
            "makeAgain", tr("Make a&gain"), "", "", Needs(frozenset({JobState.DONE, JobState.SKIPPED}))
        )
        self.unmake = self._for_jobs(
            "unmake", tr("Move what was made to the &trash…"), "", "",
            Needs(frozenset({JobState.DONE}), outputs=True),
        )  # fmt: skip
        self.retry = self._for_jobs(
            "retry", tr("&Retry"), "retry", "Ctrl+R",
            Needs(frozenset({JobState.FAILED, JobState.CANCELLED, JobState.RETRYING})),
        )  # fmt: skip
        self.remove = self._for_jobs(
            "remove", tr("Re&move from the list"), "remove", key.Delete, Needs(_ANY - {JobState.RUNNING})
        )
        self.open_output = self._for_jobs(
            "openOutput", tr("Open the res&ult"), "open", "", Needs(_ANY, outputs=True)
        )
        self.show_output = self._for_jobs(
            "showOutput", tr("Show the result in its folder"), "folder", "", Needs(_ANY, outputs=True)
        )
        self.show_source = self._for_jobs(
            "showSource", tr("Show the source in its folder"), "", "", Needs(_ANY, single=True)
        )
        self.copy_path = self._for_jobs("copyPath", tr("Copy &path"), "copy", key.Copy, Needs(_ANY))
        self.copy_error = self._for_jobs(
            "copyError", tr("Copy &message"), "", "Ctrl+Shift+C", Needs(_ANY, error=True)
        )
        self.retry_failed = self._make(
            "retryFailed", tr("Retry all &failed"), "retry", "Ctrl+Shift+R", tr("Try all failed images again")
        )
        self.show_failed = self._make(
            "showFailed", tr("Sho&w what failed"), "", "Ctrl+Shift+F", tr("List what failed, by its kind")
        )
        self.clear_ended = self._make(
            "clearEnded", tr("C&lear finished"), "clear", "Ctrl+Shift+Del",
            tr("Take what is done, skipped or cancelled off the list; files stay"),
        )  # fmt: skip
        self.undo = self._make("undo", tr("&Undo"), "undo", key.Undo)
        self.redo = self._make("redo", tr("R&edo"), "redo", "Ctrl+Shift+Z")
        self.preferences = self._make(
            "preferencesAction",
            tr("&Preferences…"),
            "",
            "Ctrl+,",
            tr("Workers, limits, and what else can be set"),
        )
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.find = self._make("find", tr("&Find"), "find", key.Find)
        self.select_all = self._make("selectAll", tr("Select &all"), "", key.SelectAll)
        self.by_content = self._make(
            "byContent", tr("Compare files by &content"), "", "",
            tr("Tell by what a file holds whether it has changed since it was made, not by its time"),
        )  # fmt: skip
        self.by_content.setCheckable(True)
        self.details = self._make("details", tr("&Details"), "details", "Ctrl+D", tr("Show or hide details"))
        self.details.setCheckable(True)
        self.schemes = {
            name: self._make(f"scheme-{name}", text, "", None)
            for name, text in (
                ("system", tr("As the &system")), ("light", tr("&Light")), ("dark", tr("&Dark"))
            )
        }  # fmt: skip
        group = QActionGroup(self)
        for action in self.schemes.values():
            action.setCheckable(True)
            group.addAction(action)
        self.about = self._make("about", tr("&About Image Queue"), "", "")
        self.diagnostics = self._make(
            "diagnostics", tr("Copy dia&gnostics…"), "", "", tr("Versions, settings and the last errors")
        )
        self.shortcuts = self._make("shortcuts", tr("&Keyboard shortcuts"), "", "F1")
        self.hints = self._make(
            "hintsAgain", tr("Show &hints again"), "", "", tr("Bring back the hints of the first days")
        )
        for action in (
            self.export_jobs,
            self.undo,
            self.redo,
            self.start_pause,
            self.stop,
            self.retry_failed,
            self.save_failures,
            self.clear_ended,
        ):
            action.setEnabled(False)  # until the queue is open
        self.renew_icons()

    def _make(self, name: str, text: str, picture: str, shortcut: Shortcut, hint: str = "") -> QAction:
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setData(picture)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        plain = hint or words.plain(text)
        if "(&" in text:  # the mark of the key is left out on the toolbar, as Qt leaves out others
            action.setIconText(words.plain(text))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{plain} ({keys})" if keys else plain)
        self._window.addAction(action)
        return action

    def _for_jobs(self, name: str, text: str, picture: str, shortcut: Shortcut, needs: Needs) -> QAction:
        action = self._make(name, text, picture, shortcut)
        action.setEnabled(False)
        self._needs[action] = needs
        return action

    def renew_icons(self) -> None:
        """Draw the icons in the colours of the theme as it is now."""
        for action in self._window.actions():
            if action.data():
                action.setIcon(icon(str(action.data())))

    # -- what applies ---------------------------------------------------------------------------------------

    def apply_selection(self, number: int, jobs: Sequence[Job]) -> None:
        """Enable what applies to the selection: `number` jobs, of which these are known."""
        known = len(jobs) >= number
        for action, needs in self._needs.items():
            action.setEnabled(_applies(needs, number, jobs, known=known))

    def apply_status(self, status: QueueStatus) -> None:
        """Say on the start and pause button what it does now, and enable what applies to the queue."""
        running = status.run_state is RunState.RUNNING
        self.start_pause.setEnabled(True)
        if running:
            text, picture = self.tr("Pause"), "pause"
        elif status.run_state is RunState.PAUSING:
            text, picture = self.tr("Pausing, {0} finishing").format(status.active), "start"
        else:
            text, picture = self.tr("Start"), "start"
        if self.start_pause.text() != text:
            self.start_pause.setText(text)
            self.start_pause.setData(picture)
            self.start_pause.setIcon(icon(picture))
            hint = self.tr("Start nothing new; running images finish") if running else self.tr("Go on")
            self.start_pause.setToolTip(f"{hint} ({self.start_pause.shortcut().toString()})")
        counts = status.counts
        self.export_jobs.setEnabled(any(counts[state] for state in WAITING))
        self.stop.setEnabled(running or status.active > 0)
        for action in (self.retry_failed, self.save_failures):
            action.setEnabled(counts[JobState.FAILED] > 0)
        ended = counts[JobState.DONE] + counts[JobState.SKIPPED] + counts[JobState.CANCELLED]
        self.clear_ended.setEnabled(ended > 0)

    # -- where they stand -----------------------------------------------------------------------------------

    def fill_toolbar(self, bar: QToolBar) -> None:
        """Put the most used actions on the toolbar."""
        bar.addActions([self.add_files, self.add_folder])
        button = bar.widgetForAction(self.add_folder)
        if isinstance(button, QToolButton):
            button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
            button.addAction(self.folder_filters)
        bar.addSeparator()
        bar.addActions([self.start_pause, self.stop])
        bar.addSeparator()
        bar.addActions([self.retry_failed, self.clear_ended])
        spacer = QWidget()
        spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
        bar.addWidget(spacer)
        bar.addAction(self.details)
        for action in bar.actions():
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click takes the keyboard from nothing

    def priority_menu(self, parent: QWidget) -> QMenu:
        """Return a menu of the three priorities."""
        menu = QMenu(self.tr("&Priority"), parent)
        menu.addActions(list(self.priorities.values()))
        return menu

    def job_menu(self, menu: QMenu) -> None:
        """Fill a menu with what can be done with jobs: the context menu, and the one in the menu bar."""
        menu.addActions([self.do_next, self.do_last, self.move_up, self.move_down])
        menu.addMenu(self.priority_menu(menu))
        menu.addAction(self.change_recipe)
        menu.addActions([self.hold, self.release, self.cancel, self.retry, self.make_again, self.remove])
        menu.addSeparator()
        menu.addActions([self.open_output, self.show_output, self.show_source, self.unmake])
        menu.addSeparator()
        menu.addActions([self.copy_path, self.copy_error])

    def all(self) -> list[QAction]:
        """Return all actions, in the order in which they were made."""
        return [action for action in self._window.actions() if action.objectName()]


def _applies(needs: Needs, number: int, jobs: Sequence[Job], *, known: bool) -> bool:
    if not number or (needs.single and number != 1):
        return False
    if not known:
        return True
    return any(
        job.state in needs.states
        and (not needs.outputs or bool(job.outputs))
        and (not needs.error or job.error is not None or bool(job.reason))
        for job in jobs
    )
