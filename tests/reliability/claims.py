"""Small real images whose headers were made to say that they are huge."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from tests.core.imaging.samples import dng, icon_with, sample, svg
from tests.reliability.packed import black_png, bmp_head, png_chunk, put
from tests.reliability.sources import encoded, picture

HUGE: Final = 60_000  # pixels along a side: 3,600 megapixels, twelve times the limit
_LARGEST_IN_GIF: Final = b"\xff\xff" * 2
_MANY_FRAMES: Final = 2**31 - 1


def claims() -> dict[str, bytes]:
    """Return a file that says it is huge, or has frames without end, for every format that is read."""
    small = picture(1)
    jpeg, gif, bmp, jp2, psd = (sample(one, small) for one in ("jpeg", "gif", "bmp", "jpeg2000", "psd"))
    qoi, tga, dds, tiff, webp = (sample(one, small) for one in ("qoi", "tga", "dds", "tiff", "webp"))
    sides: Callable[[str], bytes] = lambda form: struct.pack(form, HUGE, HUGE)  # noqa: E731
    ihdr, siz = jp2.index(b"ihdr"), jp2.index(b"\xff\x51")
    found = {
        "jpeg": _huge_jpeg(jpeg),
        "png": black_png(HUGE, HUGE, bytes(1_000)),
        "gif": put(gif, 6, sides("<HH")),
        "bmp": put(bmp, 18, sides("<ii")),
        "jpeg2000": put(put(jp2, ihdr + 4, sides(">II")), siz + 6, sides(">II")),
        "psd": put(psd, 14, sides(">II")),
        "qoi": put(qoi, 4, sides(">II")),
        "tga": put(tga, 12, sides("<HH")),
        "dds": put(dds, 12, sides("<II")),
        "pnm": b"P6\n%d %d\n255\n" % (HUGE, HUGE) + bytes(1_000),
        "tiff": _tiff_with(tiff, {256: HUGE, 257: HUGE}),
        "svg": svg(HUGE, HUGE),
        "pdf": sample("pdf", small).replace(b"/MediaBox [ 0 0 48", b"/MediaBox [ 0 0 99999"),
        "webp": webp[:8] + b"WEBPVP8X" + struct.pack("<IB3x", 10, 0) + b"\xff" * 6 + webp[12:],
        "jxl": jxl_head(HUGE, HUGE) + sample("jxl", small)[8:],
        "raw": _huge_raw(),
        "ico": icon_with(black_png(HUGE, HUGE, bytes(1_000))),
    }
    for name in ("avif", "heic"):
        content = sample(name, small)
        found[name] = put(content, content.index(b"ispe") + 8, sides(">II"))
    preview = encoded(1, "JPEG")
    hidden = {
        "raw with a preview": dng(small, _huge_jpeg(preview), small.size),
        "ico with a bitmap": icon_with(bmp_head(HUGE, 2 * HUGE) + bytes(1_000)),
        "ico with a picture far down its list": icon_of_many(black_png(HUGE, HUGE, bytes(1_000)), 1_000),
        "tiff with tiles": _tiff_with(tiff, {322: HUGE, 323: HUGE}, {278: 322, 273: 324, 279: 325}),
    }
    frames = {
        "gif with a frame": _huge_gif_frame(),
        "png with frames without end": _png_of_frames(),
    }
    every = found | hidden | frames
    return {f"{name} that says {HUGE} pixels": content for name, content in every.items()}


def jxl_head(width: int, height: int) -> bytes:
    """Return a bare JPEG XL's signature and size (ISO/IEC 18181-1, annex D): sides of 30 bits each."""
    bits, at = 0, 0
    for value, count in ((0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30)):
        bits |= value << at
        at += count
    return b"\xff\x0a" + bits.to_bytes(9, "little")


def icon_of_many(content: bytes, count: int) -> bytes:
    """Return an icon of so many pictures: the last of its list is this one, and said to be the largest."""
    small = encoded(1, "PNG", 16)
    at = 6 + 16 * count
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(small), at)
    last = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(content), at + len(small))
    return struct.pack("<HHH", 0, 1, count) + entry * (count - 1) + last + small + content


def _huge_jpeg(jpeg: bytes) -> bytes:
    return put(jpeg, jpeg.index(b"\xff\xc0") + 5, struct.pack(">HH", HUGE, HUGE))


def _huge_raw() -> bytes:
    """Change the sides of the raw pixels, which a directory of its own describes."""
    content = dng(picture(1), None, picture(1).size)
    for tag in (256, 257):
        at = content.index(struct.pack("<HHI", tag, 4, 1), 8)
        content = put(content, at + 8, struct.pack("<I", HUGE))
    return content


def _huge_gif_frame() -> bytes:
    """A GIF whose second frame says that it is as large as can be said."""
    content = encoded(1, "GIF")
    behind = content.rindex(b";")
    frame = b"," + bytes(4) + _LARGEST_IN_GIF + b"\0\x02\x01\x00\x00"
    return content[:behind] + frame + content[behind:]


def _png_of_frames() -> bytes:
    content = bytearray(encoded(1, "PNG"))
    control = png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 48, 36, 0, 0, 1, 1, 0, 0))
    content[33:33] = png_chunk(b"acTL", struct.pack(">II", _MANY_FRAMES, 0)) + control
    return bytes(content)


def _tiff_with(content: bytes, values: dict[int, int], tags: dict[int, int] | None = None) -> bytes:
    """Change values, and then tags, of a little-endian TIFF's first directory."""
    tags = tags or {}
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag = struct.unpack_from("<H", content, entry)[0]
        if tag in values:
            content = put(content, entry + 2, struct.pack("<HII", 4, 1, values[tag]))
        if tag in tags:
            content = put(content, entry, struct.pack("<H", tags[tag]))
    return content
