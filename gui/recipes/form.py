"""Edits one part of a recipe: a label, a control and its unit for each field that the part has."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from core.job import JobState
from core.recipe import Output, Recipe
from core.recipe.draft import Kind, Part, Problem
from gui.recipes import labels
from gui.recipes.controls import Box, Control, TemplateControl, control_for
from gui.recipes.specs import in_way, shown_fields, way_of, ways_of
from gui.theme import SPACE, state_colours, theme_signals

_BEFORE_WAYS: Final[dict[Kind, int]] = {Recipe: 2, Output: 3}
"""How many fields of a part come before the choice of its way: those that name it."""


class PartForm(QScrollArea):
    """The fields of one part. `changed` gives the part as it was edited, and the name of what was."""

    changed = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeForm")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.controls: dict[str, Control] = {}
        self.ways: Box | None = None
        self.trouble = QLabel()
        self._part: Part | None = None
        self._shape: tuple[object, ...] = ()
        self._example = ""
        theme_signals().changed.connect(self._draw)

    def show_part(self, part: Part, problem: Problem | None, *, editable: bool) -> None:
        """Show a part, and what is wrong with it; a control that stays keeps the focus."""
        way = way_of(part)
        names = shown_fields(part)
        offered = [one.name for one in ways_of(part)]
        shape = (part.kind, tuple(names), tuple(offered), editable)
        self._part = part
        if shape != self._shape:
            self._build(part, names, offered, editable=editable)
            self._shape = shape
        if self.ways is not None and way is not None:
            self.ways.setCurrentIndex(self.ways.findData(way.name))
        said = problem.field if problem is not None and problem.field in self.controls else ""
        for name, control in self.controls.items():
            control.show_value(part.value(name))
            wrong = problem is not None and name == said
            control.say_error(labels.sentence(part, name, problem.sentence) if problem and wrong else "")
        text = labels.sentence(part, problem.field, problem.sentence) if problem is not None else ""
        self.trouble.setText("" if said else text)
        self.trouble.setVisible(bool(text) and not said)

    def show_example(self, name: str) -> None:
        """Show the name that a file would get."""
        self._example = name
        template = self.controls.get("template")
        if isinstance(template, TemplateControl):
            template.show_example(name)

    def go_to(self, name: str) -> None:
        """Put the focus on a field, or on the first one."""
        control = self.controls.get(name) or next(iter(self.controls.values()), None)
        if control is not None:
            control.setFocus()
            self.ensureWidgetVisible(control)

    def _build(self, part: Part, names: list[str], offered: list[str], *, editable: bool) -> None:
        page = QWidget()
        page.setObjectName("recipeFormPage")
        heading = QLabel(labels.title(part.kind), page)
        heading.setObjectName("recipeFormTitle")
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        explained = QLabel(labels.hint_of(part.kind), page)
        explained.setWordWrap(True)
        explained.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.trouble = QLabel(page)
        self.trouble.setObjectName("recipeTrouble")
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        rows.setHorizontalSpacing(2 * SPACE)
        rows.setVerticalSpacing(SPACE)
        self.controls, self.ways = {}, None
        way = way_of(part)
        if way is not None:
            self.ways = Box()
            self.ways.setObjectName("recipeWay")
            self.ways.setAccessibleName(labels.way_label(part.kind))
            for name in offered:
                self.ways.addItem(labels.way_text(part.kind, name), name)
            self.ways.activated.connect(self._on_way)
        if way is not None:
            before, mine, after = _in_order(part, names)
        else:
            before, mine, after = names, [], []
        self._add_rows(rows, part, before)
        if self.ways is not None:
            rows.addRow(f"{labels.way_label(part.kind)}:", self.ways)
        self._add_rows(rows, part, [*mine, *after])
        column = QVBoxLayout(page)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        for piece in (heading, explained, self.trouble):
            policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            policy.setHeightForWidth(True)
            piece.setSizePolicy(policy)
            column.addWidget(piece)
        column.addLayout(rows)
        column.addStretch(1)
        for control in self.controls.values():
            control.setEnabled(editable)
        if self.ways is not None:
            self.ways.setEnabled(editable)
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()
        self.setWidget(page)
        self.show_example(self._example)
        self._draw()

    def _add_rows(self, rows: QFormLayout, part: Part, names: list[str]) -> None:
        for name in names:
            control = self.controls[name] = control_for(part.kind, name)
            control.edited.connect(lambda value, name=name: self._on_edit(name, value))
            rows.addRow(f"{control.label}:" if control.label else "", control)

    def _draw(self) -> None:
        palette = self.trouble.palette()
        palette.setColor(QPalette.ColorRole.WindowText, state_colours(JobState.FAILED)[0])
        self.trouble.setPalette(palette)

    def _on_edit(self, name: str, value: object) -> None:
        part = self._part
        if part is None:
            return
        if name == "format" and part.kind is Output:
            self.changed.emit(part.with_format(None if value is None else str(value)), name)
            return
        way = way_of(part)
        if value is None and way is not None and name in way.sets:
            others = [one for one in way.sets if one != name and one in part.values]
            value = value if others else ""  # it stays this way, and the field says what it wants
        self.changed.emit(part.with_value(name, value), name)

    def _on_way(self, place: int) -> None:
        part = self._part
        if part is not None and self.ways is not None:
            name = self.ways.itemData(place)
            chosen = next(one for one in ways_of(part) if one.name == name)
            if chosen is not way_of(part):
                self.changed.emit(in_way(part, chosen), "way")


def _in_order(part: Part, names: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the fields before the choice of a way, those that belong to the way, and the rest."""
    owned = {name for one in ways_of(part) for name in (*one.shows, *one.sets)}
    free = [name for name in names if name not in owned]
    head = _BEFORE_WAYS.get(part.kind, 0)
    return free[:head], [name for name in names if name in owned], free[head:]
