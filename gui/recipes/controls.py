"""The controls that fields of recipes are edited with: each shows its unit, and what is wrong with it."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.job import JobState
from core.recipe.draft import Kind
from gui.recipes import labels
from gui.recipes.specs import (
    CHOICE,
    COLOUR,
    FILE,
    FLAG,
    FOLDER,
    LINES,
    NUMBER,
    TEMPLATE,
    WHOLE,
    Spec,
    spec_of,
)
from gui.theme import SPACE, icon, state_colours, theme_signals
from gui.wheel import passed_by_wheel

_SWATCH = 16  # pixels at 100 %


class Control(QWidget):
    """One field of a part; `edited` tells its new value, None for none, which need not be right."""

    edited = Signal(object)

    def __init__(self, kind: Kind, name: str, main: QWidget) -> None:
        super().__init__()
        self.kind, self.name, self.main = kind, name, main
        self.label = labels.label(kind, name)
        self.setObjectName(f"recipeField-{name}")
        main.setObjectName(f"recipe-{name}")
        said = labels.unit(kind, name)
        main.setAccessibleName(f"{self.label} ({said})" if said else self.label)
        hint = labels.hint(kind, name)
        main.setAccessibleDescription(hint)
        main.setToolTip(hint)
        self.setFocusProxy(main)
        self.error = QLabel(self)
        self.error.setObjectName(f"recipeError-{name}")
        self.error.setWordWrap(True)
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.hide()
        self.row = QHBoxLayout()
        self.row.setSpacing(SPACE // 2)
        self.row.addWidget(main, 1)
        if said:
            behind = QLabel(said, self)
            behind.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            self.row.addWidget(behind)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 4)
        column.addLayout(self.row)
        column.addWidget(self.error)
        main.installEventFilter(self)
        theme_signals().changed.connect(self._draw)
        self._draw()

    def show_value(self, value: object) -> None:
        """Show a value, without telling of it; what is being typed and means the same stays."""
        raise NotImplementedError

    def say_error(self, sentence: str) -> None:
        """Say in place what is wrong; nothing when all is right."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        hint = labels.hint(self.kind, self.name)
        self.main.setAccessibleDescription(f"{sentence} {hint}".strip())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Leave undo and redo to the window, which knows all that was changed, in this field and others."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo, redo = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
            if event.matches(undo) or event.matches(redo):
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    def _draw(self) -> None:
        palette = self.error.palette()
        palette.setColor(QPalette.ColorRole.WindowText, state_colours(JobState.FAILED)[0])
        self.error.setPalette(palette)


class LineControl(Control):
    """A text in one line, or a number, which the arrow keys change."""

    def __init__(self, kind: Kind, name: str, spec: Spec) -> None:
        self.line = QLineEdit()
        super().__init__(kind, name, self.line)
        self._spec = spec
        self.line.setPlaceholderText(labels.empty(kind, name))
        if spec.control in (WHOLE, NUMBER):
            self.line.setMaximumWidth(self.line.fontMetrics().horizontalAdvance("0" * 16))
            self.row.addStretch()
        self._value: object = None
        self.line.textEdited.connect(lambda text: self.edited.emit(self._value_of(text)))
        self.line.editingFinished.connect(self._settle)

    def show_value(self, value: object) -> None:
        """Show a value as people write it; the default comes only when an emptied line is left."""
        self._value = value
        emptied = self.line.hasFocus() and not self.line.text()
        if value != self._value_of(self.line.text()) and not emptied:
            self.line.setText(self._text_of(value))
            self.line.setCursorPosition(0)

    def _settle(self) -> None:
        if self._value != self._value_of(self.line.text()):
            self.line.setText(self._text_of(self._value))

    def _value_of(self, text: str) -> object:
        if self._spec.control not in (WHOLE, NUMBER):
            return text or None
        plain = text.strip().replace("\u2212", "-").replace("\u00a0", "").replace(" ", "")
        if not plain:
            return None
        if self._spec.control == NUMBER:
            plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
        try:
            number = float(plain.replace(",", ""))
        except ValueError:
            return text
        if not math.isfinite(number):
            return text
        if self._spec.scale > 1:
            return round(number * self._spec.scale)
        return int(number) if number == int(number) else number

    def _text_of(self, value: object) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value / self._spec.scale:.12g}" if self._spec.scale > 1 else f"{value:.12g}"
        return "" if value is None else str(value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Let the arrow keys change a number by a step."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and self._spec.control in (WHOLE, NUMBER)
            and event.key() in steps
        ):
            self._step(steps[Qt.Key(event.key())])
            return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        value = self._value_of(self.line.text())
        spec = self._spec
        now = value / spec.scale if isinstance(value, int | float) else max(spec.low, 0) - spec.step * by
        to = min(max(now + by * spec.step, spec.low), spec.high)
        self.line.setText(f"{round(to, 6):.12g}")
        self.edited.emit(self._value_of(self.line.text()))


class LinesControl(Control):
    """A text that may have several lines."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        super().__init__(kind, name, self.text)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * 3 + 2 * SPACE)
        self.text.textChanged.connect(lambda: self.edited.emit(self.text.toPlainText()))

    def show_value(self, value: object) -> None:
        """Show a text."""
        if str(value or "") != self.text.toPlainText():
            self.text.blockSignals(True)
            self.text.setPlainText(str(value or ""))
            self.text.blockSignals(False)


class FlagControl(Control):
    """On or off."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.box = QCheckBox(labels.label(kind, name))
        super().__init__(kind, name, self.box)
        self.label = ""
        self.box.clicked.connect(lambda on: self.edited.emit(on))

    def show_value(self, value: object) -> None:
        """Show whether it is on."""
        self.box.setChecked(value is True)


