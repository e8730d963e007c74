"""What a batch must have come to whatever was done to it, read from the store and from the files."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import CrashesDecoder, Interrupted, MachineLost, WorkerCrashed
from core.executor import Done, Task
from core.imaging.process import process
from core.job import ENDED, Job, JobState
from core.recipe import Recipe
from core.retry import RetryPolicy
from core.status import JobQuery
from core.store_file import STORE_NAME, open_for_reading
from core.store_reader import StoreReader
from tests.reliability.attack import Tally
from tests.reliability.sources import BROKEN

KILLED: Final = frozenset({Interrupted.code, MachineLost.code, WorkerCrashed.code})
"""What a job may fail of that was killed as often as it may be tried."""

_AT_REST: Final = {
    STORE_NAME,
    f"{STORE_NAME}-wal",
    f"{STORE_NAME}-shm",
    "owner.lock",
    "owner.json",
    "receipts",
    "remote",  # what comes from other machines, while it is taken in
    *("made.sqlite3", "made.sqlite3-wal", "made.sqlite3-shm"),
    "undo.sqlite3",
    "settings.toml",
    "window.ini",
    "thumbnails",  # small pictures of sources, within a bound of bytes
    "imagequeue.log",
    "imagequeue.faults.log",
}
_COMMITTED: Final = 2.0  # seconds from the time that a job is said to be added at until it surely waits


@dataclass
class Ledger:
    """What is known of one batch from outside."""

    data_dir: Path
    outputs: Path
    reference: Path  # a folder for what the same recipe makes when nothing disturbs it
    made: Recipe
    tally: Tally
    accepted: set[int] = field(default_factory=set)
    told_done: set[int] = field(default_factory=set)
    renewed: set[int] = field(default_factory=set)  # given up, and begun anew with all their attempts

    # -- after each kill ------------------------------------------------------------

    def look(self, slots: int) -> None:
        """Check what can be known of a batch whose app has just died."""
        expect = self.tally.expect
        path = self.data_dir / STORE_NAME
        with closing(StoreReader(path)) as reader:
            jobs = {job.id: job for job in reader.jobs(reader.find(JobQuery()))}
        missing = self.accepted - set(jobs)
        expect(not missing, "lost", f"jobs {sorted(missing)[:5]} were accepted and are not there")
        undone = [job for job in self.told_done if job in jobs and jobs[job].state is not JobState.DONE]
        expect(not undone, "duplicated", f"jobs {undone[:5]} were told to be done, and are not")
        running = [job.id for job in jobs.values() if job.state is JobState.RUNNING]
        expect(len(running) <= slots, "stuck", f"{len(running)} jobs run in {slots} slots")
        with closing(open_for_reading(path)) as db:
            said = db.execute("PRAGMA quick_check").fetchone()[0]
        expect(said == "ok", "torn", f"the store is damaged: {said}")
        self.accepted |= set(jobs)

    def tell_done(self, ids: Iterable[int]) -> None:
        """Note the jobs that one life of the app told to be done; none is told twice."""
        told = list(ids)
        again = (self.told_done & set(told)) | {job for job, times in Counter(told).items() if times > 1}
        self.tally.expect(not again, "duplicated", f"jobs {sorted(again)[:5]} were told to be done twice")
        self.told_done |= set(told)

    # -- at the end ------------------------------------------------------------

    def close(self) -> None:
        """Check a batch that has run to its end."""
        with closing(StoreReader(self.data_dir / STORE_NAME)) as reader:
            jobs = reader.jobs(reader.find(JobQuery()))
        with closing(open_for_reading(self.data_dir / STORE_NAME)) as db:
            self._check_states(jobs)
            self._check_attempts(db, jobs)
            self._check_order(db, jobs)
        self._check_files(jobs)

    def _check_states(self, jobs: Sequence[Job]) -> None:
        expect = self.tally.expect
        found = {job.id for job in jobs}
        expect(self.accepted <= found, "lost", f"jobs {sorted(self.accepted - found)[:5]} are gone")
        for job in jobs:
            what = f"job {job.id} ({Path(job.source).name}) is {job.state}"
            code = job.error.code if job.error else ""
            if job.state not in ENDED:
                self.tally.finding("stuck", f"{what} at the end")
            elif job.state is JobState.FAILED and code == CrashesDecoder.code:
                expect(job.attempts >= RetryPolicy().crashes, "lost", f"{what} after {job.attempts} attempts")
            elif job.state is JobState.FAILED and code in KILLED:
                expect(job.attempts == job.max_retries + 1, "lost", f"{what} after {job.attempts} attempts")
            elif Path(job.source).name.startswith(BROKEN):
                right = job.state is JobState.FAILED and job.error is not None and job.error.message
                expect(right, "lost", f"{what} ({code}), and no attempt could help")
            else:
                expect(job.state is JobState.DONE, "lost", f"{what} ({code})")

    def _check_attempts(self, db: sqlite3.Connection, jobs: Sequence[Job]) -> None:
        expect = self.tally.expect
        runs = dict(db.execute("SELECT id, runs FROM jobs").fetchall())
        rows: dict[int, list[tuple[int, float, float, str, int]]] = {}
        for job, *row in db.execute(
            "SELECT job, number, started_at, seconds, ended, counted FROM attempts ORDER BY job, number"
        ):
            rows.setdefault(job, []).append(tuple(row))
        for one in jobs:
            attempts = rows.get(one.id, [])
            numbers = [row[0] for row in attempts]
            expect(numbers == [*range(1, runs[one.id] + 1)], "lost", f"job {one.id} has attempts {numbers}")
            counted = sum(row[4] for row in attempts)
            expect(
                counted == one.attempts or one.id in self.renewed,
                "lost",
                f"job {one.id}: {counted} attempts counted as {one.attempts}",
            )
            ends = [row[3] for row in attempts]
            expect(not {"done", "failed"} & set(ends[:-1]) - {"failed"}, "duplicated",
                   f"job {one.id} went on after {ends}")  # fmt: skip
            for before, after in itertools.pairwise(attempts):
                expect(before[1] + before[2] <= after[1] + 0.001, "duplicated",
                       f"attempts {before[0]} and {after[0]} of job {one.id} ran at once")  # fmt: skip

    def _check_order(self, db: sqlite3.Connection, jobs: Sequence[Job]) -> None:
        """Of jobs that waited at the same time, the one that ranks before started before (G8)."""
        firsts = dict(db.execute("SELECT job, started_at FROM attempts WHERE number = 1").fetchall())
        begun = sorted(
            (firsts[job.id], -job.priority, job.id, job.added_at) for job in jobs if job.id in firsts
        )
        for at, (started, *rank, _) in enumerate(begun):
            for later, *other, added in begun[at + 1 :]:
                if later > started and other < rank and added + _COMMITTED < started:
                    self.tally.finding("duplicated", f"job {rank[1]} ran before job {other[1]}")
                    return

    def _check_files(self, jobs: Sequence[Job]) -> None:
        expect = self.tally.expect
        may_be: set[str] = set()
        must_be: set[str] = set()
        for job in jobs:
            if Path(job.source).name.startswith(BROKEN):
                continue
            wanted = self._wanted(job)
            may_be |= set(wanted)
            if job.state is JobState.DONE:
                must_be |= set(wanted)
                for path, digest in wanted.items():
                    expect(digest_of(Path(path)) == digest, "torn", f"{path} is not what job {job.id} makes")
                named = {Path(one.path).name for one in job.outputs}
                right = {Path(path).name for path in wanted}
                expect(named == right, "lost", f"job {job.id} says that it made {sorted(named)}")
        there = {str(path) for path in self.outputs.iterdir()} if self.outputs.exists() else set()
        expect(must_be <= there, "lost", f"{sorted(must_be - there)[:5]} are not there")
        strange = there - may_be
        left = {path for path in strange if Path(path).name.startswith(".")}
        expect(not left, "torn", f"{sorted(left)[:5]} were left over")
        expect(not strange - left, "duplicated", f"{sorted(strange - left)[:5]} were made as well")
        beside = {path.name for path in self.data_dir.iterdir()} - _AT_REST
        expect(not beside, "leaked", f"{sorted(beside)} stay in the data folder")

    def _wanted(self, job: Job) -> dict[str, str]:
        """The digest of each output by its path, made anew where nothing disturbs it."""
        undisturbed = self.made.with_folder(self.reference)
        task = Task(job.id, 2, job.source, undisturbed.to_json(), temp_tag=f"reference-{job.id}")
        done = process(task, lambda _: None)
        assert isinstance(done, Done), done
        return {str(self.outputs / Path(one.path).name): digest_of(Path(one.path)) for one in done.outputs}


def digest_of(path: Path) -> str:
    """Return a digest of a file's bytes; empty when there is none."""
    try:
        return hashlib.blake2b(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
