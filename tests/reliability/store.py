"""Damages the store in every way that a disk or another program can (G1, G2, G3, G14)."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

from core import migrations
from core.errors import ImageQueueError, StoreTooNew, StoreUnusable
from core.executor import Done, InProcess, Outcome, Task
from core.imaging.naming import name_keys
from core.job import ENDED, JobError, JobState
from core.migrations import LATEST, MIGRATIONS
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.status import JobQuery
from core.store import Ended, JobStore, NewJobs
from core.store_file import STORE_NAME
from core.store_reader import StoreReader
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.lives import ROOT

PAGE: Final = 4_096
_LIVES: Final = 3  # starts of the app within which a damaged store is mended and drained
_RECIPE: Final = builtin_recipes()[0]
_NEWER: Final = (LATEST + 1, ("ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'blue'",))

_HOLD: Final = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
db.execute("UPDATE meta SET value = value")
print("held", flush=True)
sys.stdin.read()
"""

_READ_ONLY: Final = """
import sys
from pathlib import Path
from core.errors import StoreUnusable
from core.store import JobStore
from tests.reliability.powers import give_up
give_up()
try:
    JobStore(Path(sys.argv[1]))
    print("opened")
except StoreUnusable as error:
    print(error)
"""


class Store:
    """A store that is cut, overwritten, old, new, locked, read-only."""

    name = "store"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        rng = scale.rng(self.name)
        jobs = scale.of(4_000, 600)
        blows: tuple[Callable[[_Stage], None], ...] = (
            _cut_off_mid_commit, _truncated, _pages_of_garbage, _sectors_of_garbage, _first_page_lost,
            _index_damaged, _older, _newer,
        )  # fmt: skip
        for number in scale.rounds(50, 1):
            for blow in blows:
                name = blow.__name__.strip("_")
                with tally.blow(f"{name} {number}"):
                    blow(_Stage(folder / f"{name}-{number}", tally, rng, jobs))
                shutil.rmtree(folder / f"{name}-{number}")
        for blow in (_locked, _read_only):
            with tally.blow(blow.__name__.strip("_")):
                blow(_Stage(folder / blow.__name__, tally, rng, jobs))
        return tally.result()


