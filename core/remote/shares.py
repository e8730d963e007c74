"""Folders that several machines reach under paths of their own, each known to all by one name."""

# ruff: noqa: PTH112, PTH114, PTH117, PTH118

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadUsage

_MARK: Final = ".imagequeue-share-"
_LONGEST_TOKEN: Final = 200


class Outside(ValueError):
    """A place that is in no shared folder of this machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder in a shared folder: the same on every machine."""

    share: str  # the name of the shared folder
    path: str  # below it, parted by "/"; "" for itself


@dataclass(frozen=True, slots=True)
class Token:
    """What a machine has to read in a shared folder to show that it is the same folder."""

    name: str  # of a file in it
    content: str


class Shares:
    """The shared folders of this machine."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        """roots: the absolute path of each by its name. Raises BadUsage for a name or path that cannot be."""
        for name, root in roots.items():
            if not name or name != name.strip() or not name.isprintable() or "=" in name:
                raise BadUsage(f"A shared folder takes a name without =, not {name!r}.")
            if not os.path.isabs(root):
                raise BadUsage(f"The shared folder {name} takes an absolute path, not {root}.")
        self.roots = {name: os.path.normpath(root) for name, root in roots.items()}

    def place_of(self, path: str) -> Place | None:
        """Return where a path is within the shared folders, the innermost of them; None for outside.

        It goes by the path alone: what a link on it leads to is found out by who opens it.
        """
        path = os.path.normpath(path)
        found: tuple[int, Place] | None = None
        for name, root in self.roots.items():
            inner = os.path.join(root, "")
            if path == root or path.startswith(inner):
                below = path[len(inner) :].replace(os.sep, "/")
                if found is None or len(root) > found[0]:
                    found = len(root), Place(name, below)
        return None if found is None else found[1]

    def path_of(self, place: Place) -> str:
        """Return the path of a place here. Raises Outside for what leaves its folder, through a link too."""
        root = self.roots.get(place.share)
        if root is None:
            raise Outside(f"There is no shared folder {place.share} on this machine.")
        parts = place.path.split("/") if place.path else []
        if any(part in ("", ".", "..") or os.sep in part or "\0" in part for part in parts):
            raise Outside(f"{place.path!r:.200} is no path below a folder.")
        if os.altsep is not None and any(os.altsep in part or ":" in part for part in parts):
            raise Outside(f"{place.path!r:.200} is no path below a folder.")
        path = os.path.join(root, *parts)
        if _has_link(root, parts):
            real = os.path.realpath(root)
            if os.path.commonpath((real, os.path.realpath(path))) != real:
                raise Outside(f"{place.path!r:.200} leads out of the shared folder {place.share}.")
        return path

    # -- the handshake ------------------------------------------------------------------------------------

    def put_tokens(self, uid: str) -> tuple[dict[str, Token], dict[str, str]]:
        """Put a file with random content into each folder; return these, and a sentence for each that failed.

        uid: of the store; what earlier starts with it have left is removed.
        """
        tokens, refused = {}, {}
        for name, root in self.roots.items():
            token = Token(f"{_MARK}{uid}-{secrets.token_hex(4)}", secrets.token_hex(16))
            try:
                if not os.path.isdir(root):
                    raise FileNotFoundError(2, "there is no such folder", root)
                self.remove_tokens(uid, name)
                Path(root, token.name).write_text(token.content, encoding="ascii")
            except OSError as error:
                refused[name] = f"The shared folder {name} ({root}) cannot be written: {error.strerror}."
            else:
                tokens[name] = token
        return tokens, refused

    def remove_tokens(self, uid: str, share: str | None = None) -> None:
        """Remove these files again, of one folder or of all."""
        for name, root in self.roots.items():
            if share in (None, name):
                with suppress(OSError):
                    for entry in Path(root).glob(f"{_MARK}{uid}-*"):
                        entry.unlink(missing_ok=True)

    def check(self, share: str, token: Token) -> str:
        """Return "" when a folder is the one that the token was put into; else a sentence that says why."""
        root = self.roots.get(share)
        if root is None:
            return f"It has no shared folder {share}: start it with --share {share}=FOLDER."
        if "/" in token.name or os.sep in token.name or not token.name.startswith(_MARK):
            return f"What it was to look for in {share} is no file that shows a shared folder."
        try:
            with Path(root, token.name).open(encoding="ascii") as file:
                found = file.read(_LONGEST_TOKEN)
        except FileNotFoundError:
            return (
                f"{root} is another folder there than {share} is here: a file that was put here is not in it."
            )
        except (OSError, ValueError) as error:
            return f"{root} cannot be read there: {getattr(error, 'strerror', None) or error}."
        if found != token.content:
            return f"{root} is another folder there than {share} is here."
        return "" if os.access(root, os.W_OK) else f"{root} cannot be written there."


def _has_link(root: str, parts: Sequence[str]) -> bool:
    """Return whether a path below a folder may lead elsewhere; on Windows more than links do."""
    if os.name == "nt":
        return True
    for part in parts:
        root = os.path.join(root, part)
        if os.path.islink(root):
            return True
    return False
