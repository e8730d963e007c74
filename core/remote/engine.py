"""Celery as its field knows it: the one app, and its settings.

Attempts are tasks of one queue, JSON alone. They are acknowledged late, one for each slot is given out, and a
worker that dies does not make the broker run one again by itself: the owner of the queue decides. Celery's
own limits are not used: the time, the memory and the crashes of an attempt are watched by the slot that runs
it, which tells them as typed errors within milliseconds; `task_time_limit` would need its prefork pool, which
takes seconds to find a dead child and does not run everywhere. There are no results in a backend (replies go
to the owner's own queue), no countdowns (the owner's store has all delays), and no events.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from celery import Celery
from kombu import Queue

from core.remote.address import Address

TASK: Final = "imagequeue.attempt"
QUEUE: Final = "imagequeue"
ASK: Final = "imagequeue_ask"
"""The control command by which an owner asks who is there."""

HEARTBEAT: Final = 10.0
"""Seconds; a broker that is silent for two of these is taken for gone."""

EXPIRES: Final = 3_600
"""Seconds after which an order that nobody took is dropped by the broker; its owner then sends it anew."""

_VISIBILITY: Final = 7 * 86_400  # seconds until Redis gives an order out anew: longer than any attempt takes
_PATIENCE: Final = 10.0  # seconds for a broker to answer


def make_app(address: Address) -> Celery:
    """Return the app for a broker; nothing is connected yet.

    What kombu logs by itself is not kept: whatever matters is raised, too, and it logs messages as they are,
    with the images in them.
    """
    logging.getLogger("kombu").setLevel(logging.CRITICAL + 1)
    url, tls = address.for_kombu()
    app = Celery("imagequeue", broker=url, set_as_current=False)
    transport: dict[str, Any]
    if address.is_redis:
        from core.remote.mended import mend_redis

        mend_redis()
        transport = {
            "visibility_timeout": _VISIBILITY, "socket_timeout": 3 * _PATIENCE, "socket_keepalive": True,
            "socket_connect_timeout": _PATIENCE / 2, "health_check_interval": HEARTBEAT,
        }  # fmt: skip
    else:
        transport = {
            "confirm_publish": True, "confirm_timeout": _PATIENCE, "read_timeout": 3 * _PATIENCE,
            "write_timeout": _PATIENCE,
        }  # fmt: skip
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        event_serializer="json",
        task_queues=[Queue(QUEUE, durable=True)],
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_acks_on_failure_or_timeout=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_track_started=False,  # the worker says it itself, to the queue of the owner
        task_publish_retry=False,  # the owner keeps what the broker has not taken, and sends it again
        task_send_sent_event=False,
        worker_send_task_events=False,
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_PATIENCE / 2,
        broker_heartbeat=HEARTBEAT,
        broker_transport_options=transport,
        broker_use_ssl=tls,
    )
    app.task(_not_here, name=TASK, ignore_result=True, acks_late=True)
    return app


def _not_here(_order: object) -> None:
    """Is never called: the pool takes the order itself; see `core.remote.pool`."""
    raise NotImplementedError
