"""Chooses what of folders and archives is taken, in a dialog that checks and explains each choice at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from core.errors import BadUsage
from core.formats import FORMATS, format_named
from core.intake.wanted import Wanted, bytes_from, bytes_text
from core.settings import Settings
from gui import words
from gui.dialogs import DialogButtons
from gui.theme import SPACE, icon

_NAME = Qt.ItemDataRole.UserRole
_SIGN = 2 * SPACE  # pixels at 100 %
_ROWS = 4  # lines of patterns that are in sight


class FolderFilters(QObject):
    """What of folders is taken, which stands in the settings, and the dialog that chooses it."""

    changed = Signal(object, object)  # the Settings before, and with what was just chosen

    def __init__(self, window: QWidget, settings: Callable[[], Settings]) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self.dialog: FiltersDialog | None = None

    def show(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = FiltersDialog(self._window, self._settings().wanted(), self._choose)
            self.dialog.finished.connect(self._forget_dialog)
        self.dialog.show()
        self.dialog.raise_()

    def _choose(self, wanted: Wanted) -> None:
        old = self._settings()
        new = old.with_wanted(wanted)
        if new != old:
            self.changed.emit(old, new)

    def _forget_dialog(self) -> None:
        self.dialog = None


class FiltersDialog(QDialog):
    """The choices, what is wrong with one, and what they come to. It hinders nothing."""

    def __init__(self, window: QWidget, wanted: Wanted, choose: Callable[[Wanted], None]) -> None:
        super().__init__(window)
        self.setObjectName("folderFilters")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What of folders is taken"))
        self._choose = choose
        said = QLabel(
            self.tr(
                "This holds for the folders and archives that you add from now on, and for watched folders."
                " An image, an archive or a link that you add by itself is always taken."
            ),
            self,
        )
        said.setWordWrap(True)
        self.hidden = self._box("filterHidden", self.tr("Take &hidden files and folders, too"))
        self.archives = self._box("filterArchives", self.tr("Open &archives in folders (zip, cbz, tar)"))
        self.archives.setToolTip(
            self.tr(
                "Each is unpacked into the app's own folder, within limits. Archives in archives"
                " and in watched folders stay closed."
            )
        )
        self.formats = QListWidget(self)
        self.formats.setObjectName("filterFormats")
        self.formats.setAccessibleName(self.tr("Only these formats; none for all"))
        self.formats.setSpacing(1)
        self.formats.viewport().setAutoFillBackground(False)  # in the dark its boxes are not seen on the base
        for one in FORMATS:
            item = QListWidgetItem(one.spoken, self.formats)
            item.setData(_NAME, one.name)
            item.setToolTip(" ".join(one.suffixes))
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
            )
        self.least = QLineEdit(self)
        self.least.setObjectName("filterLeast")
        self.least.setPlaceholderText(self.tr("any size"))
        self.patterns = QPlainTextEdit(self)
        self.patterns.setObjectName("filterPatterns")
        self.patterns.setAccessibleName(self.tr("Patterns of what is left out, one a line"))
        self.patterns.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.patterns.setPlaceholderText("*.tmp.jpg\n/drafts/\n!/drafts/keep.jpg")
        self.patterns.setTabChangesFocus(True)
        self.patterns.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # as patterns are read everywhere
        self.patterns.setMinimumHeight(_ROWS * self.patterns.fontMetrics().lineSpacing() + 2 * SPACE)
        self._sign = QLabel(self)
        self._said = QLabel(self)
        self._said.setObjectName("filterEffect")
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        standard = QDialogButtonBox.StandardButton
        buttons = DialogButtons(standard.Ok | standard.Cancel | standard.RestoreDefaults, self)
        self._ok = buttons.button(standard.Ok)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(standard.RestoreDefaults).clicked.connect(lambda: self.fill(Wanted()))
        self._lay_out(said, buttons)
        self.fill(wanted)
        for signal in (
            self.hidden.toggled, self.archives.toggled, self.formats.itemChanged, self.least.textChanged,
            self.patterns.textChanged,
        ):  # fmt: skip
            signal.connect(self._look)
        self._look()

    def _box(self, name: str, text: str) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(name)
        return box

    def _lay_out(self, said: QLabel, buttons: QDialogButtonBox) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        left, right = QVBoxLayout(), QVBoxLayout()
        for place, text, part in (
            (left, self.tr("Only these &formats (none ticked: all):"), self.formats),
            (right, self.tr("&Leave out, as lines of a .gitignore:"), self.patterns),
            (
                right,
                self.tr("Leave out files &smaller than (500, 20 kB, 1.5 MB):"),
                self.least,
            ),
        ):
            label = QLabel(text, self)
            label.setWordWrap(True)
            label.setBuddy(part)
            place.setSpacing(SPACE)
            place.addWidget(label)
            place.addWidget(part)
        sides = QHBoxLayout()
        sides.setSpacing(2 * SPACE)
        sides.addLayout(left, 2)
        sides.addLayout(right, 3)
        effect = QFrame(self)
        effect.setFrameShape(QFrame.Shape.StyledPanel)
        line = QHBoxLayout(effect)
        line.setSpacing(SPACE)
        line.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._said, 1)
        for above in (said, self.hidden, self.archives):
            column.addWidget(above)
        column.addLayout(sides, 1)
        column.addWidget(effect)
        column.addWidget(buttons)
        self.resize(680, 520)

    def fill(self, wanted: Wanted) -> None:
        """Show these choices."""
        self.hidden.setChecked(wanted.hidden)
        self.archives.setChecked(wanted.archives)
        self.least.setText(bytes_text(wanted.min_bytes) if wanted.min_bytes else "")
        self.patterns.setPlainText("\n".join(wanted.ignore))
        chosen = {found.name for name in wanted.only_formats if (found := format_named(name)) is not None}
        for item in self._items():
            ticked = str(item.data(_NAME)) in chosen
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)

    def chosen(self) -> Wanted:
        """Return what is chosen. Raises BadUsage for what cannot be."""
        patterns = [line for line in self.patterns.toPlainText().splitlines() if line.strip()]
        text = self.least.text().strip()
        return Wanted(
            tuple(patterns),
            tuple(str(one.data(_NAME)) for one in self._items() if one.checkState() is Qt.CheckState.Checked),
            bytes_from(text) if text else 0,
            self.hidden.isChecked(),
            self.archives.isChecked(),
        )

    def accept(self) -> None:
        """Keep what is chosen, when it can be."""
        try:
            self._choose(self.chosen())
        except BadUsage:
            return
        super().accept()

    def _items(self) -> list[QListWidgetItem]:
        return [self.formats.item(row) for row in range(self.formats.count())]

    def _look(self) -> None:
        """Say what the choices come to, or what is wrong with one."""
        try:
            sentence, good = effect_of(self.chosen()), True
        except BadUsage as error:
            sentence, good = words.said(str(error)), False
        self._said.setText(sentence)
        self._said.setAccessibleName(sentence)
        self._sign.setPixmap(icon("folder" if good else "warning").pixmap(_SIGN, _SIGN))
        self._ok.setEnabled(good)


def effect_of(wanted: Wanted) -> str:
    """Return what is taken of a folder, in a sentence or a few."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("FolderFilters", text)

    names = [found.spoken for name in wanted.only_formats if (found := format_named(name)) is not None]
    what = tr("{0} images").format(", ".join(names)) if names else tr("images of all formats")
    if wanted.min_bytes:
        what += tr(" of at least {0}").format(words.size(wanted.min_bytes))
    hidden = tr("hidden ones, too") if wanted.hidden else tr("without hidden ones")
    said = [tr("Taken are {0}, {1}.").format(what, hidden)]
    patterns = sum(not line.startswith("#") for line in wanted.ignore)
    if patterns:
        said.append(
            words.count(
                patterns,
                tr("What 1 pattern matches is left out."),
                tr("What {n} patterns match is left out."),
            )
        )
    said.append(tr("Archives are opened.") if wanted.archives else tr("Archives stay closed."))
    return " ".join(said)
