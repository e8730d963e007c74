"""Plans an output: the exact steps and sizes that its operations are for one source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from PIL import Image

from core.errors import BadRecipe
from core.imaging.effects import Effect
from core.operations import (
    Adjust,
    AutoOrient,
    Blur,
    Border,
    Crop,
    Dpi,
    Flatten,
    Flip,
    Grey,
    Operation,
    Profile,
    Resize,
    Rotate,
    SetMetadata,
    Sharpen,
    Thumbnail,
    Watermark,
)

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

_CLOCKWISE: Final = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_SWAPPING: Final = frozenset(
    {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
    }
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Resample to exactly this size."""

    size: Size


@dataclass(frozen=True, slots=True)
class Cut:
    """Keep this box: left, top, right, bottom, in pixels."""

    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Turn:
    """Move the pixels and change none."""

    how: Image.Transpose


@dataclass(frozen=True, slots=True)
class Spin:
    """Turn clockwise by an angle in degrees into a canvas of this size."""

    angle: float
    size: Size


@dataclass(frozen=True, slots=True)
class Attend:
    """Keep a box of this size in pixels, around what draws the eye."""

    size: Size


@dataclass(frozen=True, slots=True)
class Trim:
    """Cut off the borders, and perform the other operations on what is left: its size is not known before."""

    tolerance: int
    rest: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Pad:
    """Put the image onto a canvas of this size, with its upper left corner at a place."""

    size: Size
    at: Size
    colour: str | None  # None: the recipe's background


@dataclass(frozen=True, slots=True)
class Apply:
    """Change how the image looks."""

    effect: Effect


Step: TypeAlias = Scale | Cut | Turn | Spin | Attend | Trim | Pad | Apply

_PAINTING: Final = (Spin, Trim, Pad, Apply)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one output, worked out for one source."""

    steps: tuple[Step, ...]
    size: Size  # of the result
    largest: Size  # the largest image on the way
    certain: bool = True  # False where the sizes depend on the pixels: they are upper limits then

    @property
    def steady(self) -> bool:
        """Whether every frame of an animation is cut at the same place."""
        return not any(isinstance(step, Trim | Attend) for step in self.steps)


def plan(operations: Sequence[Operation], size: Size) -> Plan:
    """Return the steps that the operations are for an upright image of this size.

    Raises BadRecipe for a crop that lies outside the image.
    """
    steps: list[Step] = []
    largest = size
    for place, operation in enumerate(operations, 1):
        if isinstance(operation, Crop) and operation.trim is not None:
            steps.append(Trim(operation.trim, tuple(operations[place:])))
            return Plan(tuple(steps), size, largest, certain=False)
        for step in _steps_of(operation, size):
            steps.append(step)
            size = size_after(step, size)
            largest = max(largest, size, key=lambda one: one[0] * one[1])
    return Plan(tuple(steps), size, largest)


def parted(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps before the first one that puts colours in or changes them, and the rest.

    Between the two the image is brought into the colours that it is to have.
    """
    first = next((place for place, step in enumerate(steps) if isinstance(step, _PAINTING)), len(steps))
    return steps[:first], steps[first:]


_CUT_GAP: Final = 2.0
"""How many times the target an image is loaded that is cut before it is scaled.

A cut rarely begins on a pixel of a smaller load: scaled once more at the size of the target it would lose its
fine lines (38 dB against a full decode, and 50 with this).
"""


def needed_size(plans: Iterable[Plan], full: Size) -> Size | None:
    """Return the smallest size of the whole upright image from which all plans can be performed.

    None when the full size is needed: an output that scales nothing, or that does something else first.
    """
    width = height = 0
    for one in plans:
        wide, high = full
        factors: tuple[float, float] | None = None
        gap = 1.0
        for step in one.steps:
            if isinstance(step, Scale):
                factors = gap * step.size[0] / wide, gap * step.size[1] / high
                break
            if not isinstance(step, Cut | Attend):
                break
            wide, high = size_after(step, (wide, high))
            gap = _CUT_GAP
        if factors is None:
            return None
        width = max(width, math.ceil(full[0] * factors[0] - 1e-6))
        height = max(height, math.ceil(full[1] * factors[1] - 1e-6))
    return None if width >= full[0] and height >= full[1] else (width, height)


def _steps_of(operation: Operation, size: Size) -> tuple[Step, ...]:
    match operation:
        case Thumbnail():
            return _thumbnail(operation, size)
        case Resize():
            return _resize(operation, size)
        case Rotate(angle):
            return _rotate(angle % 360, size)
        case Flip("horizontal"):
            return (Turn(Image.Transpose.FLIP_LEFT_RIGHT),)
        case Flip():
            return (Turn(Image.Transpose.FLIP_TOP_BOTTOM),)
        case Crop():
            return _crop(operation, size)
        case Border():
            return _border(operation, size)
        case Watermark() | Sharpen() | Blur() | Grey() | Adjust() | Flatten():
            return (Apply(operation),)
        case AutoOrient() | Profile() | SetMetadata() | Dpi():
            return ()  # the first is done to every image; the others leave the pixels where they are


def size_after(step: Step, size: Size) -> Size:
    """Return the width and height in pixels that an image of this size has after a step."""
    match step:
        case Scale(new) | Spin(_, new) | Attend(new) | Pad(new):
            return new
        case Cut((left, top, right, bottom)):
            return right - left, bottom - top
        case Turn(how):
            return (size[1], size[0]) if how in _SWAPPING else size
        case Trim() | Apply():
            return size


