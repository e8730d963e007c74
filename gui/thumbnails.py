"""The small pictures in the table: those of the rows on screen, made one by one behind all jobs."""

from __future__ import annotations

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtGui import QImage, QPixmap

from core.job import Job
from core.links.address import is_link
from core.looks import Looks
from gui.comparison import image_of
from gui.tasks import Tasks

_MOST: Final = 512  # pictures that are held, some 6 MB
_REST: Final = 0.15  # seconds that scrolling has to rest: what flies past needs no picture


class Thumbnails:
    """Pictures by the jobs' ids; `changed` is called with the id whose picture has come."""

    def __init__(
        self,
        looks: Looks,
        tasks: Tasks,
        visible: Callable[[], array[int]],
        changed: Callable[[int], None],
    ) -> None:
        self._looks = looks
        self._tasks = tasks
        self._visible = visible
        self._changed = changed
        self._pictures: OrderedDict[tuple[int, str], QPixmap | None] = OrderedDict()
        self._wanted: dict[tuple[int, str], None] = {}
        self._making: asyncio.Task[Any] | None = None
        self._ended = False

    def of(self, job: Job) -> QPixmap | None:
        """Return the picture of a job's image; None where there is none, or not yet: then it comes soon."""
        key = (job.id, path_to_show(job))
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        if key[1] and not self._ended:
            self._wanted[key] = None
            if self._making is None:
                self._making = self._tasks.start(self._make())
        return None

    def end(self) -> None:
        """Make no more."""
        self._ended = True
        if self._making is not None:
            self._making.cancel()

    async def _make(self) -> None:
        try:
            await asyncio.sleep(_REST)
            while self._wanted:
                key = next(iter(self._wanted))
                del self._wanted[key]
                if key[0] not in self._visible():
                    continue
                picture = await self._looks.small(key[1])
                image = QImage() if picture is None else image_of(picture)
                self._pictures[key] = None if image.isNull() else QPixmap.fromImage(image)
                while len(self._pictures) > _MOST:
                    self._pictures.popitem(last=False)
                if picture is not None:
                    self._changed(key[0])
        finally:
            self._making = None


def path_to_show(job: Job) -> str:
    """Return the file that shows a job's image: its source, or of a link what was made; "" for none."""
    if not is_link(job.source):
        return job.source
    return max(job.outputs, key=lambda one: one.width * one.height).path if job.outputs else ""
