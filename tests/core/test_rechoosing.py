"""Images that wait get another recipe at their places; nothing that runs or has run is touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from core.executor import Outcome, Task
from core.job import JobState
from core.queue import TaskQueue
from core.rechoosing import change_recipe
from core.recipe import Output, Recipe, find_recipe
from core.undo import Deed, Undone
from tests.conftest import RunOnLoop
from tests.core.clocks import ManualClock, until
from tests.core.processors import BUSY, ByHand

WEB, EMAIL = find_recipe("Web"), find_recipe("Email")


@asynccontextmanager
async def opened(folder: Path, hand: ByHand) -> AsyncIterator[TaskQueue]:
    queue = TaskQueue(folder, hand, concurrency=1, clock=ManualClock())
    await queue.open()
    try:
        yield queue
    finally:
        await queue.close(0)


async def recipes(queue: TaskQueue, ids: list[int]) -> list[str]:
    return [job.recipe_name for job in await queue.jobs(ids)]


def test_what_waits_gets_another_recipe_and_keeps_its_state_and_place(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    tried: list[int] = []

    def script(task: Task) -> Outcome | None:
        tried.append(task.job_id)
        return BUSY if task.job_id == 1 else None

    async def story() -> None:
        hand = ByHand(script)
        async with opened(tmp_path, hand) as queue:
            ids = list((await queue.enqueue_batch([f"/p/{n}.jpg" for n in range(5)], WEB)).ids)
            await queue.hold(ids[4:])
            await queue.start()
            await until(lambda: tried == [1, 2])  # the first one waits for a retry, the second one runs
            before = await queue.jobs(ids)
            async with queue.undo.step(Deed.RECIPE):
                done = await change_recipe(queue, ids, EMAIL)
            assert (done.changed, done.left) == (4, 0)
            after = await queue.jobs(ids)
            assert [job.recipe_name for job in after] == ["Email", "Web", "Email", "Email", "Email"]
            assert [job.state for job in after] == [job.state for job in before]
            assert [job.attempts for job in after] == [job.attempts for job in before]
            assert after[1].state is JobState.RUNNING
            hand.end(0)
            await until(lambda: tried == [1, 2, 3])
            assert Recipe.from_json(hand.tasks[0].recipe) == EMAIL
            assert await queue.undo.undo() == Undone(Deed.RECIPE, 3, 1)  # but for the one that runs now
            assert await recipes(queue, ids) == ["Web", "Web", "Email", "Web", "Web"]

    run_on_loop(story())


def test_two_images_that_would_get_one_name_get_two(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        hand = ByHand()
        async with opened(tmp_path, hand) as queue:
            ids = list((await queue.enqueue_batch(["/a/x.jpg", "/b/x.jpg"], WEB)).ids)
            await change_recipe(queue, ids, EMAIL.with_folder("/out"))
            await queue.start()
            places = []
            for _ in ids:
                await until(lambda: bool(hand.tasks))
                places.append(hand.tasks[0].place)
                number = len(hand.order)
                hand.end(0)
                await until(lambda number=number: len(hand.order) > number or not hand.tasks)  # type: ignore[misc]
            assert places == [1, 2]

    run_on_loop(story())


def test_what_was_gathered_into_one_file_takes_no_recipe_that_cannot_gather(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    pages = Recipe("Pages", (Output("pages", format="pdf"),), gather=True)

    async def story() -> None:
        async with opened(tmp_path, ByHand()) as queue:
            one, other = await queue.enqueue("/p/list.gathered", pages), await queue.enqueue("/p/a.jpg", WEB)
            done = await change_recipe(queue, [one, other], EMAIL)
            assert (done.changed, done.left) == (1, 1)
            assert await recipes(queue, [one, other]) == ["Pages", "Email"]
            done = await change_recipe(queue, [one, other], replace(pages, name="Book"))
            assert (done.changed, done.left) == (2, 0)
            (kept, single) = [
                Recipe.from_json(await queue.recipe(job.recipe_id)) for job in await queue.jobs([one, other])
            ]
            assert (kept.gather, single.gather) == (True, False)

    run_on_loop(story())
