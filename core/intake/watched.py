"""What a watched folder is: where, and what becomes of the images that arrive in it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from core.errors import BadUsage
from core.recipe import Existing, Recipe, find_recipe, read_toml


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder whose images become jobs as they arrive. Raises BadUsage for a value that cannot be."""

    path: str  # absolute
    recipe: str  # a recipe's name, the path of a recipe file, or a whole recipe as JSON
    output_folder: str = ""  # an absolute path; empty for what the recipe says
    existing: str = "keep"  # what becomes of files that are there already: keep, number, replace or newer
    priority: int = 0

    def __post_init__(self) -> None:
        texts = (self.path, self.recipe, self.output_folder, self.existing)
        if not all(isinstance(one, str) for one in texts) or not self.recipe:
            raise BadUsage("watched takes folders with a path and a recipe, which are texts.")
        if not os.path.isabs(self.path) or (self.output_folder and not os.path.isabs(self.output_folder)):  # noqa: PTH117
            raise BadUsage("watched takes absolute paths of folders.")
        if self.existing not in tuple(Existing):
            raise BadUsage(f"watched.existing takes one of {', '.join(Existing)}.")
        if (
            isinstance(self.priority, bool)
            or not isinstance(self.priority, int)
            or abs(self.priority) >= 2**31
        ):
            raise BadUsage("watched.priority takes a whole number.")

        object.__setattr__(self, "path", os.path.normpath(self.path))

    @classmethod
    def of(cls, path: str, recipe: Recipe, priority: int = 0) -> WatchedFolder:
        """Return a watched folder that has its recipe with it."""
        return cls(path, recipe.to_json(), recipe.folder or "", str(recipe.existing), priority)

    @property
    def recipe_name(self) -> str:
        """The recipe's name, to be shown."""
        if self.recipe.startswith("{"):
            return Recipe.from_json(self.recipe).name
        return self.recipe

    def read_recipe(self) -> Recipe:
        """Return the recipe, which may be in a file. Raises BadRecipe, or what `from_os_error` gives."""
        if self.recipe.startswith("{"):
            recipe = Recipe.from_json(self.recipe)
        elif self.recipe.endswith(".toml"):
            recipe = read_toml(self.recipe)
        else:
            recipe = find_recipe(self.recipe)
        if self.output_folder:
            recipe = recipe.with_folder(self.output_folder)
        return recipe.with_existing(Existing(self.existing))


def watched_from(value: object) -> tuple[WatchedFolder, ...]:
    """Return the watched folders that a list of tables or of folders describes. Raises BadUsage."""
    if not isinstance(value, list | tuple):
        raise BadUsage("watched takes a list of folders.")
    try:
        found = tuple(one if isinstance(one, WatchedFolder) else WatchedFolder(**one) for one in value)
    except TypeError as error:
        raise BadUsage(f"watched takes folders with a path, a recipe and a priority: {error}.") from error
    if len({one.path for one in found}) < len(found):
        raise BadUsage("watched takes each folder once.")
    return found
