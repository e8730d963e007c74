"""One batch over several machines: its owner, the broker between, the workers, and what became of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kombu import Connection, Queue

from core.executor import InProcess, Outcome, Task
from core.job import JobState
from core.operations import Thumbnail
from core.owner import owner_pid
from core.queue import TaskQueue
from core.recipe import Existing, Output, Recipe
from core.remote.address import parse_address
from core.remote.engine import QUEUE
from core.remote.keys import BROKER_VARIABLE
from core.remote.shared_folder import SharedFolder
from core.settings import Settings
from core.status import JobQuery
from core.store_file import STORE_NAME, open_for_reading
from core.store_reader import StoreReader
from tests.brokers import Broker
from tests.reliability.attack import Scale, Tally
from tests.reliability.ledger import Ledger
from tests.reliability.lives import CLI, WINDOW, Life
from tests.reliability.machines import Machine
from tests.reliability.processes import kill, within
from tests.reliability.roads import Relay, Road
from tests.reliability.sources import batch

IMPATIENT: Final = ("tests.reliability.app_of_machines", "run", "--json")
"""The command line, which waits for machines for a shorter time."""

PRIORITIES: Final = (0, 10, -10, 5)
SLOTS: Final = 2  # of each machine
LOCAL: Final = 1  # slots of the owner's own machine
_START: Final = 60.0  # seconds in which the owner is there, on a busy machine
_STILL: Final = 180.0  # seconds in which one job at least ends of those that are left, on a busy machine
_SIDE: Final = 900  # pixels of a source: 37 ms of a processor's time
_SHORT_SIDE: Final = 300
_EMPTY: Final = 20.0  # seconds in which the broker has nothing left after the end of a batch


class Cluster:
    """A batch and all that works on it, for a `with` statement.

    carried: nothing is shared, and all images travel as bytes. apart: the first machine and the owner have
    roads of their own to the broker, which can be cut. side: pixels of the sources.
    """

    def __init__(
        self, folder: Path, broker: Broker, tally: Tally, scale: Scale, rng: random.Random, *,
        number: int, count: int, machines: int, carried: bool = False, apart: bool = False,
        side: int = _SIDE,
    ) -> None:  # fmt: skip
        self.folder, self.broker, self.tally, self.scale, self.rng = folder, broker, tally, scale, rng
        self.data_dir = folder / "data"
        self._number, self._count, self._carried, self._apart = number, count, carried, apart
        self._side = scale.of(side, _SHORT_SIDE)
        self._machine_count = machines
        self._stack = ExitStack()
        self._shared = folder / "shared"
        self._recipe = Recipe(
            "Attack",
            (Output("thumbnail", (Thumbnail(64),), format="jpeg"), Output("whole", (), "webp", effort=5)),
            folder=str(self._shared / "out"), existing=Existing.KEEP,
        )  # fmt: skip
        self.ledger = Ledger(self.data_dir, self._shared / "out", folder / "reference", self._recipe, tally)
        self.machines: list[Machine] = []
        self.relay: Relay | None = None
        self.owner: Life | None = None
        self._is_window = False

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.owner is not None:
            self.owner.kill_all()
        self._stack.close()

    def _set_up(self) -> None:
        (self._shared / "in").mkdir(parents=True)
        shared = {} if self._carried else {"photos": self._shared}
        for number in range(self._machine_count):
            road = None
            if self._apart and number == 0:
                road = self._stack.enter_context(Road(self.broker.port))
            machine = Machine(
                self.folder, f"machine-{number + 1}", self.broker, slots=SLOTS, shared=shared, road=road
            )
            self.machines.append(self._stack.enter_context(machine))
        port = self.broker.port
        if self._apart:
            self.relay = self._stack.enter_context(Relay(port))
            port = self.relay.port
        self._url = self.broker.url_at(port)
        asyncio.run(self._accept())
        Settings(
            broker=str(parse_address(self._url)), workers=LOCAL,
            shared=tuple(SharedFolder(name, str(path)) for name, path in shared.items()),
        ).save(self.data_dir)  # fmt: skip
        for machine in self.machines:
            self.tally.expect(machine.is_ready(), "stuck", f"{machine.name} is not ready: {machine.said()}")

    async def _accept(self) -> None:
        """Accept the batch in parts of different priorities, before anything runs."""

        async def never(_: Task) -> Outcome:
            raise AssertionError("nothing runs here")

        paths = batch(self._shared / "in", self._count, self._number, self._side)
        queue = TaskQueue(self.data_dir, InProcess(never))
        await queue.open()
        part = -(-len(paths) // len(PRIORITIES))
        for at, priority in enumerate(PRIORITIES):
            chosen = paths[at * part : (at + 1) * part]
            accepted = await queue.enqueue_batch(chosen, self._recipe, priority, 1_000)
            self.ledger.accepted |= set(accepted.ids)
        await queue.close()

    # -- the owner ----------------------------------------------------------------------------------------

    def open(self, window: bool = False) -> Life:
        """Start the owner: the command line, or the window."""
        program = IMPATIENT if self.scale.short else WINDOW if window else CLI
        self._is_window = program is WINDOW
        self.owner = Life(self.data_dir, program, env={BROKER_VARIABLE: self._url})
        return self.owner

    @property
    def life(self) -> Life:
        """The owner that runs."""
        assert self.owner is not None
        return self.owner

    def shut(self, *, killed: bool) -> None:
        """End the owner, in order or by a kill, and look at what is there then."""
        life, self.owner = self.life, None
        if killed:
            life.kill_app()
        else:
            within(_START, lambda: life.ended or self._listens(life), every=0.02)
            life.end()
            status = life.process.returncode
            self.tally.expect(
                status in (0, 1, 130), "stuck", f"the owner ended with {status}: {life.said()[-300:]}"
            )
        self.tally.expect(life.all_gone(), "leaked", "the owner's own workers are still there")
        self.ledger.tell_done(life.told_done())
        self._look_at(life)
        life.forget()
        # A machine that was killed and started anew counts twice until it is known to be gone, and each slot
        # may have its next attempt while what it made is published.
        self.ledger.look(LOCAL + 2 * 2 * SLOTS * len(self.machines))

    def _listens(self, life: Life) -> bool:
        """Return whether the owner is so far that it hears signals, too."""
        return owner_pid(self.data_dir) == life.process.pid

    def _look_at(self, life: Life) -> None:
        said = life.said()
        self.tally.expect("Traceback" not in said, "lost", f"the owner said {said[-800:]}")
        secret = parse_address(self.broker.url).password
        self.tally.expect(secret not in said, "leaked", "the owner said the password")

    # -- what is there ------------------------------------------------------------------------------------

    def reader(self) -> closing[StoreReader]:
        """Return a reader of the store."""
        return closing(StoreReader(self.data_dir / STORE_NAME))

    def done(self) -> int:
        """Return how many jobs are done."""
        with self.reader() as reader:
            return reader.counts()[JobState.DONE]

    def live(self) -> int:
        """Return how many jobs have still to run."""
        with self.reader() as reader:
            counts = reader.counts()
        return counts[JobState.QUEUED] + counts[JobState.RUNNING] + counts[JobState.RETRYING]

    def running_on(self, machine: Machine) -> list[int]:
        """Return the jobs that a machine has, as the owner knows."""
        with closing(open_for_reading(self.data_dir / STORE_NAME)) as db:
            rows = db.execute(
                "SELECT id FROM jobs WHERE state = 'running' AND (machine = ? OR machine LIKE ? || ' %')",
                (machine.name, machine.name),
            ).fetchall()
        return [row[0] for row in rows]

    def outputs(self) -> list[Path]:
        """Return the files that were made until now."""
        return [path for path in (self._shared / "out").glob("*") if not path.name.startswith(".")]

    def made_by(self) -> dict[str, int]:
        """Return how many attempts ended well on each machine, "" for the owner's."""
        with closing(open_for_reading(self.data_dir / STORE_NAME)) as db:
            rows = db.execute("SELECT machine, count(*) FROM attempts WHERE ended = 'done' GROUP BY machine")
            made: dict[str, int] = {}
            for name, count in rows:  # one that was started anew has a number behind its name for a while
                made[name.partition(" ")[0]] = made.get(name.partition(" ")[0], 0) + count
            return made

    def goes_on(self, more: int = 3, seconds: float = _STILL) -> bool:
        """Wait until so many more jobs are done, or all; return whether that came about."""
        before = self.done()
        return within(seconds, lambda: self.done() >= before + more or not self.live(), every=0.05)

    def busy(self, machine: Machine) -> bool:
        """Wait until a machine is in the middle of a job; return whether that came about."""
        return within(_STILL, lambda: self.running_on(machine) or not self.live(), every=0.01)

    @contextmanager
    def blow(self, what: str) -> Iterator[None]:
        """Count one blow, after which the batch has to go on, its owner too."""
        with self.tally.blow(f"{what} (batch {self._number})"):
            yield
            self.tally.expect(self.goes_on(), "stuck", "no job ends any more")
            if self.owner is not None and self.live():
                said = self.life.said()[-800:]
                self.tally.expect(not self.life.ended, "lost", f"the owner ended: {said}")

    # -- to the end ---------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Let what is left run undisturbed, end all in order, and look at everything."""
        with self.tally.blow(f"batch {self._number} to its end", 0):
            self._retry()
            if self.owner is None:
                self.open()
            while self.live() and not self.life.ended:
                before = self.live()
                if not within(_STILL, lambda: self.live() != before or self.life.ended, every=0.05):  # noqa: B023
                    self.tally.finding("stuck", f"no job ended in {_STILL:g} s, {before} are left")
                    break
                self._retry()
            life = self.life
            if not self._is_window:  # which stays; the command line ends when all is done
                self.tally.expect(within(_STILL, lambda: life.ended), "stuck", "the owner does not end")
            self.shut(killed=False)
            self.ledger.close()
            self._look_at_the_broker()
            for machine in self.machines:
                machine.end()
                self._look_at_machine(machine)
            left = sorted(path.name for path in self._shared.rglob(".imagequeue-*"))
            self.tally.expect(not left, "leaked", f"{left[:5]} stay in the shared folder")

    def _retry(self) -> None:
        """Let what waits for a long backoff, or was cancelled, go at once."""
        with self.reader() as reader:
            cancelled = reader.find(JobQuery(states=frozenset({JobState.CANCELLED})))
            wanted = reader.find(JobQuery(states=frozenset({JobState.RETRYING})))
        self.ledger.renewed |= set(cancelled)
        if cancelled or wanted:
            self.tell("retry", [*cancelled, *wanted])

    def tell(self, command: str, jobs: list[int]) -> None:
        """Give a command of the command line, which the owner follows when there is one."""
        told = Life(self.data_dir, ("core.cli", command), *map(str, jobs))
        self.tally.expect(within(60, lambda: told.ended), "stuck", f"{command} does not end")
        told.kill_all()
        told.forget()

    def _look_at_the_broker(self) -> None:
        """No order is left there, and no end of an attempt that the owner was given and has kept.

        What a machine says that was given up before may still be there, for an owner that has gone; so may
        what one says again, as it does not know whether the broker has lost it.
        """
        with closing(open_for_reading(self.data_dir / STORE_NAME)) as db:
            (uid,) = db.execute("SELECT value FROM meta WHERE key = 'uid'").fetchone()
            rows = db.execute("SELECT job, number FROM attempts WHERE ended = 'done'").fetchall()
        replies = f"imagequeue.replies.{uid}"
        within(_EMPTY, lambda: not self._waiting(QUEUE), every=0.2)
        self.tally.expect(not self._waiting(QUEUE), "leaked", f"{self._waiting(QUEUE)} orders are left")
        kept = {f"{uid}-{job}-{number}" for job, number in rows}
        said = [reply for message, again in self._taken(replies) if again for reply in message["replies"]]
        ends = [reply["id"] for reply in said if reply["kind"] == "ended" and reply["id"] in kept]
        self.tally.expect(not ends, "leaked", f"the broker still keeps the ends of {ends[:5]}")

    def _waiting(self, name: str) -> int:
        with Connection(self.broker.url) as line, line.channel() as channel:
            try:
                return int(channel.queue_declare(name, passive=True).message_count)
            except (*line.channel_errors, KeyError):
                return 0

    def _taken(self, name: str) -> Iterator[tuple[dict[str, Any], bool]]:
        """Take all messages out of a queue, each with whether somebody was given it before."""
        for _ in range(self._waiting(name)):
            with Connection(self.broker.url) as line, line.channel() as channel:
                message = Queue(name, channel=channel).get(no_ack=True, accept=["json"])
                if message is not None:
                    yield message.payload, bool(message.delivery_info.get("redelivered"))

    def _look_at_machine(self, machine: Machine) -> None:
        expect = self.tally.expect
        expect(machine.all_gone(), "leaked", f"{machine.name} left processes")
        expect(not machine.left(), "leaked", f"{machine.name} left {sorted(machine.left())[:5]}")
        said = machine.said()
        expect("Traceback" not in said, "lost", f"{machine.name} said {said[-800:]}")
        secret = parse_address(self.broker.url).password
        expect(secret not in said, "leaked", f"{machine.name} said the password")

    def kill(self, machine: Machine) -> None:
        """Kill a machine; nothing of it stays."""
        machine.kill()
        self.tally.expect(machine.all_gone(), "leaked", f"{machine.name} left processes after its death")


def stop_and_go(pids: list[int], seconds: float, still: float, going: float) -> None:
    """Let processes run for short times only."""
    import signal

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for pid in pids:
            kill(pid, signal.SIGSTOP)
        time.sleep(still)
        for pid in pids:
            kill(pid, signal.SIGCONT)
        time.sleep(going)
