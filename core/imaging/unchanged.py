"""Tells when an output would be its source again, so that the source's own bytes are kept."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from core.formats import Format
from core.imaging.colour import space_of
from core.imaging.decode import Source
from core.imaging.metadata import XMP_TURN
from core.imaging.plan import Plan
from core.imaging.profiles import goal_of
from core.operations import Dpi, SetMetadata
from core.recipe import Colour, Metadata, Output, Recipe

_ORIENTATION: Final = 0x0112
_PLAIN_MODES: Final = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N"})


def is_unchanged(planned: Plan, chosen: Format, output: Output, source: Source, recipe: Recipe) -> bool:
    """Return whether an output would have the pixels, the format and all else of its source.

    That is so where no operation does anything to this image, and nothing is asked of the format: writing it
    anew could only lose. To be asked before the source is loaded.
    """
    if source.pages > 1 or planned.steps or chosen is not source.format or source.notes:
        return False
    if not _is_upright(source):
        return False
    if recipe.metadata is not Metadata.KEEP or any(
        isinstance(one, SetMetadata | Dpi) for one in output.operations
    ):
        return False
    if any(getattr(output, one.name) != one.default for one in fields(Output)[4:] if one.name != "max_bytes"):
        return False
    if output.max_bytes is not None and source.status.st_size > output.max_bytes:
        return False
    goal = goal_of(output.operations, recipe)
    if goal is Colour.SRGB:
        icc = source.carried.icc
        return source.header.mode in _PLAIN_MODES and (icc is None or space_of(icc) == "sRGB")
    return goal is Colour.KEEP


def _is_upright(source: Source) -> bool:
    if source.carried.xmp is not None and XMP_TURN.search(source.carried.xmp):
        return False
    if source.header.format == "TIFF":  # which Pillow sets upright while it loads
        return bool(source.header.getexif().get(_ORIENTATION, 1) == 1)
    return source.carried.orientation == 1


def bytes_of(source: Source) -> bytes:
    """Return the whole file of a source. Raises OSError."""
    place = source.file.tell()
    source.file.seek(0)
    content = source.file.read()
    source.file.seek(place)
    return content
