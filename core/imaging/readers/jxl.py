"""Reads JPEG XL with pillow-jxl-plugin (libjxl), whose decoder works as soon as it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from PIL import Image
from pillow_jxl import JpegXLImagePlugin

from core.imaging.exif import PREFIX, BrokenExif, set_upright
from core.imaging.readers.boxes import boxes

JpegXLImagePlugin.DECODE_THREADS = 0  # four workers fill the processors by themselves

_CODESTREAM: Final = b"\xff\x0a"
_HEADER: Final = 32  # bytes of the codestream that hold what is read of it
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_BITS: Final = (9, 13, 18, 30)
_LONGEST_XMP: Final = 2**24


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the image. Raises what `check` raises for its size, before it is decoded.

    The decoder turns the image as the codestream says, which counts and not the EXIF (ISO/IEC 18181-2); only
    a JPEG that was packed without loss comes out as it was, with its EXIF.
    """
    content = file.read()
    file.seek(0)
    header = header_of(content)
    if header is None:
        raise SyntaxError("the header of the JPEG XL cannot be read")
    check(*header.size)
    opened = JpegXLImagePlugin.JXLImageFile(file)
    opened.is_animated = header.animated  # the plugin gives the first frame, and tells of no others
    exif = opened.info.get("exif")
    if isinstance(exif, bytes) and not opened.jpeg:
        try:
            opened.info["exif"] = PREFIX + set_upright(exif)
        except BrokenExif:
            del opened.info["exif"]
    xmp = next((body for kind, body in boxes(content) if kind == b"xml "), b"")
    if xmp and len(xmp) < _LONGEST_XMP:
        opened.info["xmp"] = bytes(xmp)
    return opened


@dataclass(frozen=True, slots=True)
class Header:
    """What the beginning of a JPEG XL says."""

    size: tuple[int, int]  # width and height in pixels, before it is turned
    animated: bool


def header_of(content: bytes) -> Header | None:
    """Return what a JPEG XL's header says; None when there is none.

    ISO/IEC 18181-1, annex D: a size is whole eights up to 256, or one of four lengths of numbers, and the
    width may be said as a ratio. Bits are read from the lowest.
    """
    stream = _codestream_of(content)
    if not stream.startswith(_CODESTREAM):
        return None
    bits = _Bits(int.from_bytes(stream[2:], "little"))
    size = bits.size()
    animated = False
    if not bits.take(1) and bits.take(1):  # not all as usual, and with the fields that are rare
        bits.take(3)  # the orientation
        if bits.take(1):
            bits.size()  # the one that is meant to be shown
        animated = not bits.take(1) and bool(bits.take(1))  # behind a preview, which nobody writes
    return Header(size, animated)


class _Bits:
    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def size(self) -> tuple[int, int]:
        eights = self.take(1)
        height = self._side(eights)
        ratio = self.take(3)
        if ratio:
            across, down = _RATIOS[ratio - 1]
            return height * across // down, height
        return self._side(eights), height

    def _side(self, eights: int) -> int:
        return 8 * (1 + self.take(5)) if eights else 1 + self.take(_BITS[self.take(2)])


def _codestream_of(content: bytes) -> bytes:
    """Return the beginning of the codestream, which may lie in boxes, and there in parts."""
    if content.startswith(_CODESTREAM):
        return content[:_HEADER]
    stream = b""
    for kind, body in boxes(content):
        if kind == b"jxlc":
            return bytes(body[:_HEADER])
        if kind == b"jxlp":
            stream += bytes(body[4 : 4 + _HEADER])
        if len(stream) >= _HEADER:
            break
    return stream


def register_writer() -> None:
    """Do nothing: the import has let Pillow write it."""
