"""The user's own recipes: TOML files in a folder of the data folder, one for each."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadRecipe, ImageQueueError, from_os_error
from core.recipe.draft import Part, draft_toml, read_draft, recipe_of
from core.recipe.files import find_recipe
from core.recipe.values import Recipe
from core.whole_file import write_whole

_FOLDER: Final = "recipes"
_SUFFIX: Final = ".toml"
_LONGEST_STEM: Final = 60  # characters of a file's name, which the recipe's name begins
_LARGEST: Final = 1_000_000  # bytes of a recipe file: a hundred outputs of a hundred operations take less


@dataclass(frozen=True)
class Kept:
    """A recipe of the user's own, with the file that it is kept in."""

    path: str  # absolute; stays the same when the recipe is renamed
    draft: Part

    @property
    def name(self) -> str:
        """The recipe's name."""
        return str(self.draft.value("name") or "")


def shelf_folder(data_dir: Path) -> Path:
    """Return the folder of the user's own recipes; it may not be there yet."""
    return data_dir / _FOLDER


def kept_recipes(data_dir: Path) -> tuple[list[Kept], list[str]]:
    """Return the user's own recipes in the order of their names, and a sentence on each file that is none.

    Such a file stays where it is.
    """
    found: list[Kept] = []
    refused: list[str] = []
    try:
        names = sorted(os.listdir(shelf_folder(data_dir)))  # noqa: PTH208 (text alone)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [str(from_os_error(error, writing=False))]
    for name in names:
        if name.endswith(_SUFFIX) and not name.startswith("."):
            try:
                found.append(read_kept(shelf_folder(data_dir) / name))
            except ImageQueueError as error:
                refused.append(f"{name} in the folder of recipes cannot be used: {error}")
    return sorted(found, key=lambda one: (one.name.casefold(), one.path)), refused


def read_kept(path: Path) -> Kept:
    """Return the recipe in a file, what is off with it. Raises BadRecipe, or what `from_os_error` gives."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadRecipe(f"{path.name} is no recipe: it has more than {_LARGEST:,} bytes.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{path.name} is no recipe: it is not UTF-8 text.") from error
    return Kept(os.path.abspath(path), read_draft(text, beside=path.parent))  # noqa: PTH100 (text alone)


def write_kept(kept: Kept) -> None:
    """Write a recipe into its file, whole or not at all. Raises what `from_os_error` gives."""
    path = Path(kept.path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, draft_toml(kept.draft).encode())
    except OSError as error:
        raise from_os_error(error, writing=True) from error


def export_draft(path: Path, draft: Part) -> None:
    """Write a recipe for others to import. Raises what `from_os_error` gives."""
    try:
        path.write_text(draft_toml(draft), encoding="utf-8")
    except OSError as error:
        raise from_os_error(error, writing=True) from error


def remove_kept(path: str) -> None:
    """Remove a recipe's file; one that is gone is no error. Raises what `from_os_error` gives."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, writing=True) from error


def new_path(data_dir: Path, name: str, taken: Collection[str]) -> str:
    """Return a path for a new recipe that is not among `taken`; its file's name says which recipe it is."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_STEM].strip("-") or "recipe"
    folder, number = os.path.abspath(shelf_folder(data_dir)), 1  # noqa: PTH100 (text alone)
    while (path := os.path.join(folder, f"{stem}{f'-{number}' if number > 1 else ''}{_SUFFIX}")) in taken:  # noqa: PTH118
        number += 1
    return path


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name that is not among `taken`, in any case of letters: itself, or with a number behind it."""
    folded = {one.casefold() for one in taken}
    if name.casefold() not in folded:
        return name
    stem = re.sub(r" \d+$", "", name)
    number = 2
    while f"{stem} {number}".casefold() in folded:
        number += 1
    return f"{stem} {number}"


def recipe_named(name: str, data_dir: Path) -> Recipe:
    """Return the user's own recipe of this name, or the built-in one, in any case of letters.

    Raises BadRecipe with the names of all.
    """
    own, _ = kept_recipes(data_dir)
    for one in own:
        if one.name.casefold() == name.strip().casefold():
            return recipe_of(one.draft)
    try:
        return find_recipe(name)
    except BadRecipe as error:
        if not own:
            raise
        names = ", ".join(one.name for one in own)
        raise BadRecipe(f"{str(error).rstrip('.')}, {names}.") from error
