"""The wheel changes no number and no choice that it only passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from gui.wheel import passed_by_wheel
from tests.conftest import RunOnLoop
from tests.gui.rooms import room, shown


def turn(widget: QWidget, steps: int = -1) -> bool:
    """Turn the wheel over a widget; returns whether it took that, instead of what is around it."""
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, widget.mapToGlobal(centre), QPoint(0, 0), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def value(widget: QWidget) -> object:
    return widget.currentIndex() if isinstance(widget, QComboBox) else widget.text()  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["number", "choice"])
def test_it_is_left_to_what_is_around_a_control_that_has_no_focus(qapp: QApplication, kind: str) -> None:
    window = QWidget()
    control: QWidget = passed_by_wheel(QSpinBox(window) if kind == "number" else QComboBox(window))
    if isinstance(control, QComboBox):
        control.addItems(["a", "b"])
    else:
        control.setValue(7)  # type: ignore[attr-defined]
    other = QLineEdit(window)
    window.show()
    window.activateWindow()
    other.setFocus()
    qapp.processEvents()
    before = value(control)
    assert not turn(control)
    assert value(control) == before
    control.setFocus()
    assert turn(control)
    assert value(control) != before
    window.close()


@pytest.mark.parametrize(
    "name", ["busy", "preferences-0", "preferences-1", "preferences-2", "watched folders", "recipes"]
)
def test_no_control_of_the_window_is_changed_in_passing(
    run_on_qasync: RunOnLoop, tmp_path: Path, name: str
) -> None:
    async def story() -> None:
        async with room(name, tmp_path) as window:
            controls = [one for one in shown(window) if isinstance(one, QComboBox | QAbstractSpinBox)]
            assert controls
            for control in controls:
                if not control.hasFocus():
                    before = value(control)
                    for steps in (1, -1):
                        turn(control, steps)
                        assert value(control) == before, control

    run_on_qasync(story())
