"""Dialogs that ask or tell without stopping the loop: opened, and awaited."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QDialog, QMessageBox, QWidget


async def finished(dialog: QDialog) -> int:
    """Open a dialog and wait until it is closed; returns its result. Everything else goes on meanwhile."""
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(result)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()
        dialog.deleteLater()


async def confirm(parent: QWidget, name: str, question: str, explanation: str, yes: str, no: str) -> bool:
    """Ask a question whose safe answer is `no`; returns whether the user chose `yes`."""
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(question)
    box.setInformativeText(explanation)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    refuse = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    accept.setObjectName("yes")
    refuse.setObjectName("no")
    box.setDefaultButton(refuse)
    box.setEscapeButton(refuse)
    await finished(box)
    return box.clickedButton() is accept


def tell(parent: QWidget, name: str, title: str, text: str) -> None:
    """Show something to read, which stays until it is closed and hinders nothing."""
    box = QMessageBox(QMessageBox.Icon.Information, title, text, QMessageBox.StandardButton.Close, parent)
    box.setObjectName(name)
    box.setModal(False)
    box.finished.connect(box.deleteLater)
    box.show()
