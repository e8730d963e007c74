"""Gives jobs that wait another recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.errors import BadRecipe
from core.job import WAITING
from core.queue import TaskQueue
from core.recipe import Recipe

_CHUNK: Final = 5_000  # jobs that are changed in one go, so that others have their turn


@dataclass(frozen=True, slots=True)
class Rechosen:
    """What was changed."""

    changed: int = 0  # jobs
    left: int = 0  # jobs that waited, and that this recipe is not for


async def change_recipe(queue: TaskQueue, ids: Sequence[int], recipe: Recipe) -> Rechosen:
    """Give another recipe to those of these jobs that wait; the others are passed over.

    What was gathered into one job stays gathered, so that only a recipe that can gather is for it.
    """
    bodies: dict[int, str] = {}
    changed = left = 0
    for start in range(0, len(ids), _CHUNK):
        groups: dict[int, list[int]] = {}
        for job in await queue.jobs(ids[start : start + _CHUNK]):
            if job.state in WAITING:
                groups.setdefault(job.recipe_id, []).append(job.id)
        for recipe_id, jobs in groups.items():
            if recipe_id not in bodies:
                bodies[recipe_id] = await queue.recipe(recipe_id)
            new = _fitting(recipe, Recipe.from_json(bodies[recipe_id]))
            if new is None:
                left += len(jobs)
                continue
            changed += await queue.change_recipe(jobs, lambda _, new=new: new)  # type: ignore[misc]
    return Rechosen(changed, left)


def _fitting(recipe: Recipe, was: Recipe) -> Recipe | None:
    """Return the recipe for jobs that were gathered, or were not; None where it cannot be."""
    try:
        return replace(recipe, gather=was.gather)
    except BadRecipe:
        return None
