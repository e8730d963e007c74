"""Sets an image upright by its EXIF orientation."""

from __future__ import annotations

from typing import Final

from PIL import Image

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to set an image upright, by its EXIF orientation (Exif 2.32, section 4.6.4)."""


def set_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the image as its EXIF orientation (1 to 8) says that it is to be seen."""
    how = _TURNS.get(orientation)
    return image if how is None else image.transpose(how)
