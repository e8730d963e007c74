"""Tells whether a file is taken for an image: by its name, or by its first bytes."""

from __future__ import annotations

import re
from typing import Final

from core.formats import READABLE_SUFFIXES

HEAD: Final = 32
"""How many bytes from the start of a file `begins_like_image` needs."""

# Signatures as the formats' specifications give them; AVIF is an ISO base media file with a brand of its own,
# which may stand among the compatible ones behind another.
_BEGINNING: Final = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|GIF8[79]a"
    rb"|RIFF....WEBP"
    rb"|II[*+]\x00|MM\x00[*+]"  # TIFF and BigTIFF
    rb"|BM"
    rb"|....ftyp(?:....){0,4}?avi[fs]"
    rb"|\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"  # JPEG 2000, in its box and without
    rb"|P[1-6][ \t\r\n]"  # PBM, PGM, PPM
    rb"|qoif",
    re.DOTALL,
)


def named_like_image(name: str) -> bool:
    """Return whether the file's suffix is that of a format that can be read."""
    return f".{name.rpartition('.')[2].lower()}" in READABLE_SUFFIXES and "." in name


def begins_like_image(head: bytes) -> bool:
    """Return whether these first bytes of a file are those of a format that can be read."""
    return _BEGINNING.match(head) is not None
