"""Draws SVG with libvips (librsvg)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import ModuleType
from typing import BinaryIO, Final

from PIL import Image

from core.errors import FormatUnavailable
from core.imaging.libvips import libvips
from core.imaging.readers.lazy import DrawnImage

DOTS: Final = 96
"""Pixels in an inch, for lengths that are not in pixels (CSS Values and Units, section 6.2)."""

_PIXEL: Final = 72 / DOTS  # libvips scales by the dots in an inch: a pixel is to stay a pixel
_LONGEST: Final = 64_000_000  # bytes of the text


class SvgImage(DrawnImage):
    """A drawing, RGBA, at its own size or the one that `draft` asked for."""

    format = "SVG"

    def __init__(self, vips: ModuleType, text: bytes, size: tuple[int, int], file: BinaryIO) -> None:
        self._vips, self._text, self._own = vips, text, size
        super().__init__(file, size, "RGBA", {})

    def drawn(self) -> Image.Image:
        """Draw it."""
        scale = max(self._size[0] / self._own[0], self._size[1] / self._own[1])
        drawn = self._vips.Image.svgload_buffer(self._text, dpi=DOTS, scale=scale * _PIXEL)
        return Image.frombytes("RGBA", (drawn.width, drawn.height), drawn.write_to_memory())


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the drawing, not drawn yet.

    It is given to librsvg as bytes without a place: so librsvg follows no reference out of it, neither to
    files nor to the network (librsvg, "Security and locations of referenced files").

    Raises FormatUnavailable where libvips cannot be loaded.
    """
    del check  # nothing takes memory before it is drawn
    vips = libvips()
    if vips is None:
        raise FormatUnavailable("SVG needs pyvips[binary], which does not work: libvips cannot be loaded.")
    text = _text_of(file)
    try:
        header = vips.Image.svgload_buffer(text, dpi=DOTS, scale=_PIXEL)
    except vips.Error as error:
        raise SyntaxError(f"the SVG cannot be read: {_last_line(error)}") from error
    return SvgImage(vips, text, (header.width, header.height), file)


def _text_of(file: BinaryIO) -> bytes:
    content = file.read(_LONGEST + 1)
    if content.startswith(b"\x1f\x8b"):
        content = zlib.decompressobj(31).decompress(content, _LONGEST + 1)
    if len(content) > _LONGEST:
        raise SyntaxError(f"the SVG is longer than {_LONGEST:,} bytes")
    return content


def _last_line(error: Exception) -> str:
    return str(getattr(error, "detail", error)).strip().splitlines()[-1]
