"""Reads with libvips (libtiff) the TIFFs whose samples Pillow does not know."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from PIL import Image

from core.imaging.libvips import libvips
from core.imaging.readers.lazy import Info, LazyImage

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_PLAIN: Final = ("b-w", "grey16", "srgb", "rgb", "rgb16")  # whose profile still says what their colours are


class TiffImage(LazyImage):
    """One page, of 8 bits."""

    format = "TIFF"

    def __init__(self, file: BinaryIO, opened: Any, mode: str, info: Info) -> None:
        self._opened = opened
        self.deep = opened.format == "ushort"
        self.n_frames = int(opened.get("n-pages")) if opened.get_typeof("n-pages") else 1
        super().__init__(file, (opened.width, opened.height), mode, info)

    def seek(self, frame: int) -> None:
        """Turn to a page, from 0. Raises EOFError after the last, and SyntaxError."""
        if frame >= self.n_frames:
            raise EOFError
        self._opened, self._mode, self.info = _opened(self.fp, frame)
        self.deep = self._opened.format == "ushort"
        self._size = self._opened.width, self._opened.height
        self._im = None

    def pixels(self) -> Image.Image:
        """Bring it to sRGB or grey of 8 bits."""
        return Image.frombytes(self._mode, self._size, _plain(self._opened).write_to_memory())


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the image, at its first page, upright and not decoded yet. Raises what `check` raises."""
    opened, mode, info = _opened(file, 0)
    check(opened.width, opened.height)
    return TiffImage(file, opened, mode, info)


def _opened(file: Any, page: int) -> tuple[Any, str, Info]:
    vips = libvips()
    if vips is None:
        raise SyntaxError("its samples are of a kind that Pillow cannot read")
    try:
        file.seek(0)
        if isinstance(file, io.BytesIO):
            opened = vips.Image.tiffload_buffer(file.read(), page=page, fail_on="truncated")
        else:
            descriptor = os.dup(file.fileno())
            try:
                opened = vips.Image.tiffload_source(
                    vips.Source.new_from_descriptor(descriptor), page=page, fail_on="truncated"
                )
            finally:
                os.close(descriptor)  # libvips has made one of its own
        opened = opened.autorot()
        mode = _MODES.get(_plain(opened).bands)
    except vips.Error as error:
        raise SyntaxError(f"libvips cannot read it: {str(error.detail).strip().splitlines()[-1]}") from error
    if mode is None:
        raise SyntaxError("its samples are of a kind that cannot be read")
    info: Info = {}
    if opened.interpretation in _PLAIN and opened.get_typeof("icc-profile-data"):
        info["icc_profile"] = bytes(opened.get("icc-profile-data"))
    return opened, mode, info


def _plain(image: Any) -> Any:
    grey = image.bands - int(image.hasalpha()) == 1
    return image.colourspace("b-w" if grey else "srgb").cast("uchar")
