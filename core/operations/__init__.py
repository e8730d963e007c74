"""The operations: what can be done to an image, as validated values that travel as JSON and TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, TypeAlias, get_args

from core.errors import BadRecipe
from core.operations.appearance import Adjust, Blur, Flatten, Grey, Sharpen
from core.operations.carried import Dpi, Profile, SetMetadata
from core.operations.checks import MAX_SIDE, check_choice, check_colour, check_flag, check_whole
from core.operations.geometry import AutoOrient, Crop, Flip, Resize, Rotate, Thumbnail
from core.operations.marking import Border, Watermark

__all__ = [
    "KINDS",
    "MAX_SIDE",
    "PATH_FIELDS",
    "Adjust",
    "AutoOrient",
    "Blur",
    "Border",
    "Crop",
    "Dpi",
    "Flatten",
    "Flip",
    "Grey",
    "Operation",
    "Profile",
    "Resize",
    "Rotate",
    "SetMetadata",
    "Sharpen",
    "Thumbnail",
    "Watermark",
    "check_choice",
    "check_colour",
    "check_flag",
    "check_whole",
    "operation_from_mapping",
    "operation_to_mapping",
]

Operation: TypeAlias = (
    Thumbnail
    | Resize
    | Crop
    | Rotate
    | Flip
    | AutoOrient
    | Watermark
    | Border
    | Sharpen
    | Blur
    | Grey
    | Adjust
    | Flatten
    | Profile
    | SetMetadata
    | Dpi
)

KINDS: Final[dict[str, type[Operation]]] = {kind.do: kind for kind in get_args(Operation)}
"""Every operation by the word that recipes have for it."""

PATH_FIELDS: Final = frozenset({"image", "font", "file"})
"""The fields of operations that are paths of files."""


def operation_from_mapping(values: Mapping[str, object]) -> Operation:
    """Return the operation that a mapping such as {"do": "flip", "direction": "vertical"} describes.

    Raises BadRecipe for an unknown operation, an unknown or missing field, or a bad value.
    """
    rest: dict[str, Any] = dict(values)
    name = rest.pop("do", None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadRecipe(f"operations.do takes one of {', '.join(KINDS)}, not {name!r}.")
    known = [one.name for one in fields(kind)]
    for field in rest:
        if field not in known:
            raise BadRecipe(f"{name} has no field {field!r}; it takes {', '.join(known)}.")
    try:
        return kind(**rest)
    except TypeError as error:
        missing = ", ".join(one for one in known if one not in rest)
        raise BadRecipe(f"{name} lacks a field; it also takes {missing}.") from error


def operation_to_mapping(operation: Operation) -> dict[str, object]:
    """Return an operation as a mapping of plain values; fields without a value are left out."""
    values: dict[str, object] = {"do": operation.do}
    for one in fields(operation):
        value = getattr(operation, one.name)
        if value is not None:
            values[one.name] = value
    return values
