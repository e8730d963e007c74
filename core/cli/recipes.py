"""Makes the recipe that the options of a run describe."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path

from core.errors import BadRecipe, BadUsage, ImageQueueError, NotWritable
from core.formats import format_named
from core.recipe import Existing, Output, Recipe, quick_recipe, read_toml
from core.recipe.shelf import recipe_named
from core.settings import data_folder


def recipe_of(options: argparse.Namespace, default: str) -> Recipe:
    """Return the recipe of a run's options. Raises BadRecipe, BadUsage and NotWritable.

    Without options it is `default`, a name or the path of a file: the one that is chosen in the window.
    `--thumbnail` and `--resize` make outputs of their own; with `--recipe` they are added to its outputs, in
    the place of those of the same name. `--format` and `--quality` apply to all outputs, and so does
    `--max-size`, which alone keeps each image's format.
    """
    if options.recipe is not None:
        recipe = given_recipe(options.recipe, data_folder(options.data_dir))
        if options.thumbnail is not None or options.resize is not None:
            recipe = _with_outputs(recipe, quick_recipe(options.thumbnail, options.resize))
        recipe = _with_formats(recipe, options)
    elif any(one is not None for one in (options.thumbnail, options.resize, options.format, options.quality)):
        recipe = quick_recipe(options.thumbnail, options.resize, options.format, options.quality)
        recipe = _with_formats(recipe, options)
    elif options.max_size is not None:
        recipe = quick_recipe(max_bytes=options.max_size)
    else:
        recipe = _default_recipe(default, data_folder(options.data_dir))
    if options.skip_larger:
        recipe = replace(recipe, skip_larger=True)
    if options.existing is not None:
        recipe = recipe.with_existing(Existing(options.existing))
    if options.output is not None:
        recipe = recipe.with_folder(options.output)
    if options.replace_original:
        if options.output is not None or options.mirror:
            raise BadUsage(
                "--replace-original goes without -o and --mirror: the original's place is the place."
            )
        recipe = recipe.replacing_originals()
    if options.mirror:
        if recipe.folder is None:
            raise BadUsage("--mirror needs the folder to build the tree in: give it by -o.")
        recipe = replace(recipe, mirror=True)
    if recipe.folder is not None:
        check_folder(Path(recipe.folder))
    return recipe


def check_folder(folder: Path) -> None:
    """Raise NotWritable unless outputs can be put into this folder, which need not be there yet."""
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotWritable(f"The output folder {folder} cannot be used: {nearest} is not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise NotWritable(f"The output folder {folder} cannot be used: {nearest} is not writable.")


def given_recipe(text: str, data_dir: Path) -> Recipe:
    """Return the recipe in a file, or the user's own or built-in one of this name; see `recipe_of`."""
    if text.lower().endswith(".toml"):
        return read_toml(text)
    if os.sep in text:
        raise BadUsage(f"--recipe takes a recipe's name, or a file whose name ends in .toml, not {text!r}.")
    return recipe_named(text, data_dir)


def _default_recipe(name: str, data_dir: Path) -> Recipe:
    try:
        return read_toml(name) if name.lower().endswith(".toml") else recipe_named(name, data_dir)
    except ImageQueueError as error:
        raise BadRecipe(f"The recipe that is chosen in the window cannot be used: {error}") from error


def _with_outputs(recipe: Recipe, quick: Recipe) -> Recipe:
    outputs = list(recipe.outputs)
    for output in quick.outputs:
        names = [one.name.casefold() for one in outputs]
        if output.name in names:
            outputs[names.index(output.name)] = output
        else:
            outputs.append(output)
    return replace(recipe, outputs=tuple(outputs))


def _with_formats(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """Return the recipe with the format, quality and limit of the options in each of its outputs."""
    outputs = [_with_format(one, options.format, options.quality) for one in recipe.outputs]
    if options.max_size is not None:
        outputs = [replace(one, max_bytes=options.max_size, look=None) for one in outputs]
    return replace(recipe, outputs=tuple(outputs))


def _with_format(output: Output, name: str | None, quality: int | None) -> Output:
    """Return the output in another format, with those of its options that the format takes."""
    if name is not None and name != output.format:
        chosen = format_named(name)
        assert chosen is not None, "the options were checked"
        dropped = {
            one.name: one.default for one in fields(Output)[4:] if not chosen.takes(one.name)
        }  # the options stand behind name, operations, format and template
        output = replace(output, format=name, **dropped)  # type: ignore[arg-type]
    return output if quality is None else replace(output, quality=quality, look=None)
