"""Colours of 16 bits stay so in PNG and TIFF, whatever is done to the image."""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from core.errors import CannotEncode, DamagedImage
from core.imaging import deep
from core.operations import Crop, Flip, Operation, Resize, Rotate, Thumbnail
from core.recipe import Colour, Metadata, Output, Recipe
from tests.core.imaging.pictures import decibels, done, opened, run
from tests.core.imaging.samples import heic
from tests.core.imaging.test_colour import P3, by_littlecms

WIDTH, HEIGHT = 96, 64
REDUCED = "Its samples of more than 8 bits were reduced to 8."


def samples(bands: int) -> bytes:
    """Slopes whose low bytes matter; the last of 2 or 4 bands is opaque, but for a hole."""
    values: list[int] = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            pixel = [x * 650 + 7, y * 1000 + 3, 40_001, 65_535]
            if bands in (2, 4) and 32 <= x < 64 and 16 <= y < 48:
                pixel[3] = 0
            values += pixel[:bands] if bands != 2 else [pixel[0], pixel[3]]
    return struct.pack(f"<{len(values)}H", *values)


def picture(bands: int) -> Any:
    image = pyvips.Image.new_from_memory(samples(bands), WIDTH, HEIGHT, bands, "ushort")
    return image.copy(interpretation="rgb16" if bands > 2 else "grey16")


def written(folder: Path, kind: str, bands: int = 3, icc: bytes | None = None) -> Path:
    path = folder / f"a.{kind}"
    image = picture(bands)
    if icc is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    if kind == "png":
        path.write_bytes(image.pngsave_buffer(bitdepth=16))
    else:
        path.write_bytes(image.tiffsave_buffer(compression="deflate"))
    return path


def read(path: Path | str) -> Any:
    image = pyvips.Image.new_from_file(str(path))
    assert image.format == "ushort", image.format
    return image


def in_eight(image: Any) -> Image.Image:
    size = image.width, image.height
    return Image.frombytes("RGB", size, (image / 257).rint().cast("uchar").write_to_memory())


def made(source: Path, output: Output, **fields: object) -> tuple[str, tuple[str, ...]]:
    outcome = done(source, Recipe("r", (output,), **fields))  # type: ignore[arg-type]
    return outcome.outputs[0].path, outcome.notes


CASES = [(kind, target, bands) for kind in ("png", "tif") for target in ("png", "tiff") for bands in (3, 4)]


@pytest.mark.parametrize(("kind", "target", "bands"), [("png", "png", 2), *CASES])
def test_without_operations_every_sample_comes_back(
    tmp_path: Path, kind: str, target: str, bands: int
) -> None:
    path, notes = made(written(tmp_path, kind, bands), Output("o", (), target, lossless=bands == 3))
    back = read(path)
    assert notes == ()
    assert back.bands == bands
    if bands == 3:
        assert back.write_to_memory() == samples(3)
    else:  # what cannot be seen has no colour
        solid = back[bands - 1] > 0
        assert (solid.ifthenelse(back, 0) - solid.ifthenelse(picture(bands), 0)).abs().max() == 0


@pytest.mark.parametrize(
    ("operations", "size"),
    [
        ((Thumbnail(24),), (24, 16)),
        ((Crop(8, 4, 48, 32), Resize(width=24)), (24, 16)),
        ((Rotate(90), Resize(height=48)), (32, 48)),
        ((Flip("horizontal"),), (96, 64)),
        ((Rotate(10),), (106, 80)),
    ],
)
def test_each_step_is_that_of_8_bits_with_more_levels(
    tmp_path: Path, operations: tuple[Operation, ...], size: tuple[int, int]
) -> None:
    source = written(tmp_path, "png")
    path, notes = made(source, Output("o", operations, "png"))
    back = read(path)
    assert (notes, (back.width, back.height)) == ((), size)
    plain = opened(made(source, Output("p", operations, "webp", lossless=False, quality=100))[0]).convert(
        "RGB"
    )
    eight = in_eight(back)
    assert decibels(eight, plain) > 30
    low_bytes = set(bytes(back.write_to_memory())[::2])
    assert len(low_bytes) > 30, "they came from 8 bits"


def test_what_cannot_be_seen_has_no_weight(tmp_path: Path) -> None:
    values = []
    for x in range(64):
        values += [65_535, 0, 0, 65_535] if x < 32 else [0, 65_535, 0, 0]
    image = pyvips.Image.new_from_memory(struct.pack("<256H", *values) * 64, 64, 64, 4, "ushort")
    source = tmp_path / "a.png"
    source.write_bytes(image.copy(interpretation="rgb16").pngsave_buffer(bitdepth=16))
    back = read(made(source, Output("o", (Resize(width=7),), "png"))[0])
    pixels = [back(x, 3) for x in range(7)]
    assert all(pixel[0] > 64_000 and pixel[1] < 1_500 for pixel in pixels if pixel[3] > 3_000)


