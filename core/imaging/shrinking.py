"""How much smaller a JPEG may be decoded where the recipe is `fast`, so that its output lacks nothing for it.

The decoder shrinks by leaving out the finest waves of each block. What that costs after the rest of the way
is scaled by Lanczos depends on how much of the loaded image the output shows, and on how much there is in
those waves, which the bytes of the file tell: of twelve photos of 12 megapixels, loaded at half their size
and written with 1920 pixels at quality 85, eleven lose 0.0001 to 0.0027 of SSIM against a full decode, and
one, which has four times the bytes, 0.032. With the rule below three of the twelve are decoded in full, for
18 ms more each, and the nine others lose 0.0005 in the mean. Loaded at a quarter or an eighth, any image
lacks waves that its bytes do not tell of, and the next larger load costs 3 to 5 ms more: there the share of
the pixels alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_SHRINKS: Final = (8, 4, 2)
_DETAIL: Final = 0.7  # bits for each pixel that is loaded, as at quality 90
_SHARE: Final = 0.5  # of the loaded pixels: what an output may have of a load below half

# Of the sum of the table for luma: a file of quality 98 has 1.8 times the bits of one of quality 90, in which
# there is not more to be seen.
_SUM_AT_90: Final = 736
_BITS_BY_SUM: Final = 0.4


def shrink_for(
    size: tuple[int, int], stored: tuple[int, int], file_bytes: int, tables: Mapping[int, Sequence[int]]
) -> int:
    """Return by how much a JPEG is to be decoded smaller: 1, 2, 4 or 8.

    size, stored: width and height in pixels that are needed, and that it has. tables: its quantisation tables
    by their numbers, 0 for luma.
    """
    most = min(stored[0] // size[0], stored[1] // size[1])
    shrink = next((one for one in _SHRINKS if one <= most), 1)
    while shrink > 1:
        share = size[0] * size[1] * shrink * shrink / (stored[0] * stored[1])
        if share <= _SHARE or (shrink == 2 and _detail(stored, file_bytes, tables) * share <= _DETAIL):
            break
        shrink //= 2
    return shrink


def _detail(stored: tuple[int, int], file_bytes: int, tables: Mapping[int, Sequence[int]]) -> float:
    """Return the bits for each pixel that the file would have at quality 90."""
    bits = file_bytes * 8 / (stored[0] * stored[1])
    return float(bits * (sum(tables.get(0, ())) / _SUM_AT_90) ** _BITS_BY_SUM)
