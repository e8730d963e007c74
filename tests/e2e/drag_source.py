"""A small window that stands for a file manager: dragging from it carries files, as a list of URIs.

Run as a program: `python -m tests.e2e.drag_source LEFT TOP PATH...`. It prints `ready` when its window is
shown, and after each drag the name of the action that the target took: `CopyAction`, or `IgnoreAction` when
nothing took it.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

SIDE = 80  # pixels: width and height of the window
TITLE = "Files to drag"


class DragSource(QLabel):
    """A square to drag from."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__("drag me")
        self._paths = paths
        self.setWindowTitle(TITLE)
        self.setFixedSize(SIDE, SIDE)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Start to drag; returns when the drop is over."""
        content = QMimeData()
        content.setUrls([QUrl.fromLocalFile(path) for path in self._paths])
        drag = QDrag(self)
        drag.setMimeData(content)
        either = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
        action = drag.exec(either, Qt.DropAction.MoveAction)  # a file manager's wish within one disk
        QApplication.sync()  # the drop is on its way before the test hears of it, and may end this process
        print(action.name, flush=True)


def main() -> int:
    """Show the window at the place of the screen that is given, until the process is ended."""
    left, top, *paths = sys.argv[1:]
    application = QApplication(sys.argv[:1])
    window = DragSource(paths)
    window.move(int(left), int(top))
    window.show()
    QTimer.singleShot(0, lambda: print("ready", flush=True))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
