"""A recipe while it is edited: nothing is lost, what is off is left out, each fault is told at its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadRecipe
from core.operations import Blur, Crop, Flip, Resize, Thumbnail
from core.recipe import Existing, Output, Recipe, builtin_recipes, parse_toml
from core.recipe.draft import Part, Problem, draft_of, draft_toml, problems_of, read_draft, recipe_of

TWO = draft_of(
    Recipe(
        "Two",
        (
            Output("small", (Thumbnail(256), Flip("vertical")), "webp", quality=70),
            Output("large", (Resize(width=2000),)),
        ),
        existing=Existing.NUMBER,
    )
)


@pytest.mark.parametrize("recipe", builtin_recipes(), ids=lambda one: one.name)
def test_a_recipe_is_the_same_after_it_was_a_draft_and_a_file(recipe: Recipe) -> None:
    draft = draft_of(recipe)
    assert recipe_of(draft) == recipe
    assert read_draft(draft_toml(draft)) == draft
    assert parse_toml(draft_toml(draft)) == recipe
    assert problems_of(draft) == []


def test_what_is_off_is_kept_in_the_file_and_left_out_of_the_recipe() -> None:
    draft = TWO.changed((0, 0), replace(TWO.at((0, 0)), on=False))
    draft = draft.changed((1,), replace(draft.at((1,)), on=False))
    (output,) = recipe_of(draft).outputs
    assert (output.name, output.operations) == ("small", (Flip("vertical"),))
    assert read_draft(draft_toml(draft)) == draft
    assert parse_toml(draft_toml(draft)) == recipe_of(draft)


def test_what_is_off_need_not_be_right() -> None:
    wrong = replace(TWO.at((1, 0)).with_value("width", -3), on=False)
    draft = TWO.changed((1, 0), wrong)
    assert problems_of(draft) == []
    assert read_draft(draft_toml(draft)) == draft


def test_a_recipe_of_which_all_is_off_is_none() -> None:
    draft = replace(TWO, parts=tuple(replace(one, on=False) for one in TWO.parts))
    (problem,) = problems_of(draft)
    assert (problem.path, problem.field) == ((), "outputs")
    with pytest.raises(BadRecipe, match="switched on"):
        recipe_of(draft)


def test_a_switch_takes_true_or_false_alone() -> None:
    text = draft_toml(TWO).replace('do = "flip"', 'do = "flip", off = "yes"')
    with pytest.raises(BadRecipe, match=r"operations\.off takes true or false"):
        parse_toml(text)


def test_each_fault_is_told_where_it_is() -> None:
    draft = TWO.changed((0, 0), TWO.at((0, 0)).with_value("width", 0))
    draft = draft.changed((1,), draft.at((1,)).with_value("quality", 101))
    draft = draft.with_value("background", "white")
    assert [(one.path, one.field) for one in problems_of(draft)] == [
        ((0, 0), "width"),
        ((1,), "quality"),
        ((), "background"),
    ]


def test_a_fault_of_several_fields_belongs_to_none_of_them() -> None:
    draft = TWO.changed((1, 0), TWO.at((1, 0)).with_value("percent", 50))
    assert problems_of(draft) == [
        Problem((1, 0), "", "resize takes width, height or both, or else percent, or else megapixels.")
    ]
    fresh = TWO.changed((1, 0), Part(Blur))
    assert [(one.path, one.field) for one in problems_of(fresh)] == [((1, 0), "")]


def test_two_outputs_of_one_name_or_of_one_file_name_are_a_fault_of_the_later_one() -> None:
    draft = TWO.changed((1,), TWO.at((1,)).with_value("name", "Small"))
    assert [(one.path, one.field) for one in problems_of(draft)] == [((1,), "name")]
    draft = TWO
    for place in ((0,), (1,)):
        draft = draft.changed(place, draft.at(place).with_format("png").with_value("template", "{stem}"))
    assert [(one.path, one.field) for one in problems_of(draft)] == [((1,), "template")]


@pytest.mark.parametrize(
    ("path", "to", "lands", "names"),
    [
        ((0,), (2,), (1,), ["large", "small"]),
        ((1,), (0,), (0,), ["large", "small"]),
        ((0,), (1,), (0,), ["small", "large"]),  # before the one behind it: where it is
    ],
)
def test_outputs_are_moved(path: tuple[int], to: tuple[int], lands: tuple[int], names: list[str]) -> None:
    moved, there = TWO.moved(path, to)
    assert there == lands
    assert [one.value("name") for one in moved.parts] == names


def test_an_operation_is_moved_to_another_output() -> None:
    moved, there = TWO.moved((0, 1), (1, 0))
    assert there == (1, 0)
    small, large = recipe_of(moved).outputs
    assert small.operations == (Thumbnail(256),)
    assert large.operations == (Flip("vertical"), Resize(width=2000))


def test_another_format_takes_along_the_options_that_it_knows() -> None:
    output = TWO.at((0,)).with_value("effort", 3)
    assert output.with_format("jpeg").values == {"name": "small", "format": "jpeg", "quality": 70}
    assert output.with_format("png").values == {"name": "small", "format": "png"}
    assert output.with_format(None).value("effort") == 3


def test_a_value_at_its_default_is_none_of_its_own() -> None:
    step = Part(Crop).with_value("ratio", "1:1").with_value("left", 4)
    assert step.with_value("left", 0).values == {"ratio": "1:1"}
    assert step.with_value("ratio", None).values == {"left": 4}
    assert draft_of(builtin_recipes()[0]).with_value("existing", Existing.KEEP).values.get("existing") is None


def test_relative_paths_of_a_file_start_beside_it(tmp_path: Path) -> None:
    draft = read_draft('name = "x"\nfolder = "out"\n[[outputs]]\nname = "a"\n', beside=tmp_path)
    assert draft.value("folder") == str(tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    [
        "this is no TOML",
        'name = "x"\n',
        'name = "x"\noutputs = 3\n',
        'name = "x"\noutputs = [4]\n',
        'name = "x"\nwrong = 1\n[[outputs]]\nname = "a"\n',
        'name = "x"\n[[outputs]]\nname = "a"\noperations = 4\n',
        'name = "x"\n[[outputs]]\nname = "a"\noperations = [{ do = "dance", off = true }]\n',
        'name = "x"\n[[outputs]]\nname = "a"\noperations = [{ do = "blur", radius = -1 }]\n',
        'version = 99\nname = "x"\n[[outputs]]\nname = "a"\n',
    ],
)
def test_a_file_that_is_no_recipe_is_no_draft(text: str) -> None:
    with pytest.raises(BadRecipe):
        read_draft(text)
