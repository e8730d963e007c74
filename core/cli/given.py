"""What the commands share: how they end, which paths they take."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.cli.help_texts import COMMANDS
from core.errors import BadLink, BadUsage, NoSuchFile, from_os_error
from core.intake.text import is_address, path_of_address
from core.links.address import clean_link, looks_like_link

USAGE: Final = 2
"""Wrong usage, or the queue cannot be used."""

INTERRUPTED: Final = 130
"""Ended by Ctrl+C or a signal to end."""


_MOST: Final = 2**26  # bytes of a list of paths


def given_paths(options: argparse.Namespace) -> list[str]:
    """Return the PATHs and what --paths-from lists, made absolute. Raises as `absolute_paths` does."""
    paths = list(options.paths)
    if options.paths_from is not None:
        listed = listed_paths(options.paths_from)
        if not listed:
            raise BadUsage(f"{options.paths_from} lists no path; nothing was added.")
        paths += listed
    return absolute_paths(paths)


def meant_command(word: str) -> str:
    """Return a question, with a space before it, when a word is nearly the name of a command; else ""."""
    if word.lower() == "help":
        return " Did you mean: imagequeue --help?"
    near = difflib.get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.75)
    return f" Did you mean: imagequeue {near[0]}?" if near else ""


def listed_paths(name: str) -> list[str]:
    """Return the paths that a file lists, or standard input for "-": parted by NULs, or else by lines.

    Raises BadUsage for a list of more than 64 MB, or what `from_os_error` gives.
    """
    try:
        if name == "-":
            content = sys.stdin.buffer.read(_MOST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_MOST + 1)
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    if len(content) > _MOST:
        raise BadUsage("--paths-from takes a list of at most 64 MB; nothing was added.")
    if b"\0" in content:
        parts = content.split(b"\0")
    else:
        parts = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return [os.fsdecode(part) for part in parts if part]


def absolute_paths(paths: Sequence[str]) -> list[str]:
    """Return the paths made absolute, those of file: addresses too, and the links as they are.

    Raises NoSuchFile when one or more are not there, and BadLink for what only begins like a link.
    """
    # A desktop may start the app with addresses for the files that are chosen.
    paths = [(path_of_address(path) if is_address(path) else None) or path for path in paths]
    bad = [path for path in paths if looks_like_link(path) and clean_link(path) is None]
    if bad:
        raise BadLink(f"{bad[0]} is no link that can be followed; nothing was added.")
    missing = [path for path in paths if not (looks_like_link(path) or os.path.lexists(path))]
    if missing:
        named = ", ".join(path or "''" for path in missing[:3])
        more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
        verb = "is" if len(missing) == 1 else "are"
        raise NoSuchFile(f"{named}{more} {verb} not there; nothing was added.{meant_command(missing[0])}")
    return [path if looks_like_link(path) else os.path.abspath(path) for path in paths]  # noqa: PTH100
