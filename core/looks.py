"""Shows image files as they are: by a worker of its own, behind all jobs; small pictures are kept."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import from_os_error
from core.executor import Done, Failed, Slots, Task
from core.imaging.pixels import Picture, order, read_picture
from core.job import JobError
from core.slots import ProcessSlots

WORK: Final = "core.imaging.look:look"
SMALL: Final = 64
"""The longest side of a small picture, pixels."""
LARGE: Final = 1600
"""The same of a large one."""
MOST_BYTES: Final = 64 * 2**20
"""What the small pictures may take on the disk; those that were not asked for longest go first."""

_SMALL_FOLDER: Final = "thumbnails"  # in the data folder
_LARGE_FOLDER: Final = "looks"  # what a crash leaves there is gone with the next start
_TIMEOUT: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """An image file as it is."""

    picture: Picture  # no side longer than LARGE
    bytes: int
    width: int  # of the image itself, as shown, pixels
    height: int
    facts: Mapping[str, str]  # of its metadata: see core.imaging.look


class Looks:
    """Makes one picture at a time; the worker is started by the first wish that needs it.

    It takes the processor only where no job wants it, and a worker of the queue never waits for it. All
    methods belong on the thread of the running loop.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        memory_limit: int | None = None,
        processor: Slots | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Prepare; `memory_limit` is in bytes, as for `ProcessSlots`."""
        self._small = data_dir / _SMALL_FOLDER
        self._large = data_dir / _LARGE_FOLDER
        self._processor = processor or ProcessSlots(memory_limit=memory_limit, work=WORK)
        self._most_bytes = most_bytes
        self._taken: int | None = None  # bytes of the small pictures; None before they were looked through
        self._started = self._closed = False
        self._lock = asyncio.Lock()
        self._newest = self._number = 0

    async def small(self, source: str) -> Picture | None:
        """Return a small picture of a file, from the disk when it was made before; None for none."""
        kept = await asyncio.to_thread(self._kept, source)
        if kept is None or isinstance(kept, Picture):
            return kept
        async with self._lock:
            made = None if self._closed else await self._make(source, SMALL, kept)
        if not isinstance(made, Look):
            return None
        await asyncio.to_thread(self._bound, kept)
        return made.picture

    async def large(self, source: str) -> Look | JobError | None:
        """Return a file as it is, or why it cannot be shown; None when `forget` or the end came before."""
        mine = self._newest
        async with self._lock:
            if mine != self._newest or self._closed:
                return None
            found = await self._make(source, LARGE, self._large / "look")
        return found if mine == self._newest else None

    def forget(self) -> None:
        """Wait for the large pictures that were wished for no more."""
        self._newest += 1

    async def close(self) -> None:
        """End the worker. May be called twice."""
        self._closed = True
        self.forget()
        if self._started:
            self._processor.cancel(0)
        async with self._lock:
            await self._processor.close()
        await asyncio.to_thread(shutil.rmtree, self._large, ignore_errors=True)

    async def _make(self, source: str, side: int, to: Path) -> Look | JobError | None:
        try:
            await asyncio.to_thread(to.parent.mkdir, parents=True, exist_ok=True)
            if not self._started:
                self._started = True
                await self._processor.start(1, lambda *_: None)
            self._number += 1
            part = to.with_name(f"{to.name}.part")
            task = Task(self._number, 1, source, order(side, part), timeout=_TIMEOUT)
            match await self._processor.run(0, task):
                case Failed(error):
                    return error
                case Done(_, size, width, height, notes):
                    picture = await asyncio.to_thread(_published, part, to)
                    facts = dict(note.split("\t", 1) for note in notes)
                    return Look(picture, size or 0, width or 0, height or 0, facts)
        except OSError as error:
            return from_os_error(error, writing=True).as_job_error()
        return None

    # -- what is kept ---------------------------------------------------------------------------------------

    def _kept(self, source: str) -> Picture | Path | None:
        """Return the small picture of a file, or where it is to be kept; None for a file that is not there.

        It is known by the file's path, size and time, so that a changed file gets another.
        """
        try:
            status = os.stat(source)  # noqa: PTH116 (a name may be no Unicode)
        except (OSError, ValueError):
            return None
        known = f"{status.st_size} {status.st_mtime_ns} ".encode() + os.fsencode(source)
        path = self._small / hashlib.sha256(known).hexdigest()[:40]
        try:
            picture = read_picture(path)
            os.utime(path)
        except OSError:
            return path
        if len(picture.pixels) != 4 * picture.width * picture.height:
            return path
        return picture

    def _bound(self, new: Path) -> None:
        """Count a new picture, and let go of the oldest when they take too much, down to three quarters."""
        try:
            if self._taken is not None:
                self._taken += new.stat().st_size
            if self._taken is None or self._taken > self._most_bytes:
                self._taken = self._let_go()
        except OSError:  # another process cleans up there, or the disk is gone: the next one counts anew
            self._taken = None

    def _let_go(self) -> int:
        files = sorted(
            ((one.stat().st_mtime_ns, one.stat().st_size, one.path) for one in os.scandir(self._small)),
            reverse=True,
        )
        taken = sum(size for _, size, _ in files)
        if taken > self._most_bytes:
            while files and taken > self._most_bytes * 3 // 4:
                _, size, path = files.pop()
                os.unlink(path)  # noqa: PTH108
                taken -= size
        return taken


def _published(part: Path, to: Path) -> Picture:
    picture = read_picture(part)
    part.replace(to)
    return picture
