"""Takes back the files that jobs have made: to the trash, and what they had replaced out of it.

A file goes only when it is one that the job made and as it was left, by its size and its time of change; all
else stays where it is. The states of the jobs stay, too: a note says what became of their outputs, and as
these are gone, the same source with the same recipe is made again when it is added again.
"""

# ruff: noqa: PTH116

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.imaging.made import memory_of, record_in
from core.imaging.trash import Trash, move_to_trash
from core.job import Job, JobState, OutputFile
from core.queue import TaskQueue
from core.recipe import Recipe

_PAGE: Final = 100  # jobs that are looked at in one go
_WAIT: Final = 2.0  # seconds that a worker may keep the memory of what was made

_MOVED: Final = "Its files are in the trash now."
_MOVED_SOME: Final = "Some of its files are in the trash now."
_BACK: Final = "Its files are in the trash now, and the original is back in its place."


class Fate(StrEnum):
    """What becomes of one output."""

    MOVED = "moved"  # it goes to the trash
    BACK = "back"  # it does, and its original comes back out of it
    GONE = "gone"  # it is there no more
    CHANGED = "changed"  # it was changed since, and stays
    UNKNOWN = "unknown"  # it is not known how it was left, and it stays
    ORIGINAL = "original"  # the original that it replaced cannot come back, and it stays
    FAILED = "failed"  # it could not be moved, and stays


@dataclass(slots=True)
class Unmade:
    """How many outputs have, or would have, each fate."""

    counts: Counter[Fate] = field(default_factory=Counter)
    jobs: int = 0  # jobs of which something is moved
    stopped: bool = False  # whether it was ended before all were looked at

    @property
    def moved(self) -> int:
        """How many files go to the trash."""
        return self.counts[Fate.MOVED] + self.counts[Fate.BACK]


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be noted of a job."""

    job: int
    left: tuple[OutputFile, ...]
    note: str


async def unmake(
    queue: TaskQueue,
    data_dir: Path,
    ids: Sequence[int],
    *,
    only_look: bool = False,
    on_share: Callable[[float], object] = bool,
    stopped: Callable[[], bool] = lambda: False,
) -> Unmade:
    """Move what these jobs have made to the trash, as far as they are done; returns what became of it.

    only_look: move nothing, and return what would become of it. `on_share` hears on the loop how much is
    done, from 0 to 1. All disks are read and written in other threads.
    """
    unmade, trash = Unmade(), Trash()
    recipes: dict[int, Recipe] = {}
    for start in range(0, len(ids), _PAGE):
        if stopped():
            unmade.stopped = True
            break
        on_share(start / len(ids))
        jobs = [one for one in await queue.jobs(ids[start : start + _PAGE])
                if one.state is JobState.DONE and one.outputs]  # fmt: skip
        for number in {job.recipe_id for job in jobs} - recipes.keys():
            recipes[number] = Recipe.from_json(await queue.recipe(number))
        page = _Page(data_dir, trash, recipes, only_look)
        changes = await asyncio.to_thread(page.work, jobs)
        unmade.counts += page.counts
        unmade.jobs += page.jobs
        for change in changes:
            await queue.note_unmade(change.job, change.left, change.note)
    return unmade


class _Page:
    """Some jobs that are looked at together, in a thread."""

    def __init__(self, data_dir: Path, trash: Trash, recipes: dict[int, Recipe], only_look: bool) -> None:
        self._memory = memory_of(data_dir)
        self._beside = str(data_dir / "receipts")
        self._trash = trash
        self._recipes = recipes
        self._only_look = only_look
        self.counts: Counter[Fate] = Counter()
        self.jobs = 0

    def work(self, jobs: Sequence[Job]) -> list[_Change]:
        """Decide on all outputs of the jobs, and move them; returns what is to be noted."""
        stamps = {job.id: self._stamps(job) for job in jobs}
        changes = []
        for job in jobs:
            fates = [(one, self._fate(job, one, stamps[job.id])) for one in job.outputs]
            self.counts.update(fate for _, fate in fates)
            gone = [fate for _, fate in fates if fate in (Fate.MOVED, Fate.BACK)]
            self.jobs += bool(gone)
            if gone and not self._only_look:
                left = tuple(one for one, fate in fates if fate not in (Fate.MOVED, Fate.BACK, Fate.GONE))
                note = _BACK if Fate.BACK in gone else _MOVED_SOME if left else _MOVED
                changes.append(_Change(job.id, left, note))
        return changes

    def _stamps(self, job: Job) -> dict[str, tuple[int, int]]:
        """Return the size and time of change with which each output was left, as far as it is known."""
        recipe = self._recipes[job.recipe_id]
        sources = [one.path for one in job.outputs] if recipe.replace_original else [job.source]
        if not os.path.exists(self._memory):  # noqa: PTH110
            return {}
        try:
            with closing(sqlite3.connect(f"file:{self._memory}?mode=ro", uri=True, timeout=_WAIT)) as db:
                records = [record_in(db, source, recipe.id_hash) for source in sources]
        except (sqlite3.Error, ValueError, TypeError):
            return {}
        return {path: (size, at) for record in records if record for path, size, at in record.files}

    def _fate(self, job: Job, output: OutputFile, stamps: dict[str, tuple[int, int]]) -> Fate:
        path = output.path
        try:
            now = os.stat(path, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return Fate.GONE
        except (OSError, ValueError):
            return Fate.FAILED
        if path not in stamps:
            return Fate.UNKNOWN
        if (now.st_size, now.st_mtime_ns) != stamps[path] or now.st_size != output.bytes:
            return Fate.CHANGED
        try:
            if self._recipes[job.recipe_id].replace_original:
                return self._give_back(job, path)
            if not self._only_look:
                move_to_trash(path, self._beside)
        except Exception:  # each system's trash raises its own
            return Fate.FAILED if os.path.lexists(path) else Fate.MOVED
        return Fate.MOVED

    def _give_back(self, job: Job, path: str) -> Fate:
        """Let an original take its place again, the other way round than it went: one is always there."""
        original = self._trash.find(job.source, job.source_bytes or 0)
        if original is None or (path != job.source and os.path.lexists(job.source)):
            return Fate.ORIGINAL
        if self._only_look:
            return Fate.BACK
        if path == job.source:
            move_to_trash(path, self._beside)
            return Fate.BACK if original.bring_back(job.source) else Fate.MOVED
        if not original.bring_back(job.source):
            return Fate.ORIGINAL
        move_to_trash(path, self._beside)
        return Fate.BACK
