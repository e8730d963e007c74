"""Metadata: kept, stripped, or kept without the place, between every pair of formats."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pytest
from PIL import ExifTags, Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from core.imaging.exif import BrokenExif, orientation_of, rewritten
from core.operations import Resize
from core.recipe import Metadata, Output, Recipe
from tests.core.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    done,
    encoded,
    near,
    opened,
    photo,
    quarters,
)

READ = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "tif": "TIFF"}
WRITTEN = ("jpeg", "png", "webp", "avif", "tiff")

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6" '
    b'exif:GPSLatitude="48,51.5N" photoshop:City="Paris" dc:title="Kept">'
    b"<exif:GPSLongitude>2,21.1E</exif:GPSLongitude>"
    b"<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li>Louvre</rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.Base.Make] = "Maker"
    made[ExifTags.Base.Copyright] = "Somebody"
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = "2020:02:03 04:05:06"
    inner[ExifTags.Base.ExifImageWidth] = 400
    inner[ExifTags.Base.MakerNote] = b"maker's own \0\1\2\3 bytes"
    place = made.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = tuple(TiffImagePlugin.IFDRational(one) for one in (48, 51, 30))
    place[ExifTags.GPS.GPSAreaInformation] = b"ASCII\0\0\0Secret place"
    return made.tobytes()


def with_thumbnail() -> bytes:
    """A block with a second directory that points to a thumbnail, as cameras write it."""
    small = encoded(Image.new("RGB", (160, 120), "red"), "JPEG")
    block = bytearray(exif(6)[6:])
    order = "<" if block[:2] == b"II" else ">"
    main = struct.unpack_from(order + "I", block, 4)[0]
    count = struct.unpack_from(order + "H", block, main)[0]
    struct.pack_into(order + "I", block, main + 2 + 12 * count, len(block))
    start = len(block) + 2 + 24 + 4
    block += struct.pack(order + "H", 2)
    block += struct.pack(order + "HHII", 0x0201, 4, 1, start)
    block += struct.pack(order + "HHII", 0x0202, 4, 1, len(small))
    block += struct.pack(order + "I", 0) + small
    return bytes(block)


def source_with(folder: Path, suffix: str, orientation: int = 1) -> Path:
    path = folder / f"a.{suffix}"
    options: dict[str, object] = {"exif": exif(orientation)}
    if suffix in ("jpg", "webp", "avif"):
        options["xmp"] = XMP
    path.write_bytes(encoded(photo(80, 60), READ[suffix], **options))
    return path


def tags_of(path: str) -> tuple[Image.Exif, dict[int, object], dict[int, object]]:
    with Image.open(path) as picture:
        found = picture.getexif()
        return found, dict(found.get_ifd(ExifTags.IFD.Exif)), dict(found.get_ifd(ExifTags.IFD.GPSInfo))


def recipe(kind: str | None, metadata: Metadata) -> Recipe:
    return Recipe("r", (Output("o", format=kind),), metadata=metadata)


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize("kind", WRITTEN)
def test_metadata_is_kept_between_each_pair_of_formats(tmp_path: Path, suffix: str, kind: str) -> None:
    path = done(source_with(tmp_path, suffix), recipe(kind, Metadata.KEEP)).outputs[0].path
    found, inner, place = tags_of(path)
    assert str(found[ExifTags.Base.Make]).rstrip("\0") == "Maker"
    assert str(found[ExifTags.Base.Copyright]).rstrip("\0") == "Somebody"
    assert str(inner[ExifTags.Base.DateTimeOriginal]).rstrip("\0") == "2020:02:03 04:05:06"
    assert place[ExifTags.GPS.GPSLatitude] == (48, 51, 30)


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize("kind", WRITTEN)
def test_the_place_alone_is_left_out_between_each_pair_of_formats(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    path = done(source_with(tmp_path, suffix), recipe(kind, Metadata.NO_LOCATION)).outputs[0].path
    found, inner, place = tags_of(path)
    assert str(found[ExifTags.Base.Make]).rstrip("\0") == "Maker"
    assert ExifTags.Base.DateTimeOriginal in inner
    assert place == {}
    content = Path(path).read_bytes()
    for secret in (b"Secret place", b"48,51", b"2,21", b"Paris", b"Louvre", b"maker's own"):
        assert secret not in content, secret


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize("kind", WRITTEN)
def test_stripped_means_nothing_is_left(tmp_path: Path, suffix: str, kind: str) -> None:
    path = done(source_with(tmp_path, suffix), recipe(kind, Metadata.STRIP)).outputs[0].path
    content = Path(path).read_bytes()
    for trace in (b"Maker", b"Somebody", b"2020:02", b"Secret", b"xmpmeta", b"Paris"):
        assert trace not in content, trace


@pytest.mark.parametrize("kind", WRITTEN)
def test_xmp_is_kept_and_its_orientation_is_set_upright(tmp_path: Path, kind: str) -> None:
    path = done(source_with(tmp_path, "jpg"), recipe(kind, Metadata.KEEP)).outputs[0].path
    content = Path(path).read_bytes()
    assert b'dc:title="Kept"' in content
    assert b'tiff:Orientation="1"' in content
    assert b"Paris" in content


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
def test_each_orientation_is_applied_to_the_pixels_and_the_tag_is_reset(
    tmp_path: Path, orientation: int, kind: str
) -> None:
    upright = quarters(80, 60)
    how = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(how[orientation]) if orientation in how else upright
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(stored, "JPEG", quality=95, exif=exif(orientation)))
    outcome = done(source, Recipe("r", (Output("o", (Resize(width=40),), kind),)))
    assert (outcome.width, outcome.height) == (80, 60)
    picture = opened(outcome.outputs[0].path)
    assert picture.size == (40, 30)
    assert all(
        near(one, two, 25) for one, two in zip(corners(picture), (RED, GREEN, BLUE, YELLOW), strict=True)
    )
    assert tags_of(outcome.outputs[0].path)[0].get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("suffix", ["png", "webp", "avif", "tif"])
def test_the_orientation_of_other_formats_is_applied_too(tmp_path: Path, suffix: str) -> None:
    source = source_with(tmp_path, suffix, orientation=6)
    outcome = done(source, recipe("png", Metadata.KEEP))
    assert (outcome.outputs[0].width, outcome.outputs[0].height) == (60, 80)
    assert tags_of(outcome.outputs[0].path)[0].get(ExifTags.Base.Orientation, 1) == 1


def test_the_exif_of_a_png_is_found_behind_its_pixels(tmp_path: Path) -> None:
    source = source_with(tmp_path, "png", orientation=6)
    content = source.read_bytes()
    at = content.index(b"eXIf") - 4
    chunk = content[at : at + 12 + struct.unpack_from(">I", content, at)[0]]
    content = content.replace(chunk, b"")
    end = content.index(b"IEND") - 4
    source.write_bytes(content[:end] + chunk + content[end:])
    outcome = done(source, recipe("jpeg", Metadata.KEEP))
    assert (outcome.width, outcome.height) == (60, 80)
    assert str(tags_of(outcome.outputs[0].path)[0][ExifTags.Base.Make]) == "Maker"


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0rubbish that is no TIFF", b"Exif\0\0II*\0\xff\xff\xff\x7f", exif()[:30]]
)
@pytest.mark.parametrize("metadata", list(Metadata))
def test_broken_exif_is_left_out_with_a_note_and_never_fails_the_job(
    tmp_path: Path, broken: bytes, metadata: Metadata
) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(40, 30), "JPEG", exif=broken))
    outcome = done(source, recipe("jpeg", metadata))
    assert "The EXIF is broken and was left out." in outcome.notes
    assert "exif" not in opened(outcome.outputs[0].path).info


def test_exif_that_is_changed_at_random_never_does_more_than_break() -> None:
    block = with_thumbnail()
    chance = random.Random(5)
    for _ in range(3000):
        broken = bytearray(block)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(min(len(broken), 300))] = chance.choice((0, 1, 4, 255, 128))
        for location in (True, False):
            try:
                orientation_of(bytes(broken))
                rewritten(bytes(broken), (10, 10), location=location, srgb=True)
            except BrokenExif:
                continue


def test_without_the_place_makers_notes_go_too_and_every_pointer_to_a_place() -> None:
    block = bytearray(exif()[6:])
    order = "<" if block[:2] == b"II" else ">"
    main = struct.unpack_from(order + "I", block, 4)[0]
    link = next(
        at
        for at in range(main + 2, len(block), 12)
        if block[at : at + 2] == b"\x88\x25"[:: 1 if order == ">" else -1]
    )
    make = main + 2
    assert struct.unpack_from(order + "H", block, make)[0] == ExifTags.Base.Make
    block[make : make + 12] = block[link : link + 12]  # a second pointer, before the first
    result = rewritten(bytes(block), (10, 10), location=False, srgb=False)
    for secret in (b"maker's own", b"Secret place", b"\x88\x25", b"\x25\x88"):
        assert secret not in result, secret
    assert b"2020:02:03 04:05:06" in result


def test_the_thumbnail_of_the_old_image_goes_and_makers_notes_stay_in_place() -> None:
    block = with_thumbnail()
    result = rewritten(block, (123, 45), location=True, srgb=True)
    assert len(block) - len(result) > 500
    assert b"\xff\xd8\xff" not in result
    assert result.index(b"maker's own \0\1\2\3 bytes") == block.index(b"maker's own \0\1\2\3 bytes")
    assert orientation_of(result) == 1
    found = Image.Exif()
    found.load(b"Exif\0\0" + result)
    assert found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] == 123


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_of_either_byte_order_gets_into_a_compressed_tiff(tmp_path: Path, order: str) -> None:
    made = Image.Exif()
    made.endian = order
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = TiffImagePlugin.IFDRational(1, 250)
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] = "A lens"
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] = 6400
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(40, 30), "JPEG", exif=made.tobytes()))
    with Image.open(source) as picture:
        assert picture.info["exif"][6:8] == {"<": b"II", ">": b"MM"}[order]
    inner = tags_of(done(source, recipe("tiff", Metadata.KEEP)).outputs[0].path)[1]
    assert inner[ExifTags.Base.ExposureTime] == 1 / 250
    assert inner[ExifTags.Base.LensModel] == "A lens"
    assert inner[ExifTags.Base.ISOSpeedRatings] == 6400


def iptc_segment() -> bytes:
    def dataset(number: int, text: bytes) -> bytes:
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text

    content = dataset(120, b"A caption") + dataset(90, b"Paris") + dataset(116, b"Somebody")
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(content)) + content + b"\0" * (len(content) & 1)
    segment = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment


def test_iptc_is_kept_in_a_jpeg_and_loses_its_place_when_asked(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(40, 30), "JPEG", extra=iptc_segment(), comment=b"A comment"))
    contents = {
        policy: Path(
            done(source, recipe("jpeg", policy).with_folder(tmp_path / policy)).outputs[0].path
        ).read_bytes()
        for policy in Metadata
    }
    assert b"Paris" in contents[Metadata.KEEP]
    assert b"A caption" in contents[Metadata.KEEP]
    assert b"A comment" in contents[Metadata.KEEP]
    assert b"Paris" not in contents[Metadata.NO_LOCATION]
    assert b"A caption" in contents[Metadata.NO_LOCATION]
    assert b"caption" not in contents[Metadata.STRIP]
    assert b"comment" not in contents[Metadata.STRIP]


@pytest.mark.parametrize("kind", WRITTEN)
def test_iptc_that_a_format_does_not_get_is_said(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(40, 30), "JPEG", extra=iptc_segment()))
    said = [note for note in done(source, recipe(kind, Metadata.KEEP)).notes if "IPTC was left out" in note]
    assert len(said) == (kind != "jpeg")
    assert not done(source, recipe(kind, Metadata.STRIP).with_folder(tmp_path / "stripped")).notes


def test_xmp_that_hides_its_place_is_left_out_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    odd = XMP.replace(b"photoshop:City", b"myphoto:City")
    source.write_bytes(encoded(photo(40, 30), "JPEG", xmp=odd))
    outcome = done(source, recipe("jpeg", Metadata.NO_LOCATION))
    assert b"xmpmeta" not in Path(outcome.outputs[0].path).read_bytes()
    assert any("XMP" in note for note in outcome.notes)


def test_what_is_longer_than_a_jpeg_can_hold_is_left_out_with_a_note(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    long = Image.Exif()
    long[ExifTags.Base.ImageDescription] = "x" * 70_000
    source.write_bytes(encoded(photo(40, 30), "PNG", exif=long.tobytes()))
    outcome = done(source, recipe("jpeg", Metadata.KEEP))
    assert "The EXIF is longer than a JPEG can hold and was left out." in outcome.notes


def test_the_resolution_is_kept(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(40, 30), "JPEG", dpi=(300, 300)))
    for kind in ("jpeg", "png", "tiff"):
        dpi = opened(done(source, recipe(kind, Metadata.KEEP)).outputs[0].path).info["dpi"]
        assert all(abs(one - 300) < 1 for one in dpi)


def test_the_texts_of_a_png_are_kept(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("Title", "A title")
    file = io.BytesIO()
    photo(40, 30).save(file, "PNG", pnginfo=texts)
    source = tmp_path / "a.png"
    source.write_bytes(file.getvalue())
    result = opened(done(source, recipe("png", Metadata.KEEP)).outputs[0].path)
    assert result.info["Title"] == "A title"
