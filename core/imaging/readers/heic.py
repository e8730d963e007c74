"""Reads HEIC with pillow-heif (libheif, libde265), and lets Pillow write it (x265)."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import pillow_heif
from PIL import Image

pillow_heif.options.DECODE_THREADS = 1  # four workers fill the processors by themselves
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the main image, not decoded yet, of 8 bits.

    It is upright whatever its EXIF says, because libheif turns it as the container says (ISO/IEC 23008-12,
    section 6.5). libheif opens a file by its header and keeps limits of its own: `check` has nothing to do.
    """
    del check
    opened: Image.Image = pillow_heif.HeifImageFile(file)  # type: ignore[no-untyped-call]
    return opened


def register_writer() -> None:
    """Let Pillow write it; as a reader it stays where it is, so that a HEIC is opened in one way."""
    if "HEIF" not in Image.SAVE:
        reader = Image.OPEN.copy()
        pillow_heif.register_heif_opener()
        Image.OPEN.clear()
        Image.OPEN.update(reader)
