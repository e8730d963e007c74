"""The recipe: what to make of a source, as an immutable value that travels as JSON and is shared as TOML."""

from core.recipe.files import (
    builtin_recipes,
    find_recipe,
    format_toml,
    parse_toml,
    quick_recipe,
    read_toml,
)
from core.recipe.templates import TEMPLATE_FIELDS, check_template
from core.recipe.values import Colour, Existing, Metadata, Output, Recipe

__all__ = [
    "TEMPLATE_FIELDS",
    "Colour",
    "Existing",
    "Metadata",
    "Output",
    "Recipe",
    "builtin_recipes",
    "check_template",
    "find_recipe",
    "format_toml",
    "parse_toml",
    "quick_recipe",
    "read_toml",
]
