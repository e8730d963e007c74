"""Decompression bombs: small files that unpack to far more than they are, of every format that can."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from PIL import Image

from tests.core.imaging.samples import dng, icon_with, sample, svg
from tests.reliability.claims import icon_of_many
from tests.reliability.packed import (
    apng_of_frames,
    bmp_of_runs,
    gif_of_frames,
    jpeg_of_scans,
    one_colour,
    png_chunk,
    png_of,
    psd_of_runs,
    put,
    qoi_of_runs,
    tiff_of_one_strip,
    tiff_of_one_tile,
    webp_of_frames,
)
from tests.reliability.sources import encoded, picture

NEAR: Final = 17_000  # pixels along a side: 289 megapixels, of 300 that are let through
OVER: Final = 30_000
ENDLESS: Final = frozenset({"pdf that draws itself"})
"""Those that no library can be told to give up: their end is the time limit."""

LARGE: Final = 8_000  # 64 megapixels, where packing or unpacking more takes minutes on a busy machine
_UNPACKED: Final = 400_000_000  # bytes


@cache
def _nothing() -> bytes:
    return zlib.compress(bytes(_UNPACKED), 9)


def bombs() -> Mapping[str, Callable[[], bytes]]:
    """Return what makes each bomb; its name begins with that of the format."""
    return {
        "png of a black gigapixel": lambda: png_of(OVER, OVER, _nothing()),
        "png within the limit, all black": lambda: png_of(NEAR, NEAR, _nothing()),
        "png with a text that unpacks": lambda: _with_chunk(b"zTXt", b"Comment\0\0" + _nothing()),
        "png with a profile that unpacks": lambda: _with_chunk(b"iCCP", b"icc\0\0" + _nothing()),
        "png cut off within the limit": lambda: png_of(NEAR, NEAR, _nothing()[:1_000]),
        "png of five thousand frames": lambda: apng_of_frames(64, 64, 5_000),
        "png of large frames": lambda: apng_of_frames(4_000, 4_000, 2_000),
        "jpeg of one colour": lambda: one_colour("JPEG", NEAR, NEAR),
        "jpeg of one colour, over the limit": lambda: one_colour("JPEG", OVER, OVER),
        "jpeg of a thousand scans": lambda: jpeg_of_scans(8_000, 1_000),
        "webp of one colour at its largest": lambda: _webp(16_383, 16_383),
        "webp of five thousand frames": lambda: webp_of_frames(64, 64, 5_000),
        "webp of large frames": lambda: webp_of_frames(8_000, 8_000, 10_000),
        "webp of frames at its largest": lambda: webp_of_frames(16_383, 16_383, 10_000),
        "gif of one colour": lambda: one_colour("GIF", LARGE, LARGE),
        "gif of two hundred thousand frames": lambda: gif_of_frames(1, 1, 200_000),
        "gif of a million frames": lambda: gif_of_frames(64, 64, 1_000_000),
        "gif of large frames": lambda: gif_of_frames(16_000, 16_000, 10_000),
        "avif of one colour": lambda: one_colour("AVIF", LARGE, LARGE, speed=10, subsampling="4:0:0"),
        "heic of one colour": lambda: sample("heic", Image.new("RGB", (3_000, 3_000))),
        "jxl of one colour": lambda: _jxl(NEAR),
        "jxl of one colour, over the limit": lambda: _jxl(18_000),
        "jpeg2000 of one colour": lambda: one_colour("JPEG2000", LARGE, LARGE, num_resolutions=1),
        "tiff of one strip": lambda: tiff_of_one_strip(NEAR, NEAR, _nothing()),
        "tiff of one strip, over the limit": lambda: tiff_of_one_strip(OVER, OVER, _nothing()),
        "tiff of one pixel in a tile": lambda: tiff_of_one_tile(1, 1, LARGE, _nothing()),
        "tiff of one pixel in a tile over the limit": lambda: tiff_of_one_tile(1, 1, 32_000, _nothing()),
        "tiff of one pixel in a strip that unpacks": lambda: tiff_of_one_strip(1, 1, _nothing()),
        "tiff of a line that is very high": lambda: tiff_of_one_strip(1, 290_000_000, _nothing()),
        "tiff whose pages go round in a circle": _tiff_in_a_circle,
        "psd of one colour": lambda: psd_of_runs(LARGE, LARGE),
        "psd of 16 bits and one colour": lambda: psd_of_runs(LARGE, LARGE, depth=16),
        "psd, a large one of one colour": lambda: psd_of_runs(LARGE, LARGE, large=True),
        "psd, a large one over the limit": lambda: psd_of_runs(OVER, OVER, large=True),
        "bmp of one colour": lambda: bmp_of_runs(NEAR, NEAR),
        "tga of one colour": lambda: one_colour("TGA", LARGE, LARGE, compression="tga_rle"),
        "qoi of one colour": lambda: qoi_of_runs(NEAR, NEAR),
        "ico with a black gigapixel": lambda: icon_with(png_of(OVER, OVER, _nothing())),
        "ico with a png within the limit": lambda: icon_with(png_of(NEAR, NEAR, _nothing())),
        "ico with a gigapixel far down its list": lambda: icon_of_many(png_of(OVER, OVER, _nothing()), 1_000),
        "ico with a picture that is no end of pictures": lambda: icon_of_many(encoded(1, "PNG", 256), 65_535),
        "raw with a preview of one colour": lambda: _raw_with(LARGE),
        "raw with a preview over the limit": lambda: _raw_with(OVER),
        "svg that names itself": _svg_in_svg,
        "svg whose names grow": _svg_names,
        "svgz that unpacks": lambda: gzip.compress(b" " * _UNPACKED),
        "pdf that draws itself": _pdf_in_pdf,
        "pdf with an image of a gigapixel": lambda: _pdf_with_image(OVER),
        "pdf packed again and again": _pdf_packed,
        "pdf that says it has pages without end": _pdf_of_pages,
    }


def _with_chunk(kind: bytes, body: bytes) -> bytes:
    content = encoded(1, "PNG")
    return content[:33] + png_chunk(kind, body) + content[33:]


def _webp(width: int, height: int) -> bytes:
    return one_colour("WEBP", width, height, "RGB", lossless=True, method=0, quality=0)


def _jxl(side: int) -> bytes:
    return one_colour("JXL", side, side, effort=1, lossless=True)


def _raw_with(side: int) -> bytes:
    small = picture(1)
    return dng(small.resize((64, 64)), one_colour("JPEG", side, side), (side, side))


def _tiff_in_a_circle() -> bytes:
    """Return a TIFF whose first page says that the next one is itself."""
    content = encoded(1, "TIFF")
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    return put(content, at + 2 + 12 * count, struct.pack("<I", at))


def _svg_in_svg() -> bytes:
    parts = "".join(
        f'<g id="g{n}">' + f'<use href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 12)
    )  # ten times as much with each
    return svg(64, 48, f'<defs><g id="g0"><rect width="1" height="1"/></g>{parts}</defs><use href="#g11"/>')


def _svg_names() -> bytes:
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE svg [<!ENTITY e0 "lol">{names}]>'.encode() + svg(64, 48, "<text>&e11;</text>")


def _pdf(objects: list[bytes]) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is its catalogue."""
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    at = len(content)
    table = b"".join(b"%010d 00000 n \n" % one for one in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, at)
    return content + head + table + tail


