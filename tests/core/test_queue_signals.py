"""The queue tells what it did, after it is so, and nobody who listens can hurt it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.executor import Done, Failed, Outcome
from core.job import LEGAL_CHANGES, JobError, JobState, OutputFile
from core.status import BatchAdded, ChangeKind, JobChange, QueueStatus
from tests.conftest import RunOnLoop
from tests.core.bench import opened
from tests.core.clocks import until
from tests.core.processors import BAD, BUSY, SKIP, ByHand


def test_g12_signals_form_a_legal_path_for_each_job_and_counts_equal_the_stores(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        outcomes: list[Outcome] = [Done(), BUSY, BAD, SKIP]
        states: dict[int, JobState] = {}
        statuses: list[QueueStatus] = []

        def added(batch: BatchAdded) -> None:
            states.update(dict.fromkeys(batch.ids, JobState.QUEUED))

        def changed(change: JobChange) -> None:
            for job in change.ids:
                if change.kind is ChangeKind.STATE:
                    assert change.state is not None
                    assert (states[job], change.state) in LEGAL_CHANGES
                    states[job] = change.state

        rng = random.Random(7)
        async with opened(tmp_path, ByHand(lambda task: rng.choice(outcomes))) as bench:
            bench.queue.batch_added.connect(added)
            bench.queue.job_changed.connect(changed)
            bench.queue.status_changed.connect(statuses.append)
            await bench.add(*(str(n) for n in range(40)))
            await bench.queue.hold([3, 4, 5])
            await bench.queue.cancel([4])
            await bench.queue.start()
            while bench.queue.status().live > 2:
                await until(lambda: bench.queue.status().active == 0)
                bench.clock.advance(20)
                await bench.queue._writer.call(lambda store: None)
            counts = await bench.queue._read(lambda reader: reader.counts())
            assert statuses[-1].counts == counts == bench.queue.status().counts
            for job in await bench.queue.jobs(list(states)):
                assert states[job.id] is job.state
            assert statuses[-1].total == 40

    run_on_loop(story())


def test_g12_a_signal_comes_after_its_commit(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        import sqlite3

        seen = []

        def look(change: JobChange) -> None:
            with sqlite3.connect(tmp_path / "queue.sqlite3") as db:
                (state,) = db.execute("SELECT state FROM jobs WHERE id = ?", (change.ids[0],)).fetchone()
            db.close()
            seen.append((change.state, state))

        async with opened(tmp_path, concurrency=1) as bench:
            bench.queue.job_changed.connect(look)
            await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.end(0)
            await bench.queue.drained()
        assert seen == [(JobState.RUNNING, "running"), (JobState.DONE, "done")]

    run_on_loop(story())


def test_a_subscriber_that_raises_hurts_nobody(
    run_on_loop: RunOnLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        def faulty(change: JobChange) -> None:
            raise RuntimeError("a fault in a widget")

        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            bench.queue.job_changed.connect(faulty)
            await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.queue.status().counts[JobState.DONE] == 1

    run_on_loop(story())
    assert "a fault in a widget" in caplog.text


def test_progress_of_a_running_job_is_told(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        told: list[tuple[int, float]] = []
        async with opened(tmp_path) as bench:
            bench.queue.progress.connect(lambda job, fraction: told.append((job, fraction)))
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.on_progress(job, 0.5)
            assert told == [(job, 0.5)]

    run_on_loop(story())


def test_sizes_of_what_was_done_are_summed(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        done = Done((OutputFile("/out/a.jpg", 30, 4, 3),), 100, 40, 30)
        async with opened(tmp_path, ByHand(lambda task: done)) as bench:
            await bench.add(*"ab")
            await bench.queue.start()
            await bench.queue.drained()
            status = bench.queue.status()
            assert (status.source_bytes, status.output_bytes) == (200, 60)

    run_on_loop(story())


def test_an_error_keeps_its_words(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        error = JobError("damaged-image", "b\udce9ach.jpg ends too early.", False, "the traceback")
        async with opened(tmp_path, ByHand(lambda task: Failed(error))) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            (attempt,) = await bench.queue.attempts(job)
            assert attempt.error == error

    run_on_loop(story())
