"""Every field of every part has a label and a control, whose range is the one that core takes."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.operations import KINDS
from core.recipe import Output, Recipe, builtin_recipes
from core.recipe.draft import Kind, Part, Problem, draft_of, problems_of
from gui.recipes import labels
from gui.recipes.controls import Control, control_for
from gui.recipes.specs import (
    CHOICE,
    NUMBER,
    WHOLE,
    Way,
    fresh,
    in_way,
    shown_fields,
    spec_of,
    way_of,
    ways_of,
    word_of,
)

PARTS = [Recipe, Output, *KINDS.values()]
FIELDS = [
    (kind, one.name) for kind in PARTS for one in fields(kind) if one.name not in ("outputs", "operations")
]
NAMES = [f"{word_of(kind)}.{name}" for kind, name in FIELDS]

each_field = pytest.mark.parametrize(("kind", "name"), FIELDS, ids=NAMES)


def ready(kind: Kind) -> Part:
    """A part that is right as it is."""
    part = fresh(kind)
    if kind is Recipe:
        return draft_of(builtin_recipes()[1])
    return part.with_value("image", "/mark.png") if way_named(part, "image") else part


def way_named(part: Part, name: str) -> bool:
    return getattr(way_of(part), "name", "") == name


def wrong(part: Part) -> list[Problem]:
    """What is wrong with a part, within a recipe that is right otherwise."""
    draft = draft_of(builtin_recipes()[1])
    if part.kind is Recipe:
        return problems_of(part)
    if part.kind is Output:
        return problems_of(draft.changed((0,), part))
    return problems_of(draft.changed((0, 0), part))


def all_ways(part: Part) -> list[Part]:
    return [in_way(part, one) for one in ways_of(part)] or [part]


@each_field
def test_every_field_has_a_label(kind: Kind, name: str) -> None:
    assert labels.known_labels().get(f"{word_of(kind)}.{name}")


@each_field
def test_every_field_has_a_control_or_is_one_of_several_ways(qtbot: object, kind: Kind, name: str) -> None:
    forms = [one for part in (ready(kind), Part(kind)) for one in all_ways(part)]
    by_way = {key for part in forms for way in ways_of(part) for key in way.sets}
    shown = {key for part in forms for key in (*shown_fields(part), *shown_fields(part.with_value(name, 1)))}
    assert name in shown or name in by_way
    control = control_for(kind, name)
    qtbot.addWidget(control)  # type: ignore[attr-defined]
    assert isinstance(control, Control)
    assert control.main.accessibleName()


@pytest.mark.parametrize("kind", PARTS, ids=word_of)
def test_every_part_has_a_title_and_says_what_it_does(kind: Kind) -> None:
    assert labels.title(kind)
    assert labels.hint_of(kind).endswith(".")


@pytest.mark.parametrize("kind", PARTS, ids=word_of)
def test_a_new_part_is_right_at_once(kind: Kind) -> None:
    assert wrong(ready(kind)) == []


@each_field
def test_a_number_has_the_range_that_core_takes(kind: Kind, name: str) -> None:
    spec = spec_of(kind, name)
    if spec.control not in (WHOLE, NUMBER):
        return
    assert spec.high < 1e9 or spec.scale > 1, "it is known to this room"
    part = next(one for one in all_ways(ready(kind)) if name in shown_fields(one))
    if kind is Output:
        part = part.with_value("format", _format_that_takes(name))
    ends = [round(one * spec.scale) if spec.control == WHOLE or spec.scale > 1 else one
            for one in (spec.low, spec.high)]  # fmt: skip
    for value in ends:
        assert wrong(part.with_value(name, value)) == [], value
    for value in (ends[0] - 1, ends[1] + 1):
        (problem,) = wrong(part.with_value(name, value))
        assert problem.field == name
        said = labels.sentence(part.with_value(name, value), name, problem.sentence)
        assert f"{spec.high:,.10g}" in said
        assert said.endswith(".")


def _format_that_takes(name: str) -> str:
    return {"compression": "png", "effort": "webp"}.get(name, "jpeg")


@each_field
def test_every_choice_is_one_that_core_takes_and_has_words(kind: Kind, name: str) -> None:
    spec = spec_of(kind, name)
    if spec.control != CHOICE:
        return
    taking = {"subsampling": "jpeg", "colours": "png", "tiff_compression": "tiff"}
    for value in spec.choices:
        part = next(one for one in all_ways(ready(kind)) if name in shown_fields(one))
        if name in taking:
            part = part.with_value("format", taking[name])
        if value is None and kind is KINDS["metadata"]:
            part = part.with_value("author", "A. Person")
        if value == "pad":
            part = part.with_value("background", "#ffffff")
        assert wrong(part.with_value(name, value)) == [], value
        words = labels.choice(kind, name, value)
        assert words
        assert words == words.strip()


@pytest.mark.parametrize("kind", PARTS, ids=word_of)
def test_each_way_is_known_again_and_leaves_nothing_of_the_others(kind: Kind) -> None:
    start = ready(kind)
    for way in ways_of(start):
        for other in ways_of(start):
            part = in_way(in_way(start, other), way)
            found = way_of(part)
            assert isinstance(found, Way)
            assert found.name == way.name
            foreign = set(other.sets) - set(way.shows) - set(way.sets)
            assert not foreign & set(part.values)
            assert labels.way_text(kind, way.name)


def test_an_output_offers_what_its_format_takes() -> None:
    output = fresh(Output)
    assert {"progressive", "compression", "effort"} <= set(shown_fields(output))
    assert shown_fields(output.with_format("gif")) == ["name", "format", "template", "colours", "animate"]
    assert "progressive" in shown_fields(output.with_format("jpeg"))
    assert [one.name for one in ways_of(output.with_format("jpeg"))] == ["quality", "max_bytes", "look"]
    assert way_of(output.with_format("gif")) is None


def test_what_a_part_says_is_told_in_a_few_words() -> None:
    web = draft_of(builtin_recipes()[1])
    assert labels.summary(web.at((0,))) == "WebP"
    assert labels.summary(web.at((0, 0))) == "2,048 × 2,048 px"
    assert labels.summary(web) == "Metadata: Keep, without the location"
    assert labels.summary(in_way(fresh(Output), ways_of(fresh(Output))[2])) == "The eye: looks the same"
    mark = Part(KINDS["watermark"], {"image": "/a/long/way/to/the/mark.png", "tiled": True})
    assert labels.summary(mark) == "“mark.png”, repeat all over"


def test_a_field_that_this_room_does_not_know_is_edited_by_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.recipes.specs._SPECS", {})
    blur, output = KINDS["blur"], Output
    assert spec_of(blur, "radius").control == NUMBER
    assert spec_of(output, "quality").control == WHOLE
    assert spec_of(output, "animate").control == "flag"
    assert spec_of(output, "template").control == "text"
