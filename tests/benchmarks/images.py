"""Images a second through store, queue and processes, against the plain Pillow loop in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.queue import TaskQueue
from core.recipe import Recipe, find_recipe, quick_recipe
from core.slots import ProcessSlots
from tests.benchmarks.photos import photos, plain_pillow
from tests.benchmarks.row import Row
from tests.benchmarks.timing import seconds_until_done

PHOTOS = 48
PLAIN = 16  # of them through the plain loop, which is slow
ROUNDS = 3  # of which the best counts, for both
TARGET = 8.0  # times the plain loop, to 256 px


async def through_the_queue(folder: Path, sources: Sequence[Path], recipe: Recipe) -> float:
    """Run the sources through a queue of their own; seconds from start to the last commit."""
    queue = TaskQueue(folder / "store", ProcessSlots(memory_limit=None))
    await queue.open()
    try:
        await queue.pause()
        await queue.enqueue_batch(sources, recipe.with_folder(str(folder / "out")))
        return await seconds_until_done(queue)
    finally:
        await queue.close()


def measure(folder: Path) -> Iterator[Row]:
    """Images a second at 256 px, at 1920 px, and for the default recipe, which makes both."""
    given = photos(folder / "photos", PHOTOS)
    yield Row("photos", f"{PHOTOS}: {given.described}")
    for what, edge, recipe, target in (
        ("to 256 px", 256, quick_recipe(256, None, "jpeg", None), TARGET),
        ("to 1920 px", 1920, quick_recipe(None, "1920", "jpeg", None), None),
        ("to 256 and 1920 px (the default recipe)", None, find_recipe("Thumbnail and resize"), None),
    ):
        plain = ours = 0.0
        for number in range(ROUNDS):
            there = folder / f"{what}-{number}"
            ours = max(ours, PHOTOS / asyncio.run(through_the_queue(there, given.paths, recipe)))
            if edge is not None:
                started = time.perf_counter()
                plain_pillow(given.paths[:PLAIN], there / "plain", edge)
                plain = max(plain, PLAIN / (time.perf_counter() - started))
        if plain:
            ratio = ours / plain
            figure = f"{ratio:.1f} times the plain Pillow loop ({ours:.1f} and {plain:.1f} images/s)"
            goal = f"{target:g} times" if target else ""
            yield Row(what, figure, goal, ratio >= target if target else None)
        else:
            yield Row(what, f"{ours:.1f} images/s")
