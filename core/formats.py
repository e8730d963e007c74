"""The image formats that can be read and written, as a table that needs no imaging library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """One image format."""

    name: str  # as recipes say it
    pillow: str  # as Pillow says it
    suffixes: tuple[str, ...]  # lower case, with the dot; the first one is given to outputs
    writable: bool = False
    alpha: bool = False  # whether an output in this format keeps transparency
    options: frozenset[str] = frozenset()  # the fields of `Output` that this format takes
    longest_side: int = 0  # pixels that the format can hold along one side; 0 for no limit that matters

    @property
    def suffix(self) -> str:
        """The suffix of the files that are written, with the dot."""
        return self.suffixes[0]


JPEG: Final = Format(
    name="jpeg",
    pillow="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    writable=True,
    options=frozenset({"quality", "progressive", "optimize", "subsampling", "max_bytes"}),
    longest_side=65_500,
)
PNG: Final = Format(
    name="png",
    pillow="PNG",
    suffixes=(".png", ".apng"),
    writable=True,
    alpha=True,
    options=frozenset({"compression", "lossless"}),
)
WEBP: Final = Format(
    name="webp",
    pillow="WEBP",
    suffixes=(".webp",),
    writable=True,
    alpha=True,
    options=frozenset({"quality", "lossless", "effort", "max_bytes"}),
    longest_side=16_383,
)
AVIF: Final = Format(
    name="avif",
    pillow="AVIF",
    suffixes=(".avif",),
    writable=True,
    alpha=True,
    options=frozenset({"quality", "effort", "subsampling", "max_bytes"}),
    longest_side=65_536,
)
TIFF: Final = Format(
    name="tiff",
    pillow="TIFF",
    suffixes=(".tif", ".tiff"),
    writable=True,
    alpha=True,
    options=frozenset({"tiff_compression", "quality", "lossless"}),
)

FORMATS: Final[tuple[Format, ...]] = (
    JPEG,
    PNG,
    WEBP,
    AVIF,
    TIFF,
    Format("gif", "GIF", (".gif",)),
    Format("bmp", "BMP", (".bmp", ".dib")),
    Format("jpeg2000", "JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf")),
    Format("ppm", "PPM", (".ppm", ".pgm", ".pbm", ".pnm")),
    Format("qoi", "QOI", (".qoi",)),
)
"""Every format that can be read."""

WRITABLE: Final[tuple[str, ...]] = tuple(one.name for one in FORMATS if one.writable)
"""The names that `Output.format` takes."""

READABLE_SUFFIXES: Final[frozenset[str]] = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
"""Suffixes, lower case and with the dot, of files that are taken for images."""

_SPOKEN: Final = {"jpg": "jpeg", "tif": "tiff"}
_BY_NAME: Final = {one.name: one for one in FORMATS}


def format_named(name: str) -> Format | None:
    """Return the format of a name such as "jpeg" or "jpg" in any case of letters; None when there is none."""
    lowered = name.lower()
    return _BY_NAME.get(_SPOKEN.get(lowered, lowered))
