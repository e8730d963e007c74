"""Tries failed jobs again, all of a kind at once, also with a recipe that mends what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from core.errors import CrashesDecoder
from core.job import Job, JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.status import JobQuery

FAILED: Final = frozenset({JobState.FAILED})
_CHUNK: Final = 5_000  # jobs that are read and changed at a time


async def retry_failed(queue: TaskQueue) -> tuple[int, int]:
    """Retry all that failed but those that crash the decoder; returns how many, and how many it left."""
    ids = await queue.find(JobQuery(states=FAILED, without_code=CrashesDecoder.code))
    crashing = await queue.find(JobQuery(states=FAILED, error_code=CrashesDecoder.code))
    return await queue.retry(ids), len(crashing)


async def retry_kind(queue: TaskQueue, code: str) -> int:
    """Retry the jobs that failed with this code, and no others; returns how many."""
    return await queue.retry(await queue.find(JobQuery(states=FAILED, error_code=code)))


async def retry_with(queue: TaskQueue, ids: Sequence[int], mend: Callable[[Recipe], Recipe]) -> int:
    """Retry failed and cancelled jobs with what `mend` makes of the recipe of each; returns how many."""
    count = 0
    for start in range(0, len(ids), _CHUNK):
        groups: dict[int, list[Job]] = {}
        for job in await queue.jobs(ids[start : start + _CHUNK]):
            groups.setdefault(job.recipe_id, []).append(job)
        for recipe_id, jobs in groups.items():
            recipe = mend(Recipe.from_json(await queue.recipe(recipe_id)))
            count += await queue.retry_with(jobs, recipe)
    return count
