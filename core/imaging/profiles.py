"""The colour profiles that outputs can be written in besides sRGB: Display P3, or one of a file."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Final

from core.errors import BadRecipe, from_os_error
from core.imaging.colour import mode_of
from core.imaging.decode import shown
from core.operations import Operation, Profile
from core.recipe import Colour, Recipe

_LARGEST: Final = 16 * 2**20  # bytes of a profile's file; those of printers have up to some 4 MB

# The primaries of Display P3 (SMPTE EG 432-1) with the white of D65, adapted to D50 by Bradford's matrix, as
# XYZ; the curve is that of sRGB (IEC 61966-2-1) as the five numbers of an ICC curve of type 3.
_PRIMARIES: Final = (
    (b"rXYZ", (0.51512, 0.24120, -0.00105)),
    (b"gXYZ", (0.29198, 0.69225, 0.04189)),
    (b"bXYZ", (0.15710, 0.06657, 0.78407)),
)
_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_D50: Final = (0.9642, 1.0, 0.8249)
_ADAPTED: Final = (1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01708, -0.00925, 0.01508, 0.75168)


def goal_of(operations: tuple[Operation, ...], recipe: Recipe) -> Colour | bytes:
    """Return in which colours an output is to be written: as the recipe says, or in this profile.

    Raises BadRecipe for a file that is no profile for RGB, CMYK or grey, or what `from_os_error` gives.
    """
    wanted = next((one for one in operations if isinstance(one, Profile)), None)
    if wanted is None:
        return recipe.colour
    if wanted.file is not None:
        return _read(wanted.file)
    return display_p3() if wanted.to == "display-p3" else Colour(str(wanted.to))


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST)
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    if mode_of(content) is None:
        raise BadRecipe(f"profile.file {shown(path)} is no colour profile for RGB, CMYK or grey.")
    return content


@cache
def display_p3() -> bytes:
    """Return a profile of Display P3, of version 4 (ICC.1:2010), the same bytes each time."""
    texts = [(b"desc", _text("Display P3")), (b"cprt", _text("No copyright, use freely"))]
    chad = b"sf32" + bytes(4) + b"".join(_fixed(one) for one in _ADAPTED)
    tags = [*texts, (b"wtpt", _xyz(_D50)), (b"chad", chad)]
    tags += [(name, _xyz(values)) for name, values in _PRIMARIES]
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + b"".join(_fixed(one) for one in _CURVE)
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    made = struct.pack(">6H", 2020, 1, 1, 0, 0, 0)  # a date that never changes, so that the bytes do not
    head = struct.pack(">I4s4s", at + len(body), bytes(4), b"\x04\x30\0\0") + b"mntrRGB XYZ " + made + b"acsp"
    head = head.ljust(68, b"\0") + b"".join(_fixed(one) for one in _D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(one) for one in values)


def _text(text: str) -> bytes:
    wide = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(wide), 28) + wide
