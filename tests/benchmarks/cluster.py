"""What it costs to have images made behind a broker: against as many slots of the queue's own, by turns."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image

from core.executor import Processor
from core.queue import TaskQueue
from core.recipe import Recipe, quick_recipe
from core.slots import ProcessSlots
from tests.benchmarks.photos import photos
from tests.benchmarks.row import Row, lacking
from tests.benchmarks.timing import seconds_until_done
from tests.brokers import BROKERS, Broker
from tests.reliability.machines import Elsewhere, Machine

PHOTOS = 96
TINY = 150
ROUNDS = 4  # of which the best counts, for both
SLOTS = (1, 2, 4)
TARGET = 0.9  # of the local slots, behind RabbitMQ
_THERE = 60.0  # seconds in which a machine is heard of


class _Bench:
    """A queue, and what it needs to run a batch anew and anew."""

    def __init__(self, folder: Path, processor: Processor, slots: int) -> None:
        self._folder, self._processor = folder, processor
        self._runner = asyncio.Runner()
        self._queue = TaskQueue(folder, processor, concurrency=slots)
        self._number = 0

    def open(self, url: str = "", shared: Mapping[str, str] | None = None, slots: int = 0) -> None:
        """Open the queue; with a broker, wait until so many slots are there."""
        self._runner.run(self._open(url, shared or {}, slots))

    async def _open(self, url: str, shared: Mapping[str, str], slots: int) -> None:
        if url:
            assert isinstance(self._processor, Elsewhere)
            await self._processor.set_broker(url, shared)
        await self._queue.open()
        deadline = time.monotonic() + _THERE
        while url and not self._is_there(slots, len(shared)):
            assert time.monotonic() < deadline, "no machine came"
            await asyncio.sleep(0.05)

    def _is_there(self, slots: int, shared: int) -> bool:
        assert isinstance(self._processor, Elsewhere)
        machines = self._processor.cluster.machines
        checked = all(len(one.folders) == shared for one in machines)
        return self._processor.cluster.slots == slots and checked

    def rate(self, sources: Sequence[Path], recipe: Recipe, out: Path) -> float:
        """Run a batch; images a second from the start to the last commit."""
        self._number += 1
        _level()
        return self._runner.run(self._rate(sources, recipe.with_folder(out / str(self._number))))

    async def _rate(self, sources: Sequence[Path], recipe: Recipe) -> float:
        await self._queue.pause()
        await self._queue.enqueue_batch(sources, recipe)
        return len(sources) / await seconds_until_done(self._queue)

    def close(self) -> None:
        """End the queue and its slots."""
        self._runner.run(self._queue.close())
        self._runner.close()


def measure(folder: Path) -> Iterator[Row]:
    """Photos of twelve megapixels, and images that are next to nothing, behind each broker."""
    given = photos(folder / "shared" / "photos", PHOTOS)
    yield Row("photos", f"{PHOTOS}: {given.described}")
    tiny = _tiny(folder / "shared" / "tiny")
    for kind, make in BROKERS.items():
        why = make.why_not()
        if why:
            yield lacking(f"behind {kind}", why)
            continue
        with make(folder / kind) as broker:
            for slots in SLOTS:
                yield from _behind(broker, folder, slots, given.paths, tiny)


def _behind(
    broker: Broker, folder: Path, slots: int, large: Sequence[Path], tiny: Sequence[Path]
) -> Iterator[Row]:
    shared = folder / "shared"
    where = folder / f"{broker.kind}-{slots}"
    here = _Bench(where / "here", ProcessSlots(memory_limit=None), slots)
    away = _Bench(where / "away", Elsewhere(ProcessSlots(memory_limit=None), where / "away"), 1)
    carried = _Bench(where / "carried", Elsewhere(ProcessSlots(memory_limit=None), where / "carried"), 1)
    recipe = quick_recipe(None, "1920", "jpeg", None)
    benches = {"here": here, "away": away, "carried": carried}
    best: dict[tuple[str, str], float] = {}
    with Machine(where, "machine", broker, slots=slots, shared={"photos": shared}):
        try:
            here.open()
            away.open(broker.url, {"photos": str(shared)}, slots)
            carried.open(broker.url, {}, slots)
            for _ in range(ROUNDS):
                for name, bench in benches.items():
                    for what, sources in (("large", large), ("tiny", tiny)):
                        rate = bench.rate(
                            sources, recipe, shared / f"out-{broker.kind}-{slots}-{name}-{what}"
                        )
                        best[name, what] = max(best.get((name, what), 0.0), rate)
        finally:
            for bench in benches.values():
                bench.close()
    words = f"{slots} slot{'s' * (slots > 1)} behind {broker.kind}"
    share = best["away", "large"] / best["here", "large"]
    aims = broker.kind == "rabbitmq"
    yield Row(
        f"12 MP to 1920 px, {words}, in a shared folder",
        f"{share:.2f} of as many here ({best['away', 'large']:.1f} and {best['here', 'large']:.1f} images/s)",
        f"{TARGET:g}" if aims else "", share >= TARGET if aims else None,
    )  # fmt: skip
    share = best["carried", "large"] / best["here", "large"]
    yield Row(f"the same as bytes, {words}", f"{share:.2f} ({best['carried', 'large']:.1f} images/s)")
    cost = 1_000 * slots * (1 / best["away", "tiny"] - 1 / best["here", "tiny"])
    yield Row(
        f"images of 8 px, {words}",
        f"{best['away', 'tiny']:.0f}/s and {best['here', 'tiny']:.0f}/s here: {cost:.1f} ms more an attempt",
    )


def _level() -> None:
    """Give all slots, here and behind the broker, the priority of other programs, as far as that is allowed.

    They have the lowest, and an attempt behind a broker goes through three of them: beside any other program
    that would be all that is measured.
    """
    for pid in _below(os.getpid()):
        with suppress(OSError):
            if b"core.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    os.setpriority(os.PRIO_PROCESS, int(thread.name), 0)
                Path(f"/proc/{pid}/autogroup").write_text("0", encoding="ascii")


def _below(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text(encoding="ascii").split():
            yield int(child)
            with suppress(OSError):
                yield from _below(int(child))


def _tiny(folder: Path) -> list[Path]:
    folder.mkdir(parents=True)
    paths = [folder / f"tiny-{number:03}.jpg" for number in range(TINY)]
    for path in paths:
        Image.new("RGB", (8, 8), (200, 30, 60)).save(path)
    return paths
