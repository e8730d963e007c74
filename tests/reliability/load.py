"""A million jobs with the window open, ten thousand real images, and an hour of wishes against a model."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from core.executor import Done, Outcome
from core.job import ENDED, LEGAL_CHANGES, JobState
from core.recipe import format_toml
from core.store_file import STORE_NAME
from core.store_reader import StoreReader
from tests.core.processors import BAD, BUSY, CRASH, SKIP
from tests.core.test_queue_model import AgingQueueAgainstModel, QueueAgainstModel
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.lives import CLI, ROOT, Life
from tests.reliability.processes import memory, open_files, within
from tests.reliability.sources import encoded, recipe

SLOPE: Final = 1_000_000  # bytes of memory that 100,000 jobs may leave behind
_NO_OPS_LIMIT: Final = 3_600.0  # seconds
_IMAGES_LIMIT: Final = 1_800.0
_HOUR: Final = 3_600.0


class Load:
    """Many jobs, many images, and much time."""

    name = "load"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        _no_ops(tally, folder / "no-ops", scale.of(1_000_000, 2_000), scale.of(20_000, 500))
        _real_images(tally, folder / "images", scale.of(10_000, 60))
        for number in scale.rounds(5, 1):
            seconds = _HOUR if not scale.short else 60.0
            with tally.blow(f"an hour against the model {number}"):
                kind = AgingQueueAgainstModel if number % 2 else QueueAgainstModel
                _against_the_model(tally, kind(), scale.rng(f"model {number}"), seconds)
        return tally.result()


# -- many jobs ---------------------------------------------------------------------------------------------


def _no_ops(tally: Tally, folder: Path, count: int, every: int) -> None:
    """Drain no-ops with the window open: each is done once, and neither memory nor handles grow."""
    folder.mkdir()
    with tally.blow(f"{count:,} no-ops", count):
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.app_of_no_ops", str(folder), str(count), str(every)],
            cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, timeout=_NO_OPS_LIMIT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        tally.expect(done.returncode == 0, "lost", f"it ended with {done.returncode}: {done.stderr[-800:]}")
        *lines, last = done.stdout.splitlines()
        counts = json.loads(last)
        tally.expect(counts["done"] == sum(counts.values()) == count, "lost", f"it ended with {counts}")
        with closing(StoreReader(folder / STORE_NAME)) as reader:
            tally.expect(reader.counts()[JobState.DONE] == count, "lost", f"the store has {reader.counts()}")
        samples = [tuple(map(int, line.split())) for line in lines]
        steady = [one for one in samples if one[0] > count / 5]  # after what is made once has been made
        slope = _slope([one[0] for one in steady], [one[1] for one in steady]) * 100_000
        files = max(one[2] for one in steady) - min(one[2] for one in steady)
        if count >= 500_000:  # with fewer jobs, what allocators keep is more than what jobs may leave
            tally.expect(slope < SLOPE, "leaked", f"memory grows by {slope:,.0f} bytes in 100,000 jobs")
            tally.notes.append(
                f"{count:,} no-ops with the window open: memory grew by {slope / 1e6:.2f} MB in 100,000 jobs,"
                f" from {steady[0][1] / 1e6:.0f} to {steady[-1][1] / 1e6:.0f} MB"
            )
        tally.expect(files <= 4, "leaked", f"{files} more files are open")


def _slope(xs: list[int], ys: list[int]) -> float:
    """Return how much y rises with x, by least squares."""
    if len(xs) < 2:
        return 0.0
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


# -- many images -------------------------------------------------------------------------------------------


def _real_images(tally: Tally, folder: Path, count: int) -> None:
    """Run real images to the end by the command line; watch its memory and files."""
    sources = folder / "in"
    sources.mkdir(parents=True)
    for number in range(count):
        (sources / f"{number}.png").write_bytes(encoded(number, "PNG", 32))
    made = folder / "attack.toml"
    made.write_text(format_toml(recipe(folder / "out")), "utf-8")
    with tally.blow(f"{count:,} images", count):
        life = Life(folder / "data", CLI, str(sources), "--recipe", str(made))
        samples: list[tuple[int, int, int]] = []

        def ended() -> bool:
            with suppress(OSError):  # it has just ended
                samples.append((life.lines(), memory(life.process.pid), open_files(life.process.pid)))
            return life.ended

        try:
            tally.expect(within(_IMAGES_LIMIT, ended, every=0.1), "stuck", "it did not come to its end")
            tally.expect(life.process.returncode == 0, "lost", f"it ended with {life.said()[-400:]}")
            told = life.told_done()
            tally.expect(len(told) == len(set(told)) == count, "lost", f"{len(told)} were told to be done")
            files = list((folder / "out").iterdir())
            hidden = [path for path in files if path.name.startswith(".")]
            tally.expect(not hidden, "torn", f"{len(hidden)} temporary files stay")
            tally.expect(len(files) == 2 * count, "lost", f"{len(files)} files of {2 * count} are there")
            tally.expect(life.all_gone(), "leaked", "workers outlived the app")
        finally:
            life.kill_all()
        steady = [one for one in samples if count / 5 < one[0] < count]
        if count >= 5_000 and steady:
            grown = max(one[2] for one in steady) - min(one[2] for one in steady)
            tally.expect(grown <= 8, "leaked", f"{grown} more files are open")
            slope = _slope([one[0] for one in steady], [one[1] for one in steady]) * 10_000
            tally.notes.append(f"{count:,} images: the app's memory grew by {slope / 1e6:.2f} MB in 10,000")


# -- much time ---------------------------------------------------------------------------------------------


def _against_the_model(tally: Tally, queue: Any, rng: random.Random, seconds: float) -> None:
    """Let a user do anything, and the app stop and crash, for so long by the queue's clock."""

    def picks() -> list[int]:
        """Jobs of any state, or of one that is chosen first: else those that few are in would be spared."""
        state = rng.choice((None, *JobState))
        chosen = [at for at, job in enumerate(queue.jobs.values()) if state in (None, job.state)]
        return rng.sample(chosen, min(len(chosen), rng.randrange(1, 5)))

    wishes: tuple[tuple[int, Callable[[], None]], ...] = (
        (8, lambda: queue.add(rng.randrange(1, 5), rng.choice((-10, 0, 10)), rng.randrange(5))),
        (1, lambda: queue.add_again(picks(), rng.choice((-10, 0, 10)))),
        (6, lambda: queue.start()),
        (1, lambda: queue.pause()),
        (1, lambda: queue.stop()),
        (30, lambda: queue.end(rng.randrange(30), _an_end(rng))),
        (1, lambda: queue.set_concurrency(rng.randrange(1, 5))),
        (2, lambda: queue.cancel(picks())),
        (2, lambda: queue.hold(picks())),
        (2, lambda: queue.release(picks())),
        (2, lambda: queue.retry(picks())),
        (1, lambda: queue.retry_failed()),
        (2, lambda: queue.set_priority(picks(), rng.choice((-10, 0, 10)))),
        (1, lambda: queue.do_next(picks())),
        (4, lambda: queue.remove(picks())),
        (1, lambda: queue.clear()),
        (3, lambda: queue.undo()),
        (15, lambda: queue.time_passes(rng.choice((0.5, 2.0, 5.0)))),
        (1, lambda: queue.quit_and_start_again()),
        (1, lambda: queue.crash_and_start_again()),
    )
    queue.make()
    try:
        began, before = queue.clock.now(), open_files()
        while queue.clock.now() < began + seconds:
            (wish,) = rng.choices([one for _, one in wishes], [weight for weight, _ in wishes])
            wish()
            queue.g2_every_job_is_where_the_model_says()
            queue.g8_jobs_ran_in_the_order_of_the_model()
            queue.g8_waiting_jobs_are_in_the_order_of_the_model()
            queue.g9_backoffs_are_as_long_as_the_model_says()
            queue.g12_what_was_told_is_a_legal_path_to_where_every_job_is()
            queue.g12_counts_equal_the_stores()
            if len(queue.jobs) > 200:  # the user clears what has ended
                queue.remove([at for at, job in enumerate(queue.jobs.values()) if job.state in ENDED])
        seldom = min(queue.changes[one] for one in LEGAL_CHANGES)
        tally.notes.append(
            f"{seconds:g} s against the model: {queue.changes.total():,} changes of state, of each kind"
            f" {seldom:,} or more"
        )
        if seconds >= _HOUR:
            tally.expect(seldom, "lost", "a kind of change of state never came about: it was not attacked")
        tally.expect(
            open_files() <= before + 2, "leaked", f"{open_files()} files are open, of {before} before"
        )
    finally:
        queue.teardown()


def _an_end(rng: random.Random) -> Outcome:
    return rng.choice((Done(), Done(), SKIP, BUSY, BUSY, BAD, CRASH, CRASH))
