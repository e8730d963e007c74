"""What stands in which menu of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QMenuBar

from gui.actions import Actions
from gui.queue_view import QueueView


def _tr(text: str) -> str:
    return QCoreApplication.translate("MainWindow", text)


def fill_menu_bar(bar: QMenuBar, acts: Actions, view: QueueView, when_done: QMenu) -> QMenu:
    """Put every action into a menu; return the menu of what can be done with jobs, for a click on a row."""
    file = bar.addMenu(_tr("&File"))
    file.addActions([acts.add_files, acts.add_folder, acts.folder_filters, acts.paste])
    file.addSeparator()
    file.addAction(acts.dry_run)
    file.addSeparator()
    file.addActions([acts.watched_folders, acts.save_report, acts.save_failures])
    file.addSeparator()
    file.addActions([acts.export_jobs, acts.import_jobs])
    file.addSeparator()
    file.addAction(acts.quit)
    edit = bar.addMenu(_tr("&Edit"))
    edit.addActions([acts.undo, acts.redo])
    edit.addSeparator()
    edit.addActions([acts.select_all, acts.find])
    edit.addSeparator()
    edit.addActions([acts.edit_recipes, acts.preferences])
    queue = bar.addMenu(_tr("&Queue"))
    queue.addActions([acts.start_pause, acts.stop])
    queue.addMenu(when_done)
    queue.addSeparator()
    queue.addActions([acts.show_failed, acts.retry_failed, acts.clear_ended])
    queue.addSeparator()
    queue.addAction(acts.by_content)
    acts.job_menu(bar.addMenu(_tr("&Image")))
    look = bar.addMenu(_tr("&View"))
    look.addActions([acts.details, acts.history, acts.machines])
    columns = look.addMenu(_tr("&Columns"))
    columns.aboutToShow.connect(lambda: view.header_actions(columns))
    order = look.addMenu(_tr("&Sort by"))
    order.setObjectName("sortMenu")
    order.aboutToShow.connect(lambda: view.sort_actions(order))
    look.addMenu(_tr("&Appearance")).addActions(list(acts.schemes.values()))
    help_menu = bar.addMenu(_tr("&Help"))
    help_menu.addActions([acts.shortcuts, acts.hints, acts.diagnostics, acts.about])
    job_menu = bar.addMenu("")
    job_menu.menuAction().setVisible(False)
    job_menu.setObjectName("jobMenu")
    acts.job_menu(job_menu)
    return job_menu
