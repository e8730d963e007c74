"""The real app, started as a program whose widgets a test can see.

Run as a program: `python -m tests.e2e.observed SOCKET ARGUMENT...` does what `imagequeue ARGUMENT...` does,
and answers on the local socket where its widgets are and what they say. It only looks: hands are xdotool's.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6 import QtWidgets
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from core.cli import main

ROWS_TOLD = 50  # of a table


def describe(widget: QWidget) -> dict[str, Any]:
    """What a person could see of a widget, and where on the screen it is, in pixels."""
    corner = widget.mapToGlobal(QPoint(0, 0))
    action = widget.defaultAction() if isinstance(widget, QtWidgets.QToolButton) else None
    text = getattr(widget, "text", None)
    return {
        "name": widget.objectName(),
        "class": widget.metaObject().className(),
        "action": action.objectName() if action else "",
        "visible": widget.isVisible(),
        "enabled": widget.isEnabled(),
        "under_mouse": widget.underMouse(),
        "text": str(text()) if callable(text) else "",
        "title": widget.windowTitle(),
        "place": [corner.x(), corner.y(), widget.width(), widget.height()],
        "rows": rows_of(widget),
    }


def rows_of(widget: QWidget) -> list[list[str]]:
    """The texts of a table's first rows."""
    if not isinstance(widget, QAbstractItemView) or widget.model() is None:
        return []
    model = widget.model()
    return [
        [
            str(model.index(row, column).data(Qt.ItemDataRole.DisplayRole) or "")
            for column in range(model.columnCount())
        ]
        for row in range(min(model.rowCount(), ROWS_TOLD))
    ]


class Observer(QObject):
    """Answers each connection with a description of all widgets, as one line of JSON."""

    def __init__(self, socket: str, application: QApplication) -> None:
        super().__init__(application)
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._answer)
        if not self._server.listen(socket):
            raise OSError(self._server.errorString())

    def _answer(self) -> None:
        connection: QLocalSocket | None = self._server.nextPendingConnection()
        if connection is None:
            return
        widgets = [describe(one) for one in QApplication.allWidgets()]
        connection.write(json.dumps(widgets).encode() + b"\n")
        connection.disconnectFromServer()
        connection.disconnected.connect(connection.deleteLater)


class ObservedApplication(QApplication):
    """Qt's application, with an observer from its first moment."""

    socket = ""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._observer = Observer(self.socket, self)


if __name__ == "__main__":
    ObservedApplication.socket = sys.argv.pop(1)
    QtWidgets.QApplication = ObservedApplication  # type: ignore[misc, assignment]  # before the app looks it up
    sys.exit(main(sys.argv[1:]))
