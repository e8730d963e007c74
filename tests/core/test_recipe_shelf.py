"""The user's own recipes are files that outlive the app, and one that is broken hides no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadRecipe, ImageQueueError
from core.recipe import builtin_recipes
from core.recipe.draft import draft_of
from core.recipe.shelf import (
    Kept,
    free_name,
    kept_recipes,
    new_path,
    read_kept,
    recipe_named,
    remove_kept,
    shelf_folder,
    write_kept,
)

WEB = draft_of(builtin_recipes()[1])


def test_a_recipe_that_was_kept_is_there_again_with_what_is_off(tmp_path: Path) -> None:
    draft = WEB.changed((0, 0), replace(WEB.at((0, 0)), on=False))
    kept = Kept(new_path(tmp_path, "Web", ()), draft)
    write_kept(kept)
    assert kept_recipes(tmp_path) == ([kept], [])
    remove_kept(kept.path)
    remove_kept(kept.path)  # gone already
    assert kept_recipes(tmp_path) == ([], [])


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert kept_recipes(tmp_path) == ([], [])


def test_they_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("beta", "Alpha", "Zeta"):
        write_kept(Kept(new_path(tmp_path, name, ()), WEB.with_value("name", name)))
    found, _ = kept_recipes(tmp_path)
    assert [one.name for one in found] == ["Alpha", "beta", "Zeta"]


def test_a_broken_file_is_told_and_hides_no_other(tmp_path: Path) -> None:
    write_kept(Kept(new_path(tmp_path, "Web", ()), WEB))
    broken = shelf_folder(tmp_path) / "broken.toml"
    broken.write_text("no recipe", encoding="utf-8")
    found, refused = kept_recipes(tmp_path)
    assert [one.name for one in found] == ["Web"]
    assert len(refused) == 1
    assert refused[0].startswith(
        "broken.toml in the folder of recipes cannot be used: The recipe is not TOML"
    )
    assert broken.exists()


def test_what_is_no_text_or_far_too_long_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRecipe, match="UTF-8"):
        read_kept(file)
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(BadRecipe, match="more than"):
        read_kept(file)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipes").write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(ImageQueueError):
        write_kept(Kept(new_path(tmp_path, "Web", ()), WEB))


def test_a_file_says_which_recipe_it_holds_and_none_is_overwritten(tmp_path: Path) -> None:
    first = new_path(tmp_path, "Für den Laden / 2024", ())
    assert Path(first).name == "fur-den-laden-2024.toml"
    assert Path(new_path(tmp_path, "für den laden 2024", (first,))).name == "fur-den-laden-2024-2.toml"
    assert Path(new_path(tmp_path, "写真", ())).name == "recipe.toml"
    assert len(Path(new_path(tmp_path, "x" * 300, ())).name) < 100


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name("Shop", ["Web"]) == "Shop"
    assert free_name("Shop", ["shop"]) == "Shop 2"
    assert free_name("Shop 2", ["Shop", "Shop 2", "Shop 3"]) == "Shop 4"


def test_a_name_means_the_users_own_recipe_first_and_an_unknown_one_is_answered_with_all(
    tmp_path: Path,
) -> None:
    assert recipe_named(" web ", tmp_path).name == "Web"
    write_kept(Kept(new_path(tmp_path, "Shop", ()), WEB.with_value("name", "Shop")))
    assert recipe_named("SHOP", tmp_path).name == "Shop"
    with pytest.raises(BadRecipe, match=r"One PDF, Shop\.$"):
        recipe_named("Nothing", tmp_path)
