"""The operations: what can be done to an image, as validated values that travel as JSON and TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, TypeAlias

from core.errors import BadRecipe
from core.operations.checks import (
    MAX_SIDE,
    check_choice,
    check_colour,
    check_flag,
    check_number,
    check_path,
    check_text,
    check_whole,
)
from core.operations.geometry import Crop, Flip, Resize, Rotate, Thumbnail

__all__ = [
    "MAX_SIDE",
    "Crop",
    "Flip",
    "Operation",
    "Resize",
    "Rotate",
    "Thumbnail",
    "check_choice",
    "check_colour",
    "check_flag",
    "check_number",
    "check_path",
    "check_text",
    "check_whole",
    "operation_from_mapping",
    "operation_to_mapping",
]

Operation: TypeAlias = Thumbnail | Resize | Rotate | Flip | Crop

_KINDS: Final[dict[str, type[Operation]]] = {
    kind.do: kind for kind in (Thumbnail, Resize, Rotate, Flip, Crop)
}


def operation_from_mapping(values: Mapping[str, object]) -> Operation:
    """Return the operation that a mapping such as {"do": "flip", "direction": "vertical"} describes.

    Raises BadRecipe for an unknown operation, an unknown or missing field, or a bad value.
    """
    rest: dict[str, Any] = dict(values)
    name = rest.pop("do", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadRecipe(f"operations.do takes one of {', '.join(_KINDS)}, not {name!r}.")
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
