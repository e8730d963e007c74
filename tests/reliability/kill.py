"""Kills the app, a worker, or all of them at once, at any instant of real batches (G1, G3, G4, G6, G8)."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from core.executor import InProcess, Outcome, Task
from core.job import JobState
from core.queue import TaskQueue
from core.recipe import format_toml
from core.status import JobQuery
from core.store_file import STORE_NAME
from core.store_reader import StoreReader
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.ledger import Ledger
from tests.reliability.lives import CLI, WINDOW, Life
from tests.reliability.processes import kill, within
from tests.reliability.sources import batch, recipe

SLOTS: Final = 4
PRIORITIES: Final = (0, 10, -10, 0, 10, 5)
_START: Final = 1.5  # seconds in which an app starts, on a machine that has nothing else to do
_STILL: Final = 120.0  # seconds in which one job at least of those that are left ends, on a busy machine
_ADDED: Final = re.compile(r"^Added (\d+)", re.MULTILINE)


class Kill:
    """Real batches under `kill -9`."""

    name = "kill"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        kills = scale.of(300, 5)
        rng = scale.rng(self.name)
        for number in scale.rounds(1_000, 1):
            left = kills - tally.count
            if left <= 0:
                break
            most = min(left, scale.of(24, kills))
            _Batch(folder / f"batch-{number}", tally, rng, number, scale).run(most)
        return tally.result()


class _Batch:
    """One batch, from its acceptance to its end, and all the lives of the app that it takes."""

    def __init__(self, folder: Path, tally: Tally, rng: random.Random, number: int, scale: Scale) -> None:
        self.folder, self.tally, self.rng, self.number, self.scale = folder, tally, rng, number, scale
        self.data_dir = folder / "data"
        self.recipe = recipe(folder / "out")
        self.recipe_file = folder / "attack.toml"
        self.ledger = Ledger(self.data_dir, folder / "out", folder / "reference", self.recipe, tally)
        self.added = 0

    def run(self, kills: int) -> None:
        retries = self.rng.choice((3, 1_000))  # with few, jobs that are killed again and again are exhausted
        asyncio.run(self.accept(self.scale.of(300, 96), retries))
        self.recipe_file.write_text(format_toml(self.recipe), "utf-8")
        before = self.tally.count
        life_number = 0
        while self.tally.count - before < kills and self.live_jobs():
            if self.scale.until is not None and time.monotonic() > self.scale.until:
                break
            program = WINDOW if (life_number + self.number) % 3 == 2 else CLI
            self.one_life(program, kills - (self.tally.count - before))
            life_number += 1
        with self.tally.blow(f"batch {self.number} to its end", 0):
            self.to_the_end()
            self.ledger.close()

    async def accept(self, count: int, retries: int) -> None:
        """Accept the batch in parts of different priorities, before anything runs."""

        async def never(_: Task) -> Outcome:
            raise AssertionError("nothing runs here")

        paths = batch(self.folder / "sources", count, self.number)
        queue = TaskQueue(self.data_dir, InProcess(never))
        await queue.open()
        part = -(-count // len(PRIORITIES))
        for at, priority in enumerate(PRIORITIES):
            chosen = paths[at * part : (at + 1) * part]
            self.ledger.accepted |= set(
                (await queue.enqueue_batch(chosen, self.recipe, priority, retries)).ids
            )
        await queue.close()

    def one_life(self, program: tuple[str, ...], most: int) -> None:
        """Start the app, kill workers under it, and then it."""
        more: list[str] = []
        adding = self.folder / f"added-{self.added}"
        if program is CLI and self.rng.random() < 0.5:
            batch(adding, 12, 500 + self.added)
            more = [
                str(adding),
                "--recipe",
                str(self.recipe_file),
                "--priority",
                str(self.rng.choice((10, 0))),
            ]
            self.added += 1
        life = Life(self.data_dir, program, *more)
        try:
            for _ in range(min(self.rng.choice((0, 0, 1, 2)), most - 1)):
                self.kill_a_worker(life)
            with self.tally.blow(f"life {life.mark} of batch {self.number} ({program[0]})"):
                self.wait_for_an_instant(life, program)
                if self.rng.random() < 0.6:
                    life.kill_app()
                else:
                    life.kill_all()
                self.look(life, program, adding if more else None)
        finally:
            life.kill_all()
        life.forget()

    def kill_a_worker(self, life: Life) -> None:
        """Kill one worker, once there is one; the app goes on."""
        if not within(20, lambda: life.ended or life.workers()):
            return
        with self.tally.blow(f"a worker of batch {self.number}"):
            time.sleep(self.rng.random() * 0.5)
            workers = life.workers()
            if workers:
                kill(self.rng.choice(workers))
            alive = not life.ended or life.process.returncode in (0, 1)
            self.tally.expect(alive, "lost", f"the app ended with its worker: {life.said()[-300:]}")

    def wait_for_an_instant(self, life: Life, program: tuple[str, ...]) -> None:
        """Wait until any instant: of the start, or between two jobs."""
        if self.rng.random() < 0.3:
            within(self.rng.random() * _START, lambda: life.ended)
            return
        wanted = self.rng.randrange(30)
        if program is CLI:
            within(20, lambda: life.ended or life.lines() >= wanted)
        else:
            before = self.count_done()
            within(20, lambda: life.ended or self.count_done() >= before + wanted, every=0.02)
        time.sleep(self.rng.random() * 0.01)

    def look(self, life: Life, program: tuple[str, ...], added: Path | None) -> None:
        """Check what is so right after the death of an app."""
        expect, said = self.tally.expect, life.said()
        expect(life.all_gone(), "leaked", "its workers are still there")
        expect("Traceback" not in said, "lost", f"it said {said[-500:]}")
        if program is CLI:
            self.ledger.tell_done(life.told_done())
            told = _ADDED.search(said)
            if told is not None and added is not None:
                with closing(StoreReader(self.data_dir / STORE_NAME)) as reader:
                    there = len(reader.find(JobQuery(text=str(added))))
                expect(
                    there >= int(told[1]), "lost", f"it said that it added {told[1]}, and {there} are there"
                )
        self.ledger.look(SLOTS)

    def to_the_end(self) -> None:
        """Let what is left run undisturbed; what waits for a long backoff goes at once."""
        with closing(StoreReader(self.data_dir / STORE_NAME)) as reader:
            waiting = reader.find(JobQuery(states=frozenset({JobState.RETRYING})))
        if waiting:
            again = Life(self.data_dir, ("core.cli", "retry"), *map(str, waiting))
            within(30, lambda: again.ended)
            again.kill_all()
            again.forget()
        life = Life(self.data_dir, CLI)
        try:
            self.tally.expect(_comes_to_its_end(life), "stuck", f"no job ended in {_STILL:g} s")
            self.tally.expect(
                life.process.returncode in (0, 1), "lost", f"it ended with {life.said()[-500:]}"
            )
            self.ledger.tell_done(life.told_done())
            self.tally.expect(life.all_gone(), "leaked", "workers outlived the app's own end")
        finally:
            kill(life.process.pid, signal.SIGKILL)
            life.process.wait()
        life.forget()

    def live_jobs(self) -> int:
        """Return how many jobs have still to run."""
        with closing(StoreReader(self.data_dir / STORE_NAME)) as reader:
            counts = reader.counts()
        return counts[JobState.QUEUED] + counts[JobState.RUNNING] + counts[JobState.RETRYING]

    def count_done(self) -> int:
        """Return how many jobs are done."""
        with closing(StoreReader(self.data_dir / STORE_NAME)) as reader:
            return reader.counts()[JobState.DONE]


def _comes_to_its_end(life: Life) -> bool:
    """Wait until it has ended; False when it stands still, however long all of it may take."""
    while not life.ended:
        before = life.lines()
        if not within(_STILL, lambda: life.ended or life.lines() != before, every=0.05):  # noqa: B023
            return False
    return True
