"""The colours that an output is written in: Display P3, a profile in a file, and what is painted in them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from core.errors import BadRecipe, CannotEncode, NoSuchFile
from core.imaging.colour import to_profile, to_srgb
from core.imaging.libvips import libvips
from core.imaging.profiles import display_p3
from core.operations import Border, Flatten, Grey, Operation, Profile, Resize, Rotate, Watermark
from core.recipe import Colour, Output, Recipe
from tests.core.imaging.pictures import encoded, made, near, photo, run
from tests.core.imaging.test_colour import P3, SRGB, by_littlecms, profile


def mean_difference(first: Image.Image, second: Image.Image) -> float:
    """In levels, over all channels."""
    assert (first.mode, first.size) == (second.mode, second.size)
    means = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(means) / len(means)


def wide(folder: Path, picture: Image.Image | None = None, icc: bytes = P3) -> Path:
    path = folder / "wide.png"
    path.write_bytes(encoded(picture if picture is not None else photo(200, 150), "PNG", icc_profile=icc))
    return path


def with_profile(source: Path, wanted: Profile, *operations: Operation, kind: str = "png") -> Image.Image:
    return made(source, Output("o", (*operations, wanted), kind))


def test_our_display_p3_is_the_one_that_others_know() -> None:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(display_p3())).profile
    assert opened.profile_description == "Display P3"
    vips = libvips()
    if vips is None:
        pytest.skip("libvips, which brings a Display P3 of its own, is not installed")
    theirs = bytes(vips.Image.profile_load("p3"))
    picture = photo(120, 90)
    assert (
        mean_difference(to_profile(picture, None, display_p3())[0], to_profile(picture, None, theirs)[0])
        < 0.1
    )
    assert mean_difference(to_srgb(picture, display_p3())[0], to_srgb(picture, theirs)[0]) < 0.1


def test_an_output_in_display_p3_says_so_and_looks_the_same(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(photo(200, 150), "PNG"))
    result = with_profile(source, Profile("display-p3"))
    assert result.info["icc_profile"] == display_p3()
    assert mean_difference(result, photo(200, 150)) > 3
    assert mean_difference(to_srgb(result, display_p3())[0], photo(200, 150)) < 1


def test_keep_and_srgb_of_an_output_go_over_the_recipe(tmp_path: Path) -> None:
    source = wide(tmp_path)
    kept = with_profile(source, Profile("keep"))
    assert kept.info["icc_profile"] == P3
    assert kept.tobytes() == photo(200, 150).tobytes()
    srgb = made(source, Output("s", (Profile("srgb"),), "png"), colour=Colour.KEEP)
    assert "icc_profile" not in srgb.info
    assert srgb.tobytes() == by_littlecms(photo(200, 150), P3).tobytes()


def test_an_icc_file_gives_what_littlecms_gives(tmp_path: Path) -> None:
    other = profile(
        ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)), 2.2, "Other"
    )
    file = tmp_path / "other.icc"
    file.write_bytes(other)
    result = with_profile(wide(tmp_path), Profile(file=str(file)))
    assert result.info["icc_profile"] == other
    expected = ImageCms.profileToProfile(
        photo(200, 150),
        ImageCms.ImageCmsProfile(io.BytesIO(P3)),
        ImageCms.ImageCmsProfile(io.BytesIO(other)),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert expected is not None
    assert result.tobytes() == expected.tobytes()


def test_a_file_that_is_no_profile_is_refused_by_its_name(tmp_path: Path) -> None:
    source = wide(tmp_path)
    with pytest.raises(BadRecipe, match=r"profile\.file wide\.png is no colour profile"):
        with_profile(source, Profile(file=str(source)))
    with pytest.raises(NoSuchFile, match=r"none\.icc"):
        with_profile(source, Profile(file=str(tmp_path / "none.icc")))


def test_a_profile_for_cmyk_needs_a_format_that_holds_it(tmp_path: Path) -> None:
    vips = libvips()
    if vips is None:
        pytest.skip("libvips, which brings a profile for CMYK, is not installed")
    file = tmp_path / "cmyk.icc"
    file.write_bytes(bytes(vips.Image.profile_load("cmyk")))
    source = wide(tmp_path)
    with pytest.raises(CannotEncode, match="PNG cannot hold the CMYK"):
        with_profile(source, Profile(file=str(file)))
    result = with_profile(source, Profile(file=str(file)), Border(2, colour="#ffffff"), kind="tiff")
    assert result.mode == "CMYK"
    expected = ImageCms.profileToProfile(
        by_littlecms(photo(200, 150), P3),
        SRGB,
        ImageCms.ImageCmsProfile(str(file)),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "CMYK",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert expected is not None
    assert result.crop((2, 2, 202, 152)).tobytes() == expected.tobytes()
    assert sum(result.getpixel((0, 0))) < 8  # type: ignore[arg-type]


@pytest.mark.parametrize("goal", ["srgb", "display-p3", "keep"])
def test_what_is_painted_has_its_colour_in_every_profile(tmp_path: Path, goal: str) -> None:
    source = wide(tmp_path, Image.new("RGB", (100, 100), (50, 60, 70)))
    mark = tmp_path / "mark.png"
    mark.write_bytes(encoded(Image.new("RGB", (10, 10), (10, 200, 30)), "PNG"))
    result = with_profile(
        source,
        Profile(goal),
        Border(10, colour="#c81e1e"),
        Watermark(image=str(mark), place="centre", size=20, opacity=100),
    )
    seen, _ = to_srgb(result, result.info.get("icc_profile"))
    assert near(seen.getpixel((2, 2)), (200, 30, 30), 2)  # type: ignore[arg-type]
    assert near(seen.getpixel((60, 60)), (10, 200, 30), 3)  # type: ignore[arg-type]
    plain = to_srgb(Image.new("RGB", (1, 1), (50, 60, 70)), P3)[0].getpixel((0, 0))
    assert near(seen.getpixel((20, 20)), plain, 2)  # type: ignore[arg-type]


def test_corners_and_backgrounds_have_their_colour_too(tmp_path: Path) -> None:
    source = wide(tmp_path, Image.new("RGB", (60, 60), (50, 60, 70)))
    turned = made(source, Output("t", (Rotate(45),), "png"), background="#c81e1e", colour=Colour.KEEP)
    assert near(to_srgb(turned, P3)[0].getpixel((1, 1)), (200, 30, 30), 2)  # type: ignore[arg-type]
    clear = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    flat = made(wide(tmp_path, clear), Output("f", (Flatten("#c81e1e"),), "png"), colour=Colour.KEEP)
    assert near(to_srgb(flat, P3)[0].getpixel((1, 1)), (200, 30, 30), 2)  # type: ignore[arg-type]


def test_grey_stays_grey_in_display_p3_and_loses_its_profile_when_it_is_made(tmp_path: Path) -> None:
    source = tmp_path / "grey.png"
    source.write_bytes(encoded(Image.new("L", (20, 20), 90), "PNG"))
    result = with_profile(source, Profile("display-p3"))
    assert (result.mode, result.getpixel((3, 3)), "icc_profile" in result.info) == ("L", 90, False)
    made_grey = with_profile(wide(tmp_path), Profile("keep"), Grey())
    assert (made_grey.mode, "icc_profile" in made_grey.info) == ("L", False)
    assert made_grey.tobytes() == by_littlecms(photo(200, 150), P3).convert("L").tobytes()


@pytest.mark.parametrize("operations", [(), (Resize(width=64),), (Resize(width=64), Border(3))])
@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_wide_photo_matches_littlecms_within_a_level_on_average(
    tmp_path: Path, operations: tuple[Operation, ...], kind: str
) -> None:
    picture = photo(640, 480)
    source = wide(tmp_path, picture)
    output = Output("o", operations, kind, lossless=kind == "webp")
    result = made(source, output).convert("RGB")
    expected = by_littlecms(picture, P3)
    if operations:
        expected = expected.resize((64, 48), Image.Resampling.LANCZOS)
    if len(operations) > 1:
        result = result.crop((3, 3, 67, 51))
    assert mean_difference(result, expected) <= 1


def test_cmyk_that_is_kept_is_brought_to_srgb_for_a_mark(tmp_path: Path) -> None:
    source = tmp_path / "cmyk.jpg"
    source.write_bytes(encoded(Image.new("CMYK", (60, 60), (0, 255, 255, 0)), "JPEG", quality=95))
    recipe = Recipe("r", (Output("o", (Watermark("x"),)), Output("b", (Border(2),))), colour=Colour.KEEP)
    run(source, recipe)
    with Image.open(tmp_path / "cmyk-o.jpg") as marked, Image.open(tmp_path / "cmyk-b.jpg") as framed:
        assert (marked.mode, framed.mode) == ("RGB", "CMYK")
