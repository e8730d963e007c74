"""The table of formats tells the truth: each cell is tried by really reading, or writing, such an image."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from core.errors import CannotEncode
from core.formats import FORMATS, PARTS, TIFF, Format, table
from core.imaging.colour import scalable
from core.imaging.decode import Source, load, open_source
from core.operations import Thumbnail
from core.recipe import Colour, Output, Recipe
from tests.core.imaging.pictures import done, encoded, quarters
from tests.core.imaging.samples import dng, heic, jxl, psd, svg

SIZE = (48, 36)


def exif() -> bytes:
    made = Image.Exif()
    made[0x010F] = "Maker"
    return made.tobytes()


def clear() -> Image.Image:
    """Its left half is wholly transparent."""
    picture = quarters(*SIZE).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, SIZE[0] // 2, SIZE[1]))
    return picture


def deep() -> Image.Image:
    return Image.new("I;16", SIZE, 40_001)


def frames(kind: str) -> bytes:
    file = io.BytesIO()
    pictures = [Image.new("RGB", SIZE, colour) for colour in ("red", "green", "blue")]
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=80)
    return file.getvalue()


@cache  # it holds the time at which it was made
def wide() -> bytes:
    """A profile of RGB that is not sRGB: Pillow's own, with another name and other primaries."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(profile.replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be")))


def document(one: Format) -> bytes:
    if one.name == "heic":
        return heic(quarters(*SIZE), save_all=True, append_images=[quarters(*SIZE)] * 2)
    pages = [Image.new("RGB", SIZE, colour) for colour in ("red", "green", "blue")]
    return encoded(pages[0], one.pillow, save_all=True, append_images=pages[1:])


HAS: dict[str, Callable[[Source], bool]] = {
    "animation": lambda source: source.frames == 3,
    "pages": lambda source: source.pages == 3,
    "alpha": lambda source: source.has_alpha and pixel(source)[-1] < 20,
    "ICC": lambda source: source.carried.icc == wide(),
    "EXIF": lambda source: b"Maker" in (source.carried.exif or b""),
    "16 bit": lambda source: abs(pixel(source)[0] - 40_001) < 200,  # a lossy format may change it a little
}


def pixel(source: Source) -> tuple[int, ...]:
    image, _ = scalable(load(source, source.size, fast=True).copy(), keep_deep=True)
    found = image.getpixel((4, 4))
    return found if isinstance(found, tuple) else (int(found or 0),)


