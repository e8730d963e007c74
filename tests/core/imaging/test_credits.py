"""Metadata, author, copyright, and density as operations: what a reader finds in the file afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from core.imaging.exif import orientation_of, with_entries
from core.operations import Dpi, Operation, SetMetadata
from core.recipe import Metadata, Output, Recipe
from tests.core.imaging.pictures import done, encoded, opened, photo
from tests.core.imaging.test_metadata import iptc_segment

WRITTEN = ("jpeg", "png", "webp", "avif", "tiff")
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A title</dc:title>'
    b"<dc:rights><rdf:Alt><rdf:li>Old rights</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF>"
    b"</x:xmpmeta>"
)


def source_in(folder: Path, kind: str = "JPEG") -> Path:
    tags = Image.Exif()
    tags[ExifTags.Base.Copyright] = "Old rights of somebody who is long gone"
    tags[ExifTags.Base.Make] = "A maker"
    tags[ExifTags.Base.Orientation] = 6
    tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.5
    options: dict[str, object] = {"extra": iptc_segment()} if kind == "JPEG" else {}
    path = folder / "a.src"
    path.write_bytes(encoded(photo(40, 30), kind, exif=tags.tobytes(), xmp=XMP, dpi=(72, 72), **options))
    return path


def file_of(source: Path, kind: str, *operations: Operation, policy: Metadata = Metadata.KEEP) -> Path:
    recipe = Recipe("r", (Output("o", operations, kind),), metadata=policy)
    return Path(done(source, recipe).outputs[0].path)


@pytest.mark.parametrize("policy", Metadata)
@pytest.mark.parametrize("kind", WRITTEN)
def test_copyright_and_author_are_written_in_every_format_whatever_becomes_of_the_rest(
    tmp_path: Path, kind: str, policy: Metadata
) -> None:
    wanted = SetMetadata(copyright="© 2026 Anna & Bö", author="Anna Bö")
    path = file_of(source_in(tmp_path), kind, wanted, policy=policy)
    picture = opened(path)
    exif = picture.getexif()
    said = [str(exif[tag]) for tag in (ExifTags.Base.Copyright, ExifTags.Base.Artist)]
    # Pillow takes the bytes for Latin-1; the other readers take them for UTF-8.
    assert [text.encode("latin-1").decode() for text in said] == ["© 2026 Anna & Bö", "Anna Bö"]
    content = path.read_bytes()
    assert b"Old rights" not in content
    assert "© 2026 Anna &amp; Bö".encode() in content
    kept = policy is not Metadata.STRIP
    assert (exif.get(ExifTags.Base.Make) == "A maker") == kept
    assert (b"A title" in content) == kept
    if kept:
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.5


def test_iptc_does_not_go_on_naming_another_author(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    path = file_of(source, "jpeg", SetMetadata(copyright="Mine"))
    assert b"A caption" in path.read_bytes()
    assert b"Somebody" not in path.read_bytes()


def test_a_policy_of_an_output_goes_over_the_recipes(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    stripped, kept = Output("s", (SetMetadata("strip"),), "jpeg"), Output("k", (), "jpeg")
    first, second = done(source, Recipe("r", (stripped, kept))).outputs
    assert not opened(first.path).getexif()
    assert opened(second.path).getexif()[ExifTags.Base.Make] == "A maker"


@pytest.mark.parametrize("policy", [Metadata.KEEP, Metadata.STRIP])
@pytest.mark.parametrize("kind", WRITTEN)
def test_the_density_is_noted_where_readers_look_and_no_pixel_changes(
    tmp_path: Path, kind: str, policy: Metadata
) -> None:
    source = source_in(tmp_path)
    picture = opened(file_of(source, kind, Dpi(300), policy=policy))
    assert picture.size == (30, 40)
    exif = picture.getexif()
    if kind in ("jpeg", "png", "tiff"):
        assert [round(float(one)) for one in picture.info["dpi"]] == [300, 300]
    if kind in ("webp", "avif") or policy is Metadata.KEEP:
        assert (exif[ExifTags.Base.XResolution], exif[ExifTags.Base.ResolutionUnit]) == (300, 2)


@pytest.mark.parametrize("order", ["<", ">"])
def test_entries_are_put_into_a_block_of_either_byte_order(order: str) -> None:
    made = Image.Exif()
    made.endian = order
    made[ExifTags.Base.Orientation] = 3
    made[ExifTags.Base.Artist] = "Somebody with a long name"
    raw = made.tobytes()[6:]
    result = with_entries(
        raw, {0x013B: (2, b"Me\0"), 0x011A: (5, b"\x2c\x01\0\0\1\0\0\0"), 0x0128: (3, b"\2\0")}
    )
    assert b"long name" not in result
    assert orientation_of(result) == 3
    found = Image.Exif()
    found.load(b"Exif\0\0" + result)
    assert dict(found) == {0x0112: 3, 0x013B: "Me", 0x011A: 300, 0x0128: 2}


def test_a_broken_block_or_none_is_replaced_by_a_new_one() -> None:
    for raw in (None, b"nonsense", b"II*\0\xff\xff\xff\xff"):
        found = Image.Exif()
        found.load(b"Exif\0\0" + with_entries(raw, {0x013B: (2, b"Somebody\0")}))
        assert dict(found) == {0x013B: "Somebody"}


def test_xmp_that_cannot_be_changed_is_left_out_and_said(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(20, 20), "JPEG", xmp=XMP.replace(b"rdf:", b"r:")))
    outcome = done(source, Recipe("r", (Output("o", (SetMetadata(author="Me"),), "jpeg"),)))
    assert any("XMP could not be changed" in note for note in outcome.notes)
    assert b"Old rights" not in Path(outcome.outputs[0].path).read_bytes()
