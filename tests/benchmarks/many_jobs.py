"""The window at very many jobs: how soon it answers, how smoothly it scrolls, what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.imaging.naming import name_keys
from core.recipe import builtin_recipes
from core.settings import Settings
from core.store import JobStore, NewJobs
from core.store_file import STORE_NAME
from tests.benchmarks.photos import photos
from tests.benchmarks.row import Row, lacking
from tests.e2e.screen import Screen, missing_programs

NUMBERS = (100_000, 1_000_000)
REAL = 20_000  # queued jobs, the first, whose photos are there: four workers are busy with them
NOW = 1_700_000_000.0
FRAME_TARGET = 0.016  # seconds
IDLE_TARGET = 0.5  # per cent of a processor
PRIORITY = "select all and change priority"
TARGETS = {  # seconds, but for the memory in megabytes
    100_000: {
        "open": 0.7,
        "sort": 0.3,
        "search": 0.1,
        "select all and change priority": 1.0,
        "memory": 150.0,
    },
    1_000_000: {
        "open": 1.5,
        "sort": 1.0,
        "search": 0.3,
        "select all and change priority": 5.0,
        "memory": 300.0,
    },
}

Figures = dict[str, Any]
"""One line of what tests.benchmarks.driven prints."""


def fill(folder: Path, number: int) -> None:
    """Make a store of so many jobs: 6 in 10 are done, 3 are queued, the rest failed, skipped or is held."""
    distinct, real = photos(folder / "distinct", 12).paths, folder / "real"
    real.mkdir()
    for place in range(REAL):
        os.link(distinct[place % len(distinct)], real / f"IMG_{place:07}.jpg")
    sources = [f"/photos/{place // 1000:04}/IMG_{place:07}.jpg" for place in range(number)]
    sources[-REAL:] = [str(real / f"IMG_{place:07}.jpg") for place in range(REAL)]
    recipe = builtin_recipes()[0]
    store = JobStore(folder / STORE_NAME)
    try:
        batch = NewJobs(
            sources, name_keys(sources, recipe), recipe.name, recipe.id_hash, recipe.to_json(), 0, 3
        )
        store.add(batch, NOW)
        # The end of a batch of a million, without its three hours.
        db = store._db
        db.execute("DROP TRIGGER legal_changes")
        last = number - REAL
        made = (
            "source_bytes = 3000000 + id * 7919 % 4000000, output_bytes = 40000 + id * 104729 % 300000,"
            " seconds = 0.02 + id % 97 / 100.0, attempts = 1, runs = 1, width = 4000 + id % 3, height = 3000,"
            f" ended_at = {NOW},"
            " outputs = '[[\"/out/' || substr(name, 1, 11) || '-256.jpg\",40000,256,192,\"t\"]]'"
        )
        db.execute("BEGIN")
        db.execute(f"UPDATE jobs SET state = 'done', {made} WHERE id <= {last} AND id % 10 < 6")
        db.execute(
            "UPDATE jobs SET state = 'failed', attempts = 1, runs = 1, error_code = 'damaged-image',"
            " error_message = name || ' is damaged: it ends too early.', error_retryable = 0, seconds = 0.01"
            f" WHERE id <= {last} AND id % 100 = 61"
        )
        db.execute(f"UPDATE jobs SET state = 'held' WHERE id <= {last} AND id % 100 = 71")
        db.execute(
            f"UPDATE jobs SET state = 'skipped', reason = 'Up to date' WHERE id <= {last} AND id % 100 = 81"
        )
        db.execute(f"UPDATE jobs SET place = -id WHERE id > {last}")
        db.execute("COMMIT")
    finally:
        store.close()


def driven(screen: Screen, folder: Path) -> list[Figures]:
    """Drive the window on the store in this folder; returns what was measured."""
    Settings(output_folder=str(folder / "out")).save(folder)
    env = {**screen.env, "IMAGEQUEUE_DATA_DIR": str(folder)}
    began = time.monotonic()
    app = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.driven"],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert app.stdout is not None
        found = [json.loads(line) for line in app.stdout if line.startswith("{")]
    finally:
        app.kill()
        app.wait()
    for one in found:
        if one["what"] == "first rows":
            one["seconds"] = one["at"] - began
    return found


def measure(folder: Path) -> Iterator[Row]:
    """Open, scroll, sort, search, change and clear with very many jobs in the store and four workers busy.

    A time is that of the clock; in brackets stands what of it is processor time of the window's process, as
    other programs, the four workers too, want the processors at the same time.
    """
    missing = missing_programs()
    if missing:
        yield lacking("the window at very many jobs", f"{', '.join(missing)} not found")
        return
    for number in NUMBERS:
        place = folder / str(number)
        place.mkdir()
        fill(place, number)
        with Screen(place) as screen:
            yield from _rows(number, driven(screen, place))


def _rows(number: int, found: list[Figures]) -> Iterator[Row]:
    many = f"{number:,} jobs"
    first, targets = found[0], TARGETS[number]
    yield _timed(f"{many}: from the command to the first rows", [first], targets["open"])
    for what in ("scroll by page", "drag the bar"):
        for one in found:
            if one["what"] == what:
                p99 = float(one["p99"])
                yield Row(
                    f"{many}: {what}, a frame",
                    f"p99 {p99 * 1000:.0f} ms ({float(one['own']) * 1000:.0f} ms), worst"
                    f" {float(one['worst']) * 1000:.0f} ms",
                    f"p99 {FRAME_TARGET * 1000:.0f} ms",
                    p99 < FRAME_TARGET,
                )
    for what in (
        "sort",
        "search",
        PRIORITY,
        "undo the priority",
        "clear what has ended",
        "undo the clearing",
    ):
        yield _timed(f"{many}: {what}", [one for one in found if one["what"] == what], targets.get(what))
    for one in found:
        if one["what"] == "memory":
            megabytes = float(one["bytes"]) / 2**20
            yield Row(
                f"{many}: memory of the window's process {one['when']}", f"{megabytes:.0f} MB",
                f"{targets['memory']:g} MB", megabytes < targets["memory"],
            )  # fmt: skip
        if one["what"] == "idle":
            share = 100 * float(one["share"])
            yield Row(
                f"{many}: processor time while paused",
                f"{share:.2f} %",
                f"{IDLE_TARGET:g} %",
                share < IDLE_TARGET,
            )
        if one["what"] == "failed":
            yield lacking(many, str(one["error"]))


def _timed(what: str, found: list[Figures], target: float | None) -> Row:
    """Return the line of what took a time, of the longest when it was done several times."""
    if not found:
        return lacking(what, "the run ended before")
    worst = max(found, key=lambda one: float(one["seconds"]))
    times = sorted(float(one["seconds"]) for one in found)
    stall = max(float(one.get("worst", 0.0)) for one in found)
    figure = f"{times[-1]:.2f} s ({float(worst['work']):.2f} s)"
    if len(found) > 1:
        figure = f"median {times[len(times) // 2]:.2f} s, longest {figure}"
    if "worst" in worst:
        figure += f", the loop late by {stall * 1000:.0f} ms at most"
    return Row(what, figure, f"{target:g} s" if target else "", times[-1] <= target if target else None)
