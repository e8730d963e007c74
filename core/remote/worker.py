"""`imagequeue worker`: a Celery worker with a node of ours in it, from its start to its orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from celery import Celery
from celery.worker import state
from celery.worker.control import control_command

from core.errors import BadUsage
from core.remote.address import Address, parse_address
from core.remote.cluster import Link
from core.remote.engine import ASK, QUEUE, make_app
from core.remote.node import Node
from core.remote.pool import NodePool
from core.remote.post import Post
from core.remote.scratch import scratch_folder
from core.remote.shares import Shares, Token
from core.remote.trouble import trouble

log = logging.getLogger(__name__)

_PATIENCE: Final = 5.0  # seconds for the broker to answer at the start
_AGAIN: Final = 15.0  # seconds between two sentences on a broker that is away


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker is told at its start."""

    url: str
    name: str  # of the machine, for people; "" for that of the host
    slots: int
    shares: Mapping[str, str]  # the absolute path of each shared folder by its name
    memory_limit: int | None  # bytes
    grace: float  # seconds that what runs gets at the end


def run_worker(options: WorkerOptions, say: Callable[[str], None]) -> int:
    """Work until a signal ends it; returns the exit status. Raises BadUsage.

    A broker that is away is tried again until it is there. The first SIGINT or SIGTERM lets what runs end
    for the grace and gives the rest back to its owners; the second ends all at once.
    """
    address = parse_address(options.url)
    app = make_app(address)
    _refuse_a_closed_door(app, address)
    shares = Shares(options.shares)
    name = options.name or socket.gethostname()
    node_name = f"imagequeue-{os.getpid()}-{secrets.token_hex(3)}@{name}"
    ready = f"{name} is ready for {address.host}, with {options.slots} slots."
    _quiet(say, address)
    with scratch_folder() as scratch:
        post = Post(app, node_name)
        with _LoopThread() as loop:
            node = loop.run(_node(options, name, node_name, shares, scratch, post))
            app.imagequeue_node, app.imagequeue_loop = node, loop.loop
            try:
                worker = app.WorkController(
                    hostname=node_name, pool_cls=NodePool, concurrency=options.slots, queues=[QUEUE],
                    without_mingle=True, without_gossip=True, without_heartbeat=True, quiet=True,
                    ready_callback=lambda _: say(ready),
                )  # fmt: skip
                app.imagequeue_worker = worker
                leaving = _Leaving(node, loop, options.grace, say)
                leaving.listen()
                worker.start()
                leaving.now()
                leaving.wait()
            finally:
                loop.run(node.close(0))
                post.close()
    return int(worker.exitcode or 0)


def _refuse_a_closed_door(app: Celery, address: Address) -> None:
    """Raise BadUsage when the broker is there and does not let us in; one that is away may come."""
    with app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE)
        except Exception as error:
            link, sentence = trouble(error, address)
            if link is Link.REFUSED:
                raise BadUsage(sentence) from error


async def _node(
    options: WorkerOptions, name: str, node_name: str, shares: Shares, scratch: Path, post: Post
) -> Node:
    node = Node(
        name, node_name, shares, scratch, post, slots=options.slots, memory_limit=options.memory_limit
    )
    await node.start()
    return node


@control_command(name=ASK)  # type: ignore[untyped-decorator]
def _asked(control: Any, queue: str, tokens: Mapping[str, list[str]]) -> None:
    """Answer an owner that asks who is there: to its queue, behind all that was said before."""
    app = control.app
    wanted = {str(name): Token(str(file), str(content)) for name, (file, content) in tokens.items()}
    app.imagequeue_loop.call_soon_threadsafe(app.imagequeue_node.asked, str(queue), wanted)


class _LoopThread:
    """A loop in a thread of its own, for what drives the slots."""

    def __enter__(self) -> _LoopThread:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="slots", daemon=True)
        self._thread.start()
        return self

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine there to its end, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class _Leaving:
    """The end of a worker, in order."""

    def __init__(self, node: Node, loop: _LoopThread, grace: float, say: Callable[[str], None]) -> None:
        self._node = node
        self._loop = loop
        self._grace = grace
        self._say = say
        self._asked = False
        self._closing: Any = None

    def listen(self) -> None:
        """Take the signals over."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, self._on_signal)

    def now(self) -> None:
        """Begin to end: nothing more is taken."""
        if self._closing is None:
            self._closing = asyncio.run_coroutine_threadsafe(self._node.close(self._grace), self._loop.loop)

    def wait(self) -> None:
        """Wait until what ran is told of."""
        with suppress(Exception):
            self._closing.result(self._grace + 10)

    def _on_signal(self, *_: object) -> None:
        if self._asked:
            os._exit(130)
        self._asked = True
        state.should_stop = 0
        self.now()
        self._say("Ending: what runs is finished, or given back.")


def _quiet(say: Callable[[str], None], address: Address) -> None:
    """Let Celery say only what a person needs: that the broker is away, and what broke; never an address."""
    celery = logging.getLogger("celery")
    celery.setLevel(logging.CRITICAL)
    celery.propagate = False
    handler = _BrokerAway(say, address)
    celery.addHandler(handler)
    consumer = logging.getLogger("celery.worker.consumer.consumer")
    consumer.setLevel(logging.WARNING)
    consumer.propagate = False
    consumer.addHandler(handler)


class _BrokerAway(logging.Handler):
    """Turns Celery's complaints on its connection into one sentence, not too often."""

    def __init__(self, say: Callable[[str], None], address: Address) -> None:
        super().__init__()
        self._say = say
        self._address = address
        self._next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Say it; that what came over a lost connection cannot be acknowledged there is no news."""
        if str(record.msg).startswith("Couldn't ack"):
            return
        if record.levelno >= logging.CRITICAL:
            error = record.exc_info[1] if record.exc_info else None
            self._say(trouble(error, self._address)[1] if error else record.getMessage())
        elif record.created >= self._next:
            self._next = record.created + _AGAIN
            errors = [one for one in record.args or () if isinstance(one, BaseException)]
            sentence = trouble(errors[0], self._address)[1] if errors else "The broker is away."
            self._say(f"{sentence} It is tried again until it is there.")
