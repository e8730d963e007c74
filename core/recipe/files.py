"""Recipes in files: those that people write as TOML, those that come with the app, those of a few flags."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import tomli_w

from core.errors import BadRecipe, from_os_error
from core.operations import (
    MAX_SIDE,
    PATH_FIELDS,
    Operation,
    Resize,
    Thumbnail,
    check_flag,
    operation_to_mapping,
)
from core.recipe.values import Output, Recipe, absolute, plain

OFF: Final = "off"
"""The field of an output or operation in a file that is switched off: nothing is made of it."""


def parse_toml(text: str, *, beside: Path | None = None) -> Recipe:
    """Return the recipe in a TOML text; its relative paths start at `beside`. Raises BadRecipe.

    Outputs and operations that say `off = true` are left out.
    """
    values = read_tables(text, beside=beside)
    for output in _tables(values.get("outputs")):
        _leave_out(output, "operations")
    _leave_out(values, "outputs")
    return Recipe.from_mapping(values)


def read_tables(text: str, *, beside: Path | None = None) -> dict[str, Any]:
    """Return what a TOML text says, with whole paths where it has those that start at `beside`.

    Nothing but that it is TOML, and what is switched off, is checked. Raises BadRecipe.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadRecipe(f"The recipe is not TOML: {error}.") from error
    start = beside if beside is not None else Path.cwd()
    _start_paths(values, ("folder",), start)
    for output in _tables(values.get("outputs")):
        check_flag(output.get(OFF, False), f"outputs.{OFF}")
        for operation in _tables(output.get("operations")):
            check_flag(operation.get(OFF, False), f"operations.{OFF}")
            _start_paths(operation, PATH_FIELDS, start)
    return values


def _leave_out(values: dict[str, object], name: str) -> None:
    """Take what is switched off out of a list of tables; what is none has still to be refused."""
    listed = values.get(name)
    if isinstance(listed, list):
        on = [one for one in listed if not (isinstance(one, dict) and one.get(OFF))]
        for one in _tables(on):
            one.pop(OFF, None)
        values[name] = on


def _tables(listed: object) -> list[dict[str, object]]:
    """Return the tables among what may be a list of tables; it has still to be checked."""
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _start_paths(values: dict[str, object], names: Iterable[str], start: Path) -> None:
    for name in names:
        path = values.get(name)
        if isinstance(path, str) and path:
            values[name] = absolute(start, path)


def read_toml(path: str | os.PathLike[str]) -> Recipe:
    """Return the recipe in a TOML file. Raises BadRecipe, or what `from_os_error` gives."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{file} is not a recipe: it is not UTF-8 text.") from error
    return parse_toml(text, beside=file.parent)


def format_toml(recipe: Recipe) -> str:
    """Return the recipe as TOML for people: what has its default is left out."""
    values = _unlike_default(recipe)
    values["outputs"] = [
        _unlike_default(output)
        | {"operations": [_operation_unlike_default(one) for one in output.operations]}
        for output in recipe.outputs
    ]
    return tomli_w.dumps(values)


@cache
def builtin_recipes() -> tuple[Recipe, ...]:
    """Return the recipes that come with the app; the first one is the default."""
    folder = resources.files("resources") / "recipes"
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(parse_toml(one.read_text(encoding="utf-8")) for one in files)


def find_recipe(name: str) -> Recipe:
    """Return the built-in recipe of this name, in any case of letters. Raises BadRecipe with the names."""
    for recipe in builtin_recipes():
        if recipe.name.casefold() == name.strip().casefold():
            return recipe
    names = ", ".join(recipe.name for recipe in builtin_recipes())
    raise BadRecipe(f"There is no recipe {name!r}; there are: {names}.")


def quick_recipe(
    thumbnail: int | None = None,
    resize: str | None = None,
    format: str | None = None,  # noqa: A002 - the word of the command line
    quality: int | None = None,
    max_bytes: int | None = None,
) -> Recipe:
    """Return the recipe that a few flags describe.

    `thumbnail` is the side of a square box in pixels; `resize` is "WxH" or "PX", the box or the longest
    side in pixels; `format` is a writable format; `quality` is 1 to 100; `max_bytes` is the most that
    each file may have. Without `thumbnail` and `resize` the image is converted in its full size. Raises
    BadRecipe.
    """
    outputs: list[Output] = []
    if thumbnail is not None:
        outputs.append(
            Output("thumbnail", (Thumbnail(thumbnail),), format, quality=quality, max_bytes=max_bytes)
        )
    if resize is not None:
        outputs.append(
            Output("resized", (_resize_from(resize),), format, quality=quality, max_bytes=max_bytes)
        )
    if not outputs:
        if format is None and quality is None and max_bytes is None:
            raise BadRecipe("Nothing to make: give a thumbnail, a size, a format, a quality or a limit.")
        template = "{stem}" if format is not None else "{stem}-{output}"
        outputs.append(Output("converted", (), format, template, quality=quality, max_bytes=max_bytes))
    return Recipe("Command line", tuple(outputs))


def _resize_from(text: str) -> Resize:
    found = re.fullmatch(r"(\d{1,6})(?:[xX×](\d{1,6}))?", text.strip())
    if found is None:
        raise BadRecipe(f'A size is "WxH" or one number, in pixels from 1 to {MAX_SIDE}, not {text!r}.')
    width = int(found[1])
    return Resize(width=width, height=int(found[2]) if found[2] else width)


def _unlike_default(value: Recipe | Output) -> dict[str, object]:
    defaults = {one.name: one.default for one in fields(value)}
    return {
        name: str(one) if isinstance(one, StrEnum) else one
        for name, one in plain(value).items()
        if one != defaults[name] and name != "operations"
    }


def _operation_unlike_default(operation: Operation) -> dict[str, object]:
    defaults = {one.name: one.default for one in fields(operation)}
    values = operation_to_mapping(operation)
    return {name: one for name, one in values.items() if name == "do" or one != defaults[name]}
