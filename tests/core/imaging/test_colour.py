"""Colours: known answers, and agreement with LittleCMS where a profile is involved."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from core.imaging.colour import fill_of, laid_on, scalable, to_srgb
from core.recipe import Colour, Output, Recipe
from tests.core.imaging.pictures import decibels, done, encoded, made, near, opened, photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def profile(primaries: tuple[tuple[float, float, float], ...], gamma: float, name: str) -> bytes:
    """A matrix profile made by hand (ICC.1:2010): the primaries are XYZ under D50, the curve is a power."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(fixed(one) for one in values)

    text = name.encode()
    desc = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = [(b"desc", desc + bytes(-len(desc) % 4)), (b"wtpt", xyz((0.9642, 1.0, 0.8249)))]
    tags += [(kind, xyz(one)) for kind, one in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)]
    tags += [(kind, curve) for kind in (b"rTRC", b"gTRC", b"bTRC")]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for kind, content in tags:
        table += kind + struct.pack(">II", at + len(body), len(content))
        body += content
    size = at + len(body)
    head = struct.pack(">I", size) + b"lcms" + b"\x02\x10\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


# Display P3's primaries adapted to D50, with a plain power of 2.2.
P3 = profile(
    ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)), 2.2, "Wide test"
)
RED_FROM_P3 = (200, 60, 60)


def by_littlecms(picture: Image.Image, icc: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    converted = ImageCms.profileToProfile(
        picture,
        source,
        SRGB,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return converted


def test_a_wide_colour_becomes_the_srgb_that_littlecms_gives() -> None:
    picture = Image.new("RGB", (8, 8), RED_FROM_P3)
    converted, notes = to_srgb(picture, P3)
    expected = by_littlecms(picture, P3)
    assert notes == ()
    assert converted.getpixel((0, 0)) == expected.getpixel((0, 0))
    red, green, _ = converted.getpixel((0, 0))  # type: ignore[misc]
    assert red > 205  # a wide red is a stronger red in sRGB: else it looks washed out
    assert green < 60


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff"])
def test_a_wide_gamut_photo_is_written_in_srgb_without_a_profile(tmp_path: Path, kind: str) -> None:
    picture = photo(200, 150)
    source = tmp_path / "a.png"
    source.write_bytes(encoded(picture, "PNG", icc_profile=P3))
    output = Output("o", format=kind, quality=95) if kind != "png" else Output("o", format=kind)
    result = made(source, output)
    assert "icc_profile" not in result.info
    assert decibels(result.convert("RGB"), by_littlecms(picture, P3)) > 30
    assert decibels(result.convert("RGB"), picture) < 30


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff"])
def test_a_profile_is_kept_with_its_colours_when_asked(tmp_path: Path, kind: str) -> None:
    picture = photo(200, 150)
    source = tmp_path / "a.png"
    source.write_bytes(encoded(picture, "PNG", icc_profile=P3))
    output = Output("o", format=kind)
    result = made(source, output, colour=Colour.KEEP)
    assert result.info["icc_profile"] == P3
    assert decibels(result.convert("RGB"), picture) > 28


def test_transparency_survives_the_conversion_of_colours() -> None:
    picture = photo(64, 64)
    alpha = Image.linear_gradient("L").resize((64, 64))
    picture.putalpha(alpha)
    converted, _ = to_srgb(picture, P3)
    assert converted.mode == "RGBA"
    assert converted.getchannel("A").tobytes() == alpha.tobytes()


def test_grey_with_a_colour_profile_stays_grey() -> None:
    converted, notes = to_srgb(Image.new("L", (4, 4), 128), P3)
    assert (converted.mode, notes) == ("L", ())
    assert abs(converted.tobytes()[0] - 128) <= 3


@pytest.mark.parametrize("icc", [b"no profile", P3[:200], P3[:130] + bytes(len(P3) - 130)])
def test_a_broken_profile_is_left_out_with_a_note(tmp_path: Path, icc: bytes) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(Image.new("RGB", (50, 50), RED_FROM_P3), "JPEG", icc_profile=icc))
    outcome = done(source, Recipe("r", (Output("o"),)))
    assert any("profile" in note for note in outcome.notes)
    picture = opened(outcome.outputs[0].path)
    assert near(picture.getpixel((25, 25)), RED_FROM_P3, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_cmyk_becomes_the_right_colours(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(Image.new("CMYK", (60, 60), (0, 255, 255, 0)), "JPEG", quality=95))
    result = made(source, Output("o", format=kind))
    assert result.mode == "RGB"
    assert near(result.getpixel((30, 30)), (255, 0, 0), 6)  # type: ignore[arg-type]


def test_cmyk_is_kept_where_the_format_can_and_colours_are_to_be_kept(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(Image.new("CMYK", (60, 60), (0, 255, 255, 0)), "JPEG", quality=95))
    result = made(source, Output("o"), colour=Colour.KEEP)
    assert result.mode == "CMYK"
    assert near(result.getpixel((30, 30)), (0, 255, 255, 0), 6)  # type: ignore[arg-type]


def sixteen(width: int = 64, height: int = 4) -> Image.Image:
    """16-bit grey that rises from left to right over its whole range."""
    row = b"".join(struct.pack("<H", round(x * 65_535 / (width - 1))) for x in range(width))
    return Image.frombytes("I;16", (width, height), row * height)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_sixteen_bit_grey_keeps_its_brightness_in_eight_bits(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(sixteen(), "PNG"))
    outcome = done(source, Recipe("r", (Output("o", format=kind, quality=95),)))
    result = opened(outcome.outputs[0].path).convert("L")
    for x in (0, 16, 32, 48, 63):
        assert abs(result.tobytes()[2 * 64 + x] - x * 255 / 63) <= 6
    assert any("reduced to 8" in note for note in outcome.notes)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bit_grey_stays_where_the_format_can(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(sixteen(), "PNG"))
    result = made(source, Output("o", format=kind))
    assert result.mode == "I;16"
    assert result.tobytes() == sixteen().tobytes()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "L"), ("L", "L"), ("LA", "LA"), ("La", "LA"), ("P", "RGB"), ("RGBX", "RGB"), ("YCbCr", "RGB")],
)
def test_each_mode_can_be_scaled(mode: str, expected: str) -> None:
    picture = photo(32, 32).convert("LA").convert("La") if mode == "La" else photo(32, 32).convert(mode)
    image, notes = scalable(picture, keep_deep=True)
    assert (image.mode, notes) == (expected, ())
    assert image.resize((8, 8), Image.Resampling.LANCZOS).size == (8, 8)


