"""Looks at the pixels for where to cut: the borders of an image, and the part that draws the eye."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageChops, ImageFilter

from core.imaging.colour import to_eight
from core.imaging.libvips import libvips

_LOOKED_AT: Final = 256
"""The longer side in pixels of the copy in which attention is sought; libvips goes down to 32 by itself."""


def trimmed(image: Image.Image, tolerance: int) -> Image.Image:
    """Return the image without the edge rows and columns that are all border.

    Border is what differs by no more than the tolerance (0 to 255) from the upper left corner in every
    channel, or is transparent. An image that is all border is returned as it is.
    """
    flat = to_eight(image) if image.mode == "I;16" else image
    seen = _seen(flat, tolerance)
    box = seen.getbbox()
    return image if box is None or box == (0, 0, *image.size) else image.crop(box)


def _seen(image: Image.Image, tolerance: int) -> Image.Image:
    """Return a mask, L, of what is no border: 255, else 0."""
    if image.mode in ("LA", "RGBA"):
        alpha = _above(image.getchannel("A"), tolerance)
        if not alpha.getpixel((0, 0)):
            return alpha
        return ImageChops.darker(alpha, _seen(image.convert(image.mode[:-1]), tolerance))
    plain = image.crop((0, 0, 1, 1)).resize(image.size)
    difference = ImageChops.difference(image, plain)
    bands = [_above(one, tolerance) for one in difference.split()]
    mask = bands[0]
    for band in bands[1:]:
        mask = ImageChops.lighter(mask, band)
    return mask


def _above(band: Image.Image, tolerance: int) -> Image.Image:
    return band.point([255 if value > tolerance else 0 for value in range(256)])


def attended(image: Image.Image, size: tuple[float, float]) -> tuple[float, float]:
    """Return the upper left corner of the box of this size, in pixels, that draws the eye the most."""
    factor = min(1.0, _LOOKED_AT / max(image.size))
    small = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    look = to_eight(image) if image.mode == "I;16" else image
    look = look.resize(small, Image.Resampling.BOX).convert("RGB")
    seen = _attention_of(look)
    x, y = (seen[0] + 0.5) * image.width / small[0], (seen[1] + 0.5) * image.height / small[1]
    return (
        min(max(x - size[0] / 2, 0.0), image.width - size[0]),
        min(max(y - size[1] / 2, 0.0), image.height - size[1]),
    )


def _attention_of(look: Image.Image) -> tuple[int, int]:
    """Return the pixel of a small RGB image that draws the eye."""
    vips = libvips()
    if vips is not None and min(look.size) > 1:
        try:
            pixels = vips.Image.new_from_memory(look.tobytes(), *look.size, 3, "uchar")
            pixels = pixels.copy(interpretation="srgb")
            found = pixels.smartcrop(1, 1, interesting="attention", attention_x=True, attention_y=True)
            return int(found[1]["attention_x"]), int(found[1]["attention_y"])
        except vips.Error:
            pass
    return _most_edges(look)


def _most_edges(look: Image.Image) -> tuple[int, int]:
    """Return the pixel around which the edges are strongest, the first of several."""
    wide, high = look.size
    edges = look.convert("L").filter(ImageFilter.FIND_EDGES)
    edges.paste(0, (0, 0, wide, 1))  # where the filter sees nothing but the edge of the image
    edges.paste(0, (0, high - 1, wide, high))
    edges.paste(0, (0, 0, 1, high))
    edges.paste(0, (wide - 1, 0, wide, high))
    strong = edges.filter(ImageFilter.GaussianBlur(max(wide, high) / 16)).tobytes()
    place = strong.index(max(strong))
    return place % wide, place // wide
