"""The formats beyond the common ones: each is read, drawn or developed, and bombs are refused before."""

from __future__ import annotations

import contextlib
import gzip
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import pyvips
from PIL import Image, UnidentifiedImageError

from core.errors import DamagedImage, FormatUnavailable, InputFault, NotAnImage, TooLarge
from core.formats import FORMATS, format_named, unavailable
from core.imaging.decode import load, open_source
from core.imaging.readers.jxl import header_of
from core.operations import Crop, Resize, Rotate, Thumbnail
from core.recipe import Colour, Output, Recipe
from tests.core.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    decibels,
    done,
    encoded,
    made,
    near,
    opened,
    photo,
    quarters,
)
from tests.core.imaging.samples import dng, heic, icon_with, jxl, pdf, psd, sample, svg, tiled_bigtiff
from tests.core.imaging.test_decode import png_header

COLOURS = [RED, GREEN, BLUE, YELLOW]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def loaded(path: Path, size: tuple[int, int] | None = None) -> Image.Image:
    with open_source(str(path)) as source:
        image = load(source, size, fast=True)
        image.load()
        return image.copy()


@pytest.mark.parametrize("name", [one.name for one in FORMATS])
def test_each_format_of_the_table_is_read(tmp_path: Path, name: str) -> None:
    chosen = format_named(name)
    assert chosen is not None
    path = written(tmp_path, f"a{chosen.suffix}", sample(name, quarters(120, 90)))
    with open_source(str(path)) as source:
        assert source.format is chosen
        image = load(source, (120, 90), fast=True)
        assert image.size == (120, 90)
        assert all(near(*pair, 6) for pair in zip(corners(image), COLOURS, strict=True))


@pytest.mark.parametrize("name", ["raw", "svg", "pdf", "heic", "jxl", "psd", "ico", "dds"])
def test_whatever_is_wrong_with_a_file_the_error_is_of_the_family(tmp_path: Path, name: str) -> None:
    chosen = format_named(name)
    assert chosen is not None
    content = sample(name, photo(24, 18))
    chance = random.Random(name)
    said = []
    for number in range(60):
        broken = bytearray(content)
        if number % 3 == 0:
            del broken[chance.randrange(len(broken)) :]
        for _ in range(chance.randint(1, 8)):
            if broken:
                broken[chance.randrange(min(len(broken), 400))] = chance.randrange(256)
        path = written(tmp_path, f"a{chosen.suffix}", bytes(broken))
        try:
            loaded(path, chance.choice([None, (12, 9)]))
        except InputFault as error:
            said.append(str(error))
    assert len(said) > 5
    assert all(one.startswith(path.name) for one in said)


def test_the_flattened_image_of_a_psd_and_its_cmyk(tmp_path: Path) -> None:
    for mode in ("L", "RGB", "RGBA", "CMYK"):
        picture = photo(40, 30).convert(mode)
        assert loaded(written(tmp_path, "a.psd", psd(picture))).tobytes() == picture.tobytes()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("depth", "large"), [(16, False), (8, True), (16, True)])
def test_a_psd_of_16_bits_and_a_large_one_are_read(
    tmp_path: Path, depth: int, large: bool, packed: bool
) -> None:
    for mode in ("L", "RGB", "RGBA", "CMYK"):
        picture = photo(150, 40).convert(mode)
        path = written(tmp_path, "a.psd", psd(picture, depth=depth, large=large, packed=packed))
        with open_source(str(path)) as source:
            assert source.deep is (depth == 16)
            assert load(source, None, fast=True).tobytes() == picture.tobytes()
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(DamagedImage):
            loaded(path)


def test_g15_a_large_psd_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2, 3, 200_000, 200_000, 16, 3)
    with pytest.raises(TooLarge):
        open_source(str(written(tmp_path, "a.psb", head + bytes(100))))


def test_a_large_psd_whose_layers_reach_behind_its_end_is_damaged(tmp_path: Path) -> None:
    content = bytearray(psd(photo(20, 15), large=True))
    content[34:42] = b"\xff" * 8
    with pytest.raises(DamagedImage, match="cut off"):
        loaded(written(tmp_path, "a.psb", bytes(content)))


