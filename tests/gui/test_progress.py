"""The panel says how far the run is and why nothing happens, in the window's title too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.executor import Done, Outcome, Task
from core.job import OutputFile
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from gui.progress import ProgressPanel
from tests.conftest import RunOnLoop
from tests.core.clocks import ManualClock, until
from tests.core.processors import BAD, BUSY, SKIP, ByHand

RECIPE = builtin_recipes()[0]
HALVED = Done((OutputFile("/out/a.jpg", 500_000, 40, 30, "thumb"),), 1_000_000, 400, 300)


@dataclass
class Shown:
    """A panel on a queue, the hand that ends the jobs, and the clock that the rate is measured by."""

    panel: ProgressPanel
    queue: TaskQueue
    hand: ByHand
    clock: ManualClock
    titles: list[str]

    async def add(self, number: int, name: str = "photo") -> list[int]:
        sources = [f"/photos/{name}-{place}.jpg" for place in range(number)]
        return list((await self.queue.enqueue_batch(sources, RECIPE)).ids)

    async def running(self, job: int) -> None:
        await until(lambda: job in {task.job_id for task in self.hand.tasks.values()})

    async def ended(self, number: int) -> None:
        await until(lambda: self.queue.status().ended == number)

    async def numbers(self, *parts: str) -> None:
        """Wait until the line of numbers is made of just these parts."""
        await until(lambda: self.panel.numbers.text() == " · ".join(parts))


@asynccontextmanager
async def panel_on(
    folder: Path, script: Callable[[Task], Outcome | None] = lambda task: None
) -> AsyncIterator[Shown]:
    folder.mkdir()  # noqa: ASYNC240 (a test's own folder)
    hand, clock = ByHand(script), ManualClock()
    queue = TaskQueue(folder, hand, clock=clock)
    panel = ProgressPanel(queue, clock.now)
    titles: list[str] = []
    panel.title_changed.connect(titles.append)
    await queue.open()
    panel.show()
    try:
        yield Shown(panel, queue, hand, clock, titles)
    finally:
        panel.end()
        await queue.close(0)
        panel.deleteLater()


def test_an_empty_queue_shows_no_bar_and_no_numbers(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            await shown.queue.start()
            await until(lambda: shown.panel.status.text() == "Ready.")
            assert not shown.panel.bar.isVisible()
            assert shown.panel.numbers.text() == ""
            assert shown.panel.title() == "Image Queue"

    run_on_qasync(story())


def test_whatever_has_ended_counts_as_far(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            ids = await shown.add(5)
            await shown.queue.start()
            await until(lambda: len(shown.hand.tasks) == 4)
            await shown.queue.cancel(ids[4:])
            shown.hand.end_job(ids[0])
            shown.hand.end_job(ids[1], SKIP)
            shown.hand.end_job(ids[2], BAD)
            await shown.numbers("4 of 5")
            assert shown.panel.failed.text() == "1 failed"
            assert shown.panel.bar.value() == 0.8 * shown.panel.bar.maximum()

    run_on_qasync(story())


def test_the_rate_and_the_saved_bytes_are_told_while_it_runs(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            ids = await shown.add(30)
            await shown.queue.start()
            for number, job in enumerate(ids[:20], start=1):
                await shown.running(job)
                shown.clock.advance(0.5)
                shown.hand.end_job(job, HALVED)
                await shown.ended(number)
            await until(lambda: shown.panel.numbers.text().startswith("20 of 30"))
            done, rate, left, saved = shown.panel.numbers.text().split(" · ")
            assert done == "20 of 30"
            assert rate.endswith(" images/s")
            assert 1.8 <= float(rate.split()[0]) <= 2.2
            assert left == "a few seconds left"
            assert saved == "saved 10.0 MB (50 %)"

    run_on_qasync(story())


def test_outputs_that_are_larger_are_not_said_to_be_saved(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        doubled = Done((OutputFile("/out/a.png", 300_000, 40, 30, "copy"),), 200_000, 400, 300)
        async with panel_on(tmp_path / "data", lambda task: doubled) as shown:
            await shown.add(1)
            await shown.queue.start()
            await shown.numbers("1 of 1", "100 kB larger (50 %)")

    run_on_qasync(story())


def test_the_title_says_how_far_it_is_and_whether_it_is_paused(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            ids = await shown.add(4)
            await shown.queue.start()
            await until(lambda: len(shown.hand.tasks) == 4)
            shown.hand.end_job(ids[0])
            await until(lambda: shown.panel.title() == "25 % – Image Queue")
            await shown.queue.pause()
            await until(lambda: shown.titles[-1:] == ["Paused, 25 % – Image Queue"])
            for job in ids[1:]:
                shown.hand.end_job(job)
            await until(lambda: shown.titles[-1] == "Image Queue")
            assert all(one != other for one, other in zip(shown.titles, shown.titles[1:], strict=False))

    run_on_qasync(story())


def test_a_pause_says_who_paused_and_what_is_still_finishing(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            await shown.add(6)
            await shown.queue.start()
            await until(lambda: shown.panel.status.text() == "4 of 4 workers busy.")
            await shown.queue.pause()
            await until(lambda: shown.panel.status.text() == "Pausing: 4 finishing.")
            for slot in list(shown.hand.tasks):
                shown.hand.end(slot)
            await until(lambda: shown.panel.status.text() == "Paused by you, 2 waiting.")

    run_on_qasync(story())


def test_the_wait_for_a_retry_is_counted_down_and_costs_nothing_else(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data", lambda task: BUSY) as shown:
            await shown.add(1)
            await shown.queue.start()
            await until(lambda: "waits to be tried again" in shown.panel.status.text())
            first = shown.panel.status.text()
            due = shown.queue.status().next_due_in
            assert due is not None
            shown.clock.advance(due / 2)
            await until(lambda: shown.panel.status.text() != first)
            assert "waits to be tried again" in shown.panel.status.text()

    run_on_qasync(story())


def test_a_burst_of_changes_is_shown_in_few_updates(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            await until(lambda: shown.panel.status.text() == "Paused by you.")
            updates: list[int] = []
            shown.panel.bar.valueChanged.connect(updates.append)
            told = 0

            def hear(_: object) -> None:
                nonlocal told
                told += 1

            shown.queue.status_changed.connect(hear)
            ids = await shown.add(400)
            for job in ids:
                await shown.queue.cancel([job])
            await shown.numbers("400 of 400")
            assert told >= 400
            assert len(updates) < told / 4

    run_on_qasync(story())


def test_after_its_end_the_panel_hears_nothing_more(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with panel_on(tmp_path / "data") as shown:
            await shown.add(2)
            await shown.numbers("0 of 2")
            shown.panel.end()
            assert len(shown.queue.status_changed) == 0
            await shown.add(2, "other")
            assert shown.panel.numbers.text() == "0 of 2"

    run_on_qasync(story())
