"""Puts a text or an image onto an image, scaled to it."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from core.errors import BadRecipe, from_os_error
from core.imaging.colour import from_srgb, scalable, to_srgb, with_alpha
from core.imaging.decode import load, open_source, shown
from core.imaging.upright import set_upright
from core.operations import Watermark

_MEASURED: Final = 200  # pixels; the size of the font in which a text is measured


def marked(image: Image.Image, wanted: Watermark, icc: bytes | None) -> Image.Image:
    """Return the image, L, LA, RGB or RGBA, with the mark on it.

    icc: the profile that its colours are in; None for sRGB. Raises what `open_source` and `load` raise for
    the image of the mark, and BadRecipe for a font that cannot be used.
    """
    box = max(1, round(image.width * wanted.size / 100)), max(1, round(image.height * wanted.size / 100))
    mark = _mark(wanted, box)
    colours = mark.convert("RGB")
    if image.mode in ("L", "LA") and not _is_grey(mark):
        image = image.convert("RGB" if image.mode == "L" else "RGBA")
    strength = mark.getchannel("A").point([round(one * wanted.opacity / 100) for one in range(256)])
    colours = from_srgb(colours, icc) if image.mode in ("RGB", "RGBA") else colours.convert("L")
    image = image.copy()
    for at in _places(wanted, image.size, mark.size):
        if image.mode in ("L", "RGB"):
            image.paste(colours, at, strength)
        else:
            image.paste(
                _over(image.crop((*at, at[0] + mark.width, at[1] + mark.height)), colours, strength), at
            )
    return image


def _over(part: Image.Image, colours: Image.Image, strength: Image.Image) -> Image.Image:
    """Return a part with alpha of an image with the mark over it."""
    layer = colours.copy()
    layer.putalpha(strength)
    return Image.alpha_composite(part.convert("RGBA"), layer.convert("RGBA")).convert(part.mode)


def _is_grey(mark: Image.Image) -> bool:
    seen = Image.new("RGB", mark.size)
    seen.paste(mark.convert("RGB"), mask=mark.getchannel("A"))
    red, green, blue = (one.tobytes() for one in seen.split())
    return red == green == blue


def _places(wanted: Watermark, size: tuple[int, int], mark: tuple[int, int]) -> list[tuple[int, int]]:
    """Return where the upper left corners go, in pixels."""
    margin = round(min(size) * wanted.margin / 100)
    if wanted.tiled:
        across, down = mark[0] + max(margin, 1), mark[1] + max(margin, 1)
        return [
            (x - (row % 2) * across // 2, y)
            for row, y in enumerate(range(0, size[1], down))
            for x in range(0, size[0] + across, across)
        ]
    words = wanted.place.split("-")
    middle = (size[0] - mark[0]) // 2, (size[1] - mark[1]) // 2
    x = margin if "left" in words else size[0] - mark[0] - margin if "right" in words else middle[0]
    y = margin if "top" in words else size[1] - mark[1] - margin if "bottom" in words else middle[1]
    return [(x, y)]


def _mark(wanted: Watermark, box: tuple[int, int]) -> Image.Image:
    """Return the mark as RGBA in the largest size that fits the box."""
    if wanted.text is not None:
        return _text(wanted.text, wanted.font, wanted.colour, box)
    assert wanted.image is not None
    try:
        status = os.stat(wanted.image)  # noqa: PTH116 - only to know whether it has changed
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    return _picture(wanted.image, (status.st_mtime_ns, status.st_size), box)


@lru_cache(maxsize=4)
def _picture(path: str, version: tuple[int, int], box: tuple[int, int]) -> Image.Image:
    """Return the picture at this path, kept while its `version` does not change: a batch has one mark."""
    del version
    with open_source(path) as source:
        factor = min(box[0] / source.size[0], box[1] / source.size[1])
        size = max(1, round(source.size[0] * factor)), max(1, round(source.size[1] * factor))
        needed = (size[1], size[0]) if source.turned else size
        picture, _ = scalable(load(source, needed, fast=False), keep_deep=False)
        picture, _ = to_srgb(picture, source.carried.icc)
        picture = with_alpha(picture.convert("RGBA" if picture.mode in ("LA", "RGBA") else "RGB"))
        return set_upright(picture, source.carried.orientation).resize(size, Image.Resampling.LANCZOS)


@lru_cache(maxsize=4)
def _text(text: str, font: str | None, colour: str, box: tuple[int, int]) -> Image.Image:
    big = _drawn(text, font, _MEASURED, None)
    size = max(1, int(_MEASURED * min(box[0] / big[0], box[1] / big[1])))
    while size > 1 and not _fits(_drawn(text, font, size, None), box):
        size -= 1
    wide, high = _drawn(text, font, size, None)
    mask = Image.new("L", (wide, high))
    _drawn(text, font, size, mask)
    mark = Image.new("RGB", mask.size, colour)
    mark.putalpha(mask)
    return mark


def _fits(size: tuple[int, int], box: tuple[int, int]) -> bool:
    return size[0] <= box[0] and size[1] <= box[1]


def _drawn(text: str, font: str | None, size: int, onto: Image.Image | None) -> tuple[int, int]:
    """Draw the text in white onto a mask, if there is one; return the width and height that it has."""
    face = _face(font, size)
    pen = ImageDraw.Draw(onto if onto is not None else Image.new("L", (1, 1)))
    left, top, right, bottom = pen.multiline_textbbox((0, 0), text, font=face, align="center")
    if onto is not None:
        pen.multiline_text((-left, -top), text, fill=255, font=face, align="center")
    return max(1, int(right - left + 0.999)), max(1, int(bottom - top + 0.999))


@lru_cache(maxsize=8)
def _face(font: str | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if font is None:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(font, size)
    except OSError as error:
        raise BadRecipe(f"watermark.font {shown(font)} cannot be used: {error}.") from error
