"""Pixels on their way from a worker to the window, in a plain file; no imaging library is needed for it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BEFORE: Final = "before"
"""The name of the file with the picture of a source that is previewed."""

AFTER: Final = "after"
"""The same of what is made of it."""

ABOUT: Final = "about"
"""The same with about how many bytes it will have, in decimal digits."""

ESTIMATED: Final = 0.4
"""The fraction of a preview that is reported when that is there."""

_NUMBER: Final = 4  # bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels to be shown: RGBA in sRGB, 4 bytes each, row by row from the top."""

    width: int
    height: int
    pixels: bytes


def write_picture(path: Path, picture: Picture) -> None:
    """Write the width and the height, little-endian, then the pixels. Raises OSError."""
    sides = (one.to_bytes(_NUMBER, "little") for one in (picture.width, picture.height))
    path.write_bytes(b"".join((*sides, picture.pixels)))


def read_picture(path: Path) -> Picture:
    """Return a picture that `write_picture` wrote. Raises OSError."""
    content = path.read_bytes()
    width, height = (int.from_bytes(content[at : at + _NUMBER], "little") for at in (0, _NUMBER))
    return Picture(width, height, content[2 * _NUMBER :])


def order(side: int, to: Path) -> str:
    """Return what a task of core.imaging.look is given in the place of a recipe.

    side: the longest that the picture may have, pixels. to: the file for it.
    """
    return json.dumps({"side": side, "to": os.fsdecode(to)})
