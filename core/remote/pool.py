"""The pool of a Celery worker whose places are slots like those at home, not processes of its own.

So a crash, a hang, too much memory and a cancel are handled by the same code as on the owner's machine, and
are typed errors within milliseconds. Celery keeps what it does well: the connection, the consuming, the late
acknowledgement, the control commands.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from celery.concurrency.base import BasePool

from core.remote.greedy import read_at_once

if TYPE_CHECKING:
    import asyncio

    from core.remote.node import Node

_NOTHING: Final = (False, None, 0.0)  # what Celery is told of a task that ended: not failed, no result


class NodePool(BasePool):  # type: ignore[misc]
    """Gives what Celery received to the node, and tells Celery, in its own thread, when it has ended.

    Celery's tracing of a task is passed over: it would run it here and now. A task's "process id" is a number
    of its own, so that `revoke` with `terminate` can end that very attempt, and no later one.
    """

    body_can_be_buffer = True
    signal_safe = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._node: Node = self.app.imagequeue_node
        self._loop: asyncio.AbstractEventLoop = self.app.imagequeue_loop
        self._numbers = itertools.count(1)
        self._calls: deque[Callable[[], object]] = deque()
        self._under_way = 0
        self._ended = threading.Condition()
        self._bell, self._button = socket.socketpair()
        for one in (self._bell, self._button):
            one.setblocking(False)

    def register_with_event_loop(self, hub: Any) -> None:
        """Hear the bell in Celery's own thread; anew after each connection.

        `Hub.call_soon` does not wake it: it would see an end up to a second later, and the slot with it.
        """
        hub.add_reader(self._bell.fileno(), self._hear)
        hub.call_soon(hub.call_soon, self._read_at_once)

    def _read_at_once(self) -> None:
        """Read at once from here on: Celery has polled before, and from now on drains whenever it polls."""
        read_at_once(self.app.imagequeue_worker.consumer.connection)

    def on_apply(
        self, _target: object, args: Any, _kwargs: object = None, callback: Any = None,
        accept_callback: Any = None, **_: object,
    ) -> None:  # fmt: skip
        """Take a task: in Celery's thread."""
        request = args[2]
        number = next(self._numbers)
        order = request["args"][0] if request["args"] else None
        redelivered = bool(request["delivery_info"]["redelivered"])
        self._under_way += 1
        accept_callback(number, time.monotonic())
        self._loop.call_soon_threadsafe(
            self._node.take, order, redelivered, number, partial(self._done, callback)
        )

    def terminate_job(self, pid: int, signal: object = None) -> None:  # noqa: ARG002
        """End an attempt by its number, if it still runs."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._node.end, pid)

    def on_stop(self) -> None:
        """Wait until all has ended, as `Node.close` sees to, and acknowledge it."""
        while self._under_way:
            with self._ended:
                if not self._calls:
                    self._ended.wait(0.2)
            self._drain()

    on_terminate = on_stop

    def _done(self, callback: Callable[[object], object]) -> None:
        with self._ended:
            self._calls.append(partial(callback, _NOTHING))
            self._ended.notify_all()
        with suppress(OSError):  # it rings already
            self._button.send(b"\0")

    def _hear(self, *_: object) -> None:
        with suppress(OSError):
            self._bell.recv(4_096)
        self._drain()

    def _drain(self) -> None:
        while self._calls:
            self._under_way -= 1
            self._calls.popleft()()
