"""The owner's line to the broker: a thread that sends, and one that receives; both come back by themselves.

Nothing here waits on the loop's thread, and nothing is decided here: what is heard is given to the loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from celery import Celery
from kombu import Connection, Consumer, Producer, Queue

from core.remote import mended
from core.remote.address import parse_address
from core.remote.cluster import Link
from core.remote.engine import ASK, EXPIRES, QUEUE, TASK, make_app
from core.remote.greedy import read_at_once
from core.remote.orders import Order
from core.remote.trouble import trouble

log = logging.getLogger(__name__)

_ASK_EVERY: Final = 2.0  # seconds
_LONGEST_BACKOFF: Final = 8.0  # seconds between two tries to reach the broker
_REFUSED_AGAIN: Final = 60.0  # seconds until one that did not let us in is tried again
_UNUSED: Final = 7 * 86_400  # seconds after which RabbitMQ drops the queue of an owner that is never started
_CLOSING: Final = 2.0  # seconds for what is still to be sent at the end


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears, each called on the loop."""

    link: Callable[[Link, str], None]  # how the broker is reached, and a sentence
    waiting: Callable[[int], None]  # how many attempts it keeps for whoever is free
    replies: Callable[[str, list[Any], Any], None]  # of a node, and what is given to `acknowledge`


