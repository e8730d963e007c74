"""Shows what a recipe would make of an image: in a worker of its own, where the newest wish alone counts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from core.errors import from_os_error
from core.executor import Done, Failed, Slots, Task
from core.imaging.pixels import ABOUT, AFTER, BEFORE, ESTIMATED, Picture, read_picture
from core.job import JobError
from core.recipe import Existing, Recipe
from core.slots import ProcessSlots

WORK: Final = "core.imaging.preview:preview"

_FOLDER: Final = "preview"  # in the data folder: what a crash leaves is gone with the next preview
_GRACE: Final = 0.25  # seconds that an outdated one may still take: a new worker takes as long to get warm
_TIMEOUT: Final = 120.0  # seconds


OnAbout: TypeAlias = Callable[[int], None]
"""Hears about how many bytes a file will have."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What one output would be of one source."""

    file_name: str
    bytes: int  # of the file
    width: int  # of the output, pixels
    height: int
    source_bytes: int
    source_width: int
    source_height: int
    before: Picture  # both may be smaller than the true images
    after: Picture
    notes: tuple[str, ...] = ()


class Previewer:
    """Makes one preview at a time beside the queue, whose workers it leaves alone.

    The worker is started by the first wish. All methods belong on the thread of the running loop.
    """

    def __init__(
        self, data_dir: Path, *, memory_limit: int | None = None, processor: Slots | None = None
    ) -> None:
        """Prepare; `memory_limit` is bytes, as for `ProcessSlots`."""
        self._folder = data_dir / _FOLDER
        self._processor = processor or ProcessSlots(memory_limit=memory_limit, work=WORK, yields=False)
        self._started = False
        self._closed = False
        self._lock = asyncio.Lock()  # one at a time
        self._newest = 0
        self._running = 0  # the number of the wish that the worker has; 0 for none
        self._on_about: OnAbout | None = None
        self._telling: asyncio.Task[None] | None = None
        self._before: tuple[int, Picture] | None = None  # the last one, and when it was written

    async def make(
        self, source: str, recipe: Recipe, output: int = 0, on_about: OnAbout | None = None
    ) -> Preview | JobError | None:
        """Return what an output of a recipe (counted from 0) would be of an image, or why it cannot be.

        on_about: hears about how many bytes the file will have, where its making takes long.

        None when a newer wish, or the end, came before it was there: that one is to be waited for.
        """
        self._newest = mine = self._newest + 1
        if self._running:
            asyncio.get_running_loop().call_later(_GRACE, self._give_up, self._running)
        async with self._lock:
            if mine != self._newest or self._closed:
                return None
            try:
                await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
                if not self._started:
                    self._started = True
                    await self._processor.start(1, self._on_progress)
                if mine != self._newest or self._closed:
                    return None
                self._on_about = on_about
                return await self._make(mine, source, alone(recipe, output))
            except OSError as error:
                return from_os_error(error, writing=True).as_job_error()

    async def _make(self, mine: int, source: str, recipe: Recipe) -> Preview | JobError | None:
        task = Task(mine, 1, source, recipe.to_json(), timeout=_TIMEOUT, downloads=str(self._folder))
        self._running = mine
        try:
            outcome = await self._processor.run(0, task)
        finally:
            self._running = 0
        if mine != self._newest or self._closed:
            return None
        match outcome:
            case Failed(error):
                return error
            case Done((made,), source_bytes, width, height, notes):
                before, after = await asyncio.to_thread(self._read)
                return Preview(
                    made.path, made.bytes, made.width, made.height,
                    source_bytes or 0, width or 0, height or 0, before, after, notes,
                )  # fmt: skip
        return None

    def _read(self) -> tuple[Picture, Picture]:
        """Return both pictures; that of the source is the same object as long as it is the same one."""
        written = (self._folder / BEFORE).stat().st_mtime_ns
        if self._before is None or self._before[0] != written:
            self._before = written, read_picture(self._folder / BEFORE)
        return self._before[1], read_picture(self._folder / AFTER)

    def _on_progress(self, number: int, fraction: float) -> None:
        if fraction == ESTIMATED and number == self._newest and self._on_about is not None:
            self._telling = asyncio.ensure_future(self._tell(number, self._on_about))

    async def _tell(self, number: int, on_about: OnAbout) -> None:
        with suppress(OSError, ValueError):  # it was given up meanwhile
            about = int(await asyncio.to_thread((self._folder / ABOUT).read_text, encoding="ascii"))
            if number == self._newest and self._running == number:
                on_about(about)

    def _give_up(self, number: int) -> None:
        if self._running == number:
            self._processor.cancel(0)

    def forget(self) -> None:
        """Wish for nothing any more: what is under way is given up."""
        self._newest += 1
        if self._running:
            self._processor.cancel(0)

    async def close(self) -> None:
        """End the worker, and remove what it has written. May be called twice."""
        self._closed = True
        self.forget()
        async with self._lock:
            await self._processor.close()
        if self._telling is not None:
            await asyncio.wait([self._telling])
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def alone(recipe: Recipe, output: int) -> Recipe:
    """Return a recipe for one of its outputs alone, wherever it would go, and whatever is there already."""
    return replace(
        recipe.with_folder(None),
        outputs=(recipe.outputs[output],), existing=Existing.REPLACE,
        mirror=False, gather=False, skip_larger=False,
    )  # fmt: skip
