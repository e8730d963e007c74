"""Geometry: the sizes and steps are those that a person would work out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadRecipe
from core.imaging.plan import needed_size, plan
from core.imaging.transform import perform
from core.imaging.upright import set_upright
from core.operations import Crop, Flip, Operation, Resize, Rotate, Thumbnail
from core.recipe import Output
from tests.core.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    decibels,
    encoded,
    made,
    near,
    photo,
    quarters,
)  # fmt: skip


@pytest.mark.parametrize(
    ("operations", "size", "expected"),
    [
        ((Thumbnail(256),), (4000, 3000), (256, 192)),
        ((Thumbnail(256),), (3000, 4000), (192, 256)),
        ((Thumbnail(256),), (200, 100), (200, 100)),
        ((Thumbnail(256, enlarge=True),), (200, 100), (256, 128)),
        ((Thumbnail(300, 100),), (4000, 3000), (133, 100)),
        ((Thumbnail(256),), (10000, 3), (256, 1)),
        ((Thumbnail(100, 50, fill=True),), (4000, 3000), (100, 50)),
        ((Thumbnail(100, fill=True),), (300, 100), (100, 100)),
        ((Thumbnail(400, fill=True),), (300, 100), (100, 100)),
        ((Thumbnail(400, fill=True, enlarge=True),), (300, 100), (400, 400)),
        ((Resize(width=100),), (4000, 3000), (100, 75)),
        ((Resize(height=100),), (4000, 3000), (133, 100)),
        ((Resize(width=5000),), (4000, 3000), (4000, 3000)),
        ((Resize(width=5000, enlarge=True),), (4000, 3000), (5000, 3750)),
        ((Resize(width=100, height=30),), (4000, 3000), (40, 30)),
        ((Resize(width=100, height=30, exact=True),), (4000, 3000), (100, 30)),
        ((Resize(percent=12.5),), (4000, 3000), (500, 375)),
        ((Resize(percent=200),), (40, 30), (80, 60)),
        ((Resize(percent=0.01),), (40, 30), (1, 1)),
        ((Rotate(90),), (40, 30), (30, 40)),
        ((Rotate(-90),), (40, 30), (30, 40)),
        ((Rotate(180),), (40, 30), (40, 30)),
        ((Rotate(360),), (40, 30), (40, 30)),
        ((Rotate(45),), (100, 100), (142, 142)),
        ((Flip("horizontal"),), (40, 30), (40, 30)),
        ((Crop(10, 5, 20, 10),), (40, 30), (20, 10)),
        ((Crop(30, 20, 100, 100),), (40, 30), (10, 10)),
        ((Crop(ratio="1:1"),), (40, 30), (30, 30)),
        ((Crop(ratio="16:9"),), (4000, 3000), (4000, 2250)),
        ((Crop(ratio="1:1"), Thumbnail(10), Rotate(90)), (400, 300), (10, 10)),
        ((Rotate(90), Resize(width=30)), (400, 300), (30, 40)),
    ],
)
def test_sizes_are_known_before_a_pixel_is_read(
    operations: tuple[Operation, ...], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    planned = plan(operations, size)
    assert planned.size == expected
    if size[0] < 1000:
        result = perform(Image.new("L", size), planned.steps, size, background="#000000", fast=True)
        assert result.size == expected


def test_a_crop_outside_the_image_is_refused() -> None:
    with pytest.raises(BadRecipe, match="40 × 30"):
        plan((Crop(40, 0, 5, 5),), (40, 30))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Rotate(90), [BLUE, RED, YELLOW, GREEN]),
        (Rotate(-270), [BLUE, RED, YELLOW, GREEN]),
        (Rotate(180), [YELLOW, BLUE, GREEN, RED]),
        (Rotate(270), [GREEN, YELLOW, RED, BLUE]),
        (Flip("horizontal"), [GREEN, RED, YELLOW, BLUE]),
        (Flip("vertical"), [BLUE, YELLOW, RED, GREEN]),
    ],
)
def test_turns_and_flips_move_the_corners_and_change_no_pixel(
    operation: Operation, expected: list[tuple[int, int, int]]
) -> None:
    picture = quarters(41, 30)
    result = perform(
        picture, plan((operation,), picture.size).steps, picture.size, background="#000000", fast=True
    )
    assert corners(result) == expected
    assert sorted(result.getcolors() or []) == sorted(picture.getcolors() or [])


def test_another_angle_turns_clockwise_and_fills_the_corners_with_the_background() -> None:
    picture = Image.new("RGB", (101, 101), RED)
    picture.paste(BLUE, (46, 0, 55, 20))  # a mark at the top
    steps = plan((Rotate(45),), picture.size).steps
    result = perform(picture, steps, picture.size, background="#00ff00", fast=True)
    middle = result.width // 2
    reach = round(40 * 0.7071)
    assert near(result.getpixel((middle + reach, middle - reach)), BLUE, 3)  # type: ignore[arg-type]
    assert result.getpixel((0, 0)) == (0, 255, 0)
    assert near(result.getpixel((middle, middle)), RED, 3)  # type: ignore[arg-type]


def test_a_turned_transparent_image_has_transparent_corners_without_a_fringe() -> None:
    picture = Image.new("RGBA", (60, 60), (*RED, 255))
    steps = plan((Rotate(30),), picture.size).steps
    result = perform(picture, steps, picture.size, background="#00ff00", fast=True)
    assert result.getpixel((0, 0)) == (0, 0, 0, 0)
    for _, colour in result.getcolors(100_000) or []:
        assert isinstance(colour, tuple)
        if colour[3] > 16:
            assert near(colour[:3], RED, 12), colour


def test_scaling_gives_transparent_pixels_no_weight() -> None:
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    picture.paste((250, 250, 250, 255), (101, 101, 299, 299))
    steps = plan((Thumbnail(37),), picture.size).steps
    result = perform(picture, steps, picture.size, background="#ffffff", fast=True)
    seen = [colour for _, colour in result.getcolors(10_000) or [] if isinstance(colour, tuple)]
    assert any(20 < colour[3] < 235 for colour in seen)
    assert all(min(colour[:3]) >= 235 for colour in seen if colour[3] > 16)  # else: a dark fringe


def test_an_orientation_is_undone() -> None:
    upright = quarters(40, 30)
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }
    for orientation, picture in stored.items():
        assert set_upright(picture, orientation).tobytes() == upright.tobytes(), orientation


def test_the_needed_size_is_that_of_the_largest_output() -> None:
    full = (4000, 3000)
    thumbnail, web = plan((Thumbnail(256),), full), plan((Resize(width=1920),), full)
    assert needed_size([thumbnail, web], full) == (1920, 1440)
    assert needed_size([thumbnail], full) == (256, 192)
    assert needed_size([thumbnail, plan((), full)], full) is None
    assert needed_size([thumbnail, plan((Rotate(5),), full)], full) is None
    cropped = plan((Crop(1000, 0, 1000, 3000), Resize(width=200)), full)
    assert needed_size([cropped], full) == (1600, 1200)  # twice what it shrinks to, so that it stays sharp


@given(
    st.integers(1, 90),
    st.integers(1, 70),
    st.lists(
        st.one_of(
            st.builds(Thumbnail, st.integers(1, 99), st.integers(1, 99), st.booleans(), st.booleans()),
            st.builds(Resize, width=st.integers(1, 99), height=st.integers(1, 99), exact=st.booleans()),
            st.builds(Rotate, st.sampled_from([0, 90, 180, 270, 33.3])),
            st.builds(Flip, st.just("vertical")),
            st.sampled_from([Crop(ratio="3:2"), Crop(0, 0, 5, 5)]),
        ),
        max_size=4,
    ),
)
def test_any_chain_ends_in_the_size_that_was_planned_also_from_a_smaller_load(
    width: int, height: int, operations: list[Operation]
) -> None:
    full = (width, height)
    planned = plan(operations, full)
    needed = needed_size([planned], full)
    for loaded in {full, needed or full}:
        picture = Image.new("RGBA", loaded)
        result = perform(picture, planned.steps, full, background="#ffffff", fast=True)
        assert result.size == planned.size


def test_a_crop_takes_the_same_part_from_a_smaller_load() -> None:
    picture = photo(1200, 900)
    planned = plan((Crop(300, 300, 450, 300), Resize(width=90)), picture.size)
    whole = perform(picture, planned.steps, picture.size, background="#ffffff", fast=False)
    small = perform(picture.resize((600, 450)), planned.steps, picture.size, background="#ffffff", fast=False)
    assert decibels(whole, small) > 30


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_what_is_cut_before_it_is_scaled_is_as_sharp_as_from_a_full_decode(
    tmp_path: Path, kind: str, fast: bool
) -> None:
    source = tmp_path / f"a.{kind.lower()}"
    source.write_bytes(encoded(photo(1501, 1003), kind))
    with Image.open(source) as full:
        best = full.crop((249, 0, 1252, 1003)).resize((300, 300), Image.Resampling.LANCZOS)
    squared = Output("square", (Crop(ratio="1:1"), Resize(width=300)), "png")
    assert decibels(made(source, squared, fast=fast), best) > 45


def test_16_bit_grey_is_turned_by_any_angle() -> None:
    picture = Image.new("I;16", (40, 40), 40_001)
    turned = perform(picture, plan((Rotate(30),), (40, 40)).steps, (40, 40), background="#808080", fast=True)
    assert turned.mode == "I;16"
    assert turned.getpixel((turned.width // 2, turned.height // 2)) == 40_001
    assert turned.getpixel((0, 0)) == 128 * 257
