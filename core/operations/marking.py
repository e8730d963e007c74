"""The operations that put something onto an image or around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import BadRecipe
from core.operations.checks import (
    check_choice,
    check_colour,
    check_flag,
    check_number,
    check_path,
    check_text,
    check_whole,
)

PLACES: Final = (
    *("top-left", "top", "top-right"),
    *("left", "centre", "right"),
    *("bottom-left", "bottom", "bottom-right"),
)


@dataclass(frozen=True, slots=True)
class Border:
    """Put an even border around the image, which grows by it.

    `width` is pixels on each side, from 1 to 10,000; or `percent` of the image's shorter side, from 0.1 to
    100, at least one pixel. `colour` is such as "#000000", or "transparent", which a format without
    transparency replaces by the recipe's background.
    """

    do: ClassVar[str] = "border"
    width: int | None = None
    percent: float | None = None
    colour: str = "#000000"

    def __post_init__(self) -> None:
        if (self.width is None) == (self.percent is None):
            raise BadRecipe("border takes width or percent.")
        if self.width is not None:
            check_whole(self.width, "border.width", 1, 10_000)
        if self.percent is not None:
            check_number(self.percent, "border.percent", 0.1, 100)
        check_colour(self.colour, "border.colour", transparent=True)


@dataclass(frozen=True, slots=True)
class Watermark:
    """Put a text or an image onto the image.

    `text` has up to 500 characters, in several lines if it holds line ends; or `image` is the absolute path
    of an image file (in a TOML file also relative to that file), read when the job runs. `size` scales the
    mark with the image: it fits a box of this per cent of the image's width and height, from 1 to 100.
    `place` is one of nine ("top-left" to "bottom-right", or "centre"), `margin` the distance to the edge in
    per cent of the shorter side, from 0 to 50. With `tiled` the mark is repeated over the whole image, the
    margin apart, every second row moved by half. `opacity` is per cent, from 1 to 100. `colour` and `font`
    (the absolute path of a TrueType or OpenType file) are those of a text; without a font it is the Latin one
    of Pillow. 16-bit grey becomes 8-bit, and grey becomes colour where the mark has colours.
    """

    do: ClassVar[str] = "watermark"
    text: str | None = None
    image: str | None = None
    place: str = "bottom-right"
    size: float = 25
    opacity: float = 50
    margin: float = 3
    tiled: bool = False
    colour: str = "#ffffff"
    font: str | None = None

    def __post_init__(self) -> None:
        if (self.text is None) == (self.image is None):
            raise BadRecipe("watermark takes text or image.")
        if self.text is not None:
            check_text(self.text, "watermark.text", 500)
        if self.image is not None:
            check_path(self.image, "watermark.image")
        check_choice(self.place, "watermark.place", PLACES)
        check_number(self.size, "watermark.size", 1, 100)
        check_number(self.opacity, "watermark.opacity", 1, 100)
        check_number(self.margin, "watermark.margin", 0, 50)
        check_flag(self.tiled, "watermark.tiled")
        check_colour(self.colour, "watermark.colour")
        if self.font is not None:
            check_path(self.font, "watermark.font")
            if self.text is None:
                raise BadRecipe("watermark.font takes a text.")
