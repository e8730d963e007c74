"""What ends in a slot is told to Celery in its own thread, which wakes for it."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from types import SimpleNamespace

from core.remote.pool import NodePool


def test_the_end_of_an_attempt_wakes_celery_in_its_own_thread() -> None:
    app = SimpleNamespace(imagequeue_node=None, imagequeue_loop=None)
    pool = NodePool(1, app=app)
    heard: list[tuple[object, int]] = []
    readers: dict[int, Callable[[], None]] = {}
    pool.register_with_event_loop(SimpleNamespace(add_reader=readers.__setitem__, call_soon=lambda *_: None))
    for number in range(3):
        told = threading.Thread(
            target=pool._done,
            args=(lambda _: heard.append((number, threading.get_ident())),),  # noqa: B023
        )
        told.start()
        told.join()
        ready, _, _ = select.select(list(readers), [], [], 20)
        assert ready, "nothing woke it"
        readers[ready[0]]()
        assert heard[-1] == (number, threading.get_ident())
        assert not select.select(list(readers), [], [], 0)[0]
    pool._bell.close()
    pool._button.close()
