"""Each operation on pixels that are known, with the answer that a person works out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from core.errors import BadRecipe, NoSuchFile, TooLarge
from core.imaging import borders
from core.imaging.libvips import libvips
from core.imaging.plan import needed_size, plan
from core.operations import (
    Adjust,
    AutoOrient,
    Blur,
    Border,
    Crop,
    Flatten,
    Grey,
    Operation,
    Resize,
    Rotate,
    Sharpen,
    Watermark,
)
from core.recipe import Existing, Output, Recipe
from tests.core.imaging.pictures import BLUE, GREEN, RED, corners, decibels, encoded, made, near, photo, run

PLACES = {
    f"{row}-{column}".strip("-") if row or column else "centre": (x, y)
    for row, y in (("top", 0), ("", 45), ("bottom", 90))
    for column, x in (("left", 0), ("", 45), ("right", 90))
}


def png(folder: Path, picture: Image.Image, name: str = "a.png") -> Path:
    path = folder / name
    path.write_bytes(encoded(picture, "PNG"))
    return path


def after(folder: Path, picture: Image.Image, *operations: Operation, **fields: object) -> Image.Image:
    """What the operations make of a picture, by way of a PNG."""
    return made(png(folder, picture), Output("o", operations, "png"), **fields, existing=Existing.REPLACE)


# -- resize -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "size", "expected"),
    [
        (Resize(100, 100, mode="fit"), (400, 200), (100, 50)),
        (Resize(100, 100, mode="fill"), (400, 200), (100, 100)),
        (Resize(100, 100, mode="cover"), (400, 200), (200, 100)),
        (Resize(100, 100, mode="pad"), (400, 200), (100, 100)),
        (Resize(100, 100, mode="exact"), (400, 200), (100, 100)),
        (Resize(100, 100, mode="fit"), (40, 20), (40, 20)),
        (Resize(100, 100, mode="fill"), (40, 20), (20, 20)),
        (Resize(100, 100, mode="cover"), (40, 20), (40, 20)),
        (Resize(100, 100, mode="pad"), (40, 20), (100, 100)),
        (Resize(100, 100, mode="fit", enlarge=True), (40, 20), (100, 50)),
        (Resize(100, 100, mode="fill", enlarge=True), (40, 20), (100, 100)),
        (Resize(100, 100, mode="cover", enlarge=True), (40, 20), (200, 100)),
        (Resize(100, 100, mode="exact"), (40, 20), (100, 100)),
        (Resize(megapixels=0.02), (400, 200), (200, 100)),
        (Resize(megapixels=1), (400, 200), (400, 200)),
        (Resize(megapixels=0.32, enlarge=True), (400, 200), (800, 400)),
        (Resize(percent=25), (400, 200), (100, 50)),
    ],
)
def test_each_way_of_resizing_gives_its_size(
    tmp_path: Path, operation: Resize, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert plan((operation,), size).size == expected
    assert after(tmp_path, Image.new("RGB", size, RED), operation).size == expected


def test_fill_cuts_around_the_centre_and_cover_cuts_nothing(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 200), RED)
    picture.paste(GREEN, (100, 0, 300, 200))
    filled = after(tmp_path, picture, Resize(100, 100, mode="fill"))
    assert corners(filled) == [GREEN] * 4
    covered = after(tmp_path, picture, Resize(100, 100, mode="cover"))
    assert covered.getpixel((5, 50)) == RED
    assert covered.getpixel((195, 50)) == RED


def test_pad_fills_the_rest_of_the_box_with_its_background(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 200), RED)
    for background, expected in ((None, (1, 2, 3)), ("#00ff00", (0, 255, 0))):
        result = after(
            tmp_path,
            picture,
            Resize(100, 100, mode="pad", background=background),
            background="#010203",
        )
        assert result.getpixel((50, 24)) == expected
        assert result.getpixel((50, 25)) == RED
        assert result.getpixel((50, 74)) == RED
        assert result.getpixel((50, 75)) == expected
    clear = made(
        tmp_path / "a.png",
        Output("clear", (Resize(100, 100, mode="pad", background="transparent"),), "png"),
    )
    assert clear.mode == "RGBA"
    assert clear.getpixel((50, 0)) == (0, 0, 0, 0)
    assert clear.getpixel((50, 50)) == (*RED, 255)


# -- crop -------------------------------------------------------------------------------------------------


def test_trim_cuts_off_the_borders_up_to_the_tolerance(tmp_path: Path) -> None:
    picture = Image.new("RGB", (60, 40), (250, 250, 250))
    picture.paste((245, 250, 250), (0, 0, 60, 3))
    picture.putpixel((0, 0), (250, 250, 250))
    picture.paste(RED, (10, 5, 30, 35))
    source = png(tmp_path, picture)
    assert made(source, Output("loose", (Crop(trim=10),), "png")).size == (20, 30)
    assert made(source, Output("exact", (Crop(trim=0),), "png")).size == (60, 35)
    everything = png(tmp_path, Image.new("RGB", (9, 7), RED), "plain.png")
    assert made(everything, Output("o", (Crop(trim=0),), "png")).size == (9, 7)


def test_trim_cuts_off_what_is_transparent(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (60, 40), (9, 99, 199, 0))
    picture.paste((*RED, 255), (10, 5, 30, 35))
    assert after(tmp_path, picture, Crop(trim=0)).size == (20, 30)


def test_what_comes_after_trim_starts_from_what_is_left(tmp_path: Path) -> None:
    picture = Image.new("RGB", (600, 400), (255, 255, 255))
    picture.paste(RED, (100, 100, 300, 200))
    source = png(tmp_path, picture)
    outcome = made(source, Output("o", (Crop(trim=5), Resize(width=50), Border(1)), "png", "{width}"))
    assert outcome.size == (52, 27)
    assert (tmp_path / "52.png").exists(), "the name has the size that was found"
    with pytest.raises(TooLarge, match="trimmed"):
        run(source, Recipe("r", (Output("big", (Crop(trim=5), Resize(100_000, 100_000, exact=True))),)))


@pytest.mark.parametrize("without_libvips", [False, True])
def test_attention_finds_the_only_thing_there_is_to_see(
    tmp_path: Path, without_libvips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_libvips:
        monkeypatch.setattr(borders, "libvips", lambda: None)
    elif libvips() is None:
        pytest.skip("libvips is not installed")
    picture = Image.new("RGB", (1200, 400), (120, 120, 120))
    for left in range(900, 1000, 20):
        picture.paste((250, 190, 160), (left, 150, left + 10, 250))
    squared = after(tmp_path, picture, Crop(ratio="1:1", around="attention"))
    assert squared.size == (400, 400)
    seen = squared.convert("RGB").point(lambda value: 255 if value > 140 else 0).getbbox()
    assert seen is not None
    assert seen[2] - seen[0] == 90, "all of it"
    small = made(
        tmp_path / "a.png",
        Output("small", (Crop(width=300, height=200, around="attention"), Resize(width=75)), "png"),
    )
    assert small.size == (75, 50)
    assert near(small.getpixel((0, 0)), (120, 120, 120), 2)  # type: ignore[arg-type]
    assert max(colour[0] for _, colour in small.getcolors(10_000) or [] if isinstance(colour, tuple)) > 220


def test_a_crop_by_attention_may_be_loaded_smaller() -> None:
    planned = plan((Crop(ratio="1:1", around="attention"), Resize(width=100)), (4000, 2000))
    assert needed_size([planned], (4000, 2000)) == (400, 200)


def test_a_box_is_placed_around_the_centre(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), RED)
    picture.paste(GREEN, (15, 5, 25, 15))
    assert after(tmp_path, picture, Crop(width=10, height=10, around="centre")).getcolors() == [(100, GREEN)]


# -- borders and marks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("operation", "width"), [(Border(5), 5), (Border(percent=10), 3)])
def test_a_border_goes_all_around(tmp_path: Path, operation: Border, width: int) -> None:
    result = after(tmp_path, Image.new("RGB", (40, 30), RED), operation)
    assert result.size == (40 + 2 * width, 30 + 2 * width)
    assert sorted(result.getcolors() or []) == sorted(
        [(1200, RED), (result.width * result.height - 1200, (0, 0, 0))]
    )
    assert result.crop((width, width, width + 40, width + 30)).getcolors() == [(1200, RED)]


def test_a_coloured_border_makes_a_grey_image_coloured_and_a_grey_one_does_not(tmp_path: Path) -> None:
    grey = Image.new("L", (10, 10), 90)
    assert after(tmp_path, grey, Border(1, colour="#808080")).mode == "L"
    red = made(tmp_path / "a.png", Output("red", (Border(1, colour="#ff0000"),), "png"))
    assert (red.getpixel((0, 0)), red.getpixel((5, 5))) == ((255, 0, 0), (90, 90, 90))


@pytest.mark.parametrize(("place", "corner"), PLACES.items())
def test_a_mark_goes_to_each_of_nine_places(tmp_path: Path, place: str, corner: tuple[int, int]) -> None:
    mark = png(tmp_path, Image.new("RGB", (50, 50), BLUE), "mark.png")
    wanted = Watermark(image=str(mark), place=place, size=10, margin=0, opacity=100)
    result = after(tmp_path, Image.new("RGB", (100, 100), RED), wanted)
    box = (*corner, corner[0] + 10, corner[1] + 10)
    assert result.crop(box).getcolors() == [(100, BLUE)]
    assert sorted(result.getcolors() or []) == [(100, BLUE), (9900, RED)]


def test_a_mark_grows_with_the_image_keeps_its_margin_and_shines_through(tmp_path: Path) -> None:
    mark = png(tmp_path, Image.new("RGB", (40, 20), (255, 255, 255)), "mark.png")
    for side in (100, 200):
        wanted = Watermark(image=str(mark), place="bottom-right", size=20, margin=10, opacity=50)
        result = after(tmp_path, Image.new("RGB", (side, side), (0, 0, 0)), wanted)
        wide, high, margin = side // 5, side // 10, side // 10
        box = (side - margin - wide, side - margin - high, side - margin, side - margin)
        assert result.crop(box).getcolors() == [(wide * high, (128, 128, 128))]
        assert result.getbbox() == box


def test_tiles_cover_the_image_every_second_row_moved(tmp_path: Path) -> None:
    mark = png(tmp_path, Image.new("RGB", (10, 10), BLUE), "mark.png")
    wanted = Watermark(image=str(mark), size=10, margin=10, opacity=100, tiled=True)
    result = after(tmp_path, Image.new("RGB", (100, 100), RED), wanted)
    assert [result.getpixel((x, 5)) for x in (5, 15, 25, 85)] == [BLUE, RED, BLUE, BLUE]
    assert [result.getpixel((x, 25)) for x in (5, 15, 25, 95)] == [RED, BLUE, RED, BLUE]
    assert (100 * 25, BLUE) in (result.getcolors() or [])


def test_a_text_fits_its_box_in_its_colour(tmp_path: Path) -> None:
    wanted = Watermark(text="© Anna", place="centre", size=50, opacity=100, colour="#00ff00")
    result = after(tmp_path, Image.new("RGB", (400, 300), (0, 0, 0)), wanted)
    box = result.getbbox()
    assert box is not None
    assert 190 <= box[2] - box[0] <= 200
    assert box[3] - box[1] <= 150
    assert abs((box[0] + box[2]) / 2 - 200) <= 2
    assert abs((box[1] + box[3]) / 2 - 150) <= 2
    assert result.getchannel("R").getbbox() is None
    assert result.getchannel("G").getextrema() == (0, 255)
    lines = after(tmp_path, Image.new("L", (400, 300)), Watermark(text="a\nb", size=50))
    assert lines.mode == "L", "a white text leaves grey grey"


def test_a_mark_with_alpha_on_a_transparent_image(tmp_path: Path) -> None:
    mark = Image.new("RGBA", (10, 10), (*BLUE, 255))
    mark.paste((0, 0, 0, 0), (0, 0, 5, 10))
    path = png(tmp_path, mark, "mark.png")
    wanted = Watermark(image=str(path), place="top-left", size=10, margin=0, opacity=50)
    result = after(tmp_path, Image.new("RGBA", (100, 100), (0, 0, 0, 0)), wanted)
    assert result.getpixel((2, 2)) == (0, 0, 0, 0)
    assert result.getpixel((7, 7)) == (*BLUE, 128)


def test_a_mark_that_is_not_there_fails_the_job_by_its_name(tmp_path: Path) -> None:
    picture = png(tmp_path, photo(20, 20))
    with pytest.raises(NoSuchFile, match=r"none\.png"):
        run(picture, Recipe("r", (Output("o", (Watermark(image=str(tmp_path / "none.png")),)),)))
    with pytest.raises(BadRecipe, match=r"watermark\.font"):
        run(picture, Recipe("r", (Output("o", (Watermark(text="a", font=str(picture)),)),)))


# -- appearance -------------------------------------------------------------------------------------------


def test_sharpen_makes_an_edge_overshoot_by_its_amount(tmp_path: Path) -> None:
    picture = Image.new("L", (40, 40), 100)
    picture.paste(150, (20, 0, 40, 40))
    result = after(tmp_path, picture, Sharpen(amount=100, radius=1, threshold=0))
    assert result.tobytes() == picture.filter(ImageFilter.UnsharpMask(1, 100, 0)).tobytes()
    assert result.getpixel((19, 20)) < 90  # type: ignore[operator]
    assert result.getpixel((20, 20)) > 160  # type: ignore[operator]
    assert result.getpixel((2, 20)) == 100
    calm = made(tmp_path / "a.png", Output("calm", (Sharpen(amount=100, radius=1, threshold=60),), "png"))
    assert calm.tobytes() == picture.tobytes(), "differences below the threshold stay"


def test_blur_spreads_a_point_by_its_radius(tmp_path: Path) -> None:
    flat = after(tmp_path, Image.new("L", (61, 61), 77), Blur(5))
    assert flat.getcolors() == [(61 * 61, 77)]
    edge = Image.new("L", (61, 61))
    edge.paste(255, (30, 0, 61, 61))
    row = after(tmp_path, edge, Blur(4)).crop((0, 30, 61, 31)).tobytes()
    assert abs(row[29] - 115) <= 6  # half a pixel before the edge: 255 x Phi(-0.125)
    assert abs(row[25] - 33) <= 6  # 4.5 pixels before it: 255 x Phi(-1.125)


def test_blur_gives_transparent_pixels_no_weight(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((250, 250, 250, 255), (20, 0, 40, 40))
    result = after(tmp_path, picture, Blur(3))
    for _, colour in result.getcolors(10_000) or []:
        assert isinstance(colour, tuple)
        assert colour[3] < 16 or min(colour[:3]) >= 235, colour


def test_grey_is_the_luma_of_the_colours(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (3, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (0, 255, 0, 128))
    picture.putpixel((2, 0), (0, 0, 255, 0))
    result = after(tmp_path, picture, Grey())
    assert result.mode == "LA"
    assert [result.getpixel((x, 0)) for x in range(3)] == [(76, 255), (150, 128), (29, 0)]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Adjust(), (100, 50, 200)),
        (Adjust(brightness=-100), (0, 0, 0)),
        (Adjust(brightness=50), (150, 75, 255)),
        (Adjust(contrast=-100), (128, 128, 128)),
        (Adjust(contrast=100), (73, 0, 255)),
        (Adjust(saturation=-100), (82, 82, 82)),  # 0.299 x 100 + 0.587 x 50 + 0.114 x 200
        (Adjust(saturation=100), (118, 18, 255)),
    ],
)
def test_each_adjustment_is_what_its_docstring_says(
    tmp_path: Path, operation: Adjust, expected: tuple[int, int, int]
) -> None:
    result = after(tmp_path, Image.new("RGBA", (2, 2), (100, 50, 200, 77)), operation)
    pixel = result.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert near(pixel[:3], expected, 1)
    assert pixel[3] == 77


def test_flatten_lays_the_image_on_a_colour(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    result = after(tmp_path, picture, Flatten("#0000ff"), background="#00ff00")
    assert near(result.getpixel((0, 0)), (128, 0, 127), 1)  # type: ignore[arg-type]
    own = made(tmp_path / "a.png", Output("own", (Flatten(),), "png"), background="#00ff00")
    assert near(own.getpixel((0, 0)), (128, 127, 0), 1)  # type: ignore[arg-type]


def test_what_needs_eight_bits_says_that_sixteen_were_reduced(tmp_path: Path) -> None:
    source = png(tmp_path, Image.new("I;16", (8, 8), 30_000))
    for name, operation, mode in (("blur", Blur(1), "L"), ("border", Border(1), "I;16")):
        outcome = run(source, Recipe("r", (Output(name, (operation,), "png"),)))
        assert any("reduced to 8" in note for note in outcome.notes) == (mode == "L")  # type: ignore[union-attr]
        with Image.open(tmp_path / f"a-{name}.png") as result:
            assert result.mode == mode


def test_operations_of_all_kinds_run_in_their_order(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), RED)
    picture.paste(GREEN, (0, 0, 20, 20))
    result = after(
        tmp_path, picture, AutoOrient(), Border(2), Rotate(90), Crop(0, 0, 24, 22), Grey(), Border(1)
    )
    assert (result.mode, result.size) == ("L", (26, 24))
    assert (
        decibels(
            result.crop((3, 3, 23, 23)),
            Image.new("L", (20, 20), Image.new("RGB", (1, 1), GREEN).convert("L").tobytes()[0]),
        )
        > 40
    )
