"""The operations that change the shape of an image: its size, its edges, the way it is turned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import BadRecipe
from core.operations.checks import (
    MAX_SIDE,
    check_choice,
    check_colour,
    check_flag,
    check_number,
    check_whole,
)

MODES: Final = ("fit", "fill", "cover", "pad", "exact")
PLACED: Final = ("centre", "attention")

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
    """Scale the image by a box, a width, a height, a percentage, or a number of megapixels.

    `width` and `height` are pixels, from 1 to 100,000: with one of them the other follows the proportions,
    with both `mode` says how the image meets the box:

    - "fit" (without a mode): inside the box, in its proportions
    - "fill": the box is filled exactly, and what stands out is cut off around the centre
    - "cover": as small as it can be and still cover the box; nothing is cut off
    - "pad": inside the box, and the rest of the box gets `background`
    - "exact": stretched to exactly the box; `exact = true` is the same

    `background` is a colour or "transparent"; without it the recipe's background. `percent` is above 0 and up
    to 1,000. `megapixels` is the most that the image may have, from 0.0001 to 300 million pixels. Box,
    percent and megapixels exclude each other. Only `percent` above 100, "exact" and `enlarge` make an image
    larger. All scaling is by a Lanczos filter on the values as they are stored (perceptual, not linear
    light), as browsers and most tools do it; transparent pixels have no weight.
    """

    do: ClassVar[str] = "resize"
    width: int | None = None
    height: int | None = None
    percent: float | None = None
    exact: bool = False
    enlarge: bool = False
    mode: str | None = None
    megapixels: float | None = None
    background: str | None = None

    def __post_init__(self) -> None:
        if self.width is not None:
            check_whole(self.width, "resize.width", 1, MAX_SIDE)
        if self.height is not None:
            check_whole(self.height, "resize.height", 1, MAX_SIDE)
        if self.percent is not None:
            check_number(self.percent, "resize.percent", 0.01, 1000)
        if self.megapixels is not None:
            check_number(self.megapixels, "resize.megapixels", 0.0001, 300)
        check_flag(self.exact, "resize.exact")
        check_flag(self.enlarge, "resize.enlarge")
        boxed = self.width is not None or self.height is not None
        if boxed + (self.percent is not None) + (self.megapixels is not None) != 1:
            raise BadRecipe("resize takes width, height or both, or else percent, or else megapixels.")
        if self.exact and (self.width is None or self.height is None):
            raise BadRecipe("resize.exact takes both width and height.")
        self._check_mode()

    def _check_mode(self) -> None:
        if self.mode is not None:
            check_choice(self.mode, "resize.mode", MODES)
            if self.mode != "fit" and (self.width is None or self.height is None):
                raise BadRecipe(f'resize.mode "{self.mode}" takes both width and height.')
            if self.exact and self.mode != "exact":
                raise BadRecipe(f'resize.mode "{self.mode}" and exact exclude each other.')
        if self.background is not None:
            check_colour(self.background, "resize.background", transparent=True)
            if self.mode != "pad":
                raise BadRecipe('resize.background takes the mode "pad".')


@dataclass(frozen=True, slots=True)
class Rotate:
    """Turn the image clockwise by `angle` degrees, from -360 to 360.

    Quarter turns move pixels and change none. Other angles are resampled (bicubic); the image grows to hold
    all of itself, and the corners are transparent, or have the recipe's background where the image has no
    transparency. A source with an EXIF orientation is upright before it is turned.
    """

    do: ClassVar[str] = "rotate"
    angle: float

    def __post_init__(self) -> None:
        check_number(self.angle, "rotate.angle", -360, 360)


@dataclass(frozen=True, slots=True)
class Flip:
    """Mirror the image: `direction` "horizontal" swaps left and right, "vertical" swaps top and bottom."""

    do: ClassVar[str] = "flip"
    direction: str

    def __post_init__(self) -> None:
        check_choice(self.direction, "flip.direction", ("horizontal", "vertical"))


@dataclass(frozen=True, slots=True)
class AutoOrient:
    """Set the image upright as its EXIF orientation (1 to 8) says.

    This is done to every image before its first operation, and its orientation is noted as 1 afterwards; a
    recipe may say so, and nothing more happens. It has no fields.
    """

    do: ClassVar[str] = "auto-orient"


@dataclass(frozen=True, slots=True)
class Crop:
    """Cut out a part: a box in pixels, the largest part of a ratio, or all but the borders.

    `left` and `top` count from the upper left corner, from 0; `width` and `height` are from 1. A box that
    reaches over the edge is cut at the edge; one that lies outside the image fails the job with `BadRecipe`.
    `ratio` is width to height, such as "16:9", and is given without a box.

    `around` places a `width` and `height`, or a `ratio`, without `left` and `top`: "centre" (which a ratio
    has by itself), or "attention", the part that draws the eye. That is libvips' smartcrop (edges, skin and
    strong colours); where libvips is missing it is the place with the most edges, which may be another.

    `trim` cuts off the borders, and is given alone: every edge row and column whose channels differ from the
    upper left corner by no more than this, from 0 to 255, or which is transparent. An image that is all
    border stays as it is.
    """

    do: ClassVar[str] = "crop"
    left: int = 0
    top: int = 0
    width: int | None = None
    height: int | None = None
    ratio: str | None = None
    around: str | None = None
    trim: int | None = None

    def __post_init__(self) -> None:
        check_whole(self.left, "crop.left", 0, MAX_SIDE)
        check_whole(self.top, "crop.top", 0, MAX_SIDE)
        boxed = self.width is not None or self.height is not None
        if self.around is not None:
            check_choice(self.around, "crop.around", PLACED)
            if self.left or self.top:
                raise BadRecipe("crop.around places the box by itself, without left and top.")
        if self.trim is not None:
            check_whole(self.trim, "crop.trim", 0, 255)
            if boxed or self.left or self.top or self.ratio is not None or self.around is not None:
                raise BadRecipe("crop.trim is given alone.")
        elif self.ratio is not None:
            if not isinstance(self.ratio, str) or _RATIO.fullmatch(self.ratio) is None:
                raise BadRecipe(f'crop.ratio takes width to height such as "16:9", not {self.ratio!r}.')
            if boxed or self.left or self.top:
                raise BadRecipe("crop takes a box (left, top, width, height) or a ratio, not both.")
        else:
            check_whole(self.width, "crop.width", 1, MAX_SIDE)
            check_whole(self.height, "crop.height", 1, MAX_SIDE)

    @property
    def proportions(self) -> tuple[int, int] | None:
        """The ratio as two whole numbers; None for a box."""
        if self.ratio is None:
            return None
        wide, high = self.ratio.split(":")
        return int(wide), int(high)