def test_a_transparent_colour_of_a_palette_becomes_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (40, 40), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(0, (0, 0, 20, 40))
    source = tmp_path / "a.gif"
    source.write_bytes(encoded(picture, "GIF", transparency=0))
    outcome = done(source, Recipe("r", (Output("o"),)))
    result = opened(outcome.outputs[0].path).convert("RGBA")
    assert outcome.outputs[0].path.endswith(".gif")
    assert result.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert result.getpixel((35, 5)) == (0, 0, 255, 255)


def test_floating_point_samples_are_brought_into_range() -> None:
    picture = Image.new("F", (4, 1))
    for x, value in enumerate((0.0, 0.25, 0.5, 1.0)):
        picture.putpixel((x, 0), value)
    image, notes = scalable(picture, keep_deep=True)
    assert [image.getpixel((x, 0)) for x in range(4)] == [0, 64, 128, 255]
    assert notes


def test_transparency_is_laid_on_the_background() -> None:
    picture = Image.new("RGBA", (3, 1), (255, 0, 0, 0))
    picture.putpixel((1, 0), (255, 0, 0, 128))
    picture.putpixel((2, 0), (255, 0, 0, 255))
    flat = laid_on(picture, "#0000ff")
    assert flat.mode == "RGB"
    assert flat.getpixel((0, 0)) == (0, 0, 255)
    assert near(flat.getpixel((1, 0)), (128, 0, 127), 1)  # type: ignore[arg-type]
    assert flat.getpixel((2, 0)) == (255, 0, 0)
    assert laid_on(Image.new("LA", (1, 1), (0, 0)), "#808080").mode == "L"
    assert laid_on(Image.new("LA", (1, 1), (0, 0)), "#ff0000").getpixel((0, 0)) == (255, 0, 0)


def test_corners_are_filled_in_the_mode_of_the_image() -> None:
    for mode in ("L", "LA", "RGB", "RGBA", "CMYK", "I;16"):
        Image.new(mode, (2, 2), fill_of(mode, "#ffffff"))
    assert fill_of("CMYK", "#ffffff") == (0, 0, 0, 0)
    assert fill_of("I;16", "#ffffff") == 65_535
