"""The metadata of an image: what a source carries, and what of it goes along with an output."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import Image

from core.imaging import exif as exif_block
from core.recipe import Metadata

MOST_IN_JPEG: Final = 65_500
"""The bytes of one block of metadata that a JPEG can hold: a segment's length is 16 bits."""

_JPEG_BLOCK: Final = MOST_IN_JPEG - 64
_PNG_SIGNATURE: Final = 8
_XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"

# Tags of a TIFF's own directory that describe the picture and not the way its pixels are stored.
DESCRIPTIVE_TAGS: Final = (270, 271, 272, 305, 306, 315, 316, 33432, 34665, 34853, 40091, 40092, 40093, 40094)
_DIRECTORIES: Final = (34665, 34853)

# Properties by which XMP says a place (XMP specification part 2; IPTC photo metadata standard).
_PLACES: Final = (
    rb"(?:exif:GPS\w+|photoshop:(?:City|State|Country)|Iptc4xmpCore:(?:Location|CountryCode)"
    rb"|Iptc4xmpExt:(?:LocationCreated|LocationShown)|lr:location|exifEX:GPS\w+)"
)
_PLACE_ATTRIBUTE: Final = re.compile(rb"\s" + _PLACES + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
_PLACE_ELEMENT: Final = re.compile(rb"<(" + _PLACES + rb")(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)", re.DOTALL)
_PLACE_LEFT: Final = re.compile(rb"GPS|LocationCreated|LocationShown|:City\b|CountryCode|:Location\b")
XMP_TURN: Final = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>)\s*)[2-8]""")

# IPTC-IIM record 2 data sets that say a place.
_IPTC_PLACES: Final = frozenset({26, 27, 90, 92, 95, 100, 101})
_IPTC: Final = 0x0404
IPTC_RESOURCE: Final = b"8BIM\x04\x04"  # how the part with the IPTC begins
_PHOTOSHOP_LEFT_OUT: Final = frozenset(
    {0x0409, 0x040C, 0x0425, 0x0422, 0x0424}
)  # thumbnails, digest, EXIF, XMP


@dataclass(frozen=True, slots=True)
class Carried:
    """What a source carries besides its pixels; a part that is missing is None or empty."""

    orientation: int = 1  # of the pixels as they are loaded; Pillow sets a TIFF upright by itself
    icc: bytes | None = None
    exif: bytes | None = None  # without a prefix
    xmp: bytes | None = None
    photoshop: bytes | None = None  # a JPEG's APP13 segment with IPTC, without its marker and length
    comment: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()  # of a PNG
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """What is written into an output besides its pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: bytes | None = None
    comment: bytes | None = None
    texts: tuple[tuple[str, str], ...] = field(default=())
    dpi: tuple[float, float] | None = None


def read_metadata(header: Image.Image, descriptor: int) -> Carried:
    """Return what an opened, not yet decoded image carries; what is broken is left out with a note.

    `descriptor` is the open source: a PNG may have its EXIF behind its pixels.
    """
    found = {name: value for name, value in header.info.items() if isinstance(name, str)}
    notes: list[str] = []
    if header.format == "PNG" and not ("exif" in found and "xmp" in found):
        found = _read_png_tail(descriptor) | found
    raw = _careful(lambda: _raw_exif(header, found), notes, "The EXIF is broken and was left out.")
    orientation = 1
    if raw is not None:
        try:
            orientation = exif_block.orientation_of(raw)
        except exif_block.BrokenExif:
            raw = None
            notes.append("The EXIF is broken and was left out.")
    xmp = found.get("xmp")
    icc = found.get("icc_profile")
    comment = found.get("comment") if header.format in ("JPEG", "MPO") else None
    return Carried(
        orientation,
        icc if isinstance(icc, bytes) and icc else None,
        raw,
        xmp.encode() if isinstance(xmp, str) else xmp if isinstance(xmp, bytes) and xmp else None,
        _photoshop_of(header),
        comment if isinstance(comment, bytes) and comment else None,
        _texts_of(header) if header.format == "PNG" else (),
        _dpi_of(found),
        tuple(notes),
    )