class Line:
    """The line to one broker, from `start` to `close`."""

    def __init__(self, url: str, reply_to: str, ears: Ears, ask_every: float = _ASK_EVERY) -> None:
        """Prepare. Raises BadUsage for an address that is none."""
        self._address = parse_address(url)
        self._app: Celery = make_app(self._address)
        self._reply_to = reply_to
        self._ears = ears
        self._ask_every = ask_every
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}  # that the broker does not have yet, in their order
        self._ends: list[tuple[str, str]] = []  # attempts to be ended, with the node or ""
        self._tokens: Mapping[str, list[str]] = {}
        self._sent: deque[tuple[str, float]] = deque()  # for who asks: to wake the loop for each costs more
        self._acknowledged: deque[Any] = deque()
        self._lost: list[str] = []  # what Redis had delivered by a connection that is lost
        self._something = threading.Event()
        self._closing = threading.Event()
        self._up = {"out": False, "in": False}
        self._told: tuple[Link, str] | None = None
        self._threads = [
            threading.Thread(target=self._keep, args=(name, work), name=f"broker-{name}", daemon=True)
            for name, work in (("out", self._send), ("in", self._receive))
        ]

    def start(self) -> None:
        """Begin to connect."""
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Send what is still to be sent, for a short time, and end both threads."""
        self._closing.set()
        self._something.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, _CLOSING)

    # -- from the loop ------------------------------------------------------------------------------------

    def send(self, flight: str, order: Order) -> None:
        """Send an attempt as soon as the broker is there; `sent` tells when it had it."""
        with self._lock:
            self._orders[flight] = order
        self._something.set()

    def sent(self) -> list[tuple[str, float]]:
        """Return the attempts that the broker has since this was asked last, and when, by time.monotonic."""
        return [self._sent.popleft() for _ in range(len(self._sent))]

    def end(self, flight: str, node: str = "") -> None:
        """See to it that nobody runs an attempt any more; on one node alone where that is given."""
        with self._lock:
            if not node and self._orders.pop(flight, None) is not None:
                return  # nobody has ever heard of it
            self._ends.append((flight, node))
        self._something.set()

    def set_tokens(self, tokens: Mapping[str, list[str]]) -> None:
        """Let machines look for these in the shared folders, from the next question on."""
        self._tokens = tokens

    def acknowledge(self, message: Any) -> None:
        """Let the broker forget a reply."""
        self._acknowledged.append(message)

    # -- in the threads -----------------------------------------------------------------------------------

    def _tell(self, ear: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens
            self._loop.call_soon_threadsafe(ear, *arguments)

    def _note(self, name: str, up: bool, link: Link, sentence: str = "") -> None:
        with self._lock:
            self._up[name] = up
            if up and not all(self._up.values()):
                return
            told = (link, sentence)
            if told == self._told:
                return
            self._told = told
        if sentence:
            log.info("The broker: %s", sentence)
        self._tell(self._ears.link, link, sentence)

    def _keep(self, name: str, work: Callable[[Connection, str], None]) -> None:
        backoff = 0.25
        while not self._closing.is_set():
            connection = self._app.connection_for_write()
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
                read_at_once(connection)
                backoff = 0.25
                work(connection, name)
            except Exception as error:
                if self._closing.is_set():
                    break
                link, sentence = trouble(error, self._address, was_there=self._up[name])
                self._note(name, False, link, sentence)
                if link is Link.REFUSED:
                    backoff = _REFUSED_AGAIN
            finally:
                with suppress(Exception):
                    connection.collect(socket_timeout=0.5)
            self._closing.wait(backoff)
            backoff = min(2 * backoff, _LONGEST_BACKOFF)

    def _send(self, connection: Connection, name: str) -> None:
        channel = connection.channel()
        producer = Producer(channel, serializer="json", auto_declare=False)
        tasks = Queue(QUEUE, durable=True)(channel)
        tasks.declare()
        self._note(name, True, Link.CONNECTED)
        ask_at = time.monotonic()
        while True:
            self._something.clear()
            self._send_all(producer)
            if self._closing.is_set():
                return
            now = time.monotonic()
            if now >= ask_at:
                ask_at = now + self._ask_every
                self._ask(connection)
                self._tell(self._ears.waiting, int(tasks.queue_declare().message_count))
            self._something.wait(max(ask_at - time.monotonic(), 0.0))

    def _send_all(self, producer: Producer) -> None:
        while True:
            with self._lock:
                flight = next(iter(self._orders), None)
                order = None if flight is None else self._orders[flight]
                ends = self._ends if flight is None else []
            if flight is not None:
                self._publish(producer, flight, order)
                with self._lock:
                    cancelled = self._orders.pop(flight, None) is None
                    if cancelled:  # while it was on its way
                        self._ends.append((flight, ""))
                self._sent.append((flight, time.monotonic()))
                continue
            if not ends:
                return
            flight, node = ends[0]
            self._app.control.revoke(
                flight, terminate=True, destination=[node] if node else None, connection=producer.connection
            )
            with self._lock:
                self._ends.pop(0)

    def _publish(self, producer: Producer, flight: str, order: Order | None) -> None:
        """Send a task as Celery's protocol 2 has it; `send_task` takes four times as long to say the same.

        https://docs.celeryq.dev/en/stable/internals/protocol.html

        What may be left out is: three times on its way each header is read or written. The message need not
        outlive the broker: what has not begun then is sent anew.
        """
        producer.publish(
            ((order,), {}, {}), exchange="", routing_key=QUEUE, delivery_mode=1, expiration=EXPIRES,
            headers={"task": TASK, "id": flight},
        )  # fmt: skip

    def _ask(self, connection: Connection) -> None:
        self._app.control.broadcast(
            ASK, arguments={"queue": self._reply_to, "tokens": dict(self._tokens)}, connection=connection
        )
        if connection.heartbeat:
            with suppress(socket.timeout, TimeoutError):
                connection.drain_events(timeout=0.01)
            connection.heartbeat_check()

    def _receive(self, connection: Connection, name: str) -> None:
        channel = connection.channel()
        self._acknowledged.clear()  # those of an earlier connection come again
        if self._address.is_redis:
            mended.keep_for_ourselves(channel)
            mended.restore(channel, self._lost)
            self._lost = []
        try:
            self._listen(connection, channel, name)
        except Exception:
            if self._address.is_redis:
                self._lost = mended.delivered(channel)
            raise
        channel.basic_recover(requeue=True)  # what was not acknowledged is for the next run of the app

    def _listen(self, connection: Connection, channel: Any, name: str) -> None:
        generation = object()

        def hear(body: Any, message: Any) -> None:
            match body:
                case {"node": str(node), "replies": list(replies)}:
                    self._tell(self._ears.replies, node, replies, (generation, message))
                case _:
                    log.warning("A reply of another machine was not understood")
                    message.ack()

        def drop(message: Any, error: Exception) -> None:
            log.warning("A reply of another machine could not be read: %.200r", error)
            message.ack()

        queues = [Queue(self._reply_to, durable=True, expires=_UNUSED)]
        with Consumer(channel, queues, callbacks=[hear], on_decode_error=drop, accept=["json"]):
            self._note(name, True, Link.CONNECTED)
            beat = time.monotonic()
            while not self._closing.is_set():
                with suppress(socket.timeout, TimeoutError):
                    connection.drain_events(timeout=0.25)
                self._acknowledge_all(generation)
                if connection.heartbeat and time.monotonic() - beat > connection.heartbeat / 4:
                    beat = time.monotonic()
                    connection.heartbeat_check()
            self._acknowledge_all(generation)
            if self._address.is_redis:
                mended.finish_poll(channel)
        heard = threading.Event()
        self._tell(heard.set)
        heard.wait(_CLOSING / 2)  # what came last may be of no more use, and is not to come again
        self._acknowledge_all(generation)

    def _acknowledge_all(self, generation: object) -> None:
        """Let the broker forget what is kept elsewhere; what an earlier connection brought comes again."""
        while self._acknowledged:
            made_by, message = self._acknowledged.popleft()
            if made_by is generation:
                message.ack()
