"""A dialog asks without stopping the loop, and its safe answer is no."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from gui.dialogs import confirm
from tests.conftest import RunOnLoop
from tests.core.clocks import until


@pytest.mark.parametrize("answer", ["yes", "no", "Escape"])
def test_the_answer_is_that_of_the_button_and_escape_means_no(run_on_qasync: RunOnLoop, answer: str) -> None:
    async def story() -> None:
        parent = QWidget()
        parent.show()
        asked = asyncio.ensure_future(
            confirm(parent, "question", "Quit?", "Work goes on later.", "Quit", "Stay")
        )
        await until(lambda: parent.findChild(QMessageBox, "question") is not None)
        (box,) = parent.findChildren(QMessageBox)
        await asyncio.sleep(0)
        assert not asked.done()  # and the loop went on
        if answer == "Escape":
            QTest.keyClick(box, Qt.Key.Key_Escape)
        else:
            next(one for one in box.findChildren(QPushButton) if one.objectName() == answer).click()
        assert await asked is (answer == "yes")
        parent.close()

    run_on_qasync(story())
