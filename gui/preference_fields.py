"""The fields of the preferences: a control, when a change takes effect, and what is wrong with a value."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.job import JobState
from gui import words
from gui.theme import SPACE, state_colours, theme_signals
from gui.wheel import passed_by_wheel

_REST = 400  # milliseconds that typing has to rest before what was typed is taken


class Field(QWidget):
    """One setting; `edited` tells its name and the new value, of which nothing is known to be right yet."""

    edited = Signal(str, object)

    def __init__(self, name: str, label: str, control: QWidget, hint: str) -> None:
        super().__init__()
        self.name = name
        self.label = label
        self.control = control
        self.setObjectName(f"field-{name}")
        self.setFocusProxy(control)
        control.setObjectName(f"preference-{name}")
        control.setAccessibleName(words.plain(label))
        control.setAccessibleDescription(hint)
        self._hint = QLabel(hint, self)
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._hint.setVisible(bool(hint))
        self._error = QLabel(self)
        self._error.setObjectName(f"error-{name}")
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        self._error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE // 2)
        column.setSpacing(SPACE // 4)
        for part in (control, self._hint, self._error):
            column.addWidget(part)
        theme_signals().changed.connect(self._draw)
        self._draw()

    def show_value(self, value: object) -> None:
        """Show a value; nothing is told."""
        raise NotImplementedError

    def finish(self) -> None:
        """Take what was typed at once, as the dialog is closed."""

    def say_error(self, sentence: str) -> None:
        """Say in place why the value was not taken; nothing for one that was."""
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def _draw(self) -> None:
        palette = self._error.palette()
        palette.setColor(QPalette.ColorRole.WindowText, state_colours(JobState.FAILED)[0])
        self._error.setPalette(palette)


class NumberField(Field):
    """A whole number, in units of `unit` of the setting's own; 0 may have a word."""

    def __init__(
        self,
        name: str,
        label: str,
        hint: str,
        most: int,
        *,
        least: int = 0,
        suffix: str = "",
        zero: str = "",
        step: int = 1,
        unit: int = 1,
    ) -> None:
        self._unit = unit
        spin = self._spin = passed_by_wheel(QSpinBox())
        spin.setRange(least, most)
        spin.setSingleStep(step)
        spin.setSuffix(f" {suffix}" if suffix else "")
        spin.setGroupSeparatorShown(True)
        spin.setKeyboardTracking(False)  # a number that is being typed is no number yet
        spin.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        if zero:
            spin.setSpecialValueText(zero)
        super().__init__(name, label, spin, hint)
        spin.setMaximumWidth(spin.fontMetrics().horizontalAdvance("0" * 26))
        spin.valueChanged.connect(lambda value: self.edited.emit(name, value * unit))

    def show_value(self, value: object) -> None:
        """Show a number."""
        assert isinstance(value, int | float)
        self._spin.blockSignals(True)
        self._spin.setValue(round(value / self._unit))
        self._spin.blockSignals(False)


class ChoiceField(Field):
    """One of a few values, each with a word for people."""

    def __init__(self, name: str, label: str, hint: str, choices: Sequence[tuple[str, str]]) -> None:
        box = self._box = passed_by_wheel(QComboBox())
        for value, text in choices:
            box.addItem(text, value)
        super().__init__(name, label, box, hint)
        box.activated.connect(lambda place: self.edited.emit(name, box.itemData(place)))

    def show_value(self, value: object) -> None:
        """Show one of the values."""
        self._box.setCurrentIndex(self._box.findData(value))


class SwitchField(Field):
    """On or off."""

    def __init__(self, name: str, label: str, hint: str) -> None:
        box = self._box = QCheckBox(label)
        super().__init__(name, "", box, hint)
        box.setAccessibleName(words.plain(label))
        box.clicked.connect(lambda on: self.edited.emit(name, on))

    def show_value(self, value: object) -> None:
        """Show whether it is on."""
        self._box.setChecked(bool(value))


class TextField(Field):
    """One line of text."""

    def __init__(self, name: str, label: str, hint: str, *, example: str) -> None:
        edit = self._edit = QLineEdit()
        edit.setPlaceholderText(example)
        super().__init__(name, label, edit, hint)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._tell)
        edit.textEdited.connect(lambda _: self._rest.start())

    def show_value(self, value: object) -> None:
        """Show the text, unless it is being typed."""
        if not self._rest.isActive() and str(value) != self._edit.text().strip():
            self._edit.setText(str(value))
            self._edit.setCursorPosition(0)

    def finish(self) -> None:
        """Take what was typed at once, as the dialog is closed."""
        if self._rest.isActive():
            self._rest.stop()
            self._tell()

    def _tell(self) -> None:
        self.edited.emit(self.name, self._edit.text().strip())


class ListField(Field):
    """Some texts: one a line, or a few in one line with commas between them."""

    def __init__(self, name: str, label: str, hint: str, *, lines: bool, example: str) -> None:
        self._edit = QPlainTextEdit() if lines else QLineEdit()
        self._edit.setPlaceholderText(example)
        super().__init__(name, label, self._edit, hint)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._tell)
        self._edit.textChanged.connect(lambda *_: self._rest.start())
        if isinstance(self._edit, QPlainTextEdit):
            self._edit.setTabChangesFocus(True)
            self._edit.setFixedHeight(self._edit.fontMetrics().lineSpacing() * 4 + 2 * SPACE)

    def show_value(self, value: object) -> None:
        """Show the texts, unless they are what was typed."""
        assert isinstance(value, tuple)
        if value != self._texts():
            self._edit.blockSignals(True)
            if isinstance(self._edit, QPlainTextEdit):
                self._edit.setPlainText("\n".join(value))
            else:
                self._edit.setText(", ".join(value))
            self._edit.blockSignals(False)

    def finish(self) -> None:
        """Take what was typed at once, as the dialog is closed."""
        if self._rest.isActive():
            self._rest.stop()
            self._tell()

    def _tell(self) -> None:
        self.edited.emit(self.name, self._texts())

    def _texts(self) -> tuple[str, ...]:
        if isinstance(self._edit, QPlainTextEdit):
            parts = self._edit.toPlainText().splitlines()
        else:
            parts = self._edit.text().replace(",", " ").split()
        return tuple(part.strip() for part in parts if part.strip())