def _scale_to(new: Size, size: Size) -> tuple[Step, ...]:
    return () if new == size else (Scale(new),)


def _inside(width: float, height: float, size: Size, *, enlarge: bool) -> tuple[Step, ...]:
    factor = min(width / size[0], height / size[1])
    if factor >= 1 and not enlarge:
        return ()
    return _scale_to((max(1, round(size[0] * factor)), max(1, round(size[1] * factor))), size)


def _thumbnail(operation: Thumbnail, size: Size) -> tuple[Step, ...]:
    width = operation.width
    height = operation.height if operation.height is not None else width
    if not operation.fill:
        return _inside(width, height, size, enlarge=operation.enlarge)
    return _filled(width, height, size, enlarge=operation.enlarge)


def _filled(width: int, height: int, size: Size, *, enlarge: bool) -> tuple[Step, ...]:
    factor = max(width / size[0], height / size[1])
    if factor > 1 and not enlarge:
        return _cut_to_ratio(width, height, size)
    cover = max(width, round(size[0] * factor)), max(height, round(size[1] * factor))
    left, top = (cover[0] - width) // 2, (cover[1] - height) // 2
    cut: tuple[Step, ...] = (
        () if cover == (width, height) else (Cut((left, top, left + width, top + height)),)
    )
    return _scale_to(cover, size) + cut


def _resize(operation: Resize, size: Size) -> tuple[Step, ...]:
    if operation.percent is not None:
        factor = operation.percent / 100
        return _scale_to((max(1, round(size[0] * factor)), max(1, round(size[1] * factor))), size)
    if operation.megapixels is not None:
        return _to_area(operation.megapixels * 1e6, size, enlarge=operation.enlarge)
    if operation.exact or operation.mode not in (None, "fit"):
        assert operation.width is not None
        assert operation.height is not None
        return _to_box(operation, (operation.width, operation.height), size)
    width = operation.width if operation.width is not None else math.inf
    height = operation.height if operation.height is not None else math.inf
    return _inside(width, height, size, enlarge=operation.enlarge)


def _to_area(area: float, size: Size, *, enlarge: bool) -> tuple[Step, ...]:
    factor = math.sqrt(area / (size[0] * size[1]))
    if factor >= 1 and not enlarge:
        return ()
    new = max(1, math.floor(size[0] * factor + 1e-6)), max(1, math.floor(size[1] * factor + 1e-6))
    return _scale_to(new, size)


def _to_box(operation: Resize, box: Size, size: Size) -> tuple[Step, ...]:
    match operation.mode:
        case "fill":
            return _filled(*box, size, enlarge=operation.enlarge)
        case "cover":
            factor = max(box[0] / size[0], box[1] / size[1])
            if factor >= 1 and not operation.enlarge:
                return ()
            return _scale_to((round(size[0] * factor), round(size[1] * factor)), size)
        case "pad":
            steps = _inside(*box, size, enlarge=operation.enlarge)
            width, height = size_after(steps[0], size) if steps else size
            at = (box[0] - width) // 2, (box[1] - height) // 2
            return steps if (width, height) == box else (*steps, Pad(box, at, operation.background))
        case _:
            return _scale_to(box, size)


def _border(operation: Border, size: Size) -> tuple[Step, ...]:
    width = operation.width
    if width is None:
        assert operation.percent is not None
        width = max(1, round(min(size) * operation.percent / 100))
    return (Pad((size[0] + 2 * width, size[1] + 2 * width), (width, width), operation.colour),)


def _rotate(angle: float, size: Size) -> tuple[Step, ...]:
    if angle == 0:
        return ()
    if angle in _CLOCKWISE:
        return (Turn(_CLOCKWISE[int(angle)]),)
    cosine, sine = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    width = math.ceil(size[0] * cosine + size[1] * sine - 1e-6)
    height = math.ceil(size[0] * sine + size[1] * cosine - 1e-6)
    return (Spin(angle, (width, height)),)


def _cut_to_ratio(wide: int, high: int, size: Size, around: str | None = None) -> tuple[Step, ...]:
    width = min(size[0], max(1, round(size[1] * wide / high)))
    height = min(size[1], max(1, round(size[0] * high / wide)))
    return _placed(width, height, size, around)


def _placed(width: int, height: int, size: Size, around: str | None) -> tuple[Step, ...]:
    if (width, height) == size:
        return ()
    if around == "attention":
        return (Attend((width, height)),)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return (Cut((left, top, left + width, top + height)),)


def _crop(operation: Crop, size: Size) -> tuple[Step, ...]:
    ratio = operation.proportions
    if ratio is not None:
        return _cut_to_ratio(*ratio, size, operation.around)
    assert operation.width is not None
    assert operation.height is not None
    if operation.around is not None:
        return _placed(min(operation.width, size[0]), min(operation.height, size[1]), size, operation.around)
    right = min(operation.left + operation.width, size[0])
    bottom = min(operation.top + operation.height, size[1])
    if operation.left >= right or operation.top >= bottom:
        raise BadRecipe(
            f"crop takes a box inside the image; it begins at {operation.left}, {operation.top}, "
            f"and the image has {size[0]} × {size[1]} pixels."
        )
    box = (operation.left, operation.top, right, bottom)
    return () if box == (0, 0, *size) else (Cut(box),)