def attached_to(
    carried: Carried, policy: Metadata, size: tuple[int, int], *, icc: bytes | None, srgb: bool
) -> tuple[Attached, tuple[str, ...]]:
    """Return what goes along with an output of `size` (pixels) by this policy, and notes on what could not.

    `icc` is the profile that the output's pixels are in, None for sRGB; `srgb` says that they were converted.
    """
    if policy is Metadata.STRIP:
        return Attached(icc=icc), ()
    location = policy is Metadata.KEEP
    notes: list[str] = []
    exif = None
    if carried.exif is not None:
        try:
            exif = exif_block.rewritten(carried.exif, size, location=location, srgb=srgb)
        except (exif_block.BrokenExif, struct.error):
            notes.append("The EXIF is broken and was left out.")
    xmp = None if carried.xmp is None else XMP_TURN.sub(rb"\g<1>1", carried.xmp)
    if xmp is not None and not location:
        xmp = _xmp_without_places(xmp)
        if xmp is None:
            notes.append("The XMP says the place in a way that cannot be taken out, and was left out.")
    photoshop = carried.photoshop
    if photoshop is not None:
        photoshop = photoshop_without(photoshop, frozenset() if location else _IPTC_PLACES)
    texts = carried.texts if location else ()
    return Attached(icc, exif, xmp, photoshop, carried.comment, texts, carried.dpi), tuple(notes)


def for_tiff(attached: Attached) -> bytes | None:
    """Return a block of the tags that go into a TIFF's own directory; None for none. See `added_to_tiff`."""
    tags = Image.Exif()
    if attached.exif is not None:
        given = Image.Exif()
        given.load(exif_block.PREFIX + attached.exif)
        for tag in DESCRIPTIVE_TAGS:
            if tag in given and tag not in _DIRECTORIES:
                tags[tag] = given[tag]
    if attached.xmp is not None:
        tags[700] = attached.xmp
    return tags.tobytes() if len(tags) else None


def fits_in_jpeg(attached: Attached) -> tuple[Attached, tuple[str, ...]]:
    """Return what a JPEG can hold of it, with a note on what it cannot."""
    kept: dict[str, bytes | None] = {}
    notes: list[str] = []
    for name, spoken in (
        ("exif", "EXIF"),
        ("xmp", "XMP"),
        ("photoshop", "IPTC"),
        ("comment", "comment"),
    ):
        block: bytes | None = getattr(attached, name)
        too_long = block is not None and len(block) > _JPEG_BLOCK
        kept[name] = None if too_long else block
        if too_long:
            notes.append(f"The {spoken} is longer than a JPEG can hold and was left out.")
    return Attached(icc=attached.icc, dpi=attached.dpi, texts=attached.texts, **kept), tuple(notes)


# -- reading ----------------------------------------------------------------------------------------------


def _careful(read: Callable[[], Any], notes: list[str], note: str) -> Any:
    """Return what `read` returns; None, with a note, for metadata that no reader foresaw."""
    try:
        return read()
    except Exception:  # metadata is hostile input to a dozen parsers, and must never fail a job
        notes.append(note)
        return None


def _raw_exif(header: Image.Image, found: dict[str, Any]) -> bytes | None:
    if header.format == "TIFF":
        return _exif_of_tiff(header)
    raw = found.get("exif")
    if raw is None and "Raw profile type exif" in found:
        lines = str(found["Raw profile type exif"]).split("\n")[3:]
        raw = bytes.fromhex("".join(lines))
    return raw.removeprefix(exif_block.PREFIX) if isinstance(raw, bytes) and raw else None


def _exif_of_tiff(header: Image.Image) -> bytes | None:
    """Return a block made of the tags that describe the picture; TIFF has them among all others."""
    given, kept = header.getexif(), Image.Exif()
    for tag in DESCRIPTIVE_TAGS:
        if tag in given:
            kept[tag] = given.get_ifd(tag) if tag in _DIRECTORIES else given[tag]
    return kept.tobytes().removeprefix(exif_block.PREFIX) if len(kept) else None


