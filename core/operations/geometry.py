"""The operations that change the shape of an image: its size, its edges, the way it is turned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import BadRecipe
from core.operations.checks import MAX_SIDE, check_choice, check_flag, check_number, check_whole

_RATIO: Final = re.compile(r"([1-9]\d{0,4}):([1-9]\d{0,4})")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Fit the image into a box and keep its proportions, or fill the box and cut off what stands out.

    `width` and `height` are pixels, from 1 to 100,000; without `height` the box is a square. With `fill` the
    result has exactly the box's proportions, cut around the centre. An image smaller than the box stays as it
    is (with `fill` it is only cut) unless `enlarge` is true.
    """

    do: ClassVar[str] = "thumbnail"
    width: int
    height: int | None = None
    fill: bool = False
    enlarge: bool = False

    def __post_init__(self) -> None:
        check_whole(self.width, "thumbnail.width", 1, MAX_SIDE)
        if self.height is not None:
            check_whole(self.height, "thumbnail.height", 1, MAX_SIDE)
        check_flag(self.fill, "thumbnail.fill")
        check_flag(self.enlarge, "thumbnail.enlarge")


@dataclass(frozen=True, slots=True)
class Resize:
    """Scale the image by a box, a width, a height, or a percentage.

    `width` and `height` are pixels, from 1 to 100,000: with one of them the other follows the proportions,
    with both the image fits inside, or is stretched to exactly that size when `exact` is true. `percent` is
    above 0 and up to 1,000, and is given alone. Only `percent` above 100, `exact` and `enlarge` make an
    image larger.
    """

    do: ClassVar[str] = "resize"
    width: int | None = None
    height: int | None = None
    percent: float | None = None
    exact: bool = False
    enlarge: bool = False

    def __post_init__(self) -> None:
        if self.width is not None:
            check_whole(self.width, "resize.width", 1, MAX_SIDE)
        if self.height is not None:
            check_whole(self.height, "resize.height", 1, MAX_SIDE)
        if self.percent is not None:
            check_number(self.percent, "resize.percent", 0.01, 1000)
        check_flag(self.exact, "resize.exact")
        check_flag(self.enlarge, "resize.enlarge")
        if (self.percent is None) == (self.width is None and self.height is None):
            raise BadRecipe("resize takes width, height or both, or else percent.")
        if self.exact and (self.width is None or self.height is None):
            raise BadRecipe("resize.exact takes both width and height.")


@dataclass(frozen=True, slots=True)
class Rotate:
    """Turn the image clockwise by `angle` degrees, from -360 to 360.

    Quarter turns move pixels and change none. Other angles are resampled (bicubic); the image grows to hold
    all of itself, and the corners are transparent, or have the recipe's background where the image has no
    transparency.
    """

    do: ClassVar[str] = "rotate"
    angle: float

    def __post_init__(self) -> None:
        check_number(self.angle, "rotate.angle", -360, 360)


@dataclass(frozen=True, slots=True)
class Flip:
    """Mirror the image: "horizontal" swaps left and right, "vertical" swaps top and bottom."""

    do: ClassVar[str] = "flip"
    direction: str

    def __post_init__(self) -> None:
        check_choice(self.direction, "flip.direction", ("horizontal", "vertical"))


@dataclass(frozen=True, slots=True)
class Crop:
    """Cut out a part: a box in pixels, or the largest part of a ratio around the centre.

    `left` and `top` count from the upper left corner, from 0; `width` and `height` are from 1. A box that
    reaches over the edge is cut at the edge; one that lies outside the image fails the job with `BadRecipe`.
    `ratio` is width to height, such as "16:9", and is given alone.
    """

    do: ClassVar[str] = "crop"
    left: int = 0
    top: int = 0
    width: int | None = None
    height: int | None = None
    ratio: str | None = None

    def __post_init__(self) -> None:
        check_whole(self.left, "crop.left", 0, MAX_SIDE)
        check_whole(self.top, "crop.top", 0, MAX_SIDE)
        if self.ratio is not None:
            if not isinstance(self.ratio, str) or _RATIO.fullmatch(self.ratio) is None:
                raise BadRecipe(f'crop.ratio takes width to height such as "16:9", not {self.ratio!r}.')
            if self.width is not None or self.height is not None or self.left or self.top:
                raise BadRecipe("crop takes a box (left, top, width, height) or a ratio, not both.")
            return
        check_whole(self.width, "crop.width", 1, MAX_SIDE)
        check_whole(self.height, "crop.height", 1, MAX_SIDE)

    @property
    def proportions(self) -> tuple[int, int] | None:
        """The ratio as two whole numbers; None for a box."""
        if self.ratio is None:
            return None
        wide, high = self.ratio.split(":")
        return int(wide), int(high)