def _stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n" % (entries, len(body)) + body + b"\nendstream"


def _page(contents: int, resources: bytes) -> list[bytes]:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents %d 0 R /Resources << %s >> >>"
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page % (contents, resources),
    ]


def _pdf_in_pdf() -> bytes:
    """Each drawing draws the next one ten times."""
    depth = 10
    objects = [*_page(4, b"/XObject << /X 5 0 R >>"), _stream(b"/X Do")]
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 200 200]"
    for number in range(5, 5 + depth):
        inner = b" /Resources << /XObject << /X %d 0 R >> >>" % (number + 1)
        objects.append(_stream(b"/X Do " * 10, form + inner))
    objects.append(_stream(b"0 0 10 10 re f", form))
    return _pdf(objects)


def _pdf_with_image(side: int) -> bytes:
    kind = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    packed = zlib.compress(bytes(side * side), 9) if side * side < _UNPACKED else _nothing()
    image = _stream(packed, kind + b" /Width %d /Height %d" % (side, side))
    return _pdf([*_page(4, b"/XObject << /X 5 0 R >>"), _stream(b"200 0 0 200 0 0 cm /X Do"), image])


def _pdf_packed() -> bytes:
    packed = zlib.compress(zlib.compress(zlib.compress(b" " * 1_000_000_000, 9), 9), 9)
    filters = b"/Filter [/FlateDecode /FlateDecode /FlateDecode]"
    return _pdf([*_page(4, b""), _stream(packed, filters)])


def _pdf_of_pages() -> bytes:
    objects = _page(4, b"")
    objects[1] = b"<< /Type /Pages /Kids [3 0 R 2 0 R 2 0 R] /Count 2000000000 >>"
    return _pdf([*objects, _stream(b"")])
