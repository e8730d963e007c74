"""One worker on another machine: it runs attempts in slots like those at home, and tells how they end.

It makes outputs and gives none its name: see `core.imaging.staging`. Here is no broker; what it is given
comes from `core.remote.pool`, and what it says goes to `core.remote.post`. All methods belong on the thread
of the loop, but for those that say otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

from core.errors import ImageQueueError, describe
from core.executor import Done, Failed, Outcome, Stopped, Task
from core.remote.orders import PROTOCOL, NotCarried, arrive, for_a_slot, remove_left, reply_to_of
from core.remote.shares import Shares, Token
from core.slots import ProcessSlots
from core.wire import BadMessage, outcome_to_wire

log = logging.getLogger(__name__)

WORK: Final = "core.remote.order_work:run_order"

_STARTED_AFTER: Final = 0.3  # seconds until it is said that an attempt has begun: most have ended by then
_PROGRESS_EVERY: Final = 0.5  # seconds between two words on how far an attempt is
_HERE_EVERY: Final = 1.0  # seconds between two words of a worker that ends
_SHARE_PATIENCE: Final = 5.0  # seconds until a shared folder that is looked at is taken for one that stalls
_RATE_OVER: Final = 60.0  # seconds that the rate is of
_LISTENS: Final = 5.0  # seconds since an owner asked last in which what it is told is taken at once

Reply = dict[str, Any]


class Post(Protocol):
    """Sends a reply to a queue; `done` is called, in any thread, when the broker has it."""

    def __call__(
        self, queue: str, reply: Reply, done: Callable[[], None] | None = None, *, lasting: bool = True
    ) -> None:
        """lasting: whether it is to outlive the broker."""


@dataclass(slots=True, eq=False)
class _Running:
    flight: str
    queue: str
    number: int
    slot: int | None = None  # None while it waits for one
    ended: bool = False  # from outside
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
        self._over = False  # the time that what runs gets at the end
        self._askers: dict[str, float] = {}  # the queues of the owners that have asked who is there, and when

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
        self._over = True
        for running in list(self._running.values()):
            self._cancel(running)
        if self._tasks:
            await asyncio.wait(self._tasks)
        for queue in self._askers:
            self._say(queue, {"kind": "left"})
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
            self._say(queue, {"kind": "redelivered", "id": flight}, done)
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
                try:
                    if running.slot is not None:  # it may have been quicker
                        await asyncio.to_thread(remove_left, order, self._shares)
                finally:
                    done()
            else:
                self._say(queue, {**reply, "id": flight}, done)

    async def _run(self, order: dict[str, Any], running: _Running) -> Reply:
        if self._leaving or running.ended:
            return {"kind": "returned"}
        running.slot = self._free.pop()
        scratch = self._scratch / f"{running.slot}-{running.number}"
        started = {"kind": "started", "id": running.flight}
        telling = asyncio.get_running_loop().call_later(_STARTED_AFTER, self._say, running.queue, started)
        try:
            return await self._reply_to(order, running, running.slot, scratch)
        except Exception as error:
            log.exception("An attempt could not be run")
            return {"kind": "ended", "outcome": outcome_to_wire(Failed(describe(error)))}
        finally:
            telling.cancel()
            self._free.append(running.slot)
            self._ends.append(time.monotonic())
            self._done += 1

    async def _reply_to(self, order: dict[str, Any], running: _Running, slot: int, scratch: Path) -> Reply:
        self._number += 1
        try:
            task = for_a_slot(order, self._shares, scratch, self._number)
            if order.get("source") is None:
                await asyncio.to_thread(arrive, order, scratch)
        except Exception as error:
            await asyncio.to_thread(_remove, scratch)
            if isinstance(error, NotCarried):
                return _not_carried(str(error))
            raise
        self._by_job[task.job_id] = running
        try:
            outcome: Outcome = Stopped()
            if not running.ended and not self._over:
                outcome = await self._slots.run(slot, task)
        finally:
            del self._by_job[task.job_id]
        if isinstance(outcome, Done) and order.get("source") is not None and not task.staging:
            reply = _reply_of_made(task, outcome)  # there is nothing to read, and nothing to tidy
        else:
            reply = await asyncio.to_thread(_reply_of, outcome, task, scratch)
        if "made" not in reply:
            if reply["kind"] != "not_carried":  # else it was never begun
                await asyncio.to_thread(remove_left, order, self._shares)
            return reply
        return {**reply, "target": order["target"], "ticket": order["ticket"]}

    def _on_progress(self, number: int, fraction: float) -> None:
        running, now = self._by_job.get(number), time.monotonic()
        if running is not None and now - running.told >= _PROGRESS_EVERY:
            if running.told:
                self._say(running.queue, {"kind": "progress", "id": running.flight, "fraction": fraction})
            running.told = now

    def _say(self, queue: str, reply: Reply, done: Callable[[], None] | None = None) -> None:
        listens = time.monotonic() - self._askers.get(queue, -math.inf) < _LISTENS
        self._post(queue, reply, done, lasting=not listens)

    # -- presence -----------------------------------------------------------------------------------------

    def asked(self, queue: str, tokens: Mapping[str, Token]) -> None:
        """Say to the owner with this queue who is here, and whether its shared folders are the same."""
        self._askers[queue] = now = time.monotonic()
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
        self._say(
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
        )  # fmt: skip

    def _look(self, name: str, check: _Check) -> None:
        """Look at a shared folder, in a thread of its own: it may stall."""
        check.sentence = self._shares.check(name, check.token)


def _reply_of_made(task: Task, done: Done) -> Reply:
    """Return what is to be said of an attempt that a slot has made, or could not make here."""
    from core.imaging.delivery import packed
    from core.imaging.handover import manifest_on_its_way

    try:
        match manifest_on_its_way(done.handover):
            case {"not_carried": str(sentence)}:
                return _not_carried(sentence)
            case manifest:
                made = packed(task, manifest)
    except ImageQueueError as error:
        return _not_carried(str(error))
    return {"kind": "ended", "outcome": outcome_to_wire(Done()), "made": made}


def _not_carried(sentence: str) -> Reply:
    return {"kind": "not_carried", "sentence": sentence}


def _reply_of(outcome: Outcome, task: Task, scratch: Path) -> Reply:
    """Return what is to be said of the end of an attempt, and tidy up; in a thread, as it reads files."""
    try:
        if isinstance(outcome, Done):
            return _reply_of_made(task, outcome)
        if isinstance(outcome, Stopped):
            return {"kind": "returned"}
        return {"kind": "ended", "outcome": outcome_to_wire(outcome)}
    finally:
        _remove(scratch)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
