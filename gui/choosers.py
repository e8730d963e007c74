"""Asks for images or for a folder of them, by the platform's own dialogs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from core.formats import READABLE_SUFFIXES

Take = Callable[[list[str]], object]
"""Gets the paths that were chosen; it is not called when nothing was."""


def choose_files(window: QWidget, take: Take, name: str = "addFilesDialog") -> None:
    """Open the dialog that asks for images; `name` is its object name."""
    dialog = QFileDialog(window, _tr("Add images"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setOption(QFileDialog.Option.HideNameFilterDetails)  # there are dozens of suffixes
    suffixes = " ".join(f"*{one}" for one in sorted(READABLE_SUFFIXES))
    dialog.setNameFilters([_tr("Images ({0})").format(suffixes), _tr("All files (*)")])
    _open(dialog, name, take)


def choose_folder(window: QWidget, take: Take, name: str = "addFolderDialog") -> None:
    """Open the dialog that asks for a folder; `name` is its object name."""
    dialog = QFileDialog(window, _tr("Add a folder of images"))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    _open(dialog, name, take)


def _open(dialog: QFileDialog, name: str, take: Take) -> None:
    dialog.setObjectName(name)
    dialog.filesSelected.connect(take)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Choosers", text)
