"""Recognises the files that a recipe has made beside its sources, so that they do not become sources."""

# ruff: noqa: PTH122

from __future__ import annotations

import os
import re
import string
from collections.abc import Collection
from typing import Final

from core.formats import FORMATS, format_named
from core.recipe import Output, Recipe

_NUMBER: Final = re.compile(r"-\d+$")
_ANY_SUFFIX: Final = "|".join(re.escape(one.suffix) for one in FORMATS if one.followed)


class ResultNames:
    """The names that the outputs of one recipe get."""

    def __init__(self, recipe: Recipe) -> None:
        patterns = [found for one in recipe.outputs if (found := _pattern(one)) is not None]
        self._patterns = [re.compile(one) for one in patterns]
        self._folder = recipe.folder

    def among(self, folder: str, names: Collection[str]) -> set[str]:
        """Return those of the image files of a folder that the recipe made from others of them.

        `photo-thumbnail.jpg` is one when the recipe makes thumbnails of that name and some `photo.*` is there
        too. Only what stands beside its source is known for a result.
        """
        if not self._patterns or self._folder not in (None, folder):
            return set()
        found: set[str] = set()
        stems: set[str] = set()
        for name in names:
            for pattern in self._patterns:
                match = pattern.fullmatch(name)
                if match is None:
                    continue
                if not stems:
                    stems = {os.path.splitext(one)[0] for one in names}
                stem = match["stem"]
                if stem in stems or _NUMBER.sub("", stem) in stems:
                    found.add(name)
                    break
        return found

    def named_so(self, names: Collection[str]) -> set[str]:
        """Return those of the names that an output of the recipe may have, whatever its source is called."""
        return {name for name in names if any(one.fullmatch(name) for one in self._patterns)}


def _pattern(output: Output) -> str | None:
    """Return the regular expression of an output's names; None when they do not differ from a source's."""
    parts: list[str] = []
    seen_stem = differs = False
    for literal, field, _, _ in string.Formatter().parse(output.template):
        parts.append(re.escape(literal))
        differs = differs or bool(literal)
        if field == "stem":
            parts.append("(?P=stem)" if seen_stem else "(?P<stem>.+)")
            seen_stem = True
        elif field == "output":
            parts.append(re.escape(output.name))
            differs = True
        elif field == "ext":
            parts.append("[^.]*")
        elif field is not None:
            parts.append(r"\d+")
    if not (seen_stem and differs):
        return None
    chosen = format_named(output.format) if output.format is not None else None
    suffix = _ANY_SUFFIX if chosen is None else re.escape(chosen.suffix)
    return f"{''.join(parts)}(?:-\\d+)?(?:{suffix})"
