"""Performs the steps of a plan on pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PIL import Image

from core.imaging.borders import attended, trimmed
from core.imaging.colour import fill_of, taking, with_alpha
from core.imaging.decode import check_pixels
from core.imaging.effects import apply
from core.imaging.libvips import shrunk_by_vips
from core.imaging.plan import Apply, Attend, Cut, Pad, Scale, Size, Spin, Step, Trim, Turn, plan

_REDUCING_GAP: Final = 2.0
"""How many times the target is left to the Lanczos filter after a box filter has done the coarse part.

4.4 ms instead of 21 for 1920 to 256 pixels; libvips leaves as much to its own.
"""

_SMALL: Final = 100_000  # pixels; below it Pillow is as fast
_COARSE: Final = 4  # times the target; from there on the box filter does the most
"""Between these two libvips scales: 2048 to 1024 pixels in 12 ms against 30 of Pillow, 1024 to 512 in 3.2
against 7.6, 500 to 256 in 1.3 against 1.9; but 2048 to 256 in 7.8 against 3.7. What is left by a box filter
is for libvips, too: 1920 to 256 in 4.2 ms against 6.7, in one run."""


def perform(
    image: Image.Image,
    steps: Sequence[Step],
    full: Size,
    *,
    background: str,
    fast: bool,
    icc: bytes | None = None,
) -> Image.Image:
    """Perform the steps of a plan on an upright image that may have been loaded smaller than `full`.

    The image is in a mode of `colour.scalable`. Transparent pixels have no weight when others are resampled.
    icc: the profile that its colours are in, for what is put into it; None for sRGB. Raises TooLarge when
    what is left of a trimmed image would be made larger than the limit.
    """
    box = (0.0, 0.0, float(image.width), float(image.height))
    across, down = image.width / full[0], image.height / full[1]
    whole = True  # whether `box` is still the whole image
    for step in steps:
        if isinstance(step, Attend):
            step = _attended(image, step, box, (across, down))
        if isinstance(step, Cut) and (across, down) != (1.0, 1.0):
            left, top = box[0], box[1]
            cut = step.box
            box = (left + cut[0] * across, top + cut[1] * down, left + cut[2] * across, top + cut[3] * down)
            whole = False
        elif isinstance(step, Scale):
            image = _scaled(image, step.size, None if whole else _within(box, image.size), fast=fast)
            across = down = 1.0
            whole = True
        elif isinstance(step, Trim):
            image = trimmed(image, step.tolerance)
            rest = plan(step.rest, image.size)
            check_pixels(*rest.largest, "The trimmed image would need")
            return perform(image, rest.steps, image.size, background=background, fast=fast, icc=icc)
        else:
            image = _moved(image, step, background, icc)
            box = (0.0, 0.0, float(image.width), float(image.height))
    return image


def _within(box: tuple[float, float, float, float], size: Size) -> tuple[float, float, float, float]:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))


def _scaled(
    image: Image.Image, size: Size, box: tuple[float, float, float, float] | None, *, fast: bool
) -> Image.Image:
    if box is None and image.size == size:
        return image
    if box is None:
        coarse = _coarse(image.size, size) if fast and image.mode in ("L", "RGB") else (1, 1)
        left = image.width // coarse[0], image.height // coarse[1]
        if _is_for_vips(left, size):
            shrunk = shrunk_by_vips(image if coarse == (1, 1) else image.reduce(coarse), size)
            if shrunk is not None:
                return shrunk
    fast = fast and image.mode != "I;16"  # for which Pillow has no box filter
    return image.resize(size, Image.Resampling.LANCZOS, box, _REDUCING_GAP if fast else None)


def _coarse(size: Size, new: Size) -> tuple[int, int]:
    """Return by what a box filter is to make it smaller first; 1 where `_COARSE` is not reached.

    Only what divides a side goes, so that no pixel at the end is made of fewer than the others.
    """
    if max(size[0] / new[0], size[1] / new[1]) < _COARSE:
        return 1, 1
    across, down = (
        next(by for by in range(max(int(side / to / _REDUCING_GAP), 1), 0, -1) if side % by == 0)
        for side, to in zip(size, new, strict=True)
    )
    return across, down


def _is_for_vips(size: Size, new: Size) -> bool:
    across, down = size[0] / new[0], size[1] / new[1]
    return size[0] * size[1] > _SMALL and min(across, down) >= 1 and max(across, down) < _COARSE


def _attended(
    image: Image.Image, step: Attend, box: tuple[float, float, float, float], scale: tuple[float, float]
) -> Cut:
    """Return the cut, in pixels of the full size, that the part of the image in the box is to get."""
    left, top, right, bottom = (round(one) for one in box)
    seen = image if (right - left, bottom - top) == image.size else image.crop((left, top, right, bottom))
    wide, high = min(step.size[0] * scale[0], seen.width), min(step.size[1] * scale[1], seen.height)
    x, y = attended(seen, (wide, high))
    left, top = round(x / scale[0]), round(y / scale[1])
    return Cut((left, top, left + step.size[0], top + step.size[1]))


def _moved(image: Image.Image, step: Step, background: str, icc: bytes | None) -> Image.Image:
    if isinstance(step, Apply):
        return apply(image, step.effect, background=background, icc=icc)
    if isinstance(step, Pad):
        return _padded(image, step, background, icc)
    if isinstance(step, Turn):
        return image.transpose(step.how)
    if isinstance(step, Cut):
        return image.crop(step.box)
    assert isinstance(step, Spin)
    cosine, sine = math.cos(math.radians(step.angle)), math.sin(math.radians(step.angle))
    x, y = step.size[0] / 2, step.size[1] / 2
    matrix = (
        cosine, sine, image.width / 2 - cosine * x - sine * y,
        -sine, cosine, image.height / 2 + sine * x - cosine * y,
    )  # fmt: skip
    fill, mode = fill_of(image.mode, background, icc), image.mode
    if mode == "I;16":
        image = image.convert("I")  # Pillow would take its bytes for pixels of 8 bits
    turned = image.transform(
        step.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=fill
    )
    return turned.convert(mode)


def _padded(image: Image.Image, step: Pad, background: str, icc: bytes | None) -> Image.Image:
    colour = background if step.colour in (None, "transparent") else step.colour
    assert colour is not None
    image = with_alpha(image) if step.colour == "transparent" else taking(image, colour)
    fill = fill_of(image.mode, colour, icc, opaque=step.colour != "transparent")
    canvas = Image.new(image.mode, step.size, fill)
    canvas.paste(image, step.at)
    return canvas
