"""Walks the boxes of which JPEG 2000 and JPEG XL files are made."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

_MOST: Final = 2**24  # bytes of a header that are looked at
_MOST_AVIF: Final = 2**16  # bytes in which the box of the codec is looked for
_BY_PROFILE: Final = 2  # the colours are said by an ICC profile (ISO/IEC 15444-1, I.5.3.3)


def boxes(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Give the kind and the body of each box (ISO/IEC 15444-1, annex I; ISO/IEC 18181-2)."""
    at, whole = 0, memoryview(content)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        start = at + 8
        if length == 1 and at + 16 <= len(content):
            (length,) = struct.unpack_from(">Q", content, at + 8)
            start = at + 16
        end = len(content) if length == 0 else at + length
        if end < start:
            return
        yield kind, whole[start:end]
        at = end


def jp2_profile(file: BinaryIO) -> bytes:
    """Return the ICC profile in the header of a JPEG 2000, which Pillow does not look for; empty for none."""
    file.seek(0)
    head = file.read(_MOST)
    file.seek(0)
    for kind, body in boxes(head):
        if kind == b"jp2c":
            break
        if kind == b"jp2h":
            for inner, colours in boxes(bytes(body)):
                if inner == b"colr" and len(colours) > 3 and colours[0] == _BY_PROFILE:
                    return bytes(colours[3:])
    return b""


def deep_avif(file: BinaryIO) -> bool:
    """Return whether the colours of an AVIF have 10 or 12 bits, of which Pillow gives 8.

    AV1 in ISOBMFF, 2.3.3: the box says it in the highest but one bit of its third byte.
    """
    at = file.tell()
    file.seek(0)
    head = file.read(_MOST_AVIF)
    file.seek(at)
    found = head.find(b"av1C")
    return 0 <= found < len(head) - 6 and bool(head[found + 6] & 0x40)
