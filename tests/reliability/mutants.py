"""Files that are almost images: every format that is read, damaged by chance."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Sequence

from PIL import Image

from core.formats import FORMATS
from tests.core.imaging.pictures import encoded
from tests.core.imaging.samples import sample, svg
from tests.reliability.sources import picture


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
