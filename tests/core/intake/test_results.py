"""What a recipe made beside its sources does not become a source of the same recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.intake.paths import Walk
from core.intake.results import ResultNames
from core.recipe import Output, Recipe, quick_recipe


def made(recipe: Recipe, *names: str, folder: str = "/photos") -> list[str]:
    return sorted(ResultNames(recipe).among(folder, names))


def test_outputs_beside_their_source_are_known_by_name() -> None:
    recipe = quick_recipe(256, "1920")
    names = ["a.jpg", "a-thumbnail.jpg", "a-resized.jpg", "b-thumbnail.jpg", "a-other.jpg", "thumbnail.jpg"]
    assert made(recipe, *names) == ["a-resized.jpg", "a-thumbnail.jpg"]


def test_numbered_ones_and_those_of_sources_with_the_same_stem_too() -> None:
    recipe = quick_recipe(256)
    assert made(recipe, "a.jpg", "a.png", "a-thumbnail-2.jpg", "a-2-thumbnail.png") == [
        "a-2-thumbnail.png",
        "a-thumbnail-2.jpg",
    ]


def test_only_the_formats_that_the_output_can_have_count() -> None:
    recipe = quick_recipe(256, format="webp")
    assert made(recipe, "a.jpg", "a-thumbnail.jpg", "a-thumbnail.webp") == ["a-thumbnail.webp"]
    assert made(quick_recipe(256), "a.bmp", "a-thumbnail.bmp", "a-thumbnail.jpg") == ["a-thumbnail.jpg"]


def test_a_recipe_with_a_folder_makes_its_results_there() -> None:
    recipe = quick_recipe(256).with_folder("/small")
    assert made(recipe, "a.jpg", "a-thumbnail.jpg") == []
    assert made(recipe, "a.jpg", "a-thumbnail.jpg", folder="/small") == ["a-thumbnail.jpg"]


def test_the_folder_for_results_is_known_by_any_way(tmp_path: Path) -> None:
    (tmp_path / "in" / "out").mkdir(parents=True)
    (tmp_path / "way").symlink_to(tmp_path / "in" / "out")
    (tmp_path / "in" / "a.jpg").touch()
    (tmp_path / "in" / "out" / "a-thumbnail.jpg").touch()
    results = ResultNames(quick_recipe(256).with_folder(tmp_path / "way"))
    walk = Walk([str(tmp_path / "in")], results=results)
    assert [path for batch in walk.batches() for path in batch] == [str(tmp_path / "in" / "a.jpg")]
    assert walk.left_out.count == 1


@pytest.mark.parametrize("template", ["{stem}", "{index}", "picture-{index}"])
def test_names_that_a_source_could_have_as_well_are_left_alone(template: str) -> None:
    recipe = Recipe("any", (Output("web", (), "webp", template),))
    assert made(recipe, "a.jpg", "a.webp", "1.webp", "picture-1.webp") == []


def test_sizes_and_signs_in_templates_are_read() -> None:
    recipe = Recipe("any", (Output("w+b", (), "webp", "({output}) {stem} {width}x{height}"),))
    assert made(recipe, "a.jpg", "(w+b) a 640x480.webp", "(w+b) a x480.webp") == ["(w+b) a 640x480.webp"]


def test_a_folder_that_is_dropped_again_gives_its_sources_alone(tmp_path: pytest.TempPathFactory) -> None:
    folder = str(tmp_path)
    for name in ("a.jpg", "a-thumbnail.jpg", "b-thumbnail.jpg"):
        with open(f"{folder}/{name}", "wb"):
            pass
    walk = Walk([folder], results=ResultNames(quick_recipe(256)))
    assert [path for batch in walk.batches() for path in batch] == [
        f"{folder}/a.jpg",
        f"{folder}/b-thumbnail.jpg",
    ]
    assert walk.results.count == 1
    direct = Walk([f"{folder}/a-thumbnail.jpg"], results=ResultNames(quick_recipe(256)))
    assert [path for batch in direct.batches() for path in batch] == [f"{folder}/a-thumbnail.jpg"]