class _Stage:
    """A store with jobs in all kinds of states, and what is to be looked at after it was damaged."""

    def __init__(self, folder: Path, tally: Tally, rng: random.Random, jobs: int) -> None:
        self.folder, self.tally, self.rng = folder, tally, rng
        self.path = folder / STORE_NAME
        folder.mkdir(parents=True)
        store = JobStore(self.path)
        self.add(store, jobs)
        for claimed in store.claim(range(40), 2.0):
            end = Ended(claimed.job_id, claimed.attempt, 3.0, 1.0)
            match rng.randrange(5):
                case 0:
                    store.finish(end, Done((), 9, 20, 10))
                case 1:
                    store.fail(end, JobError("not-an-image", "It is none.", False, "details " * 99))
                case 2:
                    store.retry_later(end, JobError("file-busy", "Busy.", True), 8.0)
                case 3:
                    store.cancel_running(end)
                case _:
                    pass  # it runs on, and is found so
        store.hold(rng.sample(range(41, jobs), 20))
        store.close()
        self.before = self.states()

    def add(self, store: JobStore, jobs: int) -> None:
        """Accept so many jobs."""
        first = store.counts[JobState.QUEUED]
        names = [f"/photos/{first + n:06}/IMG_{self.rng.randrange(10**9):09}.jpg" for n in range(jobs)]
        batch = NewJobs(
            names, name_keys(names, _RECIPE), _RECIPE.name, _RECIPE.id_hash, _RECIPE.to_json(), 0, 3
        )
        store.add(batch, 1.0)

    def states(self) -> dict[int, JobState]:
        """Return the state of each job."""
        with closing(StoreReader(self.path)) as reader:
            return {job.id: job.state for job in reader.jobs(reader.find(JobQuery()))}

    def overwrite(self, place: int, what: bytes) -> None:
        """Write over a part of the file."""
        with self.path.open("r+b") as file:
            file.seek(place)
            file.write(what)

    @property
    def pages(self) -> int:
        return self.path.stat().st_size // PAGE

    def look(self, at_least: int, *, damaged: bool = True) -> None:
        """Run the app on it to the end, and check what became of every job.

        at_least: jobs that must still be there. damaged: whether the loss of others is due to damage, so that
        what was damaged must be kept.
        """
        expect = self.tally.expect
        found = self.path.read_bytes()
        for _ in range(_LIVES):
            with suppress(ImageQueueError):
                if asyncio.run(self.one_life()):
                    break
        else:
            self.tally.finding("stuck", f"it was not drained in {_LIVES} lives")
            return
        after = self.states()
        strange = [job for job in after if job not in self.before]
        expect(not strange, "duplicated", f"{len(strange)} jobs are there that nobody added")
        expect(len(after) >= at_least, "lost", f"of {len(self.before)} jobs, {len(after)} are left")
        live = [job for job, state in after.items() if state not in ENDED | {JobState.HELD}]
        expect(not live, "stuck", f"{len(live)} jobs were never run")
        asides = list(self.folder.glob("*.damaged-*"))
        if damaged and len(after) < len(self.before):
            expect(any(one.stat().st_size for one in asides), "lost", "the damaged store was not kept")
        kept = {one.read_bytes() for one in asides if not one.name.endswith(("-wal", "-shm"))}
        expect(not asides or found in kept or self.worked_with(kept), "torn", "it was changed")
        left = [one.name for one in self.folder.iterdir() if "salvage" in one.name or ".new" in one.name]
        expect(not left, "leaked", f"{left} stay in the data folder")

    def worked_with(self, kept: set[bytes]) -> bool:
        """Return whether what was set aside had been worked with before it was found to be damaged."""
        return all(content[:16] == b"SQLite format 3\0" for content in kept)

    async def one_life(self) -> bool:
        """Run the app until nothing is left to run; return whether it came to that end."""

        async def done(_: Task) -> Outcome:
            return Done()

        queue = TaskQueue(self.folder, InProcess(done))
        await queue.open()
        try:
            await queue.retry(await queue.find(JobQuery(states=frozenset({JobState.RETRYING}))))
            await queue.start()
            async with asyncio.timeout(60):
                await queue.drained()
            counts = queue.status().counts
            return not any(counts[state] for state in JobState if state not in ENDED | {JobState.HELD})
        finally:
            await queue.close(0)


def _cut_off_mid_commit(stage: _Stage) -> None:
    """A power cut as a disk may show it: the log ends anywhere, and what it ends in is no commit."""
    store = JobStore(stage.path)
    sizes = [len(stage.before)]
    for _ in range(20):
        stage.add(store, 5)
        sizes.append(sizes[-1] + 5)
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{stage.path}{suffix}", stage.folder / f"copy{suffix}")
    stage.before = stage.states()
    store.close()
    for suffix in ("", "-wal"):
        (stage.folder / f"copy{suffix}").replace(f"{stage.path}{suffix}")
    log = Path(f"{stage.path}-wal")
    cut = stage.rng.randrange(log.stat().st_size)
    with log.open("r+b") as file:
        file.truncate(cut)
        if stage.rng.random() < 0.5:
            file.seek(max(0, cut - 512))
            file.write(stage.rng.randbytes(512))
    opened = JobStore(stage.path)
    number = sum(opened.counts.values())
    opened.close()
    stage.tally.expect(opened.set_aside == "", "lost", "a log that was cut off was taken for damage")
    stage.tally.expect(number in sizes, "torn", f"{number} jobs are no whole number of batches")
    stage.look(sizes[0], damaged=False)


