"""Shared folders: each has a name, by which every machine finds it at a path of its own."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from core.errors import BadUsage

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """A folder that this machine and others have. Raises BadUsage for a value that cannot be."""

    name: str  # what a worker calls it, too, in --share NAME=FOLDER
    path: str  # absolute, on this machine

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not isinstance(self.path, str):
            raise BadUsage("shared takes folders with a name and a path, which are texts.")
        if not _NAME.fullmatch(self.name):
            raise BadUsage("The name of a shared folder takes up to 40 letters a to z, digits, - and _.")
        if not os.path.isabs(self.path) or "\0" in self.path:  # noqa: PTH117
            raise BadUsage(f"The shared folder {self.name} takes the absolute path of a folder.")
        object.__setattr__(self, "path", os.path.normpath(self.path))
        if os.path.dirname(self.path) == self.path:  # noqa: PTH120
            raise BadUsage(f"The shared folder {self.name} takes a folder, not a whole disk.")


def shared_from(value: object) -> tuple[SharedFolder, ...]:
    """Return the shared folders that a list of tables or of folders describes. Raises BadUsage."""
    if not isinstance(value, list | tuple):
        raise BadUsage("shared takes a list of folders.")
    try:
        found = tuple(one if isinstance(one, SharedFolder) else SharedFolder(**one) for one in value)
    except TypeError as error:
        raise BadUsage(f"shared takes folders with a name and a path: {error}.") from error
    for one, other in combinations(found, 2):
        if one.name.casefold() == other.name.casefold():
            raise BadUsage(f"Two shared folders have the name {other.name}.")
        inner, outer = sorted((one.path, other.path), key=len, reverse=True)
        if inner == outer or inner.startswith(outer + os.sep):
            raise BadUsage(f"The shared folders {one.name} and {other.name} are one inside the other.")
    return found