def with_alpha(one: Format) -> bytes:
    match one.name:
        case "heic":
            return heic(clear())
        case "jxl":
            return jxl(clear())
        case "psd":
            return psd(clear())
        case "svg":
            return svg(*SIZE).replace(b'fill="#dc1e1e"', b'fill="none"')
        case "ico":
            return encoded(clear(), "ICO", sizes=[SIZE])
        case "bmp":  # with masks, as Photoshop and GIMP write it: without them the fourth byte means nothing
            plain = encoded(clear(), "BMP")
            head = bytearray(plain[:54])
            head[10:14] = (14 + 108).to_bytes(4, "little")
            head[14:18] = (108).to_bytes(4, "little")
            head[30:34] = (3).to_bytes(4, "little")
            masks = b"".join(one.to_bytes(4, "little") for one in (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
            return bytes(head) + masks + bytes(52) + plain[54:]
        case _:
            return encoded(clear(), one.pillow)


def with_icc(one: Format) -> bytes:
    match one.name:
        case "heic":
            return heic(quarters(*SIZE), icc_profile=wide())
        case "raw":
            return dng(quarters(*SIZE), encoded(quarters(*SIZE), "JPEG", icc_profile=wide()), SIZE)
        case "psd":
            plain, profile = psd(quarters(*SIZE)), wide()
            resource = (
                b"8BIM" + (1039).to_bytes(2, "big") + bytes(2) + len(profile).to_bytes(4, "big") + profile
            )
            at = 26 + 4
            return plain[:at] + len(resource).to_bytes(4, "big") + resource + plain[at + 4 :]
        case "jpeg2000":
            plain = encoded(quarters(*SIZE), "JPEG2000")
            at = plain.index(b"colr") - 4
            length = int.from_bytes(plain[at : at + 4], "big")
            colours = (11 + len(wide())).to_bytes(4, "big") + b"colr\2\0\0" + wide()
            header = plain.index(b"jp2h") - 4
            longer = int.from_bytes(plain[header : header + 4], "big") + len(colours) - length
            content = plain[:at] + colours + plain[at + length :]
            return content[:header] + longer.to_bytes(4, "big") + content[header + 4 :]
        case "jxl":  # a JPEG that is packed without loss keeps its profile
            content = encoded(quarters(*SIZE), "JPEG", icc_profile=wide())
            encoder = vars(import_module("pillow_jxl"))["Encoder"](mode="RGB", lossless=True, quality=100)
            packed: bytes = encoder(content, *SIZE, jpeg_encode=True)
            return packed
        case _:
            return encoded(quarters(*SIZE), one.pillow, icc_profile=wide())


def with_exif(one: Format) -> bytes:
    match one.name:
        case "heic":
            return heic(quarters(*SIZE), exif=exif())
        case "jxl":
            return jxl(quarters(*SIZE), exif=bytes(4) + exif().removeprefix(b"Exif\0\0"))
        case "raw":
            return dng(quarters(*SIZE), encoded(quarters(*SIZE), "JPEG"), SIZE)
        case _:
            return encoded(quarters(*SIZE), one.pillow, exif=exif())


def with_sixteen(one: Format) -> bytes:
    if one.name == "jxl":
        return jxl(deep(), lossless=True)
    return encoded(deep(), one.pillow)


MAKERS: dict[str, Callable[[Format], bytes]] = {
    "animation": lambda one: frames(one.pillow),
    "pages": document,
    "alpha": with_alpha,
    "ICC": with_icc,
    "EXIF": with_exif,
    "16 bit": with_sixteen,
}


@pytest.mark.parametrize(
    ("one", "part"), [(one, part) for one in FORMATS for part in PARTS if part in one.reads],
    ids=lambda value: value if isinstance(value, str) else value.name,
)  # fmt: skip
def test_what_the_table_says_is_read_is_read(tmp_path: Path, one: Format, part: str) -> None:
    path = tmp_path / f"a{one.suffix}"
    path.write_bytes(MAKERS[part](one))
    with open_source(str(path)) as source:
        assert source.format is one
        assert HAS[part](source)


@pytest.mark.parametrize(
    ("one", "part"), [(one, part) for one in FORMATS if one.writable for part in PARTS],
    ids=lambda value: value if isinstance(value, str) else value.name,
)  # fmt: skip
def test_what_the_table_says_is_written_is_written_and_nothing_else(
    tmp_path: Path, one: Format, part: str
) -> None:
    contents = {
        "animation": lambda: frames("GIF"),
        "pages": lambda: document(TIFF),
        "alpha": lambda: encoded(clear(), "PNG"),
        "ICC": lambda: encoded(quarters(*SIZE), "PNG", icc_profile=wide()),
        "EXIF": lambda: encoded(quarters(*SIZE), "PNG", exif=exif()),
        "16 bit": lambda: encoded(deep(), "PNG"),
    }
    path = tmp_path / "a.any"
    path.write_bytes(contents[part]())
    outcome = done(path, Recipe("r", (Output("o", (), one.name),), colour=Colour.KEEP))
    with open_source(outcome.outputs[0].path) as source:
        assert source.format is one
        assert HAS[part](source) is one.keeps(part)
    if not one.keeps(part) and part != "alpha":
        assert outcome.notes, "what is lost is told"


def test_colour_of_16_bits_in_a_pnm_is_told_to_be_reduced(tmp_path: Path) -> None:
    path = tmp_path / "a.ppm"
    path.write_bytes(b"P6 4 4 65535\n" + b"\x9c\x41" * 48)
    with open_source(str(path)) as source:
        assert source.deep


@pytest.mark.parametrize("one", [one for one in FORMATS if one.writable], ids=lambda one: one.name)
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 30_000), (65_535, 2)])
def test_odd_sizes_are_written_or_refused_with_the_longest_side(
    tmp_path: Path, one: Format, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.new("RGB", size, (200, 50, 50)), "PNG"))
    small = done(path, Recipe("r", (Output("small", (Thumbnail(16),), one.name),))).outputs[0]
    assert (small.width, small.height) == (min(size[0], 16), 1 if size[0] > 16 else min(size[1], 16))
    recipe = Recipe("r", (Output("whole", (), one.name),))
    if one.longest_side and max(size) > one.longest_side:
        with pytest.raises(CannotEncode, match=f"{one.longest_side:,}"):
            done(path, recipe)
    else:
        assert (done(path, recipe).outputs[0].width, done(path, recipe, place=2).outputs[0].height) == size


def test_the_readme_has_the_table() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert table() in readme
