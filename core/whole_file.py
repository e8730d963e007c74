"""Writes files of our own whole, in the place of nothing but an earlier one of the same kind."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import BadUsage, from_os_error


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step; it is readable by its owner alone. Raises OSError.

    It is written under one name beside the file, so that what a crash leaves there is gone with the next
    writing. Two may not write one file at the same time.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def give_part_its_name(file: IO[Any], part: Path, path: Path) -> None:
    """Sync and close a file that has grown beside its place, and put it there in one step. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    part.replace(path)


def leave_no_part(file: IO[Any], part: Path) -> None:
    """Close such a file, and remove it unless it has its name. Raises OSError."""
    file.close()
    part.unlink(missing_ok=True)


def refuse_to_replace(path: Path, beginnings: Sequence[bytes], kind: str) -> None:
    """Raise BadUsage for a path where something is that begins otherwise than our files of this kind do.

    An empty file is as good as none. kind: what these files are, for the sentence. Raises what
    `from_os_error` gives for a file that cannot be read.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            begin = file.read(max(map(len, beginnings))) if plain else b""
    except (FileNotFoundError, NotADirectoryError):
        return
    except IsADirectoryError:
        plain, begin = False, b""
    except OSError as error:
        raise from_os_error(error, writing=True) from error
    if not plain or (begin and not begin.startswith(tuple(beginnings))):
        raise BadUsage(
            f"{path} is there already, and is no {kind}: it was left as it is. Choose another name."
        )


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would be waited for
