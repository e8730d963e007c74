"""The processor of a queue on this machine and others: local slots first, then those behind a broker.

Without a broker it is the local slots, and imports nothing else. With one, each attempt in a remote slot has
three parts: it is asked here whether anything has to be made at all, a machine makes it and stages it, and
what it staged is published here. What cannot travel is made here, as the same attempt.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psygnal import Signal

from core.errors import BadUsage, describe
from core.executor import Done, Failed, Outcome, ProgressSink, Stopped, TakenSink, Task
from core.remote.cluster import Cluster, Link
from core.remote.extra import MISSING
from core.remote.flights import Limits
from core.remote.places import Places
from core.remote.shares import Shares, Token
from core.slots import ProcessSlots

if TYPE_CHECKING:
    from core.remote.errands import Errands
    from core.remote.fleet import Fleet, Homecoming
    from core.remote.orders import Way

log = logging.getLogger(__name__)

FIRST: Final = 1_000
"""The number of the first remote slot; those of this machine are below."""

_TELL_EVERY: Final = 1.0  # seconds between two tellings of the machines
_DRAIN: Final = 3.0  # seconds at the start for what became of the attempts of an earlier run


@dataclass(slots=True, eq=False)
class _Run:
    """An attempt in a remote slot."""

    given: Task  # as it was given
    task: Task  # the same, with a place for what comes as bytes
    ticket: str = ""  # what its source was like when it was looked at
    place: asyncio.Future[bool] | None = None  # at a machine, that it waits for or has
    stopping: bool = False


class Everywhere:
    """Runs tasks in local slots, and in those of the machines behind a broker; a `core.executor.Processor`.

    local: the slots of this machine. data_dir: where what comes from other machines is kept for a moment.
    memory_limit: bytes, of the slots here that finish what others made; None for no limit.
    """

    cluster_changed = Signal(Cluster)

    def __init__(
        self, local: ProcessSlots, data_dir: Path, *, memory_limit: int | None = None,
        limits: Limits | None = None, ask_every: float = 2.0,
    ) -> None:  # fmt: skip
        self._local = local
        self._folder = data_dir / "remote"
        self._memory_limit = memory_limit
        self._limits = limits or Limits()
        self._ask_every = ask_every
        self._on_progress: ProgressSink = lambda _job, _fraction: None
        self._on_slots: Callable[[], None] = lambda: None
        self._on_taken: TakenSink = lambda _task, _machine: None
        self._uid = ""
        self._url = ""
        self._shares = Shares({})
        self._tokens: dict[str, Token] = {}
        self._trouble = ""  # with the shared folders
        self._fleet: Fleet | None = None
        self._errands: Errands | None = None
        self._warming: asyncio.Task[None] | None = None
        self._places = Places()  # as many as other machines have slots
        self._finishing = 0  # attempts that machines have made, and that are not published yet
        self._running: dict[int, _Run] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._changing = asyncio.Lock()
        self.cluster = Cluster()
        """How the broker and the machines stand; `cluster_changed` tells of it, once a second at most."""

    # -- the processor of a queue -------------------------------------------------------------------------

    def listen(self, on_slots: Callable[[], None], on_taken: TakenSink) -> None:
        """Tell these from now on."""
        self._on_slots, self._on_taken = on_slots, on_taken

    async def take_up(self, uid: str, left: Sequence[tuple[int, Task]]) -> Mapping[int, Done]:
        """Publish what was made for tasks of an earlier run, as far as it comes within seconds."""
        self._uid = uid
        found: dict[int, Done] = {}
        if not self._url:
            return found
        async with self._changing:
            await self._connect()
        fleet, errands = self._fleet, self._errands
        tasks = {task.temp_tag: task for slot, task in left if slot >= FIRST}
        if fleet is None or errands is None or not tasks:
            return found
        for flight, made in (await fleet.drain(tasks, _DRAIN)).items():
            task = tasks[flight]
            if "contents" in made.message:
                task = replace(task, staging=self._staging_of(task))
            try:
                outcome = await self._bring_home(task, made.ticket, made.message)
            except Exception:  # whatever a machine says, the queue is to open
                log.exception("What was made of %s could not be taken", task.source)
                outcome = Stopped()
            log.info("What was made of %s while the app was closed: %s", task.source, outcome)
            if isinstance(outcome, Done):
                found[task.job_id] = outcome
            fleet.kept(flight)
        return found

    async def start(self, slots: int, on_progress: ProgressSink) -> None:
        """Start the slots of this machine; those of others come by themselves."""
        self._on_progress = on_progress
        await self._local.start(slots, on_progress)

    def open_slots(self) -> Sequence[int]:
        """Return the local slots, and then as many as the machines that are there have.

        There are more than these for attempts that are made ready while all machines are busy; see
        `core.remote.places`. Where none are, a machine can have the next while what it made is published
        here: so many more are there meanwhile, up to as many again, so that what is made cannot pile up
        before a disk that is slower than the machines.
        """
        local = self._local.open_slots()
        places = self._places
        wanted = places.number + max(places.ahead, min(self._finishing, places.number))
        if not wanted:
            return local
        free = (slot for slot in itertools.count(FIRST) if slot not in self._running)
        return (*local, *itertools.islice(itertools.chain(list(self._running), free), wanted))

    async def run(self, slot: int, task: Task) -> Outcome:
        """Run a task in a slot; one that nobody has begun when its machines are gone is `Stopped`."""
        if slot < FIRST:
            return await self._local.run(slot, task)
        run = self._running[slot] = _Run(task, task)
        try:
            return await self._run(run)
        except asyncio.CancelledError:
            self._stop(run)
            raise
        except Exception as error:
            log.exception("An attempt could not be run on another machine")
            return Failed(describe(error))
        finally:
            del self._running[slot]

    def cancel(self, slot: int) -> None:
        """End what runs in a slot; a machine that has it is told, and is not waited for."""
        if slot < FIRST:
            self._local.cancel(slot)
        elif slot in self._running:
            self._stop(self._running[slot])

    def settled(self, task: Task) -> None:
        """Let the broker forget what it brought of this task."""
        if self._fleet is not None:
            self._fleet.kept(task.temp_tag)

    def leave(self, slot: int) -> bool:
        """Let a machine go on with what it has begun; what runs here ends with the app.

        What a machine has made and is not published yet comes once more at the next start.
        """
        run = self._running.get(slot)
        if run is None or run.stopping or self._fleet is None or not self._fleet.leave(run.task.temp_tag):
            return False
        run.stopping = True
        if self._errands is not None:
            self._errands.cancel(run.task)
        return True

    async def resize(self, slots: int) -> None:
        """Change the number of local slots."""
        await self._local.resize(slots)

    def set_memory_limit(self, limit: int | None) -> None:
        """Change the bytes that tasks may take here; other machines have limits of their own."""
        self._memory_limit = limit
        self._local.set_memory_limit(limit)
        if self._errands is not None:
            self._errands.set_memory_limit(limit)

    async def close(self) -> None:
        """End all slots, and the line to the broker."""
        for run in list(self._running.values()):
            self._stop(run)
        async with self._changing:
            await self._disconnect()
        if self._telling is not None:
            self._telling.cancel()
        await self._local.close()

    # -- the broker ---------------------------------------------------------------------------------------

    async def set_broker(self, url: str, shared: Mapping[str, str]) -> None:
        """Use this broker from now on, "" for none; `shared` has the path of each shared folder by its name.

        What is away by another one is put back. What keeps it from being used is said by `cluster`.
        """
        async with self._changing:
            await self._disconnect()
            self._url = url.strip()
            try:
                self._shares = Shares(shared)
            except BadUsage as error:
                self._tell(Cluster(Link.REFUSED, str(error)))
                return
            if not self._url:
                self._tell(Cluster())
            elif self._uid:
                await self._connect()
            else:  # the queue will say when it is opened
                self._tell(Cluster(Link.CONNECTING))

    async def _connect(self) -> None:
        try:
            from core.remote.errands import Errands
            from core.remote.fleet import Fleet

            fleet = Fleet(
                self._url, f"imagequeue.replies.{self._uid}", self._limits, self._ask_every,
                self._on_fleet, self._on_stale,
            )  # fmt: skip
        except ImportError:
            self._tell(Cluster(Link.MISSING, MISSING))
            return
        except BadUsage as error:
            self._tell(Cluster(Link.REFUSED, str(error)))
            return
        await asyncio.to_thread(self._clear_folder)
        self._tokens, refused = await asyncio.to_thread(self._shares.put_tokens, self._uid)
        self._trouble = " ".join(refused.values())
        self._errands = Errands(self._memory_limit, lambda job, done: self._on_progress(job, done))
        self._fleet = fleet
        self._warming = asyncio.create_task(self._errands.start())
        fleet.start({name: [token.name, token.content] for name, token in self._tokens.items()})
        self._on_fleet()

    async def _disconnect(self) -> None:
        fleet, self._fleet = self._fleet, None
        errands, self._errands = self._errands, None
        if self._places.number:
            self._set_slots(0)  # first: what is put back is not to come here again
        if fleet is not None:
            await fleet.close()
            await asyncio.to_thread(self._shares.remove_tokens, self._uid)
        if errands is not None and self._warming is not None:
            await asyncio.wait([self._warming])
            await errands.close()

    def _clear_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)

    def _on_fleet(self) -> None:
        """Hear that something has changed of the machines: tell of it, and of slots at once."""
        fleet = self._fleet
        if fleet is None:
            return
        slots, link = fleet.slots(), fleet.link
        self._places.look()
        if slots != self._places.number:
            self._set_slots(slots)
        if link is not self.cluster.link:
            self._tell_fleet()
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_TELL_EVERY, self._tell_fleet)

    def _set_slots(self, slots: int) -> None:
        self._places.resize(slots)
        self._on_slots()

    def _tell_fleet(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        if self._fleet is not None:
            cluster = self._fleet.cluster()
            self._tell(replace(cluster, sentence=cluster.sentence or self._trouble))

    def _tell(self, cluster: Cluster) -> None:
        if cluster != self.cluster:
            self.cluster = cluster
            self.cluster_changed.emit(cluster)

    # -- one attempt --------------------------------------------------------------------------------------

    def _staging_of(self, task: Task) -> str:
        return str(self._folder / task.temp_tag)

    async def _run(self, run: _Run) -> Outcome:
        from core.remote.fleet import Made, NotMade
        from core.remote.orders import LARGEST_CARRIED, way_of

        errands = self._errands
        way = way_of(run.task, self._shares)
        small = True
        if errands is None or run.stopping:
            return Stopped()
        if way is not None:
            found = await errands.look(run.task)
            if not isinstance(found, Done) or not found.handover:
                return found
            run.ticket = found.handover
            small = (found.source_bytes or 0) <= LARGEST_CARRIED
            way = self._usable(way, small)
        while way is not None and not run.stopping:
            run.task = run.given if way.target else replace(run.given, staging=self._staging_of(run.given))
            home = await self._fly(run, way)
            if isinstance(home, Made):
                self._finishing += 1
                if self._finishing > self._places.ahead:
                    self._on_slots()
                try:
                    return await self._bring_home(run.task, run.ticket, home.message, lambda: run.stopping)
                finally:
                    self._finishing -= 1
            if not isinstance(home, NotMade):
                return home
            log.info("%s cannot be made on another machine: %s", run.task.source, home.sentence)
            way = way.as_bytes() if small else None
        return Stopped() if run.stopping else await errands.make(run.task)

    def _usable(self, way: Way, small: bool) -> Way | None:
        """Return how an attempt can travel now: by folders that all machines have, or else as bytes.

        small: whether the source may travel as bytes.
        """
        fleet = self._fleet
        if fleet is None:
            return None
        slots = fleet.slots()
        if not all(name in self._tokens and fleet.slots(name) == slots for name in way.shares()):
            found = way.as_bytes()
            return found if small else None
        return way if way.source is not None or small else None

    async def _fly(self, run: _Run, way: Way) -> Homecoming:
        from core.remote.fleet import NotMade
        from core.remote.orders import NotCarried, order_of

        fleet, task = self._fleet, run.task
        if fleet is None:
            return Stopped()
        try:
            if way.source is not None:
                order = order_of(task, way, self._tokens, fleet.reply_to, run.ticket)  # which reads nothing
            else:
                order = await asyncio.to_thread(order_of, task, way, self._tokens, fleet.reply_to, run.ticket)
        except (OSError, NotCarried) as error:
            return NotMade(str(error))
        if run.stopping or fleet is not self._fleet:
            return Stopped()
        place = run.place = self._places.ask()
        try:
            if not await place or run.stopping or fleet is not self._fleet:
                return Stopped()
            return await fleet.fly(
                task.temp_tag, order, partial(self._on_taken, run.given),
                partial(self._on_progress, task.job_id),
            )  # fmt: skip
        finally:
            self._places.leave(place)

    async def _bring_home(
        self, task: Task, ticket: str, made: Mapping[str, Any], stopping: Callable[[], bool] = lambda: False
    ) -> Outcome:
        from core.imaging.delivery import drop_delivery, unpacked
        from core.imaging.handover import for_the_last_part

        errands = self._errands
        if errands is None:
            return Stopped()
        try:
            if task.staging:
                manifest = await asyncio.to_thread(unpacked, made, task)
            else:
                manifest = unpacked(made, task)  # which writes nothing
            handover = for_the_last_part(ticket, manifest)
            outcome = Stopped() if stopping() else await errands.finish(task, handover)
        except Exception as error:
            outcome = Failed(describe(error))
        if task.staging and not isinstance(outcome, Done):
            await asyncio.to_thread(drop_delivery, task)  # it may have been ended before it began
        return outcome

    def _stop(self, run: _Run) -> None:
        run.stopping = True
        if run.place is not None and not run.place.done():
            run.place.set_result(False)
        if self._fleet is not None:
            self._fleet.end(run.task.temp_tag)
        if self._errands is not None:
            self._errands.cancel(run.task)

    def _on_stale(self, replies: list[Mapping[str, Any]]) -> None:
        """Remove what a machine staged in a shared folder for attempts that are over."""
        from core.remote.orders import remove_staged

        with suppress(RuntimeError):
            asyncio.get_running_loop().run_in_executor(None, remove_staged, replies, self._shares)
