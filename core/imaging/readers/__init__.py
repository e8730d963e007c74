"""Opens a file with the reader of its format: Pillow's own, or one of those beside this file.

A reader is a lazy Pillow image: made of the header alone, and decoded when it is loaded. Before it exists,
what its decoder would take memory for has been measured. `draft` is how it is told the size that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType, ModuleType
from typing import BinaryIO, Final

from PIL import Image, UnidentifiedImageError

from core.errors import FormatUnavailable
from core.formats import FORMATS, HEIC, JXL, PDF, RAW, SVG, Format, unavailable
from core.imaging.readers.boxes import jp2_profile
from core.imaging.readers.sizes import check_embedded

CheckPixels = Callable[[int, int], None]
"""Raises TooLarge for a width and height in pixels that are over the limit."""

_HEAD: Final = 4_096
_FOOT: Final = 18  # bytes: TRUEVISION-XFILE. and a zero end a TGA of version 2
_RAW_HEAD: Final = re.compile(
    rb"FUJIFILMCCD-RAW|II(?:RO|RS|U\x00)|MMOR|FOVb|\x00MRM|II\*\x00....CR|....ftypcrx ", re.DOTALL
)
_TIFF_HEAD: Final = re.compile(rb"II\*\x00|MM\x00\*")
_HEIC_HEAD: Final = re.compile(rb"....ftyp(?:....){0,8}?(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
_AVIF_HEAD: Final = re.compile(rb"....ftyp(?:....){0,8}?avi[fs]", re.DOTALL)
_JXL_HEAD: Final = re.compile(rb"\x00\x00\x00\x0cJXL \r\n\x87\n|\xff\x0a")
_XML_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|\w*:?svg\b)")
_SVG_ELEMENT: Final = re.compile(rb"<\w*:?svg[\s>]")
_GZIP_HEAD: Final = b"\x1f\x8b"
_PDF_HEAD: Final = b"%PDF-"

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {one.name: f"core.imaging.readers.{one.name}" for one in (HEIC, JXL, RAW, SVG, PDF)}
)
_SECOND: Final = (
    (b"8BPS", "core.imaging.readers.psd"),
    (b"II*\0", "core.imaging.readers.tiff"),
    (b"MM\0*", "core.imaging.readers.tiff"),
)
"""Who reads what begins in this way and is of a kind that Pillow does not know."""

_PILLOW: Final = tuple(one.pillow for one in FORMATS if one.name not in _MODULES)
_WITHOUT_TGA: Final = tuple(one for one in _PILLOW if one != "TGA")


def open_image(file: BinaryIO, path: str, check: CheckPixels) -> Image.Image:
    """Return a lazy image of an opened file; its `format` is one of the table of formats.

    check: is called with the size of each picture that the decoder would take memory for on its own.

    Raises what the decoders raise on bad files; UnidentifiedImageError when no reader takes it; TooLarge;
    FormatUnavailable when the library that it needs is missing or does not work here.
    """
    head = file.read(_HEAD)
    file.seek(0)
    chosen = _own_reader(head, PurePath(path).suffix.lower())
    if chosen is None:
        check_embedded(file, head, check)
        try:
            opened = Image.open(file, formats=_PILLOW if _like_tga(file, path) else _WITHOUT_TGA)
            if opened.format == "JPEG2000":
                at = file.tell()
                opened.info["icc_profile"] = jp2_profile(file)
                file.seek(at)
            return opened
        except UnidentifiedImageError:
            second = next((name for start, name in _SECOND if head.startswith(start)), None)
            if second is None:
                raise
            file.seek(0)
            other: Image.Image = import_module(second).open_image(file, check)
            return other
    return reader_of(chosen)(file, check)


def use_library(chosen: Format) -> None:
    """Let Pillow write a format of a reader beside this file too. Raises FormatUnavailable."""
    module = _module_of(chosen)
    module.register_writer()


def reader_of(chosen: Format) -> Callable[[BinaryIO, CheckPixels], Image.Image]:
    """Return what opens this format, one of those that Pillow does not read by itself.

    Its library is imported at its first use: together they take a quarter of a second, and most workers
    never need them. Raises FormatUnavailable.
    """
    opening: Callable[[BinaryIO, CheckPixels], Image.Image] = _module_of(chosen).open_image
    return opening


def _module_of(chosen: Format) -> ModuleType:
    why = unavailable(chosen)
    if why:
        raise FormatUnavailable(why)
    try:
        return import_module(_MODULES[chosen.name])
    except (ImportError, OSError, AttributeError) as error:
        raise FormatUnavailable(
            f"{chosen.spoken} needs {chosen.package}, which does not work: {error}."
        ) from error


def _own_reader(head: bytes, suffix: str) -> Format | None:
    """Return the format of this file when it is one that a reader beside this file opens.

    Most cameras' RAW are TIFFs in which Pillow would find a thumbnail: for these the suffix decides.
    """
    if _RAW_HEAD.match(head) or (suffix in RAW.suffixes and _TIFF_HEAD.match(head)):
        return RAW
    if _HEIC_HEAD.match(head) and not _AVIF_HEAD.match(head):
        return HEIC
    if _JXL_HEAD.match(head):
        return JXL
    if head.startswith(_PDF_HEAD):
        return PDF
    if suffix == ".svgz" and head.startswith(_GZIP_HEAD):
        return SVG
    if _XML_HEAD.match(head) and (suffix in SVG.suffixes or _SVG_ELEMENT.search(head)):
        return SVG
    return None


def _like_tga(file: BinaryIO, path: str) -> bool:
    """Return whether a file may be taken for a TGA, which has no signature at its beginning."""
    if PurePath(path).suffix.lower() in (".tga", ".vda", ".icb", ".vst"):
        return True
    length = file.seek(0, 2)
    file.seek(max(0, length - _FOOT))
    foot = file.read(_FOOT)
    file.seek(0)
    return foot == b"TRUEVISION-XFILE.\0"
