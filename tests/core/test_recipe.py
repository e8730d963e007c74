"""Recipes: what they take, what they refuse, and how they travel."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadName, BadRecipe, NoSuchFile
from core.operations import (
    KINDS,
    Adjust,
    AutoOrient,
    Blur,
    Border,
    Crop,
    Dpi,
    Flatten,
    Flip,
    Grey,
    Operation,
    Profile,
    Resize,
    Rotate,
    SetMetadata,
    Sharpen,
    Thumbnail,
    Watermark,
    operation_from_mapping,
)
from core.recipe import (
    Colour,
    Existing,
    Metadata,
    Output,
    Recipe,
    builtin_recipes,
    find_recipe,
    format_toml,
    parse_toml,
    quick_recipe,
    read_toml,
)

FULL = Recipe(
    "Everything",
    (
        Output("a", (Crop(ratio="16:9"), Thumbnail(100, 50, fill=True), Rotate(12.5), Flip("vertical"))),
        Output("b", (Resize(percent=50),), "jpeg", "{index}-{output}", quality=70, max_bytes=50_000),
        Output("c", (Crop(1, 2, 30, 40), Resize(width=10, enlarge=True)), "webp", lossless=True, effort=9),
        Output("d", (), "tiff", tiff_compression="lzw"),
    ),
    description="An umlaut: ü",
    folder=os.path.abspath("/somewhere"),
    existing=Existing.NUMBER,
    metadata=Metadata.NO_LOCATION,
    colour=Colour.KEEP,
    background="#102030",
    keep_times=True,
    fast=False,
)

SIDES = st.integers(1, 100_000)
OPERATIONS = st.one_of(
    st.builds(Thumbnail, SIDES, st.none() | SIDES, st.booleans(), st.booleans()),
    st.builds(Resize, width=SIDES, height=st.none() | SIDES, enlarge=st.booleans()),
    st.builds(Resize, percent=st.floats(0.01, 1000)),
    st.builds(Rotate, st.floats(-360, 360)),
    st.builds(Flip, st.sampled_from(["horizontal", "vertical"])),
    st.builds(Crop, SIDES, SIDES, SIDES, SIDES),
    st.builds(Resize, SIDES, SIDES, mode=st.sampled_from(["fit", "fill", "cover", "pad", "exact"])),
    st.builds(Resize, megapixels=st.floats(0.0001, 300)),
    st.builds(Crop, trim=st.integers(0, 255)),
    st.builds(Border, SIDES.map(lambda side: 1 + side % 10_000), colour=st.just("transparent")),
    st.builds(Watermark, st.just("© ü\n2"), size=st.floats(1, 100), tiled=st.booleans()),
    st.builds(Watermark, image=st.just(os.path.abspath("/logo.png")), place=st.just("top")),
    st.builds(Sharpen, st.integers(1, 500), st.floats(0.1, 100), st.integers(0, 255)),
    st.builds(Blur, st.floats(0.1, 1000)),
    st.builds(Adjust, st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100)),
    st.builds(Flatten, st.none() | st.just("#123456")),
    st.sampled_from([AutoOrient(), Grey()]),
)
ONCE = st.tuples(
    st.sampled_from([Profile("display-p3"), Profile(file=os.path.abspath("/a.icc"))]),
    st.builds(SetMetadata, st.just("strip"), copyright=st.just("© A"), author=st.just("Anna ü")),
    st.builds(Dpi, st.floats(1, 60_000)),
)


def test_a_recipe_comes_back_from_json_as_it_went() -> None:
    assert Recipe.from_json(FULL.to_json()) == FULL


def test_a_recipe_comes_back_from_toml_as_it_went() -> None:
    assert parse_toml(format_toml(FULL)) == FULL


@given(st.lists(OPERATIONS, max_size=5), ONCE, st.text(min_size=1).filter(str.strip))
def test_any_operations_travel_by_json_and_toml(
    operations: list[Operation], once: tuple[Operation, ...], name: str
) -> None:
    recipe = Recipe(name, (Output("one", (*operations, *once)),))
    assert Recipe.from_json(recipe.to_json()) == recipe
    if name.isprintable():
        assert parse_toml(format_toml(recipe)) == recipe


def test_the_same_recipe_gives_the_same_json_and_hash_however_it_is_spelled() -> None:
    values = json.loads(FULL.to_json())
    turned = Recipe.from_json(json.dumps(dict(reversed(values.items())), indent=3))
    assert turned.to_json() == FULL.to_json()
    assert turned.id_hash == FULL.id_hash


def test_every_field_has_a_part_in_the_hash() -> None:
    others = [
        FULL.with_folder(None),
        FULL.with_existing(Existing.KEEP),
        Recipe("Everything", FULL.outputs[:1]),
        Recipe("Everything", (Output("a", (Thumbnail(101),)),)),
    ]
    assert len({one.id_hash for one in (FULL, *others)}) == 5


def test_the_hash_does_not_change_from_one_run_to_the_next() -> None:
    assert Recipe("r", (Output("o"),)).id_hash == Recipe("r", (Output("o"),)).id_hash
    assert len(FULL.id_hash) == 32


def test_a_relative_folder_is_made_absolute_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert FULL.with_folder("out/../there").folder == str(tmp_path / "there")
    with pytest.raises(BadRecipe, match="absolute"):
        Recipe("r", (Output("o"),), folder="out")


def test_a_relative_folder_in_a_file_starts_beside_that_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('name = "Own"\nfolder = "out"\n[[outputs]]\nname = "o"\n')
    assert read_toml(file).folder == str(tmp_path / "out")


def test_relative_files_of_operations_start_beside_the_recipe_too(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "Own"\n[[outputs]]\nname = "o"\noperations = [\n'
        '{ do = "watermark", image = "logo.png" }, { do = "profile", file = "print.icc" } ]\n'
    )
    assert read_toml(file).outputs[0].operations == (
        Watermark(image=str(tmp_path / "logo.png")),
        Profile(file=str(tmp_path / "print.icc")),
    )


def test_every_operation_says_what_each_of_its_fields_is() -> None:
    assert len(KINDS) == 16
    for kind in KINDS.values():
        for one in fields(kind):
            assert f"`{one.name}" in str(kind.__doc__) or f"{one.name}`" in str(kind.__doc__), one.name


def test_a_file_that_is_no_recipe_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRecipe, match="UTF-8"):
        read_toml(file)
    file.write_text("name = ")
    with pytest.raises(BadRecipe, match="not TOML"):
        read_toml(file)
    with pytest.raises(NoSuchFile):
        read_toml(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Thumbnail(0), "thumbnail.width"),
        (lambda: Thumbnail(True), "thumbnail.width"),
        (lambda: Thumbnail(10, 100_001), "thumbnail.height"),
        (lambda: Thumbnail(10, fill=1), "thumbnail.fill"),  # type: ignore[arg-type]
        (lambda: Resize(), "resize"),
        (lambda: Resize(width=1, percent=50), "resize"),
        (lambda: Resize(percent=0), "resize.percent"),
        (lambda: Resize(percent=float("nan")), "resize.percent"),
        (lambda: Resize(width=10, exact=True), "resize.exact"),
        (lambda: Rotate(361), "rotate.angle"),
        (lambda: Flip("sideways"), "flip.direction"),
        (lambda: Crop(), "crop.width"),
        (lambda: Crop(left=-1, width=1, height=1), "crop.left"),
        (lambda: Crop(ratio="16/9"), "crop.ratio"),
        (lambda: Crop(ratio="1:1", width=4), "crop"),
        (lambda: Crop(ratio="1:1", around="face"), "crop.around"),
        (lambda: Crop(left=3, width=9, height=9, around="attention"), "crop.around"),
        (lambda: Crop(trim=256), "crop.trim"),
        (lambda: Crop(trim=3, ratio="1:1"), "crop.trim"),
        (lambda: Resize(megapixels=0), "resize.megapixels"),
        (lambda: Resize(megapixels=2, percent=50), "resize"),
        (lambda: Resize(10, 10, mode="stretch"), "resize.mode"),
        (lambda: Resize(10, mode="fill"), "resize.mode"),
        (lambda: Resize(10, 10, mode="pad", exact=True), "resize.mode"),
        (lambda: Resize(10, 10, background="#ffffff"), "resize.background"),
        (lambda: Resize(10, 10, mode="pad", background="white"), "resize.background"),
        (lambda: Border(), "border"),
        (lambda: Border(1, 2), "border"),
        (lambda: Border(0), "border.width"),
        (lambda: Border(percent=101), "border.percent"),
        (lambda: Border(1, colour="red"), "border.colour"),
        (lambda: Watermark(), "watermark"),
        (lambda: Watermark("a", "/b"), "watermark"),
        (lambda: Watermark(" "), "watermark.text"),
        (lambda: Watermark("a\0b"), "watermark.text"),
        (lambda: Watermark(image="logo.png"), "watermark.image"),
        (lambda: Watermark("a", place="middle"), "watermark.place"),
        (lambda: Watermark("a", size=0), "watermark.size"),
        (lambda: Watermark("a", opacity=101), "watermark.opacity"),
        (lambda: Watermark("a", margin=51), "watermark.margin"),
        (lambda: Watermark("a", tiled=1), "watermark.tiled"),  # type: ignore[arg-type]
        (lambda: Watermark("a", colour="#fff"), "watermark.colour"),
        (lambda: Watermark("a", font="font.ttf"), "watermark.font"),
        (lambda: Watermark(image="/a.png", font="/font.ttf"), "watermark.font"),
        (lambda: Sharpen(amount=0), "sharpen.amount"),
        (lambda: Sharpen(radius=0), "sharpen.radius"),
        (lambda: Sharpen(threshold=256), "sharpen.threshold"),
        (lambda: Blur(0), "blur.radius"),
        (lambda: Adjust(brightness=101), "adjust.brightness"),
        (lambda: Adjust(contrast=-101), "adjust.contrast"),
        (lambda: Adjust(saturation=float("inf")), "adjust.saturation"),
        (lambda: Flatten("white"), "flatten.background"),
        (lambda: Profile(), "profile"),
        (lambda: Profile("srgb", "/a.icc"), "profile"),
        (lambda: Profile("adobe"), "profile.to"),
        (lambda: Profile(file="a.icc"), "profile.file"),
        (lambda: SetMetadata(), "metadata"),
        (lambda: SetMetadata("drop"), "metadata.policy"),
        (lambda: SetMetadata(copyright=""), "metadata.copyright"),
        (lambda: SetMetadata(author="x" * 501), "metadata.author"),
        (lambda: Dpi(0), "dpi.value"),
        (lambda: Output("o", (Dpi(72), Dpi(300))), "outputs.operations"),
        (lambda: Output(""), "outputs.name"),
        (lambda: Output("o", (1,)), "outputs.operations"),  # type: ignore[arg-type]
        (lambda: Output("o", "flip"), "outputs.operations"),  # type: ignore[arg-type]
        (lambda: Output("o", format="bmp"), "outputs.format"),
        (lambda: Output("o", format="png", quality=80), "outputs.quality"),
        (lambda: Output("o", format="webp", progressive=True), "outputs.progressive"),
        (lambda: Output("o", quality=0), "outputs.quality"),
        (lambda: Output("o", quality=101), "outputs.quality"),
        (lambda: Output("o", compression=10), "outputs.compression"),
        (lambda: Output("o", effort=11), "outputs.effort"),
        (lambda: Output("o", subsampling="4:1:0"), "outputs.subsampling"),
        (lambda: Output("o", tiff_compression="zip"), "outputs.tiff_compression"),
        (lambda: Output("o", format="png", max_bytes=10_000), "outputs.max_bytes"),
        (lambda: Output("o", format="png", look="same"), "outputs.look"),
        (lambda: Output("o", look="good"), "outputs.look"),
        (lambda: Output("o", look="same", quality=80), "outputs.look"),
        (lambda: Output("o", look="same", max_bytes=10_000), "outputs.look"),
        (lambda: Output("o", format="webp", lossless=True, max_bytes=10_000), "outputs.max_bytes"),
        (lambda: Output("o", template="{nothing}"), "outputs.template"),
        (lambda: Output("o", template="{stem.__class__}"), "outputs.template"),
        (lambda: Output("o", template="{stem!r}"), "outputs.template"),
        (lambda: Output("o", template="{stem"), "outputs.template"),
        (lambda: Output("o", template=""), "outputs.template"),
        (lambda: Output("o", template="{index:4}"), "outputs.template"),
        (lambda: Output("o", template="{index:x}"), "outputs.template"),
        (lambda: Output("o", template="{index:099}"), "outputs.template"),
        (lambda: Output("o", template="{stem:>9}"), "outputs.template"),
        (lambda: Output("o", template="{date:%B}"), "outputs.template"),
        (lambda: Output("o", template="{date:%}"), "outputs.template"),
        (lambda: Output("o", template="{time:%H:%M}"), "outputs.template"),
        (lambda: Output("o", template="{date:%Y:}"), "outputs.template"),
        (lambda: Output("o", template="{date:{stem}}"), "outputs.template"),
        (lambda: Recipe("", (Output("o"),)), "name"),
        (lambda: Recipe("r", ()), "outputs"),
        (lambda: Recipe("r", (Output("o"), Output("O"))), "outputs"),
        (lambda: Recipe("r", (Output("a", template="x"), Output("b", template="x"))), "outputs.template"),
        (lambda: Recipe("r", (Output("o"),), existing="overwrite"), "existing"),  # type: ignore[arg-type]
        (lambda: Recipe("r", (Output("o"),), metadata="some"), "metadata"),  # type: ignore[arg-type]
        (lambda: Recipe("r", (Output("o"),), colour="cmyk"), "colour"),  # type: ignore[arg-type]
        (lambda: Recipe("r", (Output("o"),), background="white"), "background"),
        (lambda: Recipe("r", (Output("o"),), fast=1), "fast"),  # type: ignore[arg-type]
        (lambda: Recipe("r", (Output("o"),), folder="/a\0b"), "folder"),
        (lambda: operation_from_mapping({"do": "explode"}), "operations.do"),
        (lambda: operation_from_mapping({"do": "flip", "way": 1}), "flip"),
        (lambda: operation_from_mapping({"do": "flip"}), "flip"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(make: object, field: str) -> None:
    assert callable(make)
    with pytest.raises(BadRecipe) as caught:
        make()
    assert str(caught.value).startswith(field), str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        *("../{stem}", "a/../{stem}", "/{stem}", "a//{stem}", "{stem}/", "./{stem}", " /{stem}"),
        *(
            "a\\{stem}",
            "{stem}\0",
            "{stem}\n",
            "\x1b[2J{stem}",
            "{date:%Y\n}",
            "{date:../%Y}/{stem}",
            "{date:%Y//}{stem}",
            "{date:/%Y}",
        ),
    ],
)
def test_g15_a_template_that_leaves_the_folder_is_refused(template: str) -> None:
    with pytest.raises(BadName):
        Output("o", template=template)


def test_g15_an_output_name_that_leaves_the_folder_is_refused() -> None:
    with pytest.raises(BadName):
        Output("../o")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"name": "r"}',
        '{"name": "r", "outputs": 3}',
        '{"name": "r", "outputs": [3]}',
        '{"name": "r", "outputs": [{}]}',
        '{"name": "r", "outputs": [{"name": "o", "colour": 1}]}',
        '{"name": "r", "outputs": [{"name": "o", "operations": "flip"}]}',
        '{"name": "r", "outputs": [{"name": "o"}], "version": 2}',
        '{"name": "r", "outputs": [{"name": "o"}], "shell": "rm"}',
        '{"name": 3, "outputs": [{"name": "o"}]}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(BadRecipe):
        Recipe.from_json(text)


def test_formats_are_known_by_their_short_names_too() -> None:
    assert Output("o", format="JPG").format == "jpeg"
    assert Output("o", format="tif").format == "tiff"


def test_the_built_in_recipes_are_those_of_the_book_and_the_default_is_first() -> None:
    assert [one.name for one in builtin_recipes()] == [
        "Thumbnail and resize",
        "Web",
        "Thumbnail",
        "Web set",
        "Email",
        "Archive",
        "Strip location",
        "Convert HEIC to JPEG",
        "One PDF",
    ]
    assert all(one.description for one in builtin_recipes())
    default = builtin_recipes()[0]
    assert [one.operations for one in default.outputs] == [
        (Thumbnail(256),),
        (Resize(width=1920, height=1920),),
    ]


def test_a_recipe_is_found_in_any_case_and_an_unknown_one_is_answered_with_the_names() -> None:
    assert find_recipe("  wEB SET").name == "Web set"
    with pytest.raises(BadRecipe, match=r"Thumbnail and resize.*Convert HEIC to JPEG"):
        find_recipe("Nothing")


def test_flags_make_a_recipe() -> None:
    recipe = quick_recipe(128, "800x600", "webp", 70)
    assert [(one.name, one.operations, one.format, one.quality) for one in recipe.outputs] == [
        ("thumbnail", (Thumbnail(128),), "webp", 70),
        ("resized", (Resize(width=800, height=600),), "webp", 70),
    ]
    assert quick_recipe(resize="640").outputs[0].operations == (Resize(width=640, height=640),)
    assert quick_recipe(format="png").outputs[0].template == "{stem}"


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"resize": "big"},
        {"resize": "0"},
        {"resize": "-5"},
        {"resize": "10x"},
        {"thumbnail": 0},
        {"quality": 0},
        {"format": "psd"},
        {"format": "png", "quality": 5},
    ],
)
def test_flags_that_make_no_sense_are_refused(flags: dict[str, object]) -> None:
    with pytest.raises(BadRecipe):
        quick_recipe(**flags)  # type: ignore[arg-type]
