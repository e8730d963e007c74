"""A queue whose attempts all run on other machines: real brokers, and workers that are real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from core.job import Attempt, JobState
from core.queue import TaskQueue
from core.recipe import Output, Recipe
from core.remote import errands
from core.remote.cluster import Link
from core.remote.everywhere import FIRST, Everywhere
from core.remote.flights import Limits
from core.retry import RetryPolicy
from core.slots import ProcessSlots
from core.status import Recovery
from tests.brokers import Broker

ROOT: Final = Path(__file__).resolve().parents[3]
LIMITS: Final = Limits(gone=2.0, resend=1.0, away=60.0)
RECIPE: Final = Recipe("r", (Output("small"), Output("large")))
OWNER: Final = """\
import asyncio, sys
from pathlib import Path
from tests.core.remote.scene import Owner
asyncio.run(Owner(Path(sys.argv[1]), sys.argv[2], sys.argv[3]).run_for_ever())
"""
errands.WORK = "tests.core.remote.held_work:errand"  # type: ignore[misc]
_WORKER: Final = """\
import sys
import core.remote.node
core.remote.node.WORK = "tests.core.remote.held_work:held"
from core.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Elsewhere(Everywhere):
    """Gives nothing to the slots of this machine."""

    def open_slots(self) -> Sequence[int]:
        return [slot for slot in super().open_slots() if slot >= FIRST]


class Owner:
    """A queue in a folder, with what a test asks of it."""

    def __init__(self, folder: Path, url: str, shared: str = "") -> None:
        """shared: the folder "photos"; "" for none, so that all travels as bytes."""
        self.folder = folder
        self._url = url
        self._shared = {"photos": shared} if shared else {}
        data = folder / "queue"
        self.everywhere = Elsewhere(ProcessSlots(memory_limit=None), data, limits=LIMITS, ask_every=0.25)
        self.queue = TaskQueue(data, self.everywhere, concurrency=1, retry=RetryPolicy(base=0.05, cap=0.1))

    async def open(self) -> Recovery:
        await self.everywhere.set_broker(self._url, self._shared)
        return await self.queue.open()

    async def run_for_ever(self) -> None:
        await self.open()
        await self.queue.start()
        await asyncio.Event().wait()

    async def slots(self, number: int) -> None:
        try:
            await until(lambda: len(self.everywhere.open_slots()) == number, f"{number} slots")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.everywhere.cluster}") from None

    async def link(self, link: Link) -> None:
        await until(lambda: self.everywhere.cluster.link is link, link)

    async def add(self, *names: str, priority: int = 0, retries: int = 3) -> list[int]:
        """Make images of these names, and add them."""
        sources = [image(self.folder / "photos", name) for name in names]
        recipe = replace(RECIPE, folder=str(self.folder / "photos" / "out"))
        return list((await self.queue.enqueue_batch(sources, recipe, priority, retries)).ids)

    async def running(self, *jobs: int) -> list[str]:
        """Wait until machines have these jobs, and return their names."""
        found = [await self.attempt(job, lambda one: bool(one.machine)) for job in jobs]
        return [one.machine for one in found]

    async def attempt(self, job: int, wanted: Callable[[Attempt], bool]) -> Attempt:
        """Wait until the last attempt of a job is as it should be, and return it."""
        while True:
            async with asyncio.timeout(30):
                attempts = await self.queue.attempts(job)
                if attempts and wanted(attempts[-1]):
                    return attempts[-1]
                await asyncio.sleep(0.02)

    async def states(self, *jobs: int) -> list[JobState]:
        return [job.state for job in await self.queue.jobs(jobs)]

    async def drained(self) -> None:
        try:
            async with asyncio.timeout(60):
                await self.queue.drained()
        except TimeoutError:
            raise AssertionError(f"not drained: {self.queue.status()}, {self.everywhere.cluster}") from None

    async def drained_but(self, held: int) -> None:
        """Wait until there is nothing but this job, which runs."""
        await until(lambda: self.queue.status().live == 1, "one is left", 60)
        assert await self.states(held) == [JobState.RUNNING]

    def made(self) -> dict[str, bytes]:
        """What is in the target folder, temporary files too."""
        return {path.name: path.read_bytes() for path in (self.folder / "photos" / "out").iterdir()}

    def go(self) -> None:
        """Let all go on that is held."""
        (self.folder / "photos" / "go").touch()

    def held_again(self) -> None:
        """Hold what comes from now on."""
        (self.folder / "photos" / "go").unlink()


@asynccontextmanager
async def owner_in(folder: Path, broker: Broker, shared: str = "") -> AsyncIterator[Owner]:
    owner = Owner(folder, broker.url, shared)
    await owner.open()
    try:
        yield owner
    finally:
        await owner.queue.close(0)


class Worker:
    """One `imagequeue worker` as a process of its own."""

    def __init__(self, name: str, url: str, shared: str, slots: int, go: Path) -> None:
        given = ["--quiet", "--name", name, "--slots", str(slots)]
        given += ["--share", f"photos={shared}"] if shared else []
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, "worker", *given],
            cwd=ROOT, start_new_session=True,
            env={**os.environ, "IMAGEQUEUE_BROKER": url, "IMAGEQUEUE_TEST_GO": str(go)},
        )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it, and to it alone."""
        os.kill(self.process.pid, number)

    def end(self) -> int:
        """End it in order, and return its exit status."""
        self.send(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def workers(broker: Broker, *names: str, shared: str = "", slots: int = 1) -> Iterator[dict[str, Worker]]:
    if shared:
        Path(shared).mkdir(exist_ok=True)
    started: dict[str, Worker] = {}
    try:
        for name in names:
            go = broker.folder.parent / "photos" / "go"
            started[name] = Worker(name, broker.url, shared, slots, go)
        yield started
    finally:
        for worker in started.values():
            worker.process.kill()
            worker.process.wait()


@contextmanager
def owner_to_kill(folder: Path, broker: Broker, shared: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the queue in a folder as a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder), broker.url, shared], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until it is so."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 (it is other processes that are waited for)
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it never came: {what}") from None


def image(folder: Path, name: str) -> str:
    """Make a small image, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize((80, 60)).save(folder / f"{name}.png")
    return str(folder / f"{name}.png")


def running_in(folder: Path) -> int:
    """How many jobs of the queue in a folder a machine has."""
    with closing(sqlite3.connect(f"file:{folder}/queue/queue.sqlite3?mode=ro", uri=True)) as db:
        found = db.execute("SELECT COUNT(*) FROM jobs WHERE state = 'running' AND machine != ''")
        return int(found.fetchone()[0])
