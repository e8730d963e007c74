"""Writes images of one colour, as small as their formats pack them."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.core.imaging.samples import directory


def put(content: bytes, at: int, value: bytes) -> bytes:
    """Return the content with other bytes in a place."""
    return content[:at] + value + content[at + len(value) :]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, packed: bytes) -> bytes:
    """Return a grey PNG with these data, which are packed already."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def black_png(width: int, height: int, content: bytes) -> bytes:
    """Return a grey PNG with these data, whatever it says of its size."""
    return png_of(width, height, zlib.compress(content, 9))


def one_colour(kind: str, width: int, height: int, mode: str = "L", **options: object) -> bytes:
    """Return an image of one colour as a file that Pillow writes."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


def bmp_head(width: int, height: int, bits: int = 24, packing: int = 0) -> bytes:
    """Return the header of a bitmap as it lies in a BMP and in an icon (BITMAPINFOHEADER)."""
    return struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, 0, 0, 0, 0, 0)


def bmp_of_runs(width: int, height: int) -> bytes:
    """Return a BMP of 256 colours in runs of 255 pixels."""
    whole, rest = divmod(width, 255)
    row = b"\xff\0" * whole + (bytes((rest, 0)) if rest else b"") + b"\0\0"
    at = 14 + 40 + 1_024
    content = row * height + b"\0\1"
    head = struct.pack("<2sIHHI", b"BM", at + len(content), 0, 0, at)
    return head + bmp_head(width, height, 8, 1) + bytes(1_024) + content


def qoi_of_runs(width: int, height: int) -> bytes:
    """Return a QOI in runs of 62 pixels."""
    runs, rest = divmod(width * height, 62)
    body = b"\xfd" * runs + (bytes((0xC0 | rest - 1,)) if rest else b"")
    return struct.pack(">4sIIBB", b"qoif", width, height, 3, 0) + body + bytes(7) + b"\1"


def psd_of_runs(width: int, height: int, *, large: bool = False, depth: int = 8) -> bytes:
    """Return an RGB PSD, or a large one, packed by PackBits in runs of 128 bytes."""
    whole, rest = divmod(width * depth // 8, 128)
    row = b"\x81\0" * whole + (bytes((257 - rest & 0xFF, 0)) if rest else b"")
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, 3, height, width, depth, 3)
    counts = len(row).to_bytes(4 if large else 2, "big") * (3 * height)
    return head + bytes(16 if large else 12) + b"\0\1" + counts + row * (3 * height)


def tiff_of_one_strip(width: int, height: int, packed: bytes, compression: int = 8) -> bytes:
    """Return a grey TIFF whose pixels are one strip; the data are packed already."""
    return _tiff(width, height, packed, compression, [(278, 4, (height,)), (273, 4, (8,))], 279)


def tiff_of_one_tile(width: int, height: int, tile: int, packed: bytes, compression: int = 8) -> bytes:
    """Return a grey TIFF that is the corner of one tile, of so many pixels along a side."""
    tiles = [(322, 4, (tile,)), (323, 4, (tile,)), (324, 4, (8,))]
    return _tiff(width, height, packed, compression, tiles, 325)


def _tiff(
    width: int, height: int, packed: bytes, compression: int, places: list[tuple[int, int, tuple[int]]],
    counts: int,
) -> bytes:  # fmt: skip
    at = 8 + len(packed) + (len(packed) & 1)
    entries: list[tuple[int, int, tuple[object, ...] | bytes]] = [
        (256, 4, (width,)),
        (257, 4, (height,)),
        (258, 3, (8,)),
        (259, 3, (compression,)),
        (262, 3, (1,)),
        (277, 3, (1,)),
        *places,
        (counts, 4, (len(packed),)),
    ]
    return struct.pack("<2sHI", b"II", 42, at) + packed.ljust(at - 8, b"\0") + directory(entries, at)


def gif_of_frames(width: int, height: int, count: int) -> bytes:
    """Return a GIF of so many frames of one pixel each on a canvas of this size."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(3) + b"\xff" * 3
    frame = b"!\xf9\4\0\1\0\0\0" + b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    return head + frame * count + b";"


def webp_of_frames(width: int, height: int, count: int) -> bytes:
    """Return a WebP of so many frames of one pixel each on a canvas of this size (RFC 9649)."""
    image = one_colour("WEBP", 1, 1, "RGB", lossless=True)[12:]
    place = bytes(6) + bytes(6) + (1).to_bytes(3, "little") + b"\0"
    frame = b"ANMF" + struct.pack("<I", len(place) + len(image)) + place + image
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<IB3x", 10, 2) + sides + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += frame * count
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def apng_of_frames(width: int, height: int, count: int) -> bytes:
    """Return a PNG of so many frames of one pixel each, after a first one that is black all over."""
    line = bytes(width + 1)
    packer = zlib.compressobj(9)
    first = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    dot = zlib.compress(b"\0\0")
    parts = [
        png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        png_chunk(b"acTL", struct.pack(">II", count, 0)),
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 100, 0, 0)),
        png_chunk(b"IDAT", first),
    ]
    for number in range(1, count):
        parts.append(png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * number - 1, 1, 1, 0, 0, 1, 100, 0, 0)))
        parts.append(png_chunk(b"fdAT", struct.pack(">I", 2 * number) + dot))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + png_chunk(b"IEND", b"")


def jpeg_of_scans(side: int, count: int) -> bytes:
    """Return a grey progressive JPEG with so many scans that say nothing new (ITU-T T.81, annex G)."""
    blocks = (side + 7) // 8 * ((side + 7) // 8)

    def segment(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body

    def coded(bits: str) -> bytes:
        bits += "1" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0") if bits else b""

    tables = segment(0xDB, b"\0" + b"\1" * 64)
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    level = segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0")  # a code of one bit: no change
    runs = segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0")  # of one bit: a run of 2^14 blocks and more
    whole, rest = divmod(blocks, 0x7FFF)
    bits = ("0" + "1" * 14) * whole
    if rest:  # a shorter run needs a code of its own: as many runs of 2^14 as there are, the last too long
        bits += "0" + f"{max(rest - 0x4000, 0):014b}"
    first = segment(0xDA, b"\1\1\0\0\0\0") + coded("0" * blocks)
    more = segment(0xDA, b"\1\1\0\1\x3f\0") + coded(bits)
    return b"\xff\xd8" + tables + frame + level + first + runs + more * count + b"\xff\xd9"
