"""One worker on another machine: it runs attempts in slots like those at home, and tells how they end.

It makes outputs and gives none its name: see `core.imaging.staging`. Here is no broker; what it is given
comes from `core.remote.pool`, and what it says goes to `core.remote.post`. All methods belong on the thread
of the loop, but for those that say otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

from core.errors import BadDelivery, describe
from core.executor import Done, Failed, Outcome, Stopped, Task
from core.imaging.naming import remove_leftovers
from core.remote.orders import PROTOCOL, NotCarried, opened, reply_to_of
from core.remote.shares import Shares, Token
from core.slots import ProcessSlots
from core.wire import BadMessage, outcome_to_wire

log = logging.getLogger(__name__)

WORK: Final = "core.imaging.staging:stage"

_PROGRESS_EVERY: Final = 0.5  # seconds between two words on how far an attempt is
_HERE_EVERY: Final = 1.0  # seconds between two words of a worker that ends
_SHARE_PATIENCE: Final = 5.0  # seconds until a shared folder that is looked at is taken for one that stalls
_RATE_OVER: Final = 60.0  # seconds that the rate is of

Reply = dict[str, Any]
Post: TypeAlias = Callable[[str, Reply, Callable[[], None] | None], None]
"""Sends a reply to a queue; what is given last is called, in any thread, when the broker has it."""


@dataclass(slots=True, eq=False)
class _Running:
    flight: str
    queue: str
    number: int
    slot: int | None = None  # None while it waits for one
    ended: bool = False  # from outside
    task: Task | None = None
    told: float = 0.0  # when its progress was last told


@dataclass(slots=True, eq=False)
class _Check:
    """Whether a shared folder is the one that it should be."""

    token: Token
    begun: float
    sentence: str | None = None  # None while it is looked at


class Node:
    """The slots of this machine for attempts of others.

    name: of the machine, for people. node: unique to this start. scratch: a folder of its own, for what comes
    as bytes. post: says what became of an attempt.
    """

    def __init__(
        self, name: str, node: str, shares: Shares, scratch: Path, post: Post, *,
        slots: int, memory_limit: int | None,
    ) -> None:  # fmt: skip
        self.name = name
        self.node = node
        self.slot_count = slots
        self._shares = shares
        self._scratch = scratch
        self._post = post
        self._slots = ProcessSlots(memory_limit=memory_limit, work=WORK)
        self._free = list(range(slots))[::-1]
        self._room = asyncio.Semaphore(slots)
        self._running: dict[str, _Running] = {}
        self._by_job: dict[int, _Running] = {}  # by the number that stands for a job id within the slots
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: deque[float] = deque(maxlen=10_000)
        self._done = 0
        self._number = 0
        self._checks: dict[str, _Check] = {}
        self._leaving = False
        self._askers: set[str] = set()  # the queues of the owners that have asked who is there

    async def start(self) -> None:
        """Start the slots; returns when they are warm."""
        await self._slots.start(self.slot_count, self._on_progress)

    async def close(self, grace: float) -> None:
        """Let what runs end for `grace` seconds, give the rest back, and end the slots."""
        self._leaving = True
        until = time.monotonic() + grace
        for queue in self._askers:
            self._say_here(queue, {})  # first: what is given back is not to come here again
        while self._tasks and time.monotonic() < until:
            await asyncio.wait(self._tasks, timeout=min(_HERE_EVERY, until - time.monotonic()))
            for queue in self._askers:
                self._say_here(queue, {})  # nobody can ask any more, and silence would cost what still runs
        for running in list(self._running.values()):
            self._cancel(running)
        if self._tasks:
            await asyncio.wait(self._tasks)
        for queue in self._askers:
            self._post(queue, {"kind": "left"}, None)
        await self._slots.close()

    # -- attempts -----------------------------------------------------------------------------------------

    def take(self, order: object, redelivered: bool, number: int, done: Callable[[], None]) -> None:
        """Run an order; `done` is called, in any thread, when its end is told and it may be forgotten.

        redelivered: whether the broker has given it out before. Such a one is not run, as it may be what
        ended the machine that had it; its owner knows, and decides.
        """
        task = asyncio.ensure_future(self._take(order, redelivered, number, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self, number: int) -> None:
        """End the attempt with this number, if it still runs; nothing more is said of it."""
        for running in self._running.values():
            if running.number == number:
                running.ended = True
                self._cancel(running)

    def _cancel(self, running: _Running) -> None:
        if running.slot is not None:
            self._slots.cancel(running.slot)

    async def _take(self, order: object, redelivered: bool, number: int, done: Callable[[], None]) -> None:
        try:
            flight, queue = reply_to_of(order)
        except BadMessage as error:
            log.error("An order was not understood: %s", error)
            done()
            return
        if flight in self._running:  # it came twice
            done()
        elif redelivered:
            self._post(queue, {"kind": "redelivered", "id": flight}, done)
        else:
            assert isinstance(order, dict)
            running = self._running[flight] = _Running(flight, queue, number)
            try:
                async with (
                    self._room
                ):  # there is none left after the broker was lost, and gives more than it knows of
                    reply = await self._run(order, running)
            finally:
                del self._running[flight]
            if running.ended:
                if running.task is not None:  # it may have been quicker, and staged all
                    await asyncio.to_thread(_tidy, running.task)
                done()
            else:
                self._post(queue, {**reply, "id": flight}, done)

    async def _run(self, order: dict[str, Any], running: _Running) -> Reply:
        if self._leaving or running.ended:
            return {"kind": "returned"}
        running.slot = self._free.pop()
        self._post(running.queue, {"kind": "started", "id": running.flight}, None)
        scratch = self._scratch / f"{running.slot}-{running.number}"
        try:
            return await self._reply_to(order, running, running.slot, scratch)
        except Exception as error:
            log.exception("An attempt could not be run")
            return {"kind": "ended", "outcome": outcome_to_wire(Failed(describe(error)))}
        finally:
            self._free.append(running.slot)
            self._ends.append(time.monotonic())
            self._done += 1

    async def _reply_to(self, order: dict[str, Any], running: _Running, slot: int, scratch: Path) -> Reply:
        try:
            ready = await asyncio.to_thread(opened, order, self._shares, scratch)
        except NotCarried as error:
            await asyncio.to_thread(_remove, scratch)
            return {"kind": "not_carried", "sentence": str(error)}
        self._number += 1
        running.task = task = replace(ready.task, job_id=self._number)
        self._by_job[self._number] = running
        try:
            outcome: Outcome = Stopped()
            if not running.ended:
                outcome = await self._slots.run(slot, task)
        finally:
            del self._by_job[task.job_id]
        reply = None
        if isinstance(outcome, Done) and order.get("source") is not None and not task.staging:
            with suppress(BadDelivery):
                reply = _reply_of_made(task, outcome)  # there is nothing to read
        if reply is None:
            reply = await asyncio.to_thread(_reply_of, outcome, task, scratch)
        if "made" not in reply:
            return reply
        return {**reply, "target": order["target"], "ticket": ready.ticket}

    def _on_progress(self, number: int, fraction: float) -> None:
        running, now = self._by_job.get(number), time.monotonic()
        if running is not None and now - running.told >= _PROGRESS_EVERY:
            if running.told:
                self._post(
                    running.queue, {"kind": "progress", "id": running.flight, "fraction": fraction}, None
                )
            running.told = now

    # -- presence -----------------------------------------------------------------------------------------

    def asked(self, queue: str, tokens: Mapping[str, Token]) -> None:
        """Say to the owner with this queue who is here, and whether its shared folders are the same."""
        self._askers.add(queue)
        now = time.monotonic()
        for name, token in tokens.items():
            found = self._checks.get(name)
            if found is None or found.token != token:
                check = self._checks[name] = _Check(token, now)
                threading.Thread(target=self._look, args=(name, check), name="share", daemon=True).start()
            elif found.sentence is None and now - found.begun > _SHARE_PATIENCE:
                found.sentence = f"{self._shares.roots.get(name, name)} does not answer there."
        self._say_here(queue, tokens)

    def _say_here(self, queue: str, tokens: Mapping[str, Token]) -> None:
        now = time.monotonic()
        while self._ends and now - self._ends[0] > _RATE_OVER:
            self._ends.popleft()
        self._post(
            queue,
            {
                "kind": "here", "protocol": PROTOCOL, "name": self.name,
                "slots": 0 if self._leaving else self.slot_count,
                "running": list(self._running), "done": self._done, "rate": len(self._ends) / _RATE_OVER,
                "version": metadata.version("imagequeue"),
                "folders": {
                    name: check.sentence for name, check in self._checks.items()
                    if check.sentence is not None and tokens.get(name) == check.token
                },
            },
            None,
        )  # fmt: skip

    def _look(self, name: str, check: _Check) -> None:
        """Look at a shared folder, in a thread of its own: it may stall."""
        check.sentence = self._shares.check(name, check.token)


def _reply_of_made(task: Task, done: Done) -> Reply:
    """Return what is to be said of an attempt that is made. Raises what `packed` raises."""
    from core.imaging.delivery import packed

    return {"kind": "ended", "outcome": outcome_to_wire(Done()), "made": packed(task, done.handover)}


def _reply_of(outcome: Outcome, task: Task, scratch: Path) -> Reply:
    """Return what is to be said of the end of an attempt, and tidy up; in a thread, as folders may stall."""
    try:
        if isinstance(outcome, Done):
            try:
                return _reply_of_made(task, outcome)
            except Exception as error:
                _tidy(task)
                return {"kind": "not_carried", "sentence": describe(error).message}
        _tidy(task)
        if isinstance(outcome, Stopped):
            return {"kind": "returned"}
        return {"kind": "ended", "outcome": outcome_to_wire(outcome)}
    finally:
        _remove(scratch)


def _tidy(task: Task) -> None:
    """Remove what an attempt has left in the shared folder that its outputs were to go to."""
    if not task.staging:
        with suppress(Exception):
            remove_leftovers(task.source, task.recipe, task.temp_tag, task.below)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
