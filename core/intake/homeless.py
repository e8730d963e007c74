"""Decides where the outputs of sources go that have no folder of their own: links, and pasted pictures."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from core.recipe import Recipe


def folder_for_homeless() -> str:
    """Return the folder for outputs that have no source to be beside: Pictures, or else Downloads.

    When neither is there it is Pictures, which the first job then makes.
    """
    pictures, downloads = platformdirs.user_pictures_dir(), platformdirs.user_downloads_dir()
    return downloads if Path(downloads).is_dir() and not Path(pictures).is_dir() else pictures


def with_home(recipe: Recipe) -> Recipe:
    """Return the recipe with a folder: its own, or else that for outputs without a source to be beside."""
    return recipe if recipe.folder is not None else recipe.with_folder(folder_for_homeless())
