"""Recognises the files that a recipe has made beside its sources, so that they do not become sources."""

# ruff: noqa: PTH118, PTH121, PTH122

from __future__ import annotations

import os
import re
import string
from collections.abc import Collection
from typing import Final

from core.formats import FORMATS, format_named
from core.recipe import Output, Recipe
from core.recipe.templates import regex_of

_NUMBER: Final = re.compile(r"-\d+$")
_ANY_SUFFIX: Final = "|".join(re.escape(one.suffix) for one in FORMATS if one.followed)


class ResultNames:
    """The names that the outputs of one recipe get."""

    def __init__(self, recipe: Recipe) -> None:
        self._patterns: list[tuple[re.Pattern[str], int]] = []  # each with how many folders stand in it
        for one in () if recipe.replace_original else recipe.outputs:
            found = _pattern(one)
            if found is not None:
                self._patterns.append((re.compile(found), one.template.count("/")))
        self.folder = recipe.folder
        """The folder that all outputs go to; None for beside their sources."""
        self._mirrors = recipe.mirror
        self._real = None if recipe.folder is None else os.path.realpath(recipe.folder)

    def is_target(self, folder: str) -> bool:
        """Return whether all outputs go to this folder, by whatever way it was come to."""
        if self.folder is None or folder == self.folder:
            return self.folder is not None
        try:
            return os.path.samefile(folder, self.folder)  # a fifth of what the real paths take
        except OSError:
            return False

    def holds(self, folder: str) -> bool:
        """Return whether all outputs go to this folder or to one around it, by whatever way."""
        if self._real is None:
            return False
        return self.is_target(folder) or _is_below(os.path.realpath(folder), self._real)

    def among(self, folder: str, names: Collection[str]) -> set[str]:
        """Return those of the image files of a folder that the recipe made from others of them.

        `photo-thumbnail.jpg` is one when the recipe makes thumbnails of that name and some `photo.*` is there
        too, or, for a template with folders, above them. Only what stands there is known for a result.
        """
        found: set[str] = set()
        stems: dict[int, set[str]] = {}
        for pattern, depth in self._patterns:
            home, below = _parted(folder, depth)
            if not self._can_be_in(home):
                continue
            for name in names:
                match = pattern.fullmatch(below + name)
                if match is None:
                    continue
                if depth not in stems:
                    there = names if depth == 0 else _names_in(home)
                    stems[depth] = {os.path.splitext(one)[0] for one in there}
                stem = match["stem"]
                if stem in stems[depth] or _NUMBER.sub("", stem) in stems[depth]:
                    found.add(name)
        return found

    def named_so(self, names: Collection[str]) -> set[str]:
        """Return those of the names that an output of the recipe may have, whatever its source is called."""
        return {name for name in names if any(one.fullmatch(name) for one, _ in self._patterns)}

    def _can_be_in(self, folder: str) -> bool:
        if self.folder is None or self.is_target(folder):
            return True
        # Real paths of very many folders take longer than all else: these two ways have to do.
        return self._mirrors and (_is_below(folder, self.folder) or _is_below(folder, str(self._real)))


def _is_below(folder: str, other: str) -> bool:
    return folder.startswith(os.path.join(other, ""))


def _parted(folder: str, depth: int) -> tuple[str, str]:
    """Return a folder so many levels up, and what lies below it: "" or with a / at its end."""
    below = ""
    for _ in range(depth):
        folder, name = os.path.split(folder)
        below = f"{name}/{below}"
    return folder, below


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _pattern(output: Output) -> str | None:
    """Return the regular expression of an output's names; None when they do not differ from a source's."""
    parts: list[str] = []
    seen_stem = differs = False
    for literal, field, spec, _ in string.Formatter().parse(output.template):
        parts.append(re.escape(literal))
        differs = differs or bool(literal)
        if field == "stem":
            parts.append("(?P=stem)" if seen_stem else "(?P<stem>[^/]+)")
            seen_stem = True
        elif field == "output":
            parts.append(re.escape(output.name))
            differs = True
        elif field is not None:
            parts.append(regex_of(field, spec))
    if not (seen_stem and differs):
        return None
    chosen = format_named(output.format) if output.format is not None else None
    suffix = _ANY_SUFFIX if chosen is None else re.escape(chosen.suffix)
    return f"{''.join(parts)}(?:-\\d+)?(?:{suffix})"
