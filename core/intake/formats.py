"""Tells whether a file is taken for an image: by its name, or by its first bytes."""

from __future__ import annotations

import re
from typing import Final

from core.formats import READABLE_SUFFIXES

HEAD: Final = 32
"""How many bytes from the start of a file `begins_like_image` needs."""

# Signatures as the formats' specifications give them. AVIF, HEIC and Canon's CR3 are ISO base media files
# with brands of their own, which may stand among the compatible ones behind another. A TGA has none.
_BEGINNING: Final = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|GIF8[79]a"
    rb"|RIFF....WEBP"
    rb"|II[*+]\x00|MM\x00[*+]"  # TIFF and BigTIFF, and most camera RAW
    rb"|II(?:RO|RS|U\x00)|MMOR|FUJIFILMCCD-RAW|FOVb|\x00MRM"  # other camera RAW
    rb"|BM"
    rb"|....ftyp(?:....){0,4}?(?:avi[fs]|hei[cxms]|hev[cxms]|mif1|msf1|crx )"
    rb"|\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"  # JPEG 2000, in its box and without
    rb"|\x00\x00\x00\x0cJXL \r\n\x87\n|\xff\x0a"  # JPEG XL, the same
    rb"|P[1-6][ \t\r\n]|P[fF][ \r\n]"  # PBM, PGM, PPM; PFM
    rb"|qoif"
    rb"|8BPS\x00[\x01\x02]"  # PSD and PSB
    rb"|DDS \x7c\x00\x00\x00"
    rb"|\x00\x00\x01\x00[\x01-\xff]\x00"  # ICO
    rb"|%PDF-"
    rb"|(?:\xef\xbb\xbf)?\s*<svg[\s>]",
    re.DOTALL,
)


def named_like_image(name: str) -> bool:
    """Return whether the file's suffix is that of a format that can be read."""
    return f".{name.rpartition('.')[2].lower()}" in READABLE_SUFFIXES and "." in name


def begins_like_image(head: bytes) -> bool:
    """Return whether these first bytes of a file are those of a format that can be read."""
    return _BEGINNING.match(head) is not None
