"""Keeps which images are to become one file: a list, which is the source of the one job that makes it.

So the queue has one job with one source, as always, and all that it promises holds: the list is on disk
before the job is accepted, an attempt reads all images of it or fails with the name of the one that it cannot
read, and no image of it is ever written to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.whole_file import write_whole

SUFFIX: Final = ".gathered"
"""Of the lists; the name before it is the stem of the outputs."""

_LONGEST: Final = 2**24  # bytes of a list
_HEAD: Final = b'{"imagequeue gathers": '


def write_list(folder: Path, name: str, sources: Sequence[str]) -> str:
    """Keep a list of absolute paths, synced, and return its path; the same list has the same one.

    name: the stem of what is made of them. Raises what `core.errors.from_os_error` gives.
    """
    text = _HEAD + json.dumps(list(sources)).encode("ascii") + b"}\n"
    there = folder / hashlib.blake2b(text, digest_size=8).hexdigest()
    there.mkdir(parents=True, exist_ok=True)
    path = there / (name + SUFFIX)
    if not path.is_file():
        write_whole(path, text)
    return str(path)


def read_list(path: str) -> list[str] | None:
    """Return the paths in a list; None for a file that is none. Raises what opening a file raises."""
    with open(path, "rb") as file:  # noqa: PTH123 (a Path takes ten times as long)
        if file.read(len(_HEAD)) != _HEAD:
            return None
        text = file.read(_LONGEST)
    try:
        listed = json.loads(_HEAD + text)
        (paths,) = listed.values()
        return [str(one) for one in paths] or None
    except (ValueError, AttributeError, TypeError):
        return None
