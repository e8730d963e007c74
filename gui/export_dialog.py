"""Asks which waiting images are exported, and what becomes of them here."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from core.job import WAITING
from core.status import QueueStatus
from core.transfer.sending import Then
from gui import words
from gui.dialogs import DialogButtons
from gui.theme import SPACE


class ExportDialog(QDialog):
    """Two questions and a button; it hinders nothing, and emits `chosen` when it is accepted."""

    chosen = Signal(bool, object)  # whether only the selected ones, and what becomes of them: a Then

    def __init__(self, window: QWidget, status: QueueStatus, selected: int) -> None:
        """Ask; `selected` is how many of the selected images wait."""
        super().__init__(window)
        self.setObjectName("exportDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export waiting images"))
        said = QLabel(
            self.tr(
                "A file for another machine is written, with the recipes, priorities, order and holds of the"
                " images. It does not hold the images: the other machine has to reach them, in folders whose"
                " names may differ there."
            ),
            self,
        )
        said.setWordWrap(True)
        waiting = sum(status.counts[state] for state in WAITING)
        every = QRadioButton(self.tr("&All that wait: {0}").format(words.images(waiting)), self)
        every.setObjectName("exportAll")
        self.only = QRadioButton(self.tr("Only the &selected: {0}").format(words.images(selected)), self)
        self.only.setObjectName("exportSelected")
        self.only.setEnabled(selected > 0)
        every.setChecked(True)
        which = QGroupBox(self.tr("Which"), self)
        column = QVBoxLayout(which)
        column.addWidget(every)
        column.addWidget(self.only)
        here = QGroupBox(self.tr("What becomes of them here"), self)
        column = QVBoxLayout(here)
        self._choices: dict[Then, QRadioButton] = {}
        for then, text in (
            (Then.HOLD, self.tr("&Hold them, so that they are not made twice")),
            (Then.REMOVE, self.tr("&Remove them from the list")),
            (Then.KEEP, self.tr("&Leave them waiting")),
        ):
            button = QRadioButton(text, here)
            button.setObjectName(f"exportThen-{then}")
            button.setChecked(then is Then.HOLD)
            self._choices[then] = button
            column.addWidget(button)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Cancel, self)
        export = buttons.addButton(self.tr("&Export…"), QDialogButtonBox.ButtonRole.AcceptRole)
        export.setObjectName("exportAccept")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.only.isChecked(), self.then()))
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(2 * SPACE)
        for part in (said, which, here, buttons):
            column.addWidget(part)
        self.setMinimumWidth(460)

    def then(self) -> Then:
        """Return what becomes of the images here."""
        return next(then for then, button in self._choices.items() if button.isChecked())
