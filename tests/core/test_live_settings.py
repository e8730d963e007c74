"""Settings that are changed while the queue runs take effect for what begins from then on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.live_settings import apply_settings
from core.settings import Settings
from core.slots import ProcessSlots
from tests.conftest import RunOnLoop
from tests.core.bench import Bench, opened


class Limits(ProcessSlots):
    """Slots without workers, which remember the limit that they were given."""

    def __init__(self) -> None:
        super().__init__(memory_limit=None)
        self.limit: int | None = 0

    def set_memory_limit(self, limit: int | None) -> None:
        self.limit = limit


async def change(bench: Bench, slots: Limits, old: Settings, **changes: object) -> Settings:
    new = replace(old, **changes)  # type: ignore[arg-type]
    await apply_settings(bench.queue, slots, old, new)
    return new


def test_each_setting_takes_effect_in_the_queue_that_runs(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=4) as bench:
            slots, settings = Limits(), Settings()
            await bench.add(*"abcdefgh")
            settings = await change(bench, slots, settings, workers=2, timeout=7.0, memory_limit_mb=512)
            await bench.queue.start()
            await bench.running(2)
            assert {task.timeout for task in bench.hand.tasks.values()} == {7.0}
            assert slots.limit == 512 * 2**20
            settings = await change(bench, slots, settings, workers=3, timeout=0, memory_limit_mb=0)
            await bench.running(3)
            assert [bench.hand.tasks[slot].timeout for slot in sorted(bench.hand.tasks)] == [7.0, 7.0, None]
            assert slots.limit is None

    run_on_loop(story())


@pytest.mark.parametrize(("minutes", "first"), [(0, "new"), (10, "old")])
def test_g8_aging_can_be_switched_while_the_queue_runs(
    run_on_loop: RunOnLoop, tmp_path: Path, minutes: int, first: str
) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            await bench.add("old", priority=-10)
            bench.clock.advance(11 * 60)
            await bench.add("new", priority=10)
            settings = await change(bench, Limits(), Settings(), aging_minutes=5)
            await change(bench, Limits(), settings, aging_minutes=minutes)
            await bench.queue.start()
            await bench.running(1)
            assert bench.hand.tasks[0].source == f"/photos/{first}.jpg"

    run_on_loop(story())


def test_a_setting_that_is_the_same_asks_nothing_of_the_store(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            told: list[object] = []
            bench.queue.status_changed.connect(told.append)
            await apply_settings(bench.queue, Limits(), Settings(), Settings())
            assert told == []

    asyncio.run(story())
