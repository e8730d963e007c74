"""Tells how alike two pictures look, and from when on people cannot tell them apart."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageMath

SAME: Final = 0.96
"""The likeness from which on two pictures are taken to look the same, 0 to 1.

In the study of Flynn, Ward, Abich and Poole ("Image Quality Assessment Using the SSIM and the Just Noticeable
Difference Paradigm", 2013) at least half of the people could not tell a compressed picture from its original
from an SSIM of 0.92 to 0.96 on, by the picture. Here the strictest of these must hold in the worst part of
the picture, and not only on average.
"""

_WORST: Final = 0.06
"""The part of the picture that counts: the worst one.

Moorthy and Bovik, "Visual Importance Pooling for Image Quality Assessment", 2009.
"""

_STRIP: Final = 512  # rows at a time, a multiple of 4, so that a large picture takes little memory
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2
_FINEST: Final = 1000  # steps of the index between 0 and 1 that are told apart


def likeness(first: Image.Image, second: Image.Image) -> float:
    """Return how alike two pictures of one size look, up to 1 for the same: the mean of the worst part.

    It is the structural similarity of Wang, Bovik, Sheikh and Simoncelli (2004) of their brightness (luma of
    ITU-R BT.601; transparency is laid on mid-grey), in windows of 8 x 8 pixels with a step of 4, as video
    encoders take it. Colours alone are not compared.
    """
    assert first.size == second.size
    one, other = _luma(first), _luma(second)
    counts = [0] * 256
    for top in range(0, max(one.height - 4, 1), _STRIP):
        box = (0, top, one.width, min(top + _STRIP + 4, one.height))
        loss = _loss(one.crop(box), other.crop(box))
        counts = [sum(both) for both in zip(counts, loss.histogram(), strict=True)]
    left = max(1, round(sum(counts) * _WORST))
    total, taken = 0, left
    for level in range(255, -1, -1):
        here = min(counts[level], left)
        total += here * level
        left -= here
    return 1 - total / taken / _FINEST


def _luma(image: Image.Image) -> Image.Image:
    """Return the brightness as L, at least 8 pixels wide and high."""
    if image.mode in ("LA", "RGBA"):
        under = Image.new("L", image.size, 128)
        under.paste(image.convert("L"), mask=image.getchannel("A"))
        image = under
    grey = image.convert("L")
    least = max(grey.width, 8), max(grey.height, 8)
    return grey if least == grey.size else grey.resize(least, Image.Resampling.NEAREST)


def _loss(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return what each window lacks to the same, in thousandths up to 255, as L."""
    x, y = one.convert("F"), other.convert("F")
    product = lambda args: args["a"] * args["b"]  # noqa: E731
    squares = [ImageMath.lambda_eval(product, a=a, b=b) for a, b in ((x, x), (y, y), (x, y))]
    mx, my, xx, yy, xy = (_windows(part) for part in (x, y, *squares))

    def lost(args: dict[str, ImageMath._Operand]) -> ImageMath._Operand:
        both, means = args["x"] * args["y"], args["x"] * args["x"] + args["y"] * args["y"]
        above = (both * 2 + _C1) * ((args["xy"] - both) * 2 + _C2)
        below = (means + _C1) * (args["xx"] + args["yy"] - means + _C2)
        return (1 - above / below) * _FINEST + 0.5

    found: Image.Image = ImageMath.lambda_eval(lost, x=mx, y=my, xx=xx, yy=yy, xy=xy)
    return found.convert("L")


def _windows(part: Image.Image) -> Image.Image:
    """Return the means over windows of 8 x 8 pixels with a step of 4."""
    quarter = part.reduce(4)
    wide, high = max(part.width // 4, 2), max(part.height // 4, 2)
    corners = [quarter.crop((x, y, x + wide - 1, y + high - 1)) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
    total = lambda args: (args["a"] + args["b"] + args["c"] + args["d"]) * 0.25  # noqa: E731
    found: Image.Image = ImageMath.lambda_eval(total, **dict(zip("abcd", corners, strict=True)))
    return found
