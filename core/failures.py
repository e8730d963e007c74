"""Tries failed jobs again, all of a kind at once, also with a recipe that mends what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from core.errors import CrashesDecoder
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.status import JobQuery

FAILED: Final = frozenset({JobState.FAILED})
_CHUNK: Final = 2_000  # jobs that are changed in one go, so that others have their turn


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
        count += await queue.retry_with(ids[start : start + _CHUNK], mend)
    return count
