"""How soon the window is there, and how long its loop ever stands still."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.settings import Settings
from tests.benchmarks import edited
from tests.benchmarks.photos import photos
from tests.benchmarks.row import Row, lacking
from tests.e2e.polling import until
from tests.e2e.running_app import command_line
from tests.e2e.screen import Screen, missing_programs

STARTS = 5  # of which the middle one counts
FILES = 100_000
QUIET = 3.0  # seconds for the app to come to rest after its start
BUSY = 10.0  # seconds of work after all files are added
P99_TARGET, MAX_TARGET = 16.0, 50.0  # ms
FIRST_TARGET, ADDED_TARGET = 0.3, 6.0  # seconds from the drop of a folder tree


def shown(screen: Screen) -> set[str]:
    """The windows with a title that are on the screen."""
    return set(screen.xdotool("search", "--onlyvisible", "--name", ".+", check=False).split())


def time_to_window(screen: Screen, folder: Path) -> float:
    """Start the app on an empty queue; seconds until its window is on the screen."""
    env = {**screen.env, "IMAGEQUEUE_DATA_DIR": str(folder)}
    before = shown(screen)
    started = time.perf_counter()
    app = subprocess.Popen([sys.executable, "-m", "gui"], env=env, stdin=subprocess.DEVNULL)
    try:
        until(lambda: shown(screen) - before or app.poll() is not None, "a window", seconds=60, every=0.01)
        assert app.poll() is None, "the app has ended"
        return time.perf_counter() - started
    finally:
        app.terminate()
        app.wait()


def many_files(folder: Path) -> Path:
    """Put `FILES` photos of twelve megapixels into a folder: many names of a few files."""
    distinct = photos(folder / "distinct", 12).paths
    many = folder / "many"
    for number in range(FILES):
        if number % 1000 == 0:
            (many / f"{number // 1000:03}").mkdir(parents=True)
        os.link(distinct[number % len(distinct)], many / f"{number // 1000:03}" / f"IMG_{number:06}.jpg")
    return many


def described(lags: Sequence[float]) -> tuple[float, float, float]:
    """The median, the 99th percentile and the worst, in ms."""
    ordered = sorted(lags)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return p50 * 1000, p99 * 1000, ordered[-1] * 1000


def lag_rows(screen: Screen, folder: Path) -> Iterator[Row]:
    """Hand a running app a folder of `FILES` photos, and see how late its loop is until well after."""
    many = many_files(folder)
    data_dir = folder / "queue"
    data_dir.mkdir()
    Settings(output_folder=str(folder / "out")).save(data_dir)
    env = {**screen.env, "IMAGEQUEUE_DATA_DIR": str(data_dir)}
    before = shown(screen)
    app = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.loop_lag"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: shown(screen) - before, "a window", seconds=60)
        time.sleep(QUIET)
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "core.cli", str(many)], env=env, check=True)
        handed = time.monotonic()  # the folder is the window's: as after a drop
        until(lambda: command_line(data_dir, "status")["total"] > 0, "the first are added", every=0.01)
        first = time.monotonic()
        until(
            lambda: command_line(data_dir, "status")["total"] >= FILES,
            "all are added",
            seconds=120,
            every=0.2,
        )
        added = time.monotonic()
        time.sleep(BUSY)
        done = command_line(data_dir, "status")["counts"]["done"]
        ended = time.monotonic()
        printed, _ = app.communicate("")
    finally:
        app.kill()
        app.wait()
    samples = [(float(when), float(lag)) for when, lag in map(str.split, printed.splitlines())]
    yield Row(
        "first rows of a folder tree in the window",
        f"{first - handed:.2f} s",
        f"{FIRST_TARGET:g} s",
        first - handed <= FIRST_TARGET,
    )
    yield Row(
        f"{FILES:,} photos added in the window",
        f"{added - handed:.1f} s, with four workers running",
        f"{ADDED_TARGET:g} s",
        added - handed <= ADDED_TARGET,
    )
    for what, start, end in (
        (f"while {FILES:,} files are added and four workers run", began, added),
        (f"in the {BUSY:g} s of work after that", added, ended),
    ):
        p50, p99, worst = described([lag for when, lag in samples if start <= when <= end])
        yield Row(
            f"loop lag {what}",
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {worst:.1f} ms",
            f"p99 {P99_TARGET:g} ms, max {MAX_TARGET:g} ms",
            p99 < P99_TARGET and worst < MAX_TARGET,
        )
    yield Row("photos done meanwhile", f"{done}")


def measure(folder: Path) -> Iterator[Row]:
    """Time to the first window; from an edit of a recipe to its preview; lag of the loop in a busy window."""
    missing = missing_programs()
    if missing:
        yield lacking("the window", f"{', '.join(missing)} not found")
        return
    with Screen(folder) as screen:
        times = sorted(time_to_window(screen, folder / f"start-{number}") for number in range(STARTS))
        yield Row("time to the first window", f"{times[STARTS // 2]:.2f} s")
        yield from edited.rows(screen.env, folder / "edited")
        yield from lag_rows(screen, folder)