class Box(QComboBox):
    """A list of choices that is no wider than it needs to be, and that the wheel passes by."""

    def __init__(self) -> None:
        super().__init__()
        passed_by_wheel(self)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)


class ChoiceControl(Control):
    """One of a few values, each with a word for people."""

    def __init__(self, kind: Kind, name: str, spec: Spec) -> None:
        self.box = Box()
        for value in spec.choices:
            self.box.addItem(labels.choice(kind, name, value), value)
        super().__init__(kind, name, self.box)
        self.box.activated.connect(lambda place: self.edited.emit(self.box.itemData(place)))

    def show_value(self, value: object) -> None:
        """Show one of the values; one that is not among them joins them."""
        place = next((one for one in range(self.box.count()) if self.box.itemData(one) == value), -1)
        if place < 0 and value is not None:
            place = self.box.count()
            self.box.addItem(str(value), value)
        self.box.setCurrentIndex(place)


class PathControl(LineControl):
    """A file or a folder: its path, or chosen in a dialog."""

    def __init__(self, kind: Kind, name: str, spec: Spec) -> None:
        super().__init__(kind, name, spec)
        self.choose = QToolButton(self)
        self.choose.setText(self.tr("Choose…"))
        self.choose.setObjectName(f"recipeChoose-{name}")
        self.choose.setAccessibleName(self.tr("Choose: {0}").format(labels.label(kind, name)))
        self.choose.clicked.connect(self._choose)
        self.row.addWidget(self.choose)

    def _choose(self) -> None:
        dialog = QFileDialog(self.window(), labels.label(self.kind, self.name))
        dialog.setObjectName("recipePathDialog")
        folder = self._spec.control == FOLDER
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, folder)
        dialog.fileSelected.connect(self._take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, path: str) -> None:
        self.line.setText(path)
        self.edited.emit(path)


class ColourControl(LineControl):
    """A colour: as "#ffffff", or chosen in a dialog."""

    def __init__(self, kind: Kind, name: str, spec: Spec) -> None:
        super().__init__(kind, name, spec)
        if not self.line.placeholderText():
            self.line.setPlaceholderText("#ffffff")
        self.line.setMaximumWidth(self.line.fontMetrics().horizontalAdvance("transparent 0000"))
        self.choose = QToolButton(self)
        self.choose.setObjectName(f"recipeChoose-{name}")
        self.choose.setAccessibleName(self.tr("Choose: {0}").format(labels.label(kind, name)))
        self.choose.setToolTip(self.tr("Choose a colour"))
        self.choose.clicked.connect(self._choose)
        self.row.insertWidget(1, self.choose)
        if spec.transparent:
            none = QToolButton(self)
            none.setText(self.tr("Transparent"))
            none.setObjectName(f"recipeTransparent-{name}")
            none.clicked.connect(lambda: self._take("transparent"))
            self.row.insertWidget(2, none)
        self.row.addStretch()
        self.line.textChanged.connect(self._paint)
        self._paint()

    def _paint(self) -> None:
        pixmap = QPixmap(_SWATCH, _SWATCH)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        colour = QColor(self.line.text().strip() or self.line.placeholderText())
        painter.setBrush(colour if colour.isValid() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(0, 0, _SWATCH - 1, _SWATCH - 1, 3, 3)
        painter.end()
        self.choose.setIcon(pixmap)

    def _choose(self) -> None:
        dialog = QColorDialog(QColor(self.line.text() or "#ffffff"), self.window())
        dialog.setObjectName("recipeColourDialog")
        dialog.colorSelected.connect(lambda colour: self._take(colour.name()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, text: str) -> None:
        self.line.setText(text)
        self.edited.emit(text)


class TemplateControl(LineControl):
    """A name template, with a menu of what may stand in it and an example of what comes of it."""

    def __init__(self, kind: Kind, name: str, spec: Spec) -> None:
        super().__init__(kind, name, spec)
        insert = QToolButton(self)
        insert.setObjectName("recipeInsert")
        insert.setIcon(icon("add"))
        insert.setAccessibleName(self.tr("Insert a part of the name"))
        insert.setToolTip(insert.accessibleName())
        insert.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(insert)
        for text, meaning in labels.template_fields():
            menu.addAction(f"{text}   {meaning}").setData(text)
        menu.triggered.connect(lambda action: self._insert(str(action.data())))
        insert.setMenu(menu)
        self.row.addWidget(insert)
        self.example = QLabel(self)
        self.example.setObjectName("recipeExample")
        self.example.setWordWrap(True)
        self.example.setTextFormat(Qt.TextFormat.PlainText)
        self.example.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(1, self.example)

    def show_example(self, name: str) -> None:
        """Show the name that a file would get; "" while there is none."""
        self.example.setText(self.tr("For example {0}").format(name) if name else "")
        self.example.setVisible(bool(name))

    def _insert(self, text: str) -> None:
        self.line.insert(text)
        self.edited.emit(self._value_of(self.line.text()))
        self.line.setFocus()


def control_for(kind: Kind, name: str) -> Control:
    """Return a new control for a field."""
    spec = spec_of(kind, name)
    match spec.control:
        case one if one == FLAG:
            return FlagControl(kind, name)
        case one if one == CHOICE:
            return ChoiceControl(kind, name, spec)
        case one if one == LINES:
            return LinesControl(kind, name)
        case one if one in (FILE, FOLDER):
            return PathControl(kind, name, spec)
        case one if one == COLOUR:
            return ColourControl(kind, name, spec)
        case one if one == TEMPLATE:
            return TemplateControl(kind, name, spec)
    return LineControl(kind, name, spec)
