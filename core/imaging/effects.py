"""Changes how an image looks: sharper, softer, greyer, brighter, on a colour, or with a mark on it."""

from __future__ import annotations

from typing import TypeAlias

from PIL import Image, ImageEnhance, ImageFilter

from core.imaging.colour import laid_on
from core.imaging.watermark import marked
from core.operations import Adjust, Blur, Flatten, Grey, Sharpen, Watermark

Effect: TypeAlias = Watermark | Sharpen | Blur | Grey | Adjust | Flatten


def needs_srgb(effect: Effect) -> bool:
    """Return whether the effect has a meaning for L, LA, RGB and RGBA alone, and not for CMYK."""
    return isinstance(effect, Watermark | Grey | Adjust)


def needs_eight(effect: Effect) -> bool:
    """Return whether the effect takes 8 bits a channel, and not 16-bit grey."""
    return isinstance(effect, Watermark | Sharpen | Blur | Adjust)


def apply(image: Image.Image, effect: Effect, *, background: str, icc: bytes | None) -> Image.Image:
    """Return the changed image: L, LA, RGB or RGBA; also CMYK or I;16 where the effect takes it.

    background: the recipe's. icc: the profile that the colours are in; None for sRGB.
    """
    match effect:
        case Watermark():
            return marked(image, effect, icc)
        case Sharpen(amount, radius, threshold):
            return _filtered(image, ImageFilter.UnsharpMask(radius, amount, threshold))
        case Blur(radius):
            return _filtered(image, ImageFilter.GaussianBlur(radius))
        case Grey():
            return image.convert(_GREY.get(image.mode, image.mode))
        case Adjust():
            return _adjusted(image, effect)
        case Flatten(colour):
            return laid_on(image, background if colour is None else colour, icc)


_GREY = {"RGB": "L", "RGBA": "LA"}


def _filtered(image: Image.Image, by: ImageFilter.Filter) -> Image.Image:
    """Filter with colours multiplied by their alpha, so that what is transparent has no weight."""
    if image.mode in ("LA", "RGBA"):
        return image.convert(image.mode[:-1] + "a").filter(by).convert(image.mode)
    return image.filter(by)


def _adjusted(image: Image.Image, wanted: Adjust) -> Image.Image:
    if wanted.brightness or wanted.contrast:
        bright, spread = 1 + wanted.brightness / 100, 1 + wanted.contrast / 100
        levels = [(min(level * bright, 255.0) - 127.5) * spread + 127.5 for level in range(256)]
        table = [min(max(int(level + 0.5), 0), 255) for level in levels]
        colours = 1 if image.mode in ("L", "LA") else 3
        table *= colours
        if image.mode in ("LA", "RGBA"):
            table += range(256)
        image = image.point(table)
    if wanted.saturation and image.mode in ("RGB", "RGBA"):
        image = ImageEnhance.Color(image).enhance(1 + wanted.saturation / 100)
    return image
