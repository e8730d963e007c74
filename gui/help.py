"""What the help menu shows: the keyboard, and the versions of what the app is made of."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from html import escape
from importlib import metadata

from PySide6 import __version__ as qt_version
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence


def shortcuts_text(actions: Sequence[QAction]) -> str:
    """Return the shortcuts of these actions as a small table in rich text."""
    rows = "".join(
        f"<tr><td><b>{escape(action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))}</b></td>"
        f"<td>&nbsp;&nbsp;{escape(action.text().replace('&', '').rstrip('…'))}</td></tr>"
        for action in actions
        if not action.shortcut().isEmpty()
    )
    enter = QCoreApplication.translate("Help", "Open the result of the selected image")
    return f"<table>{rows}<tr><td><b>Enter</b></td><td>&nbsp;&nbsp;{escape(enter)}</td></tr></table>"


def about_text() -> str:
    """Return what the app is, and its versions."""
    what = QCoreApplication.translate(
        "Help", "Thumbnails, resizes and converts images by the thousand, in a queue that survives anything."
    )
    versions = ", ".join(
        (
            f"Python {platform.python_version()}",
            f"Qt {qt_version}",
            f"Pillow {metadata.version('pillow')}",
        )
    )
    return f"<h3>Image Queue {metadata.version('imagequeue')}</h3><p>{escape(what)}</p><p>{versions}</p>"
