"""Makes anew what was made before, though nothing has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from core.imaging.made import memory_of, want_again
from core.job import Job, JobState
from core.queue import TaskQueue
from core.recipe import Recipe

_CHUNK = 1_000  # jobs that are read and added at a time
_MADE = frozenset({JobState.DONE, JobState.SKIPPED})


async def make_again(queue: TaskQueue, data_dir: Path, ids: Sequence[int]) -> int:
    """Add the sources of done and skipped jobs again, each with its own recipe; returns how many.

    Their outputs are replaced where they are as they were left. Files that others have put there, or have
    changed, are treated as the recipe says.
    """
    added = 0
    for start in range(0, len(ids), _CHUNK):
        groups: dict[tuple[int, int, int, str], list[Job]] = {}
        for job in await queue.jobs(ids[start : start + _CHUNK]):
            if job.state in _MADE:
                groups.setdefault((job.recipe_id, job.priority, job.max_retries, job.root), []).append(job)
        for (recipe_id, priority, retries, root), jobs in groups.items():
            recipe = Recipe.from_json(await queue.recipe(recipe_id))
            sources = [job.source for job in jobs]
            await asyncio.to_thread(want_again, memory_of(data_dir), sources, recipe.id_hash)
            added += len((await queue.enqueue_batch(sources, recipe, priority, retries, root=root)).ids)
    return added
