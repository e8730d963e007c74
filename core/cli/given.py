"""What the commands share: how they end, which paths they take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from core.errors import BadLink, NoSuchFile
from core.links.address import clean_link, looks_like_link

USAGE: Final = 2
"""Wrong usage, or the queue cannot be used."""

INTERRUPTED: Final = 130
"""Ended by Ctrl+C or a signal to end."""


def absolute_paths(paths: Sequence[str]) -> list[str]:
    """Return the paths made absolute, and the links as they are.

    Raises NoSuchFile when one or more are not there, and BadLink for what only begins like a link.
    """
    bad = [path for path in paths if looks_like_link(path) and clean_link(path) is None]
    if bad:
        raise BadLink(f"{bad[0]} is no link that can be followed; nothing was added.")
    missing = [path for path in paths if not (looks_like_link(path) or os.path.lexists(path))]
    if missing:
        named = ", ".join(path or "''" for path in missing[:3])
        more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
        verb = "is" if len(missing) == 1 else "are"
        raise NoSuchFile(f"{named}{more} {verb} not there; nothing was added.")
    return [path if looks_like_link(path) else os.path.abspath(path) for path in paths]  # noqa: PTH100
