"""Notes in the metadata of an output who made it, whose it is, and how densely it is to be printed."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape

from core.formats import JPEG, PNG, TIFF, Format
from core.imaging import exif as exif_block
from core.imaging.metadata import Attached, photoshop_without
from core.operations import Dpi, Operation, SetMetadata
from core.recipe import Metadata, Recipe

# Exif 2.32, section 4.6.4: artist and copyright are texts, the resolution is two fractions and a unit (inch).
_ARTIST: Final = 0x013B
_COPYRIGHT: Final = 0x8298
_X_RESOLUTION: Final = 0x011A
_Y_RESOLUTION: Final = 0x011B
_UNIT: Final = 0x0128
_TEXT, _SHORT, _FRACTION = 2, 3, 5

# IPTC-IIM record 2: by-line, copyright notice. PNG specification, third edition, 11.3.3: keywords.
_IPTC_NUMBERS: Final = {"author": 80, "copyright": 116}
_KEYWORDS: Final = {"author": "Author", "copyright": "Copyright"}
# Dublin Core in XMP (XMP specification part 1, section 8.3): a list of names, and a text in some languages.
_XMP_NAMES: Final = {"author": b"creator", "copyright": b"rights"}
_EMPTY_XMP: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)
_END_OF_XMP: Final = b"</rdf:RDF>"


def policy_of(operations: Sequence[Operation], recipe: Recipe) -> Metadata:
    """Return what becomes of the metadata of an output: as its operation says, else as the recipe does."""
    for one in operations:
        if isinstance(one, SetMetadata) and one.policy is not None:
            return Metadata(one.policy)
    return recipe.metadata


def credited(
    attached: Attached, operations: Sequence[Operation], chosen: Format
) -> tuple[Attached, tuple[str, ...]]:
    """Return what is attached with what the operations note in it, and notes on what was left out for it."""
    notes: tuple[str, ...] = ()
    for one in operations:
        if isinstance(one, SetMetadata):
            names = {"author": one.author, "copyright": one.copyright}
            attached, notes = _named(attached, {key: text for key, text in names.items() if text})
        elif isinstance(one, Dpi):
            attached = _with_dpi(attached, one.value, chosen)
    return attached, notes


def _named(attached: Attached, names: dict[str, str]) -> tuple[Attached, tuple[str, ...]]:
    if not names:
        return attached, ()
    tags = {"author": _ARTIST, "copyright": _COPYRIGHT}
    entries = {tags[key]: (_TEXT, text.encode() + b"\0") for key, text in names.items()}
    notes: tuple[str, ...] = ()
    xmp = _xmp_with(attached.xmp if attached.xmp is not None else _EMPTY_XMP, names)
    if xmp is None:
        xmp = _xmp_with(_EMPTY_XMP, names)
        notes = ("The XMP could not be changed, and was left out for the copyright and the author.",)
    photoshop = attached.photoshop
    if photoshop is not None:
        photoshop = photoshop_without(photoshop, frozenset(_IPTC_NUMBERS[key] for key in names))
    keywords = {_KEYWORDS[key]: text for key, text in names.items()}
    texts = tuple(one for one in attached.texts if one[0] not in keywords)
    changed = replace(
        attached,
        exif=exif_block.with_entries(attached.exif, entries),
        xmp=xmp,
        photoshop=photoshop,
        texts=(*texts, *keywords.items()),
    )
    return changed, notes


def _xmp_with(xmp: bytes, names: dict[str, str]) -> bytes | None:
    """Return the packet with these names in the place of those in it; None for one that has no known end."""
    if b"\0" in xmp or _END_OF_XMP not in xmp:
        return None  # UTF-16, which almost nobody writes, or another prefix
    made = b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    for key, text in names.items():
        name = _XMP_NAMES[key]
        xmp = re.sub(rb"""\sdc:%s\s*=\s*(?:"[^"]*"|'[^']*')""" % name, b"", xmp)
        xmp = re.sub(rb"(?s)<dc:%s(?:\s[^>]*)?(?:/>|>.*?</dc:%s\s*>)" % (name, name), b"", xmp)
        listed, item = (b"Seq", b"li") if key == "author" else (b"Alt", b'li xml:lang="x-default"')
        value = escape(text).encode()
        made += b"<dc:%s><rdf:%s><rdf:%s>%s</rdf:li></rdf:%s></dc:%s>" % (
            name, listed, item, value, listed, name,
        )  # fmt: skip
    before, _, after = xmp.rpartition(_END_OF_XMP)
    return before + made + b"</rdf:Description>" + _END_OF_XMP + after


def _with_dpi(attached: Attached, dpi: float, chosen: Format) -> Attached:
    """Note the density where the format has a place for it, and in the EXIF if there is one or no other."""
    exif = attached.exif
    if exif is not None or chosen not in (JPEG, PNG, TIFF):
        fraction = (_FRACTION, struct.pack("<II", round(dpi * 1000), 1000))
        unit = (_SHORT, struct.pack("<H", 2))
        exif = exif_block.with_entries(exif, {_X_RESOLUTION: fraction, _Y_RESOLUTION: fraction, _UNIT: unit})
    return replace(attached, dpi=(dpi, dpi), exif=exif)
