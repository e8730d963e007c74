"""The whole way through the queue, side by side with the peers: store on disk, four workers, all warm.

In each round ours and the peers make the same batch one after the other, all at one priority, and what they
have written is synced in between, so that nobody pays for another's files. A figure is the median of the
peer's times by the median of ours; in brackets the same for processor time, which other programs on the
machine disturb less. Then come the likeness to a full decode with Lanczos (PSNR, SSIM) and the bytes, of
ours and of the peer's. A target is reached at no worse likeness alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image

from core.executor import Done, Skipped, Task
from core.imaging import process
from core.operations import Resize
from core.queue import TaskQueue
from core.recipe import Output, Recipe
from core.slots import ProcessSlots
from tests.benchmarks.likeness import Likeness, likeness
from tests.benchmarks.peer_programs import PEERS, Batch, Peer, level
from tests.benchmarks.photos import photos
from tests.benchmarks.row import Row, lacking
from tests.benchmarks.timing import seconds_until_done

ROUNDS: Final = 5
LARGE: Final = (11_600, 8_700)  # pixels: a hundred megapixels
SMALL: Final = (866, 577)  # half a megapixel
MEMORY_TARGET: Final = 300  # MB
AS_ALIKE: Final = Likeness(0.05, 0.0005)  # less than this is no difference
_PEAK: Final = "peak-memory"

warm = process.warm


@dataclass(frozen=True)
class Work:
    """One line of the table: what is made of what, and what is to be reached."""

    what: str
    kind: str  # of the sources
    count: int
    edges: tuple[int, ...]
    format: str
    quality: int | None
    targets: dict[str, float]  # peer -> its time by ours
    fewer_bytes: bool = False  # whether ours are to have no more bytes
    fast: bool = True  # this and the next two are as in `Batch`
    our_quality: int | None = None
    effort: int | None = None


WORKS: Final = (
    Work("to 256 px JPEG", "photos", 96, (256,), "jpeg", 85,
         {"sharp": 1.05, "vipsthumbnail": 1.5, "ImageMagick": 2.8}),
    Work("to 1920 px JPEG", "photos", 48, (1920,), "jpeg", 85, {"sharp": 1.2}),
    Work("the same, not fast", "photos", 24, (1920,), "jpeg", 85, {"sharp": 1.2}, fast=False),
    Work("0.5 MP to 256 px JPEG", "small", 1000, (256,), "jpeg", 85, {"sharp": 1.2, "vipsthumbnail": 2.7}),
    Work("to 1600 px WebP q80", "photos", 24, (1600,), "webp", 80, {"sharp": 1.0}),
    Work("the same, not fast, effort 7", "photos", 16, (1600,), "webp", 80, {"sharp": 1.0},
         fast=False, effort=7),
    Work("to 1600 px AVIF, q64 as q50 of the peer", "photos", 4, (1600,), "avif", 50, {"sharp": 1.0},
         our_quality=64),
    Work("PNG to 1600 px PNG", "png", 12, (1600,), "png", None, {"sharp": 1.0}, fewer_bytes=True),
    Work("1920 and 256 px JPEG together", "photos", 48, (1920, 256), "jpeg", 85, {"sharp": 1.3}),
    Work("2048, 1024, 512 and 256 px WebP", "photos", 16, (2048, 1024, 512, 256), "webp", 80,
         {"sharp": 1.15}),
    Work("100 MP TIFF to 2048 px JPEG", "tiff", 4, (2048,), "jpeg", 85, {"vipsthumbnail": 1.0}),
)  # fmt: skip


def process_and_tell(task: Task, report: Callable[[float], None]) -> Done | Skipped:
    """Do as a worker does, and note beside the receipts what memory the process has needed at most."""
    done = process.process(task, report)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    Path(task.receipt).parent.with_name(f"{_PEAK}-{os.getpid()}").write_text(peak, encoding="ascii")
    return done


class Ours:
    """A queue that stays open, with four workers that are warm."""

    name = "ours"

    def __init__(self, folder: Path, work: str = "core.imaging.process:process") -> None:
        self._runner = asyncio.Runner()
        self._queue = TaskQueue(folder, ProcessSlots(memory_limit=None, work=work), concurrency=4)
        self._runner.run(self._queue.open())

    def make(self, batch: Batch, out: Path) -> float:
        """Enqueue the batch, and run it; seconds from the start to the last commit."""
        level(
            [child for child in _children() if b"core.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]
        )
        return self._runner.run(self._make(batch, out))

    async def _make(self, batch: Batch, out: Path) -> float:
        queue = self._queue
        await queue.pause()
        outputs = tuple(
            Output(
                str(edge),
                (Resize(width=edge, height=edge),),
                batch.format,
                quality=batch.our_quality or batch.quality,
                effort=batch.effort,
            )
            for edge in batch.edges
        )
        recipe = Recipe("Peers", outputs, folder=str(out), fast=batch.fast)
        await queue.enqueue_batch(batch.sources, recipe)
        return await seconds_until_done(queue)

    def close(self) -> None:
        """End the workers."""
        self._runner.run(self._queue.close())
        self._runner.close()


def measure(folder: Path, only: str = "") -> Iterator[Row]:
    """Every work that has this text in it, against every peer that has a target in it."""
    works = [work for work in WORKS if only in work.what]
    peers: dict[str, Peer] = {}
    missing: dict[str, str] = {}
    sources = _Sources(folder)
    ours = Ours(folder / "queue")
    try:
        for name, make in PEERS.items():
            try:
                peers[name] = make(folder / name)
            except (LookupError, OSError) as error:
                missing[name] = str(error)
        for name, why in missing.items():
            yield lacking(name, why)
        for work in works:
            taking_part = {name: peers[name] for name in work.targets if name in peers}
            yield from _compare(work, sources.batch(work), ours, taking_part, folder)
    finally:
        for one in (*peers.values(), ours):
            one.close()
    if WORKS[-1] in works:
        yield _memory(sources.batch(WORKS[-1]), folder)


def _compare(work: Work, batch: Batch, ours: Ours, peers: dict[str, Peer], folder: Path) -> Iterator[Row]:
    everyone: dict[str, Ours | Peer] = {"ours": ours, **peers}
    seconds: dict[str, list[float]] = {name: [] for name in everyone}
    busy: dict[str, list[float]] = {name: [] for name in everyone}
    for number in range(ROUNDS + 1):
        # The first round warms; the order turns from round to round.
        for name, one in sorted(everyone.items(), reverse=bool(number % 2)):
            out = folder / f"out-{name}"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            os.sync()
            some = batch if number else replace(batch, sources=batch.sources[:8])
            before = _processor_time()
            took = one.make(some, out)
            if number:
                seconds[name].append(took)
                busy[name].append(_processor_time() - before)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    burnt = {name: statistics.median(values) for name, values in busy.items()}
    looks, sizes = {}, {}
    distinct = len(set(_sizes(batch.sources)))
    for name in everyone:
        made = {edge: batch.outputs(folder / f"out-{name}", edge) for edge in batch.edges}
        pairs = [
            pair
            for paths in made.values()
            for pair in zip(batch.sources[:distinct], paths[:distinct], strict=True)
        ]
        looks[name] = likeness(pairs)
        sizes[name] = sum(sum(_sizes(paths)) for paths in made.values()) / len(batch.sources)
    rate = len(batch.sources) / middle["ours"]
    for name, target in work.targets.items():
        what = f"{work.what}, {name}"
        if name not in peers:
            yield lacking(what, "see above")
            continue
        ratio = middle[name] / middle["ours"]
        goal = f"{target:g}" + (" at no more bytes" if work.fewer_bytes else "")
        mine, its = looks["ours"], looks[name]
        as_good = mine.psnr > its.psnr - AS_ALIKE.psnr and mine.ssim > its.ssim - AS_ALIKE.ssim
        reached = ratio >= target and as_good and (not work.fewer_bytes or sizes["ours"] <= sizes[name])
        figure = (
            f"{ratio:.2f} ({burnt[name] / burnt['ours']:.2f}); {rate:.1f} images/s; {mine}, peer {its}"
            f"{'' if as_good else ', worse'}; "
            f"{sizes['ours'] / 1000:,.1f} kB, peer {sizes[name] / 1000:,.1f} kB"
        )
        yield Row(what, figure, goal, reached)


def _memory(batch: Batch, folder: Path) -> Row:
    """Run a batch in fresh workers that tell their peak."""
    there = folder / "queue-memory"
    ours = Ours(there, f"{process_and_tell.__module__}:{process_and_tell.__name__}")
    try:
        out = folder / "out-memory"
        out.mkdir()
        ours.make(batch, out)
    finally:
        ours.close()
    peak = max(int(path.read_text()) for path in there.glob(f"{_PEAK}-*")) / 1000
    return Row(
        "peak memory of a worker, 100 MP TIFF",
        f"{peak:.0f} MB",
        f"under {MEMORY_TARGET} MB",
        peak < MEMORY_TARGET,
    )


class _Sources:
    """The files to work on, made when they are first wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "sources"
        self._made: dict[str, list[Path]] = {}

    def batch(self, work: Work) -> Batch:
        if "photos" not in self._made:
            self._made["photos"] = list(photos(self._folder / "photos", 96).paths)
        if work.kind not in self._made:
            self._made[work.kind] = list(self._make(work))
        return Batch(
            tuple(self._made[work.kind][: work.count]),
            work.edges,
            work.format,
            work.quality,
            work.fast,
            work.our_quality,
            work.effort,
        )

    def _make(self, work: Work) -> Iterator[Path]:
        there = self._folder / work.kind
        there.mkdir()
        distinct = {"small": 12, "png": 6, "tiff": 1}[work.kind]
        for number in range(work.count):
            path = there / f"{work.kind}-{number:04}{'.jpg' if work.kind == 'small' else '.' + work.kind}"
            if number >= distinct:
                os.link(there / f"{work.kind}-{number % distinct:04}{path.suffix}", path)
                yield path
                continue
            with Image.open(self._made["photos"][number]) as photo:
                if work.kind == "small":
                    photo.resize(SMALL, Image.Resampling.LANCZOS).save(path, quality=85)
                elif work.kind == "png":
                    photo.save(path, compress_level=6)
                else:
                    photo.resize(LARGE, Image.Resampling.BICUBIC).save(path, compression="tiff_lzw")
            yield path


def _sizes(paths: list[Path] | tuple[Path, ...]) -> list[int]:
    return [path.stat().st_size for path in paths]


def _children() -> list[int]:
    """The processes that this one has started and not yet waited for."""
    found = [path.read_text(encoding="ascii").split() for path in Path("/proc/self/task").glob("*/children")]
    return [int(number) for numbers in found for number in numbers]


def _processor_time() -> float:
    """Seconds of processor time of this process, and of all that it has started."""
    total = sum(os.times()[:4])
    for child in _children():
        after_name = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += sum(int(ticks) for ticks in after_name[11:15]) / os.sysconf("SC_CLK_TCK")
    return total
