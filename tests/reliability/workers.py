"""Gives the workers what no image should be able to do to them, in all slots at once (G7, G11)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.executor import Done, Failed, Outcome, Skipped, Stopped, Task
from core.job import JobState
from core.queue import TaskQueue
from core.retry import RetryPolicy
from core.slots import ProcessSlots
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.lives import ROOT
from tests.reliability.processes import MARK, kill, marked, open_files, state, within, zombies
from tests.reliability.sources import encoded, recipe

SLOTS: Final = 4
_LIMIT: Final = 400_000_000  # bytes that a task may take
_HANGS: Final = 1.0  # seconds that those may take which never end; the slots are hit while others hang
_FREEZES: Final = 3.0  # seconds until a frozen worker is given up; the next one makes an image in it
_TAKES: Final = 60.0  # seconds in which all that was asked of the slots must be over, also on a busy machine
_WINDOW_JOBS: Final = 400
_FELT: Final = 100  # ms by which a window may be late before a person feels it

# What each may become: an error's code, "done", "skipped" or "stopped".
ENDS: Final = {
    "segfault": "worker-crashed",
    "kill_itself": "worker-crashed",
    "leave:0": "worker-crashed",
    "leave:3": "worker-crashed",
    "fork_and_die": "worker-crashed",
    "answer_garbage": "worker-crashed",
    "answer_wrongly": "worker-crashed",
    "answer_half_a_line": "worker-crashed",
    "answer_without_end": "worker-crashed",
    "stop": "worker-crashed",
    "eat_memory": "out-of-memory",
    "die_as_an_allocator": "out-of-memory",
    "system_exit": "bug",
    "raise_something_odd": "bug",
    "raise_endlessly": "bug",
    "raise_a_long_story": "bug",
    "return_nonsense": "bug",
    "make_noise": "done",
    "hang": "timed-out",
    "hang_with_the_lock": "timed-out",
    "fork_and_hang": "timed-out",
    "start_and_hang": "timed-out",
    "freeze": "timed-out",
}
_BRIEFLY: Final = (
    *("segfault", "eat_memory", "leave:0", "make_noise", "raise_something_odd", "answer_garbage"),
    *("fork_and_die", "return_nonsense", "freeze", "kill_itself", "hang_with_the_lock", "stop"),
)
_SLOW: Final = frozenset(name for name, end in ENDS.items() if end == "timed-out")


class Workers:
    """Bad tasks in all slots at once, frozen workers that come back, and apps killed over both."""

    name = "workers"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        with _marked_environment() as mark:
            asyncio.run(_hit_slots(tally, scale, folder, mark))
            left = within(_TAKES, lambda: not marked(mark))
            tally.expect(left, "leaked", f"processes {marked(mark)} outlived their slots")
        _watch_window(tally, scale, folder)
        for number in scale.rounds(20, 1):
            with tally.blow(f"frozen worker {number}"):
                here = folder / f"frozen-{number}"
                here.mkdir()
                (here / "one.png").write_bytes(encoded(1, "PNG"))
                asyncio.run(_frozen_and_back(tally, here))
        rng = scale.rng(self.name)
        for number in scale.rounds(50, 1):
            with tally.blow(f"app {number} over its bad tasks"):
                _kill_app(tally, rng)
        _expect_no_zombies(tally)
        return tally.result()


def _expect_no_zombies(tally: Tally) -> None:
    # One that takes its time to die is waited for by a thread, which comes a moment after the death.
    tally.expect(within(_TAKES, lambda: not zombies()), "leaked", f"zombies {zombies()}")


@contextmanager
def _marked_environment() -> Iterator[str]:
    """Let all that this process starts bear a mark."""
    mark = f"workers-{os.getpid()}-{time.monotonic_ns()}"
    os.environ[MARK] = mark
    try:
        yield mark
    finally:
        del os.environ[MARK]


# -- bad tasks --------------------------------------------------------------------------------------------


async def _hit_slots(tally: Tally, scale: Scale, folder: Path, mark: str) -> None:
    slots = ProcessSlots(memory_limit=_LIMIT, work="tests.reliability.work:badly")
    await slots.start(SLOTS, lambda _job, _fraction: None)
    try:
        await asyncio.gather(*(_run(slots, slot, "nothing", folder) for slot in range(SLOTS)))
        before, rng = open_files(), scale.rng("slots")
        # In the first rounds each has its turn; then all are drawn.
        order = list(_BRIEFLY) if scale.short else sorted(ENDS)
        order += [rng.choice(sorted(set(ENDS) - _SLOW)) for _ in range(-len(order) % SLOTS)]
        for number in scale.rounds(1_000, -(-len(order) // SLOTS)):
            names = order[number * SLOTS : (number + 1) * SLOTS] or _drawn(rng)
            with tally.blow(f"round {number}", SLOTS):
                await _hit_all(tally, slots, names, folder)
        with tally.blow("all rounds", 0):
            tally.expect(within(_TAKES, lambda: open_files() <= before), "leaked",
                         f"{open_files()} files are open, of {before} before")  # fmt: skip
            # The workers and their guard are there, and nothing else is.
            tally.expect(within(_TAKES, lambda: len(marked(mark)) <= SLOTS + 1), "leaked",
                         f"{len(marked(mark))} processes are there")  # fmt: skip
            _expect_no_zombies(tally)
    finally:
        await slots.close()


def _drawn(rng: random.Random) -> list[str]:
    """Four that are bad in any way; of those that have to be timed out at most one in three rounds."""
    quick = sorted(set(ENDS) - _SLOW)
    names = [rng.choice(quick) for _ in range(SLOTS)]
    if rng.random() < 0.3:
        names[rng.randrange(SLOTS)] = rng.choice(sorted(_SLOW))
    return names


async def _hit_all(tally: Tally, slots: ProcessSlots, names: list[str], folder: Path) -> None:
    try:
        async with asyncio.timeout(_TAKES):
            ends = await asyncio.gather(*(_run(slots, at, name, folder) for at, name in enumerate(names)))
            for name, outcome in zip(names, ends, strict=True):
                tally.expect(_told(outcome) == ENDS[name], "lost", f"{name} ended as {outcome!r:.300}")
                said = outcome.error.message if isinstance(outcome, Failed) else "nothing"
                tally.expect(said.strip(), "lost", f"{name} ended without a sentence")
            again = await asyncio.gather(*(_run(slots, at, "nothing", folder) for at in range(SLOTS)))
            lost = [at for at, outcome in enumerate(again) if outcome != Done()]
            tally.expect(not lost, "lost", f"slots {lost} do no work any more after {names}")
    except TimeoutError:
        tally.finding("stuck", f"{names} were not over in {_TAKES:g} s")


async def _run(slots: ProcessSlots, slot: int, name: str, folder: Path) -> Outcome:
    timeout = _HANGS if name in _SLOW else _TAKES
    task = Task(slot, 1, name, "{}", receipt=str(folder / f"receipt-{slot}"), timeout=timeout)
    return await slots.run(slot, task)


def _told(outcome: Outcome) -> str:
    match outcome:
        case Failed(error):
            return error.code
        case Done():
            return "done"
        case Skipped():
            return "skipped"
        case Stopped():
            return "stopped"


# -- the window -------------------------------------------------------------------------------------------


def _watch_window(tally: Tally, scale: Scale, folder: Path) -> None:
    """Hit all slots of the app with its window open, and see how late its loop is, against itself when idle.

    A person feels a window that is late by a tenth of a second. The loop's own figures are some milliseconds;
    but bad tasks start processes and take memory, and others share the machine. So it is the 99th percentile
    that counts, which a few late turns do not move; and where the machine is so busy that the window is late
    when idle, it counts against that. A loop that waited for workers to end or begin would be beyond both.
    The short form runs beside other tests, which take the processors when they like: there it is told how
    late the window was, and judged is what it shows in the end.
    """
    rng = scale.rng("window")
    names = list(_BRIEFLY) if scale.short else [rng.choice(sorted(ENDS)) for _ in range(_WINDOW_JOBS)]
    with _marked_environment() as mark, tally.blow("the window", len(names)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.app_of_bad_tasks", str(folder / "window"),
             str(scale.of(10, 1)), str(_HANGS), *names],
            cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, timeout=_TAKES * scale.of(10, 2),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        tally.expect(done.returncode == 0, "lost", f"it ended with {done.returncode}: {done.stderr[-800:]}")
        told = json.loads(done.stdout.splitlines()[-1])
        counts, fine = told["counts"], sum(ENDS[name] == "done" for name in names)
        # On a busy machine one that would be done may have been timed out.
        right = (
            counts.get("failed", 0) + counts.get("done", 0) == len(names) and counts.get("done", 0) <= fine
        )
        tally.expect(right, "lost", f"{len(names)} tasks, {fine} of them good, became {counts}")
        tally.expect(told["rows"] == len(names), "lost", f"the window has {told['rows']} rows")
        idle, hit = told["idle"], told["hit"]
        if not scale.short:
            limit = max(_FELT, 10 * idle[1])
            tally.expect(
                hit[1] <= limit, "stuck", f"the window was late by {hit[1]:g} ms, idle by {idle[1]:g} ms"
            )
        left = within(5, lambda: not marked(mark))
        tally.expect(left, "leaked", f"processes {marked(mark)} outlived the window")
        said = "p50 {0:g} ms, p99 {1:g} ms, worst {2:g} ms"
        tally.notes.append(
            f"the window's lag idle: {said.format(*idle)}; while all slots were hit: {said.format(*hit)}"
        )


# -- frozen workers ---------------------------------------------------------------------------------------


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


async def _frozen_and_back(tally: Tally, folder: Path) -> None:
    """Freeze a worker in its job until the attempt is given up, then let it go on: nothing changes."""
    source = folder / "one.png"
    slots = ProcessSlots(memory_limit=None, work="tests.reliability.work:freezing")
    queue = TaskQueue(folder / "data", slots, retry=RetryPolicy(base=0.0), timeout=_FREEZES, concurrency=2)
    with _marked_environment() as mark:
        await queue.open()
        try:
            job = await queue.enqueue(source, recipe(folder / "out"), max_retries=20)
            await queue.start()
            frozen: list[int] = []
            while not frozen and queue.status().counts[JobState.DONE] == 0:
                frozen = [pid for pid in marked(mark) if state(pid) == "T"]
                await asyncio.sleep(0.005)
            async with asyncio.timeout(_TAKES):
                await queue.drained()
            made = _contents(folder / "out")
            for pid in frozen:
                kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.3)  # longer than it would take to make the images
            alive = [pid for pid in frozen if state(pid) not in "ZX"]
            tally.expect(not alive, "leaked", f"workers {alive} came back")
            tally.expect(made == _contents(folder / "out"), "duplicated",
                         "files changed when the worker came back")  # fmt: skip
            (found,) = await queue.jobs([job])
            ends = [attempt.error.code if attempt.error else "" for attempt in await queue.attempts(job)]
            # On a busy machine one that is not frozen may take too long, too.
            right = found.state is JobState.DONE and ends[-1] == "" and set(ends[:-1]) == {"timed-out"}
            tally.expect(right, "lost", f"{found.state} {ends}")
            tally.expect(len(made) == 2, "torn", f"there are {sorted(path.name for path in made)}")
        finally:
            await queue.close(0)


# -- the end of the app -----------------------------------------------------------------------------------


def _kill_app(tally: Tally, rng: random.Random) -> None:
    """Kill an app whose slots all hang, each in a way of its own: nothing of it is left."""
    mark = f"app-{os.getpid()}-{rng.random()}"
    names = rng.sample(["hang", "hang_with_the_lock", "start_and_hang", "freeze"], SLOTS)
    app = subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.app_of_slots", *names],
        cwd=ROOT, env={**os.environ, MARK: mark}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert app.stdout is not None
    try:
        assert app.stdout.readline() == b"running\n"
        # The app, its guard, and a started program, beside the slots.
        started = within(_TAKES, lambda: len(marked(mark)) >= SLOTS + 3)
        tally.expect(started, "lost", f"only {len(marked(mark))} processes came up")
        app.kill()
        app.wait()
        tally.expect(within(_TAKES, lambda: not marked(mark)), "leaked", f"processes {marked(mark)} live on")
    finally:
        app.stdout.close()
        for pid in marked(mark):
            kill(pid)
        app.wait()
