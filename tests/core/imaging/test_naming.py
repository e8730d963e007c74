"""Names: they stay in their folder, fit, and collide exactly when they should."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadName
from core.imaging.naming import (
    Shot,
    final_name,
    is_counted,
    name_key,
    name_keys,
    numbered,
    remove_leftovers,
    target_folder,
    temporary_paths,
)
from core.recipe import Output, Recipe, quick_recipe

RECIPE = Recipe("r", (Output("thumb"), Output("big")))
OUTPUT = RECIPE.outputs[0]


def test_a_template_is_filled_in() -> None:
    output = Output("web", template="{index}_{stem}.{ext}_{width}x{height}_{output}")
    name = final_name("/in/a.b.JPG", output, ".webp", index=7, width=30, height=20)
    assert name == "7_a.b.JPG_30x20_web.webp"


def test_the_place_among_equal_names_is_part_of_the_name() -> None:
    assert final_name("/in/a.jpg", OUTPUT, ".jpg", place=1) == "a-thumb.jpg"
    assert final_name("/in/a.jpg", OUTPUT, ".jpg", place=3) == "a-3-thumb.jpg"
    assert final_name("/in/a.jpg", Output("o", template="{output}"), ".jpg", place=3) == "o-3.jpg"


def test_a_counter_has_the_width_that_is_asked_for() -> None:
    output = Output("o", template="{index:04}-{stem}")
    assert final_name("/in/a.jpg", output, ".jpg", index=7) == "0007-a.jpg"
    assert final_name("/in/a.jpg", output, ".jpg", index=12345) == "12345-a.jpg"


def test_a_counter_that_tells_the_names_apart_gets_no_other_number() -> None:
    output = Output("o", template="{date:%Y}-{index:03}")
    assert is_counted(Recipe("r", (output,)))
    assert not is_counted(RECIPE)
    assert not is_counted(Recipe("r", (Output("o", template="{date}"),)))
    shot = Shot(datetime(2026, 11, 25))
    assert final_name("/in/a.jpg", output, ".jpg", place=8, index=8, shot=shot) == "2026-008.jpg"


def test_a_name_without_stem_and_counter_gets_the_place() -> None:
    output = Output("o", template="{date}")
    assert final_name("/in/a.jpg", output, ".jpg", place=2) == "unknown-2.jpg"


def test_a_folder_of_a_template_is_never_empty_and_each_part_fits() -> None:
    assert final_name("/in/a", Output("o", template="{ext}/{stem}"), ".jpg") == "unknown/a.jpg"
    name = final_name(f"/in/{'x' * 250}.jpg", Output("o", template="{output}/{stem}"), ".jpg")
    assert len(name.split("/")[1]) <= 255
    with pytest.raises(BadName):
        final_name("/in/..", Output("o", template="{stem}/{output}"), ".jpg")


def test_numbers_go_before_the_suffix() -> None:
    assert [numbered("a.b.jpg", ".jpg", n) for n in (1, 2)] == ["a.b.jpg", "a.b-2.jpg"]


@given(st.text(min_size=1, max_size=300), st.integers(1, 10**6), st.integers(1, 10**6))
def test_g15_whatever_the_source_is_called_the_name_is_one_name_that_fits(
    stem: str, place: int, index: int
) -> None:
    source = "/in/" + stem + ".jpg"
    try:
        name = final_name(source, Output("o", template="{stem}-{index}"), ".jpg", place=place, index=index)
    except BadName:
        return
    assert "/" not in name
    assert "\0" not in name
    assert name not in (".", "..")
    assert len(os.fsencode(name)) <= 255
    assert os.path.dirname(os.path.normpath("/out/" + name)) == "/out"


@pytest.mark.parametrize("source", ["/in/..", "/in/a\0b.jpg"])
def test_g15_a_source_without_a_usable_name_is_refused_or_stays_inside(source: str) -> None:
    try:
        name = final_name(source, Output("o", template="{stem}"), "")
    except BadName:
        return
    assert name not in ("", ".", "..")


def test_long_names_are_shortened_and_stay_different() -> None:
    sources = [f"/in/{'é' * 120}{end}.jpg" for end in ("a" * 40, "b" * 40)]
    names = [final_name(source, OUTPUT, ".jpg") for source in sources]
    assert names[0] != names[1]
    for name in names:
        assert name.endswith("-thumb.jpg")
        assert len(os.fsencode(name)) <= 255
        assert name.startswith("é" * 50)


def test_a_template_that_is_too_long_by_itself_is_refused() -> None:
    with pytest.raises(BadName, match="longer"):
        final_name("/in/a.jpg", Output("o", template="x" * 250), ".jpg")


def test_names_that_are_not_valid_text_stay_as_they_are() -> None:
    source = os.fsdecode(b"/in/caf\xe9.jpg")
    assert os.fsencode(final_name(source, OUTPUT, ".jpg")) == b"caf\xe9-thumb.jpg"
    assert name_key(source, RECIPE) != name_key("/in/cafe.jpg", RECIPE)


def test_outputs_go_beside_the_source_or_to_the_folder() -> None:
    assert target_folder("/in/a.jpg", RECIPE) == "/in"
    assert target_folder("/in/a.jpg", RECIPE.with_folder("/out")) == "/out"


def test_a_mirrored_tree_is_below_the_folder() -> None:
    mirrored = Recipe("r", (Output("o"),), folder="/out", mirror=True)
    assert target_folder("/in/sub/a.jpg", mirrored, "sub") == "/out/sub"
    assert target_folder("/in/sub/a.jpg", RECIPE.with_folder("/out"), "sub") == "/out"
    assert target_folder("/in/sub/a.jpg", RECIPE, "sub") == "/in/sub"
    key = name_key("/in/sub/a.jpg", mirrored, "/in")
    assert key == name_key("/other/sub/a.png", mirrored, "/other")
    assert key != name_key("/in/a.jpg", mirrored, "/in")
    assert name_key("/in/a.jpg", mirrored, "/in") == name_key("/elsewhere/a.jpg", mirrored)


def test_keys_are_equal_exactly_where_names_would_be() -> None:
    key = name_key("/in/Été.jpg", RECIPE)
    assert key == name_key("/in/été.PNG", RECIPE)
    assert key == name_key("/in/" + unicodedata.normalize("NFD", "Été") + ".jpg", RECIPE)
    assert key != name_key("/in/Ete.jpg", RECIPE)
    assert key != name_key("/in2/Été.jpg", RECIPE)
    assert key != name_key("/in/Été.jpg", quick_recipe(5))
    there = RECIPE.with_folder("/out")
    assert name_key("/in/a.jpg", there) == name_key("/in2/a.jpg", there)
    assert name_key("/in/a.jpg", there) != name_key("/in/b.jpg", there)


def test_keys_without_a_stem_in_the_template_are_those_of_the_folder() -> None:
    fixed = Recipe("r", (Output("o", template="cover"),))
    assert name_key("/in/a.jpg", fixed) == name_key("/in/b.jpg", fixed)
    for template in ("{index:03}", "{date}_{time}", "{{stem}}"):
        counted = Recipe("r", (Output("o", template=template),))
        assert name_key("/in/a.jpg", counted) == name_key("/in/b.jpg", counted), template


def test_g5_recipes_that_name_alike_share_their_keys() -> None:
    one = Recipe("one", (Output("o", quality=80),), folder="/out")
    other = Recipe("other", (Output("o", quality=90),), folder="/out")
    assert name_key("/in/a.jpg", one) == name_key("/in2/a.jpg", other)


@given(st.lists(st.text(max_size=20), max_size=20))
def test_keys_of_many_are_the_keys_of_each_and_fit_a_signed_integer(names: list[str]) -> None:
    sources = [f"/in/{name}" for name in names]
    keys = name_keys(sources, RECIPE)
    assert keys == [name_key(one, RECIPE) for one in sources]
    assert all(0 <= key < 2**63 for key in keys)


def test_the_queue_gets_keys_without_an_imaging_library() -> None:
    code = (
        "import sys, core.imaging.naming, core.imaging.receipt;"
        "print([name for name in ('PIL', 'pyvips') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_g4_temporary_files_are_known_beforehand_and_can_be_removed(tmp_path: Path) -> None:
    source = str(tmp_path / "a.jpg")
    paths = temporary_paths(source, RECIPE, "store-1-2")
    assert len(paths) == 2
    assert all("store-1-2" in path and os.path.dirname(path) == str(tmp_path) for path in paths)
    assert set(paths).isdisjoint(temporary_paths(source, RECIPE, "store-1-3"))
    for path in paths:
        Path(path).write_bytes(b"x")
    assert remove_leftovers(source, RECIPE.to_json(), "store-1-2") == 2
    assert remove_leftovers(source, RECIPE.to_json(), "store-1-2") == 0
    assert list(tmp_path.iterdir()) == []


def test_g15_a_tag_cannot_lead_out_of_the_folder() -> None:
    for path in temporary_paths("/in/a.jpg", RECIPE, "../../etc/x"):
        assert os.path.dirname(os.path.normpath(path)) == "/in"
