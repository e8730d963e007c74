"""Measures the pictures for which a decoder would take memory before it tells their size."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK: Final = 2**20  # bytes


def check_embedded(file: BinaryIO, head: bytes, check: Callable[[int, int], None]) -> None:
    """Call `check` with the size of each picture in a WebP or ICO; other formats tell theirs when opened."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) >= 30:
        check(*webp_size(head))
    elif head[:4] == b"\0\0\1\0" and len(head) >= 6:
        for at in _icon_offsets(file, head):
            file.seek(at)
            size = _icon_size(file.read(26))
            if size is not None:
                check(*size)
        file.seek(0)


def webp_size(head: bytes) -> tuple[int, int]:
    """Return width and height in pixels from the first 30 bytes of a WebP (RFC 9649, section 2)."""
    if head[12:16] == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    elif head[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (one & 0x3FFF for one in struct.unpack_from("<HH", head, 26))
    return width, height


def scans_in(file: BinaryIO) -> int:
    """Return about how many scans a JPEG has, each of which its decoder makes for the whole of the image.

    What begins a scan cannot stand among its data (ITU-T T.81, B.1.1.5); in a thumbnail or a profile it can.
    """
    return _count(file, b"\xff\xda")


def frames_in(file: BinaryIO) -> int:
    """Return about how many frames a GIF has: each but the first begins behind the end of a block.

    Among the data this stands by chance, once in 65,536 bytes.
    """
    return 1 + _count(file, b"\0,")


def _count(file: BinaryIO, pair: bytes) -> int:
    """Count two bytes in a file, and leave it at its place."""
    at = file.tell()
    file.seek(0)
    count, last = 0, b""
    while chunk := file.read(_CHUNK):
        count += (last + chunk).count(pair)
        last = chunk[-1:]
    file.seek(at)
    return count


def _icon_offsets(file: BinaryIO, head: bytes) -> set[int]:
    """Return where the pictures of an icon begin, also those far down its list; the sizes in it may lie."""
    (count,) = struct.unpack_from("<H", head, 4)
    file.seek(6)
    entries = file.read(16 * count)
    return {int(one[-1]) for one in struct.iter_unpack("<12xI", entries[: len(entries) // 16 * 16])}


def _icon_size(start: bytes) -> tuple[int, int] | None:
    """Return the size that a PNG or a bitmap inside an icon says."""
    if len(start) < 26:
        return None
    if start.startswith(_PNG):
        width, height = struct.unpack_from(">II", start, 16)
        return int(width), int(height)
    width, height = struct.unpack_from("<ii", start, 4)
    return abs(int(width)), abs(int(height)) // 2  # its transparency lies below the picture
