"""Another program's window, as large as the screen: `python -m tests.e2e.covering`."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget

if __name__ == "__main__":
    application = QApplication([])
    window = QWidget()
    window.setWindowTitle("Covering all")
    window.setGeometry(application.primaryScreen().geometry())
    window.show()
    application.exec()