def test_a_format_of_8_bits_says_what_was_lost(tmp_path: Path) -> None:
    source = written(tmp_path, "png")
    for output in (Output("a", (), "jpeg"), Output("b", (), "png", colours=16)):
        assert made(source, output)[1] == (REDUCED,)
    with pytest.raises(CannotEncode, match="more than 8 bits"):
        run(source, Recipe("r", (Output("c", (), "webp", lossless=True),)))


def test_outputs_of_16_and_of_8_bits_come_in_their_order(tmp_path: Path) -> None:
    outputs = Output("one", (), "jpeg"), Output("two", (), "png"), Output("three", (), "webp")
    outcome = done(written(tmp_path, "tif"), Recipe("r", outputs))
    assert [one.name for one in outcome.outputs] == ["one", "two", "three"]
    assert outcome.notes == (REDUCED,)


def test_colours_are_converted_or_kept(tmp_path: Path) -> None:
    for kind in ("png", "tif"):
        source = written(tmp_path, kind, icc=P3)
        kept = read(made(source, Output("kept", (), kind), colour=Colour.KEEP)[0])
        assert kept.get("icc-profile-data") == P3
        assert kept.write_to_memory() == samples(3)
        path, notes = made(source, Output("srgb", (), kind))
        converted = read(path)
        assert notes == ()
        assert converted.get_typeof("icc-profile-data") == 0
        eight = Image.frombytes(
            "RGB", (WIDTH, HEIGHT), (converted / 257).rint().cast("uchar").write_to_memory()
        )
        plain = Image.frombytes("RGB", (WIDTH, HEIGHT), bytes(samples(3)[1::2]))
        expected = by_littlecms(plain, P3)
        assert decibels(eight, expected) > 40


def test_metadata_goes_along_and_an_upright_tiff_is_turned(tmp_path: Path) -> None:
    image = picture(3)
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.gstr_type, "image-description", "A slope")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta/>")
    source = tmp_path / "a.tif"
    source.write_bytes(image.copy(xres=300 / 25.4, yres=300 / 25.4).tiffsave_buffer(resunit="inch"))
    for kind in ("tiff", "png"):
        path, _ = made(source, Output("o", (), kind))
        back = read(path)
        assert (back.width, back.height) == (HEIGHT, WIDTH)
        assert back.write_to_memory() == picture(3).rot90().write_to_memory()
        with Image.open(path) as opened_again:
            assert opened_again.getexif()[270] == "A slope"
            assert opened_again.getexif().get(274, 1) == 1
            assert round(opened_again.info["dpi"][0]) == 300
    bare = made(source, Output("bare", (), "tiff"), metadata=Metadata.STRIP)[0]
    with Image.open(bare) as opened_again:
        assert 270 not in opened_again.getexif()


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    source = written(tmp_path, "png", 4)
    outputs = Output("a", (Thumbnail(30),), "png"), Output("b", (Thumbnail(30),), "tiff")
    found = []
    for name in ("one", "two"):
        outcome = done(source, Recipe("r", outputs, folder=str(tmp_path / name)))
        found.append([Path(one.path).read_bytes() for one in outcome.outputs])
    assert found[0] == found[1]


def test_without_libvips_the_image_gets_8_bits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path, "png")
    monkeypatch.setattr(deep, "libvips", lambda: None)
    path, notes = made(source, Output("o", (Flip("vertical"),), "png"))
    assert notes == (REDUCED,)
    assert pyvips.Image.new_from_file(path).format == "uchar"


def test_a_damaged_file_is_told_by_pillow(tmp_path: Path) -> None:
    source = written(tmp_path, "png")
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedImage):
        done(source, Recipe("r", (Output("o", (), "png"),)))


def ten_bits(folder: Path, kind: str) -> Path:
    """An image whose samples have 10 bits, of which the lowest two would be lost in 8."""
    path = folder / f"a.{kind}"
    if kind == "avif":
        path.write_bytes(
            picture(3).heifsave_buffer(compression="av1", bitdepth=10, Q=95, subsample_mode="off")
        )
    else:
        heif = import_module("pillow_heif").from_bytes("RGB;16", (WIDTH, HEIGHT), samples(3))
        heif.save(path, quality=95, chroma=444)
    return path


@pytest.mark.parametrize("target", ["png", "tiff"])
@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_colours_of_10_bits_are_kept_as_16_and_told_of_where_they_are_not(
    tmp_path: Path, kind: str, target: str
) -> None:
    source = ten_bits(tmp_path, kind)
    path, notes = made(source, Output("o", (), target))
    found, wanted = read(path), picture(3)
    assert ((found - wanted).abs().avg()) < 120, "a step of 8 bits is 257"
    assert notes == ()
    assert made(source, Output("p", (), "jpeg"))[1] == (REDUCED,)
    plain = Image.new("RGB", (WIDTH, HEIGHT), "red")
    file = tmp_path / f"b.{kind}"
    if kind == "avif":
        plain.save(file)
    else:
        file.write_bytes(heic(plain))
    assert made(file, Output("q", (), "jpeg"))[1] == ()
