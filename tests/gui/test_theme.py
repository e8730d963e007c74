"""Light and dark are both readable, and every icon can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

import gui
from core.job import JobState
from gui import drawn_icon
from gui.actions import Actions
from gui.drop_area import zone_tint
from gui.notice import CloseButton
from gui.table_painter import bar_colour, focus_ink
from gui.theme import (
    apply_theme,
    choose_scheme,
    icon,
    is_dark,
    state_colours,
    state_icon,
    theme_signals,
)

ROLE = QPalette.ColorRole


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    apply_theme(qapp)
    choose_scheme(request.param)
    yield request.param
    choose_scheme("system")


def luminance(colour: QColor) -> float:
    """Relative luminance, by WCAG 2.2."""
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio, by WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_scheme_that_is_chosen_is_shown(scheme: str) -> None:
    assert is_dark() is (scheme == "dark")


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_is_readable(scheme: str, state: JobState) -> None:
    text, ground = state_colours(state)
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (ROLE.WindowText, ROLE.Window), (ROLE.Text, ROLE.Base), (ROLE.Text, ROLE.AlternateBase),
        (ROLE.ButtonText, ROLE.Button), (ROLE.HighlightedText, ROLE.Highlight), (ROLE.Link, ROLE.Window),
        (ROLE.PlaceholderText, ROLE.Base), (ROLE.ToolTipText, ROLE.ToolTipBase),
    ],
)  # fmt: skip
def test_text_is_readable_wherever_it_stands(
    scheme: str, text: QPalette.ColorRole, ground: QPalette.ColorRole
) -> None:
    palette = QGuiApplication.palette()
    assert contrast(palette.color(text), palette.color(ground)) >= 4.5


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (ROLE.PlaceholderText, ROLE.Window), (ROLE.PlaceholderText, ROLE.AlternateBase),
        (ROLE.Link, ROLE.Base), (ROLE.Link, ROLE.AlternateBase), (ROLE.Text, ROLE.Window),
        (ROLE.WindowText, ROLE.AlternateBase), (ROLE.ButtonText, ROLE.Window),
    ],
)  # fmt: skip
def test_hints_links_and_labels_are_readable_on_every_ground(
    scheme: str, ink: QPalette.ColorRole, ground: QPalette.ColorRole
) -> None:
    palette = QGuiApplication.palette()
    assert contrast(palette.color(ink), palette.color(ground)) >= 4.5


def over(colour: QColor, ground: QColor) -> QColor:
    """What is seen where a colour that is not opaque lies over another."""
    share = colour.alphaF()
    return QColor.fromRgbF(
        share * colour.redF() + (1 - share) * ground.redF(),
        share * colour.greenF() + (1 - share) * ground.greenF(),
        share * colour.blueF() + (1 - share) * ground.blueF(),
    )


def test_a_running_job_is_readable_over_its_bar(scheme: str) -> None:
    text, ground = state_colours(JobState.RUNNING)
    assert contrast(text, over(bar_colour(QGuiApplication.palette()), ground)) >= 4.5


@pytest.mark.parametrize("selected", [True, False])
def test_the_frame_of_the_current_row_and_the_ring_of_focus_are_seen(scheme: str, selected: bool) -> None:
    palette = QGuiApplication.palette()
    grounds = [ROLE.Highlight] if selected else [ROLE.Base, ROLE.AlternateBase]
    for ground in grounds:  # 3 to 1 is what WCAG 2.2 asks of what is no text (1.4.11)
        assert contrast(focus_ink(palette, selected=selected), palette.color(ground)) >= 3
    for ground in (ROLE.Base, ROLE.Window):
        assert contrast(palette.color(ROLE.Highlight), palette.color(ground)) >= 3


def test_the_tab_and_the_sentence_of_failures_are_readable(scheme: str) -> None:
    palette = QGuiApplication.palette()
    ink = state_colours(JobState.FAILED)[0]
    for ground in (ROLE.Window, ROLE.Base, ROLE.Button):
        assert contrast(ink, palette.color(ground)) >= 4.5


def test_what_lies_under_a_drag_is_readable_on_the_tint_of_its_zone(scheme: str) -> None:
    palette = QGuiApplication.palette()
    ground = over(zone_tint(palette), palette.color(ROLE.Base))
    assert contrast(palette.color(ROLE.WindowText), ground) >= 4.5


def test_there_is_one_accent(scheme: str) -> None:
    palette = QGuiApplication.palette()
    assert palette.color(ROLE.Accent) == palette.color(ROLE.Highlight)


def test_nothing_in_the_window_moves_by_itself() -> None:
    """Who wants no motion needs no setting: there are no animations, and no bar that runs without an end."""
    for file in (Path(gui.__file__).parent).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for word in ("Animation", "setRange(0, 0)", "QMovie", "TimeLine"):
            assert word not in text, f"{word} in {file.name}"


def test_a_field_stands_out_from_the_window(scheme: str) -> None:
    palette = QGuiApplication.palette()
    ground, edge = palette.color(ROLE.Window), palette.color(ROLE.Window).darker(140)  # as Fusion draws it
    assert max(contrast(ground, edge), contrast(ground, palette.color(ROLE.Base))) >= 1.2


def test_every_icon_can_be_drawn_and_every_state_has_one(scheme: str) -> None:
    names = [one.name for one in (resources.files("resources") / "icons").iterdir()]
    assert len(names) > 20
    for name in names:
        image = icon(name.removesuffix(".svg")).pixmap(32, 32).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(32) for y in range(32)), name
    for state in JobState:
        assert not state_icon(state).isNull()


def test_the_icons_change_colour_with_the_scheme(qtbot: object, qapp: QApplication) -> None:
    apply_theme(qapp)
    window = QWidget()
    qtbot.addWidget(window)  # type: ignore[attr-defined]
    actions = Actions(window)
    cross = CloseButton("close", "Close", window)  # like all that is on screen when the scheme changes

    def darkest(drawn: QIcon) -> int:
        image = drawn.pixmap(32, 32).toImage()
        inked = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        return min(colour.lightness() for colour in inked if colour.alpha() > 200)

    choose_scheme("light")
    actions.renew_icons()
    assert darkest(actions.find.icon()) < 80
    assert darkest(cross.icon()) < 80
    choose_scheme("dark")
    actions.renew_icons()
    assert darkest(actions.find.icon()) > 150
    assert darkest(cross.icon()) > 150
    choose_scheme("system")


def test_an_icon_is_drawn_when_it_is_shown_in_just_that_size(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[int, int]] = []
    draw = drawn_icon._draw

    def counted(name: str, ink: str, size: QSize) -> QPixmap:
        drawn.append((size.width(), size.height()))
        return draw(name, ink, size)

    monkeypatch.setattr(drawn_icon, "_draw", counted)
    apply_theme(qapp)  # which forgets what was drawn before
    find = icon("find")
    assert drawn == []
    assert find.pixmap(QSize(16, 16), 1.5).size() == QSize(24, 24)
    find.pixmap(QSize(16, 16), 1.5)
    assert drawn == [(24, 24)]


def test_the_scheme_that_is_in_use_already_is_not_put_on_anew(qapp: QApplication) -> None:
    apply_theme(qapp)
    choose_scheme("dark")
    told: list[bool] = []
    heard = theme_signals().changed.connect(lambda: told.append(is_dark()))
    choose_scheme("dark")
    assert told == []
    choose_scheme("system")
    assert len(told) == 1
    theme_signals().changed.disconnect(heard)
