r"""Finds the place here of paths of another machine: which folder there is which folder here.

Text alone: nothing is looked up on a disk. Windows' paths are understood here, and POSIX ones there: on
Windows `\` and `/` part names and the case of letters does not count; elsewhere `/` alone does, and it does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import BadUsage

SEPARATORS: Final = ("/", "\\")
"""What parts the names of a path: on POSIX systems, on Windows."""


@dataclass(frozen=True, slots=True)
class PathMap:
    """What is in folder `old` on the other machine is in folder `new` here; both are absolute."""

    old: str
    new: str


def path_map(text: str) -> PathMap:
    """Return the map that "OLD=NEW" says; of several "=" the first one counts that parts two absolute paths.

    A NEW that begins with "~" begins at the home folder. Raises BadUsage.
    """
    for found in re.finditer("=", text):
        old, new = text[: found.start()], os.path.expanduser(text[found.end() :])  # noqa: PTH111 (text alone)
        if any(is_absolute(old, one) for one in SEPARATORS) and is_absolute(new, os.sep):
            if "\0" in text:
                break
            return PathMap(old, os.path.normpath(new))
    raise BadUsage(f"takes OLD=NEW, the absolute paths of a folder there and here, not {text!r}")


def is_absolute(path: str, separator: str) -> bool:
    """Return whether a path is absolute on a machine whose separator this is."""
    if separator == "/":
        return path.startswith("/")
    return re.match(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/]", path) is not None


def parts_of(path: str, separator: str) -> tuple[str, ...]:
    r"""Return the names in an absolute path, without its root; of `C:\a` and `\\server\share` all of it."""
    names = path.split("/") if separator == "/" else re.split(r"[\\/]", path)
    return tuple(name for name in names if name not in ("", "."))


class Mapping:
    """Maps many paths of one machine; the longest `old` that a path is in decides."""

    def __init__(self, maps: Sequence[PathMap], separator: str) -> None:
        """Prepare. Raises BadUsage for an `old` that is no absolute path on that machine."""
        self._separator = separator
        self._maps: list[tuple[tuple[str, ...], PathMap]] = []
        for one in maps:
            if not is_absolute(one.old, separator):
                raise BadUsage(f"{one.old} is no absolute path on the machine that the file comes from.")
            self._maps.append((self._folded(parts_of(one.old, separator)), one))
        self._maps.sort(key=lambda found: len(found[0]), reverse=True)
        self._folders: dict[str, str | None] = {}
        self.used: set[PathMap] = set()
        """The maps that a path was found in."""

    def here(self, path: str) -> str | None:
        """Return the path here; None for one of another system that no map covers."""
        cut = path.rfind("/") if self._separator == "/" else max(path.rfind("/"), path.rfind("\\"))
        folder, name = path[: cut + 1], path[cut + 1 :]
        if folder not in self._folders:
            self._folders[folder] = self.folder_here(folder)
        mapped = self._folders[folder]
        return (
            None if mapped is None else mapped + name if mapped.endswith(os.sep) else mapped + os.sep + name
        )

    def folder_here(self, folder: str) -> str | None:
        """Return the folder here; None for one of another system that no map covers."""
        parts = parts_of(folder, self._separator)
        folded = self._folded(parts)
        for old, one in self._maps:
            if folded[: len(old)] == old:
                self.used.add(one)
                return os.path.join(one.new, *parts[len(old) :])  # noqa: PTH118
        return os.path.normpath(folder) if self._separator == os.sep else None

    def _folded(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        return parts if self._separator == "/" else tuple(part.casefold() for part in parts)
