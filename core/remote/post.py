"""The thread by which a worker answers: it sends what is to be said, in order, until the broker has it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final

from celery import Celery
from kombu import Connection, Producer

log = logging.getLogger(__name__)

_LAZY: Final = frozenset({"started", "progress"})  # what may wait a little for what comes with it
_LINGER: Final = 0.3  # seconds that it may: most attempts have ended by then, and need one message
_AGAIN: Final = 1.0  # seconds until a broker that is away is tried again
_LAST: Final = 3.0  # seconds for what is left at the end

Reply = dict[str, Any]
_Item = tuple[str, Reply, Callable[[], None] | None]


class Post:
    """Sends replies to the queues of owners; what is sent to one arrives in its order."""

    def __init__(self, app: Celery, node: str) -> None:
        self._app = app
        self._node = node
        self._items: SimpleQueue[_Item | None] = SimpleQueue()
        self._closing: float | None = None
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._thread = threading.Thread(target=self._run, name="post", daemon=True)
        self._thread.start()

    def __call__(self, queue: str, reply: Reply, done: Callable[[], None] | None) -> None:
        """Send a reply; `done` is called, in this thread, when the broker has it. From any thread."""
        self._items.put((queue, reply, done))

    def close(self) -> None:
        """Send what is left, for a short time, and end the thread."""
        self._closing = time.monotonic() + _LAST
        self._items.put(None)
        self._thread.join(_LAST + _AGAIN)

    def _run(self) -> None:
        ends = False
        while not ends:
            items, ends = self._gather()
            for queue in dict.fromkeys(item[0] for item in items):
                mine = [item for item in items if item[0] == queue]
                if self._send(queue, [reply for _, reply, _ in mine]):
                    for _, _, done in mine:
                        if done is not None:
                            done()
        if self._connection is not None:
            self._connection.release()

    def _gather(self) -> tuple[list[_Item], bool]:
        """Wait for a reply that matters, and return it with all that came before and meanwhile."""
        items: list[_Item] = []
        until: float | None = None
        while True:
            try:
                wait = None if until is None else max(until - time.monotonic(), 0.0)
                item = self._items.get(timeout=wait) if wait != 0.0 else self._items.get_nowait()
            except Empty:
                return items, False
            if item is None:
                return items, True
            items.append(item)
            now = time.monotonic()
            lazy = item[1]["kind"] in _LAZY
            until = (now + _LINGER if until is None else until) if lazy else now

    def _send(self, queue: str, replies: list[Reply]) -> bool:
        while True:
            try:
                if self._producer is None:
                    self._connection = self._app.connection_for_write()
                    self._connection.ensure_connection(max_retries=1, timeout=5)
                    self._producer = Producer(self._connection.channel(), serializer="json")
                self._producer.publish(
                    {"node": self._node, "replies": replies}, routing_key=queue, exchange="", delivery_mode=2
                )
                return True
            except Exception as error:
                log.debug("The broker took no reply: %r", error)
                self._drop()
                if self._closing is not None and time.monotonic() > self._closing:
                    return False
                time.sleep(_AGAIN if self._closing is None else 0.1)

    def _drop(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            try:
                connection.collect(socket_timeout=0.2)
            except Exception as error:
                log.debug("A broken connection: %r", error)
