"""What the help menu shows: the keyboard, and what the app is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from PySide6 import __version__ as qt_version
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMenuBar,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from core.diagnostics import versions
from gui import words
from gui.dialogs import DialogButtons
from gui.theme import SPACE, icon

Group = tuple[str, list[tuple[str, str]]]
"""A heading, and lines of a key and what it does."""

_PICTURE = 64  # pixels at 100 %: the app's icon


def shortcut_groups(bar: QMenuBar, actions: Sequence[QAction]) -> list[Group]:
    """Return every shortcut of these actions by the menu that it stands in, and the keys that have none."""
    left = {action: _line(action) for action in actions if not action.shortcut().isEmpty()}
    groups: list[Group] = []
    for top in bar.actions():
        menu = top.menu()
        if isinstance(menu, QMenu) and top.isVisible():
            lines = [left.pop(action) for action in _inside(menu) if action in left]
            groups.append((words.plain(top.text()), lines))
    elsewhere = [
        *left.values(),
        (_keys("Return"), _tr("Open the result of the image that is chosen")),
        (_keys("Shift+F10"), _tr("What can be done with the images that are chosen")),
        (_keys("Tab"), _tr("Go to the next part of the window")),
        (_keys("Esc"), _tr("Close a dialog")),
    ]
    groups.append((_tr("In the table, and elsewhere"), elsewhere))
    return [group for group in groups if group[1]]


def shortcuts_text(groups: Sequence[Group]) -> str:
    """Return the groups as rich text."""
    said = []
    for title, lines in groups:
        rows = "".join(
            f'<tr><td width="58%">{escape(what)}</td><td width="42%"><b>{escape(keys)}</b></td></tr>'
            for keys, what in lines
        )
        said.append(f'<h4>{escape(title)}</h4><table width="100%">{rows}</table>')
    return "".join(said)


def about_text() -> str:
    """Return what the app is, its licence, and the versions of what it is made of."""
    what = _tr("Thumbnails, resizes and converts images by the thousand, in a queue that survives anything.")
    licence = _tr("Free software under the MIT licence. Icons are drawn for it, and share that licence.")
    known = versions()
    rows = (
        f"Python {known['Python']}, PySide6 {qt_version}, qasync {known['qasync']}",
        f"Pillow {known['pillow']}, pyvips {known['pyvips']}, SQLite {known['SQLite']}",
    )
    return (
        f"<h3>Image Queue {known['imagequeue']}</h3><p>{escape(what)}</p>"
        f"<p>{'<br>'.join(map(escape, rows))}</p><p>{escape(licence)}</p>"
    )


class ShortcutsSheet(QDialog):
    """All keys, by menu. It stays until it is closed, and hinders nothing."""

    def __init__(self, window: QWidget, groups: Sequence[Group]) -> None:
        super().__init__(window)
        self.setObjectName("shortcutsSheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.text = QTextBrowser(self)
        self.text.setObjectName("shortcutsText")
        self.text.setAccessibleName(self.windowTitle())
        self.text.setHtml(shortcuts_text(groups))
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        letters = self.fontMetrics()
        self.resize(letters.averageCharWidth() * 70, letters.lineSpacing() * 32)


class About(QDialog):
    """What the app is, and its versions. It stays until it is closed, and hinders nothing."""

    def __init__(self, window: QWidget, diagnostics: QAction) -> None:
        super().__init__(window)
        self.setObjectName("about")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Image Queue"))
        picture = QLabel(self)
        picture.setPixmap(icon("app").pixmap(_PICTURE, _PICTURE))
        self.text = QLabel(about_text(), self)
        self.text.setObjectName("aboutText")
        self.text.setAccessibleName(self.windowTitle())
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 52)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        more = buttons.addButton(diagnostics.text(), QDialogButtonBox.ButtonRole.ActionRole)
        more.setObjectName("aboutDiagnostics")
        more.clicked.connect(diagnostics.trigger)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        close.setFocus()
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(2 * SPACE)
        column.addLayout(row, 1)
        column.addWidget(buttons)


def _inside(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            yield from _inside(below)
        else:
            yield action


def _line(action: QAction) -> tuple[str, str]:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), words.plain(action.text())


def _keys(name: str) -> str:
    return QKeySequence(name).toString(QKeySequence.SequenceFormat.NativeText)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Help", text)
