"""What the tricks with disks stand on: a queue on real workers, small disks, and no right to do all."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.job import ENDED, Job, JobState
from core.queue import TaskQueue
from core.recipe import Recipe
from core.retry import RetryPolicy
from core.slots import ProcessSlots
from tests.reliability.attack import Tally
from tests.reliability.sources import encoded

MAY_MOUNT: Final = bool(os.environ.get("IMAGEQUEUE_MAY_MOUNT"))
PATIENCE: Final = 90.0  # seconds that any trick may take, also on a busy machine
_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2  # <linux/prctl.h>, <linux/capability.h>


def queue_in(folder: Path, timeout: float = 60.0) -> TaskQueue:
    """Return a queue on real workers that retries at once."""
    slots = ProcessSlots(memory_limit=1_000_000_000)
    return TaskQueue(folder, slots, retry=RetryPolicy(base=0.0), timeout=timeout, concurrency=2)


async def run(
    folder: Path, sources: Sequence[str | Path], made: Recipe, meanwhile: Callable[[], None] = lambda: None,
    limit: float = 60.0, retries: int = 1,
) -> list[Job]:  # fmt: skip
    """Run the sources to their ends, or until the queue pauses itself; return the jobs."""
    queue = queue_in(folder, limit)
    await queue.open()
    try:
        ids = list((await queue.enqueue_batch([str(one) for one in sources], made, max_retries=retries)).ids)
        await queue.start()
        await asyncio.to_thread(meanwhile)
        async with asyncio.timeout(PATIENCE):
            await queue.drained()
        return await queue.jobs(ids)
    finally:
        async with asyncio.timeout(PATIENCE):
            await queue.close(0)


def photos(folder: Path, count: int, side: int = 64) -> list[Path]:
    """Write so many real images."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"photo-{number}.{('jpg', 'png', 'webp')[number % 3]}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(number, ("JPEG", "PNG", "WEBP")[number % 3], side))
    return paths


def check(tally: Tally, jobs: Sequence[Job], *codes: str) -> None:
    """Each job has ended, and those that failed did so with one of these codes and with a sentence."""
    for job in jobs:
        code = job.error.code if job.error is not None and job.state is not JobState.DONE else ""
        said = job.error.message if job.error is not None else ""
        what = f"{Path(job.source).name[:40]!a} is {job.state} {code} ({said[:90]!a})"
        tally.expect(job.state in ENDED, "stuck", what)
        if job.state is JobState.DONE:
            tally.expect("done" in codes, "lost", what)
            whole = all(Path(file.path).stat().st_size == file.bytes for file in job.outputs)
            tally.expect(whole, "torn", f"an output of {what}")
        else:
            tally.expect(code in codes and said.strip(), "lost", f"{what}, not {' or '.join(codes)}")


def check_waiting(tally: Tally, jobs: Sequence[Job]) -> None:
    """Each job waits to be run, and has no attempt less for it."""
    for job in jobs:
        what = f"{Path(job.source).name[:40]!a} is {job.state}"
        tally.expect(job.state is JobState.QUEUED, "lost", f"{what}, not queued")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Let a folder be a disk of its own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_larger(disk: Path) -> None:
    """Give a small disk room."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


@contextmanager
def stalling(tally: Tally, folder: Path) -> Iterator[Path | None]:
    """Let a folder stall as a network's does; None, and a note, where nothing can be mounted."""
    if not (MAY_MOUNT and os.access("/dev/fuse", os.R_OK | os.W_OK)):
        tally.notes.append("no folder could be mounted that stalls: frozen workers stand in (see workers)")
        yield None
        return
    folder.mkdir()
    command = [sys.executable, "-m", "tests.reliability.stalling_folder", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == b"ready\n"
        yield folder
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
        subprocess.run(["umount", "-l", str(folder)], check=False)


@contextmanager
def no_large_files(most: int) -> Iterator[None]:
    """Let no file that is written from now on, by workers too, grow past so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@contextmanager
def read_only_disk(folder: Path) -> Iterator[Path | None]:
    """Let a folder be a disk that cannot be written; None where that takes rights that are not to be had."""
    if not MAY_MOUNT:
        yield None
        return
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def waive_nothing() -> None:
    """Start this program again without the rights by which root reads and writes whatever it likes."""
    if os.geteuid() == 0 and not os.environ.get("IMAGEQUEUE_WAIVED"):
        libc = ctypes.CDLL(None)
        for right in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            libc.prctl(_CAPBSET_DROP, right, 0, 0, 0)
        command = [sys.executable, "-m", "tests.reliability.disk_tricks", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "IMAGEQUEUE_WAIVED": "1"})