def _truncated(stage: _Stage) -> None:
    with stage.path.open("r+b") as file:
        file.truncate(stage.rng.randrange(stage.path.stat().st_size))
    stage.look(0)


def _pages_of_garbage(stage: _Stage) -> None:
    hit = stage.rng.sample(range(1, stage.pages), stage.rng.randrange(1, 4))
    for page in hit:
        stage.overwrite(page * PAGE, stage.rng.choice((stage.rng.randbytes(PAGE), b"\0" * PAGE)))
    stage.look(0)


def _sectors_of_garbage(stage: _Stage) -> None:
    size = stage.path.stat().st_size
    for _ in range(stage.rng.randrange(1, 6)):
        stage.overwrite(stage.rng.randrange(size // 512) * 512, stage.rng.randbytes(512))
    stage.look(0)


def _first_page_lost(stage: _Stage) -> None:
    stage.overwrite(0, stage.rng.choice((b"\0" * PAGE, stage.rng.randbytes(PAGE), b"not a store" * 9)))
    stage.look(len(stage.before))


def _index_damaged(stage: _Stage) -> None:
    with closing(sqlite3.connect(stage.path)) as db:
        roots = [row[0] for row in db.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index'")]
    stage.overwrite((stage.rng.choice(roots) - 1) * PAGE, stage.rng.randbytes(PAGE))
    stage.look(len(stage.before))


def _older(stage: _Stage) -> None:
    """What an older version wrote is migrated, and kept as it was beside it."""
    before = stage.path.read_bytes()
    with patch.object(migrations, "MIGRATIONS", (*MIGRATIONS, _NEWER)), patch.object(
        migrations, "LATEST", LATEST + 1
    ):  # fmt: skip
        store = JobStore(stage.path)
        version = store._db.execute("PRAGMA user_version").fetchone()[0]
        store.close()
    stage.tally.expect(version == LATEST + 1, "lost", "it was not migrated")
    with closing(sqlite3.connect(stage.folder / f"{STORE_NAME}.v{LATEST}.backup")) as backup:
        number = backup.execute("SELECT COUNT(*) FROM jobs").fetchone()[0]
    stage.tally.expect(number == len(stage.before), "lost", "the backup is not whole")
    stage.path.write_bytes(before)
    stage.look(len(stage.before))


def _newer(stage: _Stage) -> None:
    """What a newer version wrote is refused, and left as it is."""
    with closing(sqlite3.connect(stage.path)) as db:
        db.execute(f"PRAGMA user_version = {LATEST + 1 + stage.rng.randrange(9)}")
    before = {one.name: one.read_bytes() for one in stage.folder.iterdir()}
    try:
        JobStore(stage.path)
        stage.tally.finding("lost", "a newer store was opened")
    except StoreTooNew:
        after = {one.name: one.read_bytes() for one in stage.folder.iterdir()}
        stage.tally.expect(after == before, "torn", "a newer store was touched")


def _locked(stage: _Stage) -> None:
    """Another program holds it: that is said, and afterwards all is there."""
    command = [sys.executable, "-c", _HOLD, str(stage.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            JobStore(stage.path)
            stage.tally.finding("duplicated", "a locked store was opened")
        except StoreUnusable as error:
            stage.tally.expect("locked by another program" in str(error), "lost", f"it said {error}")
        holder.kill()
    stage.look(len(stage.before))


def _read_only(stage: _Stage) -> None:
    """The folder cannot be written: that is said, nothing is changed, and afterwards all is there."""
    before = stage.path.read_bytes()
    stage.path.chmod(0o444)
    stage.folder.chmod(0o555)
    try:
        command = [sys.executable, "-c", _READ_ONLY, str(stage.path)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    finally:
        stage.folder.chmod(0o755)
        stage.path.chmod(0o644)
    stage.tally.expect("cannot be opened for writing" in said.stdout, "lost", f"it said {said}")
    stage.tally.expect(stage.path.read_bytes() == before, "torn", "it was changed")
    stage.look(len(stage.before))
