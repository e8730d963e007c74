"""The operations that change how an image looks and leave its size as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.operations.checks import check_colour, check_number, check_whole


@dataclass(frozen=True, slots=True)
class Sharpen:
    """Sharpen for the size of the output by an unsharp mask: last, after the image has been scaled.

    `amount` is per cent of the difference to a blurred copy, from 1 to 500. `radius` of that blur is pixels,
    from 0.1 to 100. Differences below `threshold`, from 0 to 255 levels, stay as they are: noise is not to be
    sharpened. 16-bit grey becomes 8-bit.
    """

    do: ClassVar[str] = "sharpen"
    amount: int = 60
    radius: float = 0.8
    threshold: int = 2

    def __post_init__(self) -> None:
        check_whole(self.amount, "sharpen.amount", 1, 500)
        check_number(self.radius, "sharpen.radius", 0.1, 100)
        check_whole(self.threshold, "sharpen.threshold", 0, 255)


@dataclass(frozen=True, slots=True)
class Blur:
    """Blur by a Gaussian of `radius` pixels (its standard deviation), from 0.1 to 1,000.

    Transparent pixels have no weight. 16-bit grey becomes 8-bit.
    """

    do: ClassVar[str] = "blur"
    radius: float

    def __post_init__(self) -> None:
        check_number(self.radius, "blur.radius", 0.1, 1000)


@dataclass(frozen=True, slots=True)
class Grey:
    """Take the colours away, and keep how bright they are: luma of ITU-R BT.601, of colours in sRGB.

    Transparency stays. The output is written without a colour profile. It has no fields.
    """

    do: ClassVar[str] = "grey"


@dataclass(frozen=True, slots=True)
class Adjust:
    """Change brightness, contrast and saturation, each by per cent from -100 to 100; 0 leaves it.

    In this order: `brightness` multiplies (-100 is black, 100 doubles); `contrast` spreads around mid-grey
    (-100 is flat grey, 100 doubles the distance); `saturation` moves away from grey (-100 is grey, 100
    doubles). Transparency stays. 16-bit grey becomes 8-bit.
    """

    do: ClassVar[str] = "adjust"
    brightness: float = 0
    contrast: float = 0
    saturation: float = 0

    def __post_init__(self) -> None:
        check_number(self.brightness, "adjust.brightness", -100, 100)
        check_number(self.contrast, "adjust.contrast", -100, 100)
        check_number(self.saturation, "adjust.saturation", -100, 100)


@dataclass(frozen=True, slots=True)
class Flatten:
    """Lay what is transparent on a colour; without `background` on the recipe's.

    Where the format of the output has no transparency this is done at the end by itself.
    """

    do: ClassVar[str] = "flatten"
    background: str | None = None

    def __post_init__(self) -> None:
        if self.background is not None:
            check_colour(self.background, "flatten.background")
