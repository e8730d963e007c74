"""The look: light and dark as the system has it, one accent, one scale of spaces."""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from core.job import JobState
from gui.drawn_icon import DrawnIcon
from gui.focus import FocusRings

SPACE: Final = 8
"""Pixels at 100 % between things that stand beside each other; halves and doubles of it elsewhere."""

_LIGHT: Final = {
    "Window": "#f4f5f7", "Base": "#ffffff", "AlternateBase": "#f7f8fa", "Text": "#1c2128",
    "Button": "#ffffff", "Highlight": "#2563a8", "HighlightedText": "#ffffff", "Link": "#1d5fae",
    "Placeholder": "#626a75", "Mid": "#c9cfd6", "Disabled": "#8b939d", "Tip": "#ffffff",
}  # fmt: skip
_DARK: Final = {
    "Window": "#2a2d33", "Base": "#1b1d21", "AlternateBase": "#212429", "Text": "#e7eaee",
    "Button": "#383c44", "Highlight": "#3878c2", "HighlightedText": "#ffffff", "Link": "#7fb4f0",
    "Placeholder": "#9aa3ae", "Mid": "#4d545f", "Disabled": "#7f8792", "Tip": "#383c44",
}  # fmt: skip

# Text on ground, for each state; each pair has a contrast of at least 4.5 (WCAG 2.2, AA).
_STATES_LIGHT: Final = {
    JobState.QUEUED: ("#3d4650", "#e6e9ed"),
    JobState.RUNNING: ("#0f4c8a", "#dbe9f8"),
    JobState.RETRYING: ("#7a4a00", "#fbecd0"),
    JobState.HELD: ("#5a3d86", "#ece5f6"),
    JobState.DONE: ("#145c33", "#dcf1e4"),
    JobState.SKIPPED: ("#3f5560", "#e1eaee"),
    JobState.FAILED: ("#98201d", "#fbe2e0"),
    JobState.CANCELLED: ("#565656", "#ebebeb"),
}
_STATES_DARK: Final = {
    JobState.QUEUED: ("#c9d0d8", "#30363e"),
    JobState.RUNNING: ("#a9d0fb", "#1d3a5a"),
    JobState.RETRYING: ("#f6d08d", "#4a360f"),
    JobState.HELD: ("#d3bff2", "#3a2d55"),
    JobState.DONE: ("#a5e0bc", "#173f28"),
    JobState.SKIPPED: ("#b9d0da", "#263a43"),
    JobState.FAILED: ("#ffb4ae", "#54201e"),
    JobState.CANCELLED: ("#c6c6c6", "#363636"),
}


class _ThemeSignals(QObject):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scheme = "system"  # or what the user chose instead: light, dark


@cache
def theme_signals() -> _ThemeSignals:
    """Return the object whose `changed` tells that light has become dark, or dark light."""
    return _ThemeSignals()


def is_dark() -> bool:
    """Return whether the theme in use is dark."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def apply_theme(app: QApplication) -> None:
    """Dress the application, now and whenever the system's scheme changes."""
    app.setStyle("Fusion")
    if app.findChild(FocusRings) is None:
        FocusRings(app)
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _: _dress())
    _dress()


def choose_scheme(name: str) -> None:
    """Dress the application "light" or "dark", or as the "system" is."""
    if name != theme_signals().scheme:
        theme_signals().scheme = name
        _dress()


def _dress() -> None:
    scheme = theme_signals().scheme
    system_is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    dark = scheme == "dark" or (scheme != "light" and system_is_dark)
    QApplication.setPalette(_palette(_DARK if dark else _LIGHT))
    _picture.cache_clear()
    _state_picture.cache_clear()
    theme_signals().changed.emit()


def _palette(colours: dict[str, str]) -> QPalette:
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette(QColor(colours["Button"]), QColor(colours["Window"]))
    for name in (
        "Window",
        "Base",
        "AlternateBase",
        "Text",
        "Button",
        "Highlight",
        "HighlightedText",
        "Link",
        "Mid",
    ):
        palette.setColor(role[name], QColor(colours[name]))
    for name in ("WindowText", "ButtonText", "ToolTipText"):
        palette.setColor(role[name], QColor(colours["Text"]))
    palette.setColor(role.Accent, QColor(colours["Highlight"]))  # also of what Fusion draws
    palette.setColor(role.ToolTipBase, QColor(colours["Tip"]))
    palette.setColor(role.PlaceholderText, QColor(colours["Placeholder"]))
    for name in ("Text", "WindowText", "ButtonText"):
        palette.setColor(group.Disabled, role[name], QColor(colours["Disabled"]))
    return palette


def state_colours(state: JobState) -> tuple[QColor, QColor]:
    """Return the colours of a state's pill: its text, and the ground under it."""
    text, ground = (_STATES_DARK if is_dark() else _STATES_LIGHT)[state]
    return QColor(text), QColor(ground)


def state_icon(state: JobState) -> QIcon:
    """Return the icon of a state in the colour of its pill's text."""
    return _picture(f"state-{state}", state_colours(state)[0].name())


def state_picture(state: JobState, side: int, ratio: float) -> QPixmap:
    """Return the icon of a state, drawn so many pixels wide at 100 %, for a device with a ratio of pixels."""
    return _state_picture(state, side, ratio, is_dark())


@cache
def _state_picture(state: JobState, side: int, ratio: float, _dark: bool) -> QPixmap:
    return state_icon(state).pixmap(QSize(side, side), ratio)


def icon(name: str, colour: str = "") -> QIcon:
    """Return an icon of resources/icons in a colour, or that of text; the app's own keeps its colours."""
    return _picture(name, colour or QGuiApplication.palette().color(QPalette.ColorRole.WindowText).name())


@cache
def _picture(name: str, colour: str) -> QIcon:
    chosen = QGuiApplication.palette().color(QPalette.ColorRole.HighlightedText).name()
    modes = QIcon.Mode
    inks = {modes.Normal: colour, modes.Disabled: _faded(colour), modes.Selected: chosen}
    return QIcon(DrawnIcon(name, inks))


def _faded(colour: str) -> str:
    ground = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    ink = QColor(colour)
    return QColor(
        (ink.red() + 2 * ground.red()) // 3,
        (ink.green() + 2 * ground.green()) // 3,
        (ink.blue() + 2 * ground.blue()) // 3,
    ).name()
