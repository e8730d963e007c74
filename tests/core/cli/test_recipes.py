"""The options of a run make the recipe that the help describes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.arguments import parse
from core.cli.recipes import check_folder, recipe_of
from core.errors import BadRecipe, BadUsage, NotWritable
from core.operations import Thumbnail
from core.recipe import Existing, Recipe, find_recipe, format_toml
from core.settings import Settings


def recipe(*argv: str, chosen: str = Settings().recipe) -> Recipe:
    return recipe_of(parse(["run", "x.jpg", *argv]), chosen)


def test_without_options_it_is_the_one_that_is_chosen_in_the_window(tmp_path: Path) -> None:
    assert recipe() == find_recipe("thumbnail and resize")
    assert recipe(chosen="Web") == find_recipe("Web")
    own = tmp_path / "own.toml"
    own.write_text(format_toml(replace(find_recipe("Web"), name="Mine")), "utf-8")
    assert recipe(chosen=str(own)).name == "Mine"
    assert recipe("--thumbnail", "99", chosen="Web").outputs[0].name == "thumbnail"
    own.unlink()
    with pytest.raises(BadRecipe, match=r"chosen in the window cannot be used: .*own\.toml"):
        recipe(chosen=str(own))


def test_flags_alone_make_just_these_outputs() -> None:
    made = recipe("--thumbnail", "99", "--resize", "640x480", "--format", "webp", "--quality", "50")
    assert [(one.name, one.format, one.quality) for one in made.outputs] == [
        ("thumbnail", "webp", 50),
        ("resized", "webp", 50),
    ]
    assert [one.name for one in recipe("--format", "png").outputs] == ["converted"]


def test_flags_join_the_outputs_of_a_named_recipe_and_replace_those_of_the_same_name() -> None:
    base = find_recipe("Thumbnail and resize")
    made = recipe("--recipe", "THUMBNAIL AND RESIZE", "--thumbnail", "99")
    assert made.outputs[0].operations == (Thumbnail(99),)
    assert made.outputs[1:] == base.outputs[1:]
    assert [one.name for one in recipe("--recipe", "Web", "--thumbnail", "99").outputs] == [
        "web",
        "thumbnail",
    ]


def test_format_and_quality_apply_to_all_outputs_and_options_that_no_longer_fit_go() -> None:
    made = recipe("--recipe", "Email", "--thumbnail", "64", "--format", "webp", "--quality", "33")
    assert [(one.format, one.quality) for one in made.outputs] == [("webp", 33), ("webp", 33)]
    assert made.outputs[0].max_bytes == 1_000_000
    assert recipe("--recipe", "Email", "--format", "png").outputs[0].max_bytes is None
    assert made.metadata == find_recipe("Email").metadata


def test_a_limit_in_bytes_applies_to_all_outputs_and_is_enough_alone() -> None:
    alone = recipe("--max-size", "200KB")
    assert [(one.name, one.format, one.max_bytes) for one in alone.outputs] == [("converted", None, 200_000)]
    made = recipe("--recipe", "Web set", "--max-size", "50k", "--skip-larger")
    assert {one.max_bytes for one in made.outputs} == {50_000}
    assert made.skip_larger
    assert not alone.skip_larger
    with pytest.raises(BadRecipe, match=r"max_bytes is no option of png"):
        recipe("--format", "png", "--max-size", "50k")


def test_a_recipe_comes_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.TOML"
    file.write_text(format_toml(find_recipe("Web")))
    assert recipe("--recipe", str(file)) == find_recipe("Web")
    file.write_text("name = 3")
    with pytest.raises(BadRecipe):
        recipe("--recipe", str(file))


def test_the_folder_and_the_rule_for_existing_files_go_over_the_recipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = recipe("--recipe", "Web", "-o", "new/folder", "--existing", "number")
    assert made.folder == str(tmp_path / "new/folder")
    assert made.existing is Existing.NUMBER
    assert not (tmp_path / "new").exists()


def test_a_read_only_folder_is_refused_before_anything_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(NotWritable, match=f"{tmp_path} is not writable"):
        check_folder(tmp_path / "new")


def test_originals_are_replaced_when_that_is_asked() -> None:
    assert recipe("--format", "webp", "--replace-original").replace_original
    for wrong in (["-o", "x"], ["--mirror"]):
        with pytest.raises(BadUsage, match="goes without"):
            recipe("--format", "webp", "--replace-original", *wrong)
    with pytest.raises(BadRecipe, match="takes a recipe with one output, not 2"):
        recipe("--replace-original")
