"""The checks of the fields of recipes; each complaint is one sentence that names the field."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

from core.errors import BadRecipe

MAX_SIDE: Final = 100_000
"""The longest side in pixels that an operation may ask for."""

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def check_whole(value: object, field: str, low: int, high: int) -> None:
    """Raise BadRecipe unless `value` is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadRecipe(f"{field} takes a whole number from {low} to {high}, not {value!r}.")


def check_number(value: object, field: str, low: float, high: float) -> None:
    """Raise BadRecipe unless `value` is a finite number from `low` to `high`."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise BadRecipe(f"{field} takes a number from {low:g} to {high:g}, not {value!r}.")


def check_flag(value: object, field: str) -> None:
    """Raise BadRecipe unless `value` is true or false."""
    if not isinstance(value, bool):
        raise BadRecipe(f"{field} takes true or false, not {value!r}.")


def check_choice(value: object, field: str, choices: tuple[str, ...]) -> None:
    """Raise BadRecipe unless `value` is one of `choices`."""
    if value not in choices:
        raise BadRecipe(f"{field} takes one of {', '.join(choices)}, not {value!r}.")


def check_colour(value: object, field: str, *, transparent: bool = False) -> None:
    """Raise BadRecipe unless `value` is a colour such as "#ffffff", or "transparent" where that can be."""
    if transparent and value == "transparent":
        return
    if not isinstance(value, str) or _COLOUR.fullmatch(value) is None:
        other = ' or "transparent"' if transparent else ""
        raise BadRecipe(f'{field} takes a colour such as "#ffffff"{other}, not {value!r}.')


def check_path(value: object, field: str) -> None:
    """Raise BadRecipe unless `value` is the absolute path of a file, which need not be there yet."""
    if not isinstance(value, str) or "\0" in value or not Path(value).is_absolute():
        raise BadRecipe(f"{field} takes the absolute path of a file, not {value!r}.")


def check_text(value: object, field: str, longest: int) -> None:
    """Raise BadRecipe unless `value` is a text of 1 to `longest` characters that can be printed."""
    good = isinstance(value, str) and value.strip() and len(value) <= longest
    if not good or not all(sign == "\n" or sign.isprintable() for sign in str(value)):
        raise BadRecipe(f"{field} takes a text of 1 to {longest} characters, not {value!r}.")