def _photoshop_of(header: Image.Image) -> bytes | None:
    for marker, content in getattr(header, "applist", ()):
        if marker == "APP13" and isinstance(content, bytes) and content.startswith(_PHOTOSHOP):
            return content
    return None


def _texts_of(header: Image.Image) -> tuple[tuple[str, str], ...]:
    skipped = {"XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type iptc", "Raw profile type xmp"}
    info = ((name, value) for name, value in header.info.items() if isinstance(name, str))
    return tuple(
        (name, str(value))
        for name, value in info
        if isinstance(value, str) and name not in skipped and 1 <= len(name) < 80 and name.isprintable()
    )


def _dpi_of(found: dict[str, Any]) -> tuple[float, float] | None:
    dpi = found.get("dpi")
    try:
        across, down = (float(one) for one in dpi)  # type: ignore[union-attr]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # Pillow says 1 for a TIFF that says nothing.
    return (across, down) if 1 < across <= 60_000 and 1 < down <= 60_000 else None


def _read_png_tail(descriptor: int) -> dict[str, Any]:
    """Return the EXIF and XMP chunks of a PNG wherever they are, without reading its pixels."""
    found: dict[str, Any] = {}
    at = _PNG_SIGNATURE
    for _ in range(100_000):
        head = os.pread(descriptor, 8, at) if hasattr(os, "pread") else b""
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf" and length < 2**24:
            found["exif"] = os.pread(descriptor, length, at + 8)
        elif kind == b"iTXt" and length < 2**24:
            text = os.pread(descriptor, length, at + 8)
            if text.startswith(_XMP_KEYWORD + b"\0\0\0"):
                found["xmp"] = text.split(b"\0", 5)[-1]
        elif kind == b"IEND":
            break
        at += 12 + length
    return found


# -- rewriting --------------------------------------------------------------------------------------------


def _xmp_without_places(xmp: bytes) -> bytes | None:
    """Return the packet without the properties that say a place; None when some cannot be taken out."""
    if b"\0" in xmp:
        return None  # UTF-16, which almost nobody writes
    rest = _PLACE_ELEMENT.sub(b"", _PLACE_ATTRIBUTE.sub(b"", xmp))
    return None if _PLACE_LEFT.search(rest) else rest


def photoshop_without(segment: bytes, numbers: frozenset[int]) -> bytes | None:
    """Return the resources without thumbnails and these IPTC-IIM data sets of record 2; None when broken."""
    out = bytearray(_PHOTOSHOP)
    at = len(_PHOTOSHOP)
    try:
        while at + 12 <= len(segment):
            if segment[at : at + 4] != b"8BIM":
                return None
            (kind,) = struct.unpack_from(">H", segment, at + 4)
            name_length = (segment[at + 6] + 2) & ~1
            (length,) = struct.unpack_from(">I", segment, at + 6 + name_length)
            start = at + 6 + name_length + 4
            content = segment[start : start + length]
            if len(content) < length:
                return None
            if kind not in _PHOTOSHOP_LEFT_OUT:
                if kind == _IPTC and numbers:
                    content = _iptc_without(content, numbers)
                out += segment[at : at + 6 + name_length] + struct.pack(">I", len(content)) + content
                out += b"\0" * (len(content) & 1)
            at = start + length + (length & 1)
    except (struct.error, IndexError):
        return None
    return bytes(out) if len(out) > len(_PHOTOSHOP) else None


def _iptc_without(content: bytes, numbers: frozenset[int]) -> bytes:
    out = bytearray()
    at = 0
    while at + 5 <= len(content) and content[at] == 0x1C:
        record, number = content[at + 1], content[at + 2]
        (length,) = struct.unpack_from(">H", content, at + 3)
        if length & 0x8000:
            break  # a long data set: nothing that people write, and nothing that could be checked
        end = at + 5 + length
        if not (record == 2 and number in numbers):
            out += content[at:end]
        at = end
    return bytes(out)
