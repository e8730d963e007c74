"""Files that are almost images: every format that is read, damaged by chance, and decompression bombs."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image

from core.formats import FORMATS
from tests.core.imaging.pictures import encoded
from tests.core.imaging.samples import sample, svg
from tests.reliability.sources import picture

HUGE: Final = 60_000  # pixels along a side: 3,600 megapixels, twelve times the limit


def seeds() -> dict[str, bytes]:
    """Return a small image in every format that is read, and in several kinds of some."""
    small, grey = picture(1), picture(2).convert("L")
    found = {one.name: sample(one.name, small) for one in FORMATS}
    found |= {
        "jpeg-progressive": encoded(small, "JPEG", progressive=True, exif=_exif(), icc_profile=b"\0" * 200),
        "jpeg-cmyk": encoded(small.convert("CMYK"), "JPEG"),
        "png-palette": encoded(small.convert("P"), "PNG"),
        "png-16": encoded(Image.new("I;16", (40, 30), 30_000), "PNG"),
        "png-animated": encoded(small, "PNG", save_all=True, append_images=[picture(3)]),
        "gif-animated": encoded(small, "GIF", save_all=True, append_images=[picture(4)]),
        "webp-lossless": encoded(small, "WEBP", lossless=True, exif=_exif()),
        "webp-animated": encoded(small, "WEBP", save_all=True, append_images=[picture(5)]),
        "tiff-lzw": encoded(small, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": encoded(small, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-jpeg": encoded(small, "TIFF", compression="jpeg"),
        "tiff-fax": encoded(grey.convert("1"), "TIFF", compression="group4"),
        "tga-rle": encoded(small, "TGA", compression="tga_rle"),
        "bmp-palette": encoded(small.convert("P"), "BMP"),
        "svgz": gzip.compress(svg(64, 48)),
    }
    return found


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x9286] = 6, "a description", b"ASCII\0\0\0comment"
    return exif


def mutant(rng: random.Random, names: Sequence[str], files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return a damaged file, and the name of what it was."""
    name = rng.choice(names)
    content = bytearray(files[name])
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        _damage(rng, content, files)
    return name, bytes(content)


def _damage(rng: random.Random, content: bytearray, files: dict[str, bytes]) -> None:
    at = min(rng.randrange(len(content) + 1), int(rng.expovariate(1 / 60))) if rng.random() < 0.5 else None
    at = rng.randrange(len(content) + 1) if at is None else at
    match rng.randrange(8):
        case 0:
            content[at : at + 1] = bytes([rng.randrange(256)])
        case 1 if content:
            content[min(at, len(content) - 1)] ^= 1 << rng.randrange(8)
        case 2:
            del content[at:]
        case 3:
            del content[at : at + rng.randrange(1, 64)]
        case 4:
            content[at:at] = content[at : at + rng.randrange(1, 64)]
        case 5:
            other = files[rng.choice(list(files))]
            start = rng.randrange(len(other))
            content[at:] = other[start:]
        case 6:
            odd = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
            content[at : at + 4] = struct.pack(rng.choice("<>") + "I", odd)
        case _:
            content[at:at] = rng.randbytes(rng.randrange(1, 32))


def bombs() -> dict[str, bytes]:
    """Return small files that unpack to far more than they are."""
    small, nothing = picture(1), zlib.compress(bytes(400_000_000), 9)
    return {
        "png of a black gigapixel": _png(30_000, 30_000, nothing),
        "png within the limit, all black": _png(17_000, 17_000, nothing),
        "png with a text that unpacks": _with_chunk(small, b"zTXt", b"Comment\0\0" + nothing),
        "png with a profile that unpacks": _with_chunk(small, b"iCCP", b"icc\0\0" + nothing),
        "png cut off within the limit": _png(17_000, 17_000, nothing[:1_000]),
        "webp of one colour at its largest": _webp(16_383, 16_383),
        "svg that names itself": _svg_in_svg(),
        "svg whose names grow": _svg_names(),
        "svgz that unpacks": gzip.compress(b" " * 400_000_000),
        "tiff whose pages go round in a circle": _tiff_in_a_circle(),
    }


def claims() -> dict[str, bytes]:
    """Return real files whose headers were made to say that they are huge."""
    small = picture(1)
    jpeg, gif, bmp, jp2, psd = (sample(one, small) for one in ("jpeg", "gif", "bmp", "jpeg2000", "psd"))
    qoi, tga, dds, tiff, webp = (sample(one, small) for one in ("qoi", "tga", "dds", "tiff", "webp"))
    sides: Callable[[str], bytes] = lambda form: struct.pack(form, HUGE, HUGE)  # noqa: E731
    frame = jpeg.index(b"\xff\xc0")
    ihdr, siz = jp2.index(b"ihdr"), jp2.index(b"\xff\x51")
    found = {
        "jpeg": _put(jpeg, frame + 5, sides(">HH")),
        "png": _png(HUGE, HUGE, zlib.compress(bytes(1_000))),
        "gif": _put(gif, 6, sides("<HH")),
        "bmp": _put(bmp, 18, sides("<ii")),
        "jpeg2000": _put(_put(jp2, ihdr + 4, sides(">II")), siz + 6, sides(">II")),
        "psd": _put(psd, 14, sides(">II")),
        "qoi": _put(qoi, 4, sides(">II")),
        "tga": _put(tga, 12, sides("<HH")),
        "dds": _put(dds, 12, sides("<II")),
        "pnm": b"P6\n%d %d\n255\n" % (HUGE, HUGE) + bytes(1_000),
        "tiff": _tiff_sides(tiff),
        "svg": svg(HUGE, HUGE),
        "pdf": sample("pdf", small).replace(b"/MediaBox [ 0 0 48", b"/MediaBox [ 0 0 99999"),
        "webp": webp[:8] + b"WEBPVP8X" + struct.pack("<IB3x", 10, 0) + b"\xff" * 6 + webp[12:],
    }
    for name in ("avif", "heic"):
        content = sample(name, small)
        found[name] = _put(content, content.index(b"ispe") + 8, sides(">II"))
    return {f"{name} that says {HUGE} pixels": content for name, content in found.items()}


def _put(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, packed: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _with_chunk(small: Image.Image, kind: bytes, body: bytes) -> bytes:
    content = encoded(small, "PNG")
    return content[:33] + _chunk(kind, body) + content[33:]


def _webp(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).convert("RGB").save(file, "WEBP", lossless=True, method=0, quality=0)
    return file.getvalue()


def _tiff_sides(content: bytes) -> bytes:
    """Change the values of ImageWidth and ImageLength in a little-endian TIFF's first directory."""
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, entry)[0] in (256, 257):
            content = _put(content, entry + 2, struct.pack("<HII", 4, 1, HUGE))
    return content


def _tiff_in_a_circle() -> bytes:
    """Return a TIFF whose first page says that the next one is itself."""
    content = encoded(picture(1), "TIFF")
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    return _put(content, at + 2 + 12 * count, struct.pack("<I", at))


def _svg_in_svg() -> bytes:
    parts = "".join(
        f'<g id="g{n}">' + f'<use href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 12)
    )  # ten times as much with each
    return svg(64, 48, f'<defs><g id="g0"><rect width="1" height="1"/></g>{parts}</defs><use href="#g11"/>')


def _svg_names() -> bytes:
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE svg [<!ENTITY e0 "lol">{names}]>'.encode() + svg(64, 48, "<text>&e11;</text>")
