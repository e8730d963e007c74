"""Encoding: options have their effect, limits are kept, and the same image gives the same bytes."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from core.errors import CannotEncode
from core.formats import FORMATS, Format, format_named
from core.imaging import encode as encoding
from core.imaging import writers
from core.imaging.encode import encode
from core.imaging.libvips import libvips
from core.imaging.metadata import Attached
from core.imaging.readers import open_image
from core.recipe import Output
from tests.core.imaging.pictures import decibels, photo

PLAIN = Attached()


def written(image: Image.Image, output: Output) -> bytes:
    assert output.format is not None
    chosen = format_named(output.format)
    assert chosen is not None
    return encode(image, chosen, output, PLAIN)[0]


def read(content: bytes) -> Image.Image:
    image = open_image(io.BytesIO(content), "", lambda _width, _height: None)
    image.load()
    return image


@pytest.mark.parametrize("one", [one for one in FORMATS if one.writable], ids=lambda one: one.name)
def test_each_format_is_written_as_itself_and_the_same_bytes_each_time(one: Format) -> None:
    picture = photo(240, 180)
    content = written(picture, Output("o", format=one.name))
    assert read(content).format == one.pillow
    assert read(content).size == picture.size
    assert decibels(read(content).convert("RGB"), picture) > 27
    assert written(photo(240, 180), Output("o", format=one.name)) == content


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "heic", "jxl", "pdf"])
def test_a_lower_quality_is_smaller(name: str) -> None:
    sizes = [len(written(photo(200, 150), Output("o", format=name, quality=one))) for one in (20, 60, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("png", "RGB"), ("png", "RGBA"), ("png", "L"), ("png", "LA"), ("tiff", "RGBA"), ("webp", "RGBA")),
        *(("jxl", "RGB"), ("jxl", "RGBA"), ("jxl", "L"), ("jxl", "LA")),
    ],
)
def test_lossless_means_every_sample_comes_back(name: str, mode: str) -> None:
    picture = photo(400, 300)
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    picture = picture.convert(mode)
    back = read(written(picture, Output("o", format=name, lossless=True)))
    assert back.mode == mode
    assert back.tobytes() == picture.tobytes()


def test_the_usual_options_have_their_effect() -> None:
    picture = photo(200, 150)
    assert read(written(picture, Output("o", format="jpeg", progressive=True))).info["progressive"]
    assert "progressive" not in read(written(picture, Output("o", format="jpeg"))).info
    plain, tuned = (len(written(picture, Output("o", format="jpeg", optimize=one))) for one in (False, True))
    assert tuned < plain
    full, half = (
        read(written(picture, Output("o", format="jpeg", subsampling=one))).layer  # type: ignore[attr-defined]
        for one in ("4:4:4", "4:2:0")
    )
    assert (full[0][1:3], half[0][1:3]) == ((1, 1), (2, 2))
    for level, other in ((0, 1), (1, 9)):
        sizes = [len(written(picture, Output("o", format="png", compression=one))) for one in (level, other)]
        assert sizes[0] > sizes[1]
    for name, tag in (("none", 1), ("lzw", 5), ("deflate", 8), ("jpeg", 7)):
        content = written(picture, Output("o", format="tiff", tiff_compression=name))
        assert read(content).tag_v2[259] == tag  # type: ignore[attr-defined]
    for name in ("webp", "jxl", "heic", "avif"):
        quick, small = (len(written(picture, Output("o", format=name, effort=one))) for one in (0, 10))
        assert small < quick, name


def test_a_quick_webp_is_written_at_a_higher_quality_so_that_a_number_means_one_look() -> None:
    picture = photo(240, 180)

    def by(method: int, quality: float) -> bytes:
        file = io.BytesIO()
        picture.save(file, "WEBP", method=method, quality=quality)
        return file.getvalue()

    def ours(effort: int | None, quality: int) -> bytes:
        return written(picture, Output("o", format="webp", quality=quality, effort=effort))

    assert ours(None, 80) == by(2, 81.5)
    assert ours(None, 100) == by(2, 100)
    assert ours(7, 80) == by(4, 80)


@pytest.mark.parametrize("name", ["png", "gif"])
@pytest.mark.parametrize("by_vips", [True, False])
def test_a_palette_has_at_most_so_many_colours(
    name: str, by_vips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_vips:
        monkeypatch.setattr(writers, "libvips", lambda: None)
    for mode in ("RGB", "RGBA", "L", "LA"):
        picture = photo(120, 90)
        if "A" in mode:
            picture.putalpha(Image.new("L", picture.size, 255))
        picture = picture.convert(mode)
        for colours in (2, 16, 256):
            content = written(picture, Output("o", format=name, colours=colours))
            found = read(content).convert("RGBA").getcolors(100_000)
            assert found is not None
            assert len(found) <= colours
            assert written(picture, Output("o", format=name, colours=colours)) == content
    assert len(written(photo(120, 90), Output("o", format="png", colours=16))) < len(
        written(photo(120, 90), Output("o", format="png"))
    )


def test_a_gif_keeps_what_is_wholly_transparent() -> None:
    picture = Image.new("RGBA", (40, 30), (220, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 20, 30))
    back = read(written(picture, Output("o", format="gif"))).convert("RGBA")
    assert back.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert back.getpixel((30, 5)) == (220, 30, 30, 255)


def test_an_icon_holds_the_usual_smaller_sides_and_is_no_larger_than_256() -> None:
    content = written(photo(100, 60), Output("o", format="ico"))
    assert read(content).info["sizes"] == {(100, 60), (48, 29), (32, 19), (24, 14), (16, 10)}
    with pytest.raises(CannotEncode, match="256"):
        written(photo(257, 10), Output("o", format="ico"))


def test_a_pdf_has_the_size_that_its_dots_an_inch_make_and_no_date() -> None:
    pdf = format_named("pdf")
    assert pdf is not None
    content = encode(photo(150, 75), pdf, Output("o"), Attached(dpi=(300, 300)))[0]
    assert read(content).size == (75, 38)
    assert b"Date" not in content


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "heic", "jxl", "pdf"])
def test_a_limit_in_bytes_is_kept_with_the_best_quality_that_fits(name: str) -> None:
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    free = len(written(picture, Output("o", format=name, quality=90)))
    limit = round(free * 0.7)
    chosen = format_named(name)
    assert chosen is not None
    content, size, notes = encode(
        picture, chosen, Output("o", format=name, quality=90, max_bytes=limit), PLAIN
    )
    assert limit * 0.8 < len(content) <= limit
    assert size == picture.size
    assert any("quality was lowered from 90" in note for note in notes)


def test_a_limit_that_no_quality_meets_makes_the_image_smaller_and_says_so() -> None:
    picture = Image.effect_noise((800, 600), 90).convert("RGB")
    chosen = format_named("jpeg")
    assert chosen is not None
    content, size, notes = encode(picture, chosen, Output("o", format="jpeg", max_bytes=9_000), PLAIN)
    assert len(content) <= 9_000
    assert size == read(content).size
    assert size[0] < 800
    assert any("reduced to" in note for note in notes)


def test_a_limit_that_is_met_anyway_changes_nothing() -> None:
    picture = photo(100, 80)
    assert written(picture, Output("o", format="jpeg", max_bytes=10**6)) == written(
        picture, Output("o", format="jpeg")
    )


def test_a_limit_needs_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0
    real = writers.saved

    def counted(*given: object, **options: object) -> bytes:
        nonlocal tries
        tries += 1
        return real(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("core.imaging.encode.saved", counted)
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    written(picture, Output("o", format="jpeg", quality=95, max_bytes=20_000))
    assert tries <= 16


def test_an_image_that_the_format_cannot_hold_is_refused() -> None:
    with pytest.raises(CannotEncode, match="16,383"):
        written(Image.new("RGB", (16_384, 2)), Output("o", format="webp"))


@pytest.mark.skipif(libvips() is None, reason="libvips is not installed")
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_of_libvips_is_the_image_that_pillow_writes(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photo(500, 400).convert(mode)
    by_vips = written(picture, Output("o", format="png"))
    monkeypatch.setattr(encoding, "libvips", lambda: None)
    by_pillow = written(picture, Output("o", format="png"))
    assert by_vips != by_pillow
    first, second = read(by_vips), read(by_pillow)
    assert (first.mode, first.tobytes()) == (second.mode, second.tobytes()) == (mode, picture.tobytes())


@pytest.mark.parametrize("size", [(40, 30), (500, 400)])
def test_a_png_says_the_dots_an_inch_that_it_was_given_and_else_none(size: tuple[int, int]) -> None:
    png = format_named("png")
    assert png is not None
    for dpi in (None, (300.0, 300.0)):
        for output in (Output("o"), Output("o", format="png", colours=16)):
            content = encode(photo(*size), png, output, Attached(dpi=dpi))[0]
            assert content.count(b"pHYs") == (dpi is not None)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("progressive", [False, True])
def test_an_optimised_jpeg_is_better_than_a_plain_one_of_its_size_and_keeps_its_metadata(
    mode: str, progressive: bool
) -> None:
    picture = photo(640, 480).resize((320, 240)).convert(mode)
    jpeg = format_named("jpeg")
    assert jpeg is not None
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    raw = exif.tobytes().removeprefix(b"Exif\0\0")
    attached = Attached(exif=raw, xmp=b"<x/>", comment=b"said", dpi=(300, 300), icc=b"icc" * 50)
    plain = Output("o", format="jpeg", progressive=progressive)
    dense = Output("o", format="jpeg", progressive=progressive, optimize=True)
    first, second = (read(encode(picture, jpeg, one, attached)[0]) for one in (plain, dense))
    small = written(picture, dense)
    assert len(small) < 0.97 * len(written(picture, plain))
    as_small = next(
        content
        for quality in range(85, 0, -1)
        if len(content := written(picture, replace(plain, quality=quality))) <= len(small)
    )
    assert decibels(read(small), picture) > decibels(read(as_small), picture) + 0.1
    assert (second.mode, second.info.get("progressive", 0)) == (mode, int(progressive))
    assert second.info["exif"] == first.info["exif"]
    assert [second.info[one] for one in ("xmp", "comment", "dpi", "icc_profile")] == [
        b"<x/>", b"said", (300, 300), b"icc" * 50
    ]  # fmt: skip


def test_an_optimised_jpeg_has_the_subsampling_that_was_asked_for() -> None:
    for asked, expected in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))):
        made = read(written(photo(80, 60), Output("o", format="jpeg", optimize=True, subsampling=asked)))
        assert made.layer[0][1:3] == expected  # type: ignore[attr-defined]
