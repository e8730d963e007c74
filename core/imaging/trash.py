"""The user's trash: moves files there, and finds those again that were.

What is found again is so by the freedesktop.org specification, as on Linux:
https://specifications.freedesktop.org/trash-spec/. On other systems nothing is found.
"""

# ruff: noqa: PTH108, PTH116, PTH118, PTH120, PTH208

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from filelock import FileLock

from core.imaging.placing import give_name, sync_folder

_WAIT: Final = 60.0  # seconds that other processes may take to put theirs into the trash
_SUFFIX: Final = ".trashinfo"


def move_to_trash(path: str, beside: str) -> None:
    """Move a file to the trash. Raises what the system says, or filelock.Timeout.

    One process at a time, by a lock in the folder `beside`: of two files of one name that come at once, the
    trash would lose one.
    """
    from send2trash import send2trash  # costs what it costs only where something goes to the trash

    with FileLock(os.path.join(beside, "trash.lock"), timeout=_WAIT):
        send2trash(path)


@dataclass(frozen=True, slots=True)
class Trashed:
    """A file in the trash."""

    path: str  # where it is now
    info: str  # the file that says where it was

    def bring_back(self, to: str) -> bool:
        """Put it back under a name; False when that is taken. Raises OSError."""
        if not give_name(self.path, to, replacing=False):
            return False
        for one in (self.path, self.info):
            with suppress(FileNotFoundError):
                os.unlink(one)
        sync_folder(os.path.dirname(to))
        return True


class Trash:
    """What is in the trashes of the disks that are asked about, as it was when each was first asked about."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[tuple[float, Trashed]]]] = {}

    def find(self, path: str, size: int) -> Trashed | None:
        """Return the file of so many bytes that was moved there last from this path; None for none."""
        if sys.platform in ("win32", "darwin"):
            return None
        for folder, top in _trashes_for(path):
            if folder not in self._known:
                self._known[folder] = _listed(folder, top)
            for _, one in sorted(self._known[folder].get(path, ()), key=lambda pair: -pair[0]):
                with suppress(OSError):
                    if os.stat(one.path, follow_symlinks=False).st_size == size:
                        return one
        return None


def _trashes_for(path: str) -> list[tuple[str, str]]:
    """Return the trashes in which a file of this path may be, and what the paths in each are below."""
    share = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111
    top = os.path.dirname(path)
    while not os.path.ismount(top) and top != os.path.dirname(top):
        top = os.path.dirname(top)
    number = str(os.getuid())
    own = [os.path.join(top, ".Trash", number), os.path.join(top, f".Trash-{number}")]
    return [(os.path.join(share, "Trash"), share), *((one, top) for one in own)]


def _listed(folder: str, top: str) -> dict[str, list[tuple[float, Trashed]]]:
    """Return what a trash holds by where it was, each with the time at which it came there."""
    found: dict[str, list[tuple[float, Trashed]]] = {}
    try:
        names = os.listdir(os.path.join(folder, "info"))
    except OSError:
        return found
    for name in names:
        if not name.endswith(_SUFFIX):
            continue
        info = os.path.join(folder, "info", name)
        with suppress(OSError):
            with open(info, "rb") as file:  # noqa: PTH123
                lines = file.read(65_536).splitlines()
                at = os.fstat(file.fileno()).st_mtime
            was = next((line[5:] for line in lines if line.startswith(b"Path=")), b"")
            path = os.path.join(top, os.fsdecode(unquote_to_bytes(was)))
            trashed = Trashed(os.path.join(folder, "files", name.removesuffix(_SUFFIX)), info)
            found.setdefault(path, []).append((at, trashed))
    return found
