"""Gives finished files their names in one step, and syncs the folders that hold them."""

# ruff: noqa: PTH104, PTH105

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final

_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
)


def give_name(temporary: str, final: str, *, replacing: bool) -> bool:
    """Give a file its final name in one step; False when the name is taken and is not to be replaced."""
    if replacing:
        os.replace(temporary, final)
        return True
    if os.name == "nt":
        return _tell_taken(lambda: os.rename(temporary, final))  # which never replaces there
    try:
        return _tell_taken(lambda: os.link(temporary, final))
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    # A file system without hard links: nothing that Python offers is one step there, so between the look and
    # the rename another program could take the name. Both files would still be whole.
    if os.path.lexists(final):
        return False
    os.rename(temporary, final)
    return True


def _tell_taken(step: Callable[[], None]) -> bool:
    try:
        step()
    except FileExistsError:
        return False
    return True


def sync_folder(folder: str) -> None:
    """Sync the folder's entries, where a folder can be opened for that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
