"""The thread by which a worker answers: it sends what is to be said, in order, until the broker has it.

What an owner who listens is told need not be on the broker's disk, which would cost a tenth of what an image
costs: it is taken at once. Lest RabbitMQ dies in between, ends are remembered for a while, and are told once
more over the next connection; to hear one twice changes nothing. (Redis comes back with what it has on its
disk, whatever was asked of it, and its library connects again without a word.)
"""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final

from celery import Celery
from kombu import Connection, Producer

from core.remote.greedy import read_at_once

log = logging.getLogger(__name__)

_REMEMBERED: Final = 30.0  # seconds, of a connection that goes on
_LOOK_EVERY: Final = 1.0  # seconds between two looks whether it does, while ends are remembered
_AT_ONCE: Final = 50  # ends that are told again in one message
_AGAIN: Final = 1.0  # seconds until a broker that is away is tried again
_LAST: Final = 3.0  # seconds for what is left at the end
_BRIEF, _LASTING = 1, 2  # how AMQP says whether a message is to outlive the broker

Reply = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Item:
    queue: str
    reply: Reply
    done: Callable[[], None] | None
    lasting: bool


class Post:
    """Sends replies to the queues of owners; what is sent to one arrives in its order."""

    def __init__(self, app: Celery, node: str) -> None:
        self._app = app
        self._node = node
        self._items: SimpleQueue[_Item | None] = SimpleQueue()
        self._closing: float | None = None
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._told: deque[tuple[float, str, Reply]] = deque()  # ends that may be lost with the broker
        self._thread = threading.Thread(target=self._run, name="post", daemon=True)
        self._thread.start()

    def __call__(
        self, queue: str, reply: Reply, done: Callable[[], None] | None = None, *, lasting: bool = True
    ) -> None:
        """Send a reply; `done` is called, in this thread, when the broker has it. From any thread.

        lasting: whether it is to outlive the broker, as nobody may be there to take it soon.
        """
        self._items.put(_Item(queue, reply, done, lasting or "contents" in reply.get("made", ())))

    def close(self) -> None:
        """Send what is left, for a short time, and end the thread."""
        self._closing = time.monotonic() + _LAST
        self._items.put(None)
        self._thread.join(_LAST + _AGAIN)

    def _run(self) -> None:
        ends = False
        while not ends:
            items, ends = self._gather()
            for queue in dict.fromkeys(item.queue for item in items):
                mine = [item for item in items if item.queue == queue]
                if self._send(queue, mine):
                    for item in mine:
                        if item.done is not None:
                            item.done()
        if self._connection is not None:
            self._connection.release()

    def _gather(self) -> tuple[list[_Item], bool]:
        """Wait for a reply, and return it with all that came meanwhile; True when it is time to end."""
        items: list[_Item] = []
        item = self._next()
        while item is not None:
            items.append(item)
            try:
                item = self._items.get_nowait()
            except Empty:
                return items, False
        return items, True

    def _next(self) -> _Item | None:
        while self._told:
            try:
                return self._items.get(timeout=_LOOK_EVERY)
            except Empty:
                self._look()
        return self._items.get()

    def _look(self) -> None:
        """Tell again what was told if the connection was lost; it is not known before one looks."""
        try:
            if self._connection is None:
                self._connect()
            assert self._connection is not None
            with suppress(socket.timeout, TimeoutError):
                self._connection.drain_events(timeout=0.001)
            self._remember("", [])
        except Exception as error:
            log.debug("The connection is lost: %r", error)
            self._drop()

    def _send(self, queue: str, items: list[_Item]) -> bool:
        lasting = any(item.lasting for item in items)
        while True:
            try:
                if self._producer is None:
                    self._connect()
                self._publish(queue, [item.reply for item in items], lasting)
            except Exception as error:
                log.debug("The broker took no reply: %r", error)
                self._drop()
                if self._closing is not None and time.monotonic() > self._closing:
                    return False
                time.sleep(_AGAIN if self._closing is None else 0.1)
            else:
                self._remember(queue, [] if lasting else items)
                return True

    def _connect(self) -> None:
        self._connection = self._app.connection_for_write()
        self._connection.ensure_connection(max_retries=1, timeout=5)
        read_at_once(self._connection)
        self._producer = Producer(self._connection.channel(), serializer="json")
        while self._told:
            queue = self._told[0][1]
            run = itertools.takewhile(lambda told: told[1] == queue, self._told)  # noqa: B023 (used at once)
            replies = [reply for _, _, reply in itertools.islice(run, _AT_ONCE)]
            self._publish(queue, replies, lasting=True)
            for _ in replies:
                self._told.popleft()

    def _publish(self, queue: str, replies: list[Reply], lasting: bool) -> None:
        assert self._producer is not None
        self._producer.publish(
            {"node": self._node, "replies": replies}, routing_key=queue, exchange="",
            delivery_mode=_LASTING if lasting else _BRIEF,
        )  # fmt: skip

    def _remember(self, queue: str, items: list[_Item]) -> None:
        now = time.monotonic()
        self._told.extend((now, queue, item.reply) for item in items if item.reply["kind"] == "ended")
        while self._told and now - self._told[0][0] > _REMEMBERED:
            self._told.popleft()

    def _drop(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            try:
                connection.collect(socket_timeout=0.2)
            except Exception as error:
                log.debug("A broken connection: %r", error)
