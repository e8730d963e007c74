"""Tricks with the disk that holds the store."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

from core.dispatcher import STORE_PATIENCE
from core.errors import DiskFull, ImageQueueError, StoreUnusable
from core.job import JobState
from tests.reliability.attack import Tally
from tests.reliability.disk_stage import (
    MAY_MOUNT,
    PATIENCE,
    check,
    make_larger,
    no_large_files,
    photos,
    queue_in,
    small_disk,
)
from tests.reliability.sources import recipe


def a_full_disk_for_the_store(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """What cannot be written is refused whole, with a sentence; what was accepted is there, and runs."""
    if MAY_MOUNT:
        data = here / "data"
        with small_disk(data, "700k"):
            accepted = asyncio.run(_fill(tally, data, here / "out"))
            make_larger(data)
            asyncio.run(_all_there(tally, data, accepted))


def a_store_that_may_not_grow(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """The same by a limit of the process, which takes no rights."""
    with no_large_files(700_000):
        accepted = asyncio.run(_fill(tally, here / "data", here / "out"))
    asyncio.run(_all_there(tally, here / "data", accepted))


async def _all_there(tally: Tally, data: Path, accepted: set[int]) -> None:
    queue = queue_in(data)
    await queue.open()
    found = {job.id for job in await queue.jobs(range(1, 1_000_000))}
    tally.expect(found == accepted, "lost", f"{len(found)} jobs are there, {len(accepted)} were accepted")
    await queue.start()
    async with asyncio.timeout(PATIENCE):
        await queue.drained()
    counts = queue.status().counts
    tally.expect(counts[JobState.FAILED] == len(accepted), "stuck", f"it ended with {dict(counts)}")
    await queue.close(0)


async def _fill(tally: Tally, data: Path, out: Path) -> set[int]:
    """Accept batches of sources that are not there until the store takes no more."""
    queue, accepted, number = queue_in(data), set[int](), 0
    await queue.open()
    try:
        while number < 100_000:
            batch = [f"/not/there/{'x' * 100}-{number + offset}.jpg" for offset in range(500)]
            number += 500
            accepted |= set((await queue.enqueue_batch(batch, recipe(out))).ids)
    except (DiskFull, StoreUnusable) as error:
        said = "full" in str(error) or isinstance(error, StoreUnusable)
        tally.expect(said and str(error).endswith("."), "lost", f"it said {error}")
    else:
        tally.finding("lost", "the store never became full")
    finally:
        await queue.close(0)
    tally.expect(accepted, "lost", "nothing was accepted")
    return accepted


def a_store_that_stalls(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """The loop goes on, the app ends in a bounded time, and what was accepted is there at the next start.

    No disk does this at a word: the store's thread stands in, which does not come back from a write.
    """
    back = threading.Event()

    async def story() -> list[int]:
        queue = queue_in(here / "data")
        await queue.open()
        sources = [str(path) for path in photos(here / "in", 4)]
        ids = list((await queue.enqueue_batch(sources, recipe(here / "out"))).ids)
        await queue.start()
        stalled = asyncio.ensure_future(queue._writer.call(lambda _: back.wait(PATIENCE)))
        late, began = 0.0, time.monotonic()
        while time.monotonic() - began < 1:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late = max(late, time.monotonic() - before)
        tally.expect(late < 0.5, "stuck", f"the loop stood still for {late:.1f} s")
        before = time.monotonic()
        await queue.close(0)
        took = time.monotonic() - before
        tally.expect(took < STORE_PATIENCE + 15, "stuck", f"the end took {took:.0f} s")
        back.set()
        with suppress(ImageQueueError):
            await stalled
        queue._writer._thread.join(PATIENCE)
        return ids

    async def again(ids: list[int]) -> None:
        queue = queue_in(here / "data")
        await queue.open()
        await queue.start()
        async with asyncio.timeout(PATIENCE):
            await queue.drained()
        jobs = await queue.jobs(ids)
        tally.expect(len(jobs) == len(ids), "lost", f"{len(jobs)} jobs are there, of {len(ids)}")
        check(tally, jobs, "done")
        await queue.close(0)

    asyncio.run(again(asyncio.run(story())))