def test_a_tiff_whose_samples_pillow_does_not_know_is_read_by_libvips(tmp_path: Path) -> None:
    values = [number for x in range(96) for number in (x * 650, 65_535 if x > 40 else 0)] * 64
    grey = pyvips.Image.new_from_memory(struct.pack(f"<{len(values)}H", *values), 96, 64, 2, "ushort")
    path = written(tmp_path, "a.tif", grey.copy(interpretation="grey16").tiffsave_buffer())
    with pytest.raises(UnidentifiedImageError):
        Image.open(path)
    with open_source(str(path)) as source:
        assert (source.deep, source.has_alpha, source.size) == (True, True, (96, 64))
    image = loaded(path)
    assert image.mode == "LA"
    assert near(image.getpixel((80, 5)), (80 * 650 // 257, 255), 1)  # type: ignore[arg-type]
    assert near(image.getpixel((3, 5)), (3 * 650 // 257, 0), 1)  # type: ignore[arg-type]
    kept = pyvips.Image.new_from_file(done(path, Recipe("r", (Output("o", (), "png"),))).outputs[0].path)
    assert (kept.format, kept(80, 5)) == ("ushort", [80 * 650, 65_535])
    as_it_is = done(path, Recipe("r", (Output("same", (), "tiff"),), colour=Colour.KEEP))
    assert Path(as_it_is.outputs[0].path).read_bytes() == path.read_bytes(), "it can also be read back"


def test_all_pages_of_a_tiff_are_read_by_libvips_too(tmp_path: Path) -> None:
    pages = [pyvips.Image.black(30, 20 + number, bands=2).cast("ushort") + 257 * number for number in (0, 9)]
    strip = (
        pages[0]
        .copy(interpretation="grey16")
        .join(pages[1].crop(0, 0, 30, 20).copy(interpretation="grey16"), "vertical")
        .copy()
    )
    strip.set_type(pyvips.GValue.gint_type, "page-height", 20)
    path = written(tmp_path, "a.tif", strip.cast("ushort").tiffsave_buffer())
    outcome = done(path, Recipe("r", (Output("o", (), "tiff"),)))
    with Image.open(outcome.outputs[0].path) as image:
        found = []
        for number in range(2):
            image.seek(number)
            found.append(image.convert("LA").getpixel((3, 3))[0])  # type: ignore[index]
    assert found == [0, 9]


def test_a_bigtiff_in_tiles_is_read(tmp_path: Path) -> None:
    assert (
        loaded(written(tmp_path, "a.tif", tiled_bigtiff(photo(200, 150)))).tobytes()
        == photo(200, 150).tobytes()
    )


@pytest.mark.parametrize("name", ["heic", "jxl"])
def test_an_image_that_its_container_turns_is_turned_once(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = exif.tobytes()
    if name == "heic":  # pillow-heif writes the turn into the container
        content, shown = heic(quarters(64, 32), exif=raw, quality=95), [BLUE, RED, YELLOW, GREEN]
    else:  # the codestream says no turn, and that counts
        content, shown = jxl(quarters(64, 32), exif=bytes(4) + raw.removeprefix(b"Exif\0\0")), COLOURS
    path = written(tmp_path, f"a.{name}", content)
    result = made(path, Output("o", (), "png"))
    assert result.size == ((32, 64) if name == "heic" else (64, 32))
    assert all(near(*pair, 12) for pair in zip(corners(result), shown, strict=True))


def test_of_several_images_in_a_heic_the_main_one_is_read_with_a_note(tmp_path: Path) -> None:
    content = heic(
        quarters(64, 32), save_all=True, append_images=[Image.new("RGB", (64, 32))], primary_index=0
    )
    outcome = done(written(tmp_path, "a.heic", content), Recipe("r", (Output("o", (), "png"),)))
    assert outcome.notes == ("Only the main one of 2 images was used.",)


# -- drawings ---------------------------------------------------------------------------------------------


def test_an_svg_is_drawn_at_the_size_of_each_output(tmp_path: Path) -> None:
    path = written(tmp_path, "a.svg", svg(24, 18))
    outputs = (
        Output("icon", (), "png"),
        Output("large", (Resize(width=480),), "png"),
        Output("cut", (Crop(0, 0, 12, 9), Thumbnail(200)), "png"),
        Output("turned", (Rotate(90), Resize(height=400)), "png"),
    )
    files = [opened(one.path) for one in done(path, Recipe("r", outputs)).outputs]
    assert [one.size for one in files] == [(24, 18), (480, 360), (200, 150), (300, 400)]
    assert decibels(files[1].convert("RGB"), quarters(480, 360)) > 60, "it was enlarged, and not drawn"
    assert files[2].convert("RGB").getextrema() == tuple((one, one) for one in RED)
    assert corners(files[3]) == [BLUE, RED, YELLOW, GREEN]


def test_lengths_of_an_svg_are_css_pixels_and_inches_have_96(tmp_path: Path) -> None:
    text = svg(10, 10).replace(
        b'width="10" height="10">', b'width="1in" height="0.5in" viewBox="0 0 10 10">', 1
    )
    with open_source(str(written(tmp_path, "a.svg", text))) as source:
        assert source.size == (96, 48)


def test_an_svg_may_be_compressed_but_is_no_bomb(tmp_path: Path) -> None:
    assert corners(loaded(written(tmp_path, "a.svgz", gzip.compress(svg(40, 30))))) == COLOURS
    bomb = gzip.compress(svg(40, 30) + b" " * 70_000_000)
    with pytest.raises(DamagedImage, match="longer than"):
        loaded(written(tmp_path, "b.svgz", bomb))


def test_g15_an_svg_reaches_nothing_outside_itself(tmp_path: Path) -> None:
    written(tmp_path, "secret.png", encoded(Image.new("RGB", (40, 30), "red"), "PNG"))
    uri = (tmp_path / "secret.png").as_uri()
    for place in (
        "secret.png",
        "./secret.png",
        str(tmp_path / "secret.png"),
        uri,
        "http://127.0.0.1:9/a.png",
    ):
        body = f'<image width="40" height="30" href="{place}"/>'
        text = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">{body}</svg>'
        assert loaded(written(tmp_path, "a.svg", text.encode())).getextrema() == ((0, 0),) * 4, place
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{uri}">]>'.encode() + svg(40, 30, "<text>&x;</text>")
    with contextlib.suppress(DamagedImage):  # an entity that is not defined
        assert corners(loaded(written(tmp_path, "a.svg", entity))) == COLOURS


def test_g15_a_drawing_is_refused_when_it_would_have_too_many_pixels(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        done(written(tmp_path, "a.svg", svg(30_000, 30_000)), Recipe("r", (Output("o", (), "png"),)))
    assert made(tmp_path / "a.svg", Output("o", (Thumbnail(64),), "png")).size == (64, 64)
    with pytest.raises(TooLarge):
        done(written(tmp_path, "b.svg", svg(30, 30)), Recipe("r", (Output("o", (Resize(width=90_000),)),)))


def test_html_and_other_xml_are_no_svg(tmp_path: Path) -> None:
    for text in (b"<?xml version='1.0'?><note>svg</note>", b"<!DOCTYPE html><p>"):
        with pytest.raises(NotAnImage):
            open_source(str(written(tmp_path, "a.xml", text)))


def test_the_first_page_of_a_pdf_is_drawn_on_white_at_150_dots_an_inch(tmp_path: Path) -> None:
    path = written(tmp_path, "a.pdf", pdf(quarters(72, 36), Image.new("RGB", (72, 36), "black")))
    with open_source(str(path)) as source:
        assert source.size == (150, 75)
        assert source.pages == 2
    large = made(path, Output("o", (Resize(width=600),), "png"))
    assert (large.size, large.mode) == ((600, 300), "RGB")
    assert all(near(*pair, 15) for pair in zip(corners(large), COLOURS, strict=True))
    blank = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
    blank += b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    blank += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36]>>endobj\ntrailer<</Root 1 0 R>>"
    assert loaded(written(tmp_path, "b.pdf", blank)).getextrema() == ((255, 255),) * 3


# -- camera RAW -------------------------------------------------------------------------------------------


def test_a_raw_gives_its_preview_when_that_is_large_enough_and_else_is_developed(tmp_path: Path) -> None:
    small = encoded(Image.new("RGB", (40, 30), "white"), "JPEG")
    path = written(tmp_path, "a.dng", dng(quarters(160, 120), small, (40, 30)))
    assert corners(loaded(path, (40, 30))) == [(255, 255, 255)] * 4
    developed = loaded(path)
    assert developed.size == (160, 120)
    assert [max(range(3), key=one.__getitem__) for one in corners(developed)[:3]] == [0, 1, 2]
    assert loaded(path, (60, 45)).size == (80, 60), "half the size is quicker"


def test_a_preview_of_full_size_stands_for_a_raw(tmp_path: Path) -> None:
    preview = encoded(Image.new("RGB", (156, 117), "white"), "JPEG")
    image = loaded(written(tmp_path, "a.dng", dng(quarters(160, 120), preview, (156, 117))))
    assert image.size == (156, 117)
    assert corners(image) == [(255, 255, 255)] * 4


def test_a_preview_of_another_shape_is_left_alone(tmp_path: Path) -> None:
    preview = encoded(Image.new("RGB", (160, 100), "white"), "JPEG")
    path = written(tmp_path, "a.dng", dng(quarters(160, 120), preview, (160, 100)))
    assert corners(loaded(path, (40, 30)))[0] != (255, 255, 255)


@pytest.mark.parametrize("with_preview", [True, False])
def test_a_raw_is_set_upright_and_keeps_its_exif(tmp_path: Path, with_preview: bool) -> None:
    preview = encoded(quarters(160, 120), "JPEG", quality=95) if with_preview else None
    path = written(tmp_path, "a.dng", dng(quarters(160, 120), preview, (160, 120), orientation=6))
    result = made(path, Output("o", (Thumbnail(80),), "jpeg"))
    assert result.size == (60, 80)
    found = [max(range(3), key=one.__getitem__) for one in corners(result)]
    assert (found[0], found[1], found[3]) == (2, 0, 1)
    exif = result.getexif()
    assert (exif[0x010F], exif.get(0x0112, 1)) == ("Maker", 1)


def test_a_tiff_with_the_suffix_of_a_raw_that_is_none_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "a.nef", encoded(photo(20, 15), "TIFF"))
    with pytest.raises(DamagedImage, match="LibRaw"):
        loaded(path)


# -- bombs ------------------------------------------------------------------------------------------------


def test_the_size_in_the_header_of_a_jpeg_xl_is_read_as_libjxl_writes_it() -> None:
    for size in ((1, 1), (8, 8), (256, 256), (257, 100), (64, 48), (1920, 1080), (3, 5000), (9000, 2)):
        for options in ({}, {"use_container": True, "xmp": b"<x/>"}):
            header = header_of(jxl(Image.new("L", size), effort=1, **options))
            assert header is not None
            assert (header.size, header.animated) == (size, False)


@pytest.mark.parametrize("intrinsic", [False, True])
@pytest.mark.parametrize("animated", [False, True])
def test_an_animated_jpeg_xl_is_known_by_its_header(intrinsic: bool, animated: bool) -> None:
    side = [(1, 1), (2, 5)]  # in eights: 24
    fields = [*side, (1, 3), (0, 1), (1, 1), (0, 3), (int(intrinsic), 1)]
    fields += [*side, (1, 3)] if intrinsic else []
    fields += [(0, 1), (int(animated), 1)]
    bits, count = 0, 0
    for value, length in fields:
        bits |= value << count
        count += length
    header = header_of(b"\xff\x0a" + bits.to_bytes(12, "little"))
    assert header is not None
    assert (header.size, header.animated) == ((24, 24), animated)


def jxl_header(width: int, height: int) -> bytes:
    bits, count = 0, 0
    for value, length in ((0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30)):
        bits |= value << count
        count += length
    return b"\xff\x0a" + bits.to_bytes(20, "little")


def raw_of(width: int, height: int) -> bytes:
    content = dng(quarters(16, 12), None, (16, 12))
    entry = struct.pack("<HHI", 256, 4, 1) + struct.pack("<I", 16)
    content = content.replace(entry, entry[:8] + struct.pack("<I", width))
    entry = struct.pack("<HHI", 257, 4, 1) + struct.pack("<I", 12)
    return content.replace(entry, entry[:8] + struct.pack("<I", height))


def heic_of(width: int, height: int) -> bytes:
    content = heic(quarters(64, 64))
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jxl", jxl_header(60_000, 60_000)),
        ("a.ico", icon_with(png_header(60_000, 60_000))),
        ("a.ico", icon_with(struct.pack("<IiiHHIIiiII", 40, 60_000, 120_000, 1, 32, 0, 0, 0, 0, 0, 0))),
        ("a.psd", struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 30_000, 30_000, 8, 3) + bytes(14)),
        ("a.dds", b"DDS " + struct.pack("<7I", 124, 0x1007, 60_000, 60_000, 0, 0, 0) + bytes(44)
         + struct.pack("<IIIIIIII", 32, 0x40, 0, 24, 0xFF0000, 0xFF00, 0xFF, 0) + bytes(20)),
        ("a.pnm", b"P6 60000 60000 255\n" + bytes(100)),
        ("a.qoi", b"qoif" + struct.pack(">IIBB", 60_000, 60_000, 3, 0) + bytes(100)),
        ("a.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60_000, 60_000, 24, 0) + bytes(100)),
        ("a.dng", raw_of(40_000, 40_000)),
        ("a.heic", heic_of(30_000, 30_000)),
    ],
)  # fmt: skip
def test_g15_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, name: str, content: bytes) -> None:
    """In this process: to decode one of these would take gigabytes."""
    with pytest.raises(InputFault) as caught:
        open_source(str(written(tmp_path, name, content)))
    assert caught.type is TooLarge or name in ("a.heic", "a.dng"), caught.value  # which check by themselves


# -- libraries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["heic", "jxl", "raw", "pdf", "svg"])
def test_without_its_library_a_format_is_unavailable_and_says_why(tmp_path: Path, name: str) -> None:
    """In a process of its own, in which the library cannot be imported; all else works there."""
    chosen = format_named(name)
    assert chosen is not None
    path = written(tmp_path, f"a{chosen.suffix}", sample(name, quarters(32, 24)))
    other = written(tmp_path, "a.png", encoded(quarters(32, 24), "PNG"))
    code = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "from core.errors import FormatUnavailable\n"
        "from core.imaging.decode import open_source\n"
        "from core.imaging.process import warm\n"
        "warm()\n"
        "open_source(sys.argv[3])\n"
        "try: open_source(sys.argv[2])\n"
        "except FormatUnavailable as error: print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, chosen.library, str(path), str(other)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"{chosen.spoken} needs {chosen.package}, which is not installed.\n"


def test_a_library_that_does_not_work_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.jxl", jxl(quarters(32, 24)))

    def broken(name: str) -> None:
        raise OSError("no such library")

    monkeypatch.setattr("core.imaging.readers.import_module", broken)
    with pytest.raises(FormatUnavailable, match=r"does not work: no such library"):
        open_source(str(path))


def test_an_svg_where_libvips_cannot_be_loaded_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.imaging.readers.svg.libvips", lambda: None)
    with pytest.raises(FormatUnavailable, match="does not work"):
        open_source(str(written(tmp_path, "a.svg", svg(40, 30))))


def test_all_formats_are_available_here() -> None:
    assert [unavailable(one) for one in FORMATS if unavailable(one)] == []


def test_the_libraries_wait_for_the_first_file_that_needs_them() -> None:
    code = (
        "import sys\n"
        "from core.imaging.process import warm\n"
        "warm()\n"
        "print(sorted({'pillow_heif', 'pillow_jxl', 'rawpy', 'numpy', 'pypdfium2'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
