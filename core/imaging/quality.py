"""Searches the quality of a lossy format: for a size that is not to be passed, or for a look to keep."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from PIL import Image

from core.errors import CannotEncode
from core.formats import Format
from core.imaging.likeness import SAME, likeness

Encoded: TypeAlias = Callable[[Image.Image, float], bytes]
"""Encodes an image at a quality, 1 to 100."""

CLOSE: Final = 0.97
"""The part of a limit in bytes that a file is to fill where the format's steps of quality allow it."""

LOWEST_QUALITY: Final = 35
"""Below it a smaller image looks better than a coarser one."""

_MOST_TRIES: Final = 8  # after the two ends; the files of photos take 2 to 5
_MOST_SHRINKS: Final = 8
_SMALLEST_PART: Final = 0.02  # of each side, to which an image in a format without quality is reduced

_STEPS: Final = {"jpeg": 0.1, "webp": 0.5}
"""The steps of quality by which the files of a format differ, where they are finer than 1."""

_LOOKS: Final = {"avif": (40, 95)}
"""The qualities between which that of a look is sought, where they are others than 50 and 98."""

# Tables K.1 and K.2 of the JPEG standard (ITU-T T.81), from which libjpeg makes those of each quality.
_LUMINANCE: Final = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE: Final = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)


def lowered(
    ways: Sequence[Encoded], image: Image.Image, chosen: Format, quality: int, limit: int
) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
    """Return the file of the best quality within a limit in bytes, the size of its image, and notes.

    Where no quality from 35 on fits, the image is made smaller. ways: to encode; the next is taken where the
    one before does not fill the limit by `CLOSE`. At most ten files are made for each way and size. Raises
    CannotEncode when nothing fits.
    """
    low, step = min(LOWEST_QUALITY, quality), 1.0 if image.mode == "CMYK" else _STEPS.get(chosen.name, 1.0)
    scaled = image

    for shrinks in range(_MOST_SHRINKS):
        best, smallest = within(partial(ways[0], scaled), low, quality, limit, step)
        if best is not None:
            for way in ways[1:]:
                best = _closer(best, partial(way, scaled), quality, limit, step)
            at, content = best
            notes = [f"The quality was lowered from {quality} to {at:.3g} to stay within {limit:,} bytes."]
            if shrinks:
                notes.append(_reduced_to(scaled.size, limit))
            return content, scaled.size, tuple(notes if at < quality else notes[1:])
        factor = min(0.9, max(0.2, 0.95 * math.sqrt(limit / smallest)))
        size = max(1, round(scaled.width * factor)), max(1, round(scaled.height * factor))
        scaled = image.resize(size, Image.Resampling.LANCZOS)
    raise CannotEncode(f"The image cannot be made as small as {limit:,} bytes.")


def _closer(
    best: tuple[float, bytes], tried: Callable[[float], bytes], quality: int, limit: int, step: float
) -> tuple[float, bytes]:
    """Return the better of a file within the limit and of what another way gives from its quality on."""
    if best[0] >= quality or len(best[1]) >= limit * CLOSE:
        return best
    other, _ = within(tried, best[0], quality, limit, step)
    return other if other is not None and len(other[1]) > len(best[1]) else best


def reduced(
    encoded: Encoded, image: Image.Image, quality: int, limit: int
) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
    """Return the largest image within a limit in bytes for a format without quality, its size, and notes.

    At most ten files are made. Raises CannotEncode when nothing fits.
    """

    def scaled(part: float) -> Image.Image:
        size = max(1, round(image.width * part)), max(1, round(image.height * part))
        return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)

    step = 0.5 / max(image.size)
    best, _ = within(lambda part: encoded(scaled(part), quality), _SMALLEST_PART, 1, limit, step)
    if best is None:
        raise CannotEncode(f"The image cannot be made as small as {limit:,} bytes.")
    part, content = best
    size = scaled(part).size
    return content, size, () if size == image.size else (_reduced_to(size, limit),)


def looking_same(encoded: Encoded, image: Image.Image, chosen: Format) -> tuple[bytes, tuple[str, ...]]:
    """Return the file of the lowest quality at which the image looks the same, with a note on it.

    At most eight files are made. Where even the highest quality does not look the same, it is that.
    """

    def likeness_of(content: bytes) -> float:
        with Image.open(io.BytesIO(content), formats=(chosen.pillow,)) as opened:
            return likeness(image, opened)

    low, high = _LOOKS.get(chosen.name, (50, 98))
    best = high, encoded(image, high)
    while low < high:
        middle = (low + high) // 2
        content = encoded(image, middle)
        if likeness_of(content) >= SAME:
            high, best = middle, (middle, content)
        else:
            low = middle + 1
    return best[1], (f"Quality {best[0]} is the lowest at which it looks the same.",)


def _reduced_to(size: tuple[int, int], limit: int) -> str:
    return f"The image was reduced to {size[0]} × {size[1]} pixels to stay within {limit:,} bytes."


def lowered_whole(tried: Callable[[float], bytes], quality: int, limit: int) -> tuple[bytes, tuple[str, ...]]:
    """Return an animation or a document of the best quality within a limit in bytes, and notes.

    tried: makes the file at a quality. Its size stays. Raises CannotEncode when nothing fits.
    """
    best, _ = within(tried, min(LOWEST_QUALITY, quality), quality, limit, 1)
    if best is None:
        raise CannotEncode(f"The file cannot be made as small as {limit:,} bytes.")
    at, content = best
    if at < quality:
        return content, (
            f"The quality was lowered from {quality} to {at:.0f} to stay within {limit:,} bytes.",
        )
    return content, ()


def within(
    tried: Callable[[float], bytes], low: float, high: float, limit: int, step: float
) -> tuple[tuple[float, bytes] | None, int]:
    """Return the best quality found whose file is within a limit in bytes, with the file, if any fits.

    tried: makes a file, which grows with the quality. low, high: the ends of the search. step: qualities that
    are closer are not told apart. The second value is the size of the smallest file that was tried. It ends
    at a file that fills the limit by `CLOSE`; at most ten files are made.
    """
    content = tried(high)
    if len(content) <= limit:
        return (high, content), len(content)
    above = math.log(len(content))
    content = tried(low)
    smallest = len(content)
    if smallest > limit:
        return None, smallest
    best, below = (low, content), math.log(smallest)
    wanted = math.log(limit * (1 + CLOSE) / 2)
    for _ in range(_MOST_TRIES):
        if len(best[1]) >= limit * CLOSE or high - low <= step:
            break
        # Where a straight line through the logarithms meets the limit, but not too near to an end.
        part = (wanted - below) / (above - below) if above > below else 0.5
        middle = low + (high - low) * min(max(part, 0.1), 0.9)
        middle = min(max(round(middle / step) * step, low + step / 2), high - step / 2)
        content = tried(middle)
        if len(content) <= limit:
            low, best, below = middle, (middle, content), math.log(len(content))
        else:
            high, above = middle, math.log(len(content))
    return best, smallest


def jpeg_tables(quality: float) -> list[list[int]]:
    """Return the tables of a JPEG of a quality between two whole ones, as libjpeg makes those of these."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return [
        [min(max(int((value * scale + 50) // 100), 1), 255) for value in table]
        for table in (_LUMINANCE, _CHROMINANCE)
    ]
