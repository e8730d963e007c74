"""Reads from an opened source when and with what it was taken."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from core.imaging.decode import Source
from core.imaging.exif import BrokenExif, texts_of
from core.imaging.naming import Shot

_AS_EXIF: Final = "%Y:%m:%d %H:%M:%S"


def shot_of(source: Source) -> Shot:
    """Return what the EXIF says, and for the date else when the file was changed, in this machine's zone."""
    camera, written = "", ""
    if source.carried.exif is not None:
        with suppress(BrokenExif):
            camera, written = texts_of(source.carried.exif)
    taken: datetime | None = None
    with suppress(ValueError):
        taken = datetime.strptime(written, _AS_EXIF)
    if taken is None:
        with suppress(ValueError, OverflowError, OSError):
            taken = datetime.fromtimestamp(source.status.st_mtime)
    return Shot(taken, camera)
