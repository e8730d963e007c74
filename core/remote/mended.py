"""Mends what kombu gets wrong when Redis goes away, which would end a worker."""

from __future__ import annotations

from functools import wraps
from typing import Any

from kombu.transport.redis import Channel
from redis.exceptions import ConnectionError as Lost

_connparams = Channel._connparams


@wraps(_connparams)
def _told(self: Channel, *given: Any, **options: Any) -> dict[str, Any]:
    """Say that the connection is lost where it was closed before.

    An order of an earlier connection that is acknowledged or put back asks for a new one. It is an
    AttributeError for kombu then, where Celery knows only what a lost connection raises (kombu 5.7).
    """
    try:
        return dict(_connparams(self, *given, **options))
    except AttributeError as error:
        raise Lost("The connection to Redis was closed.") from error


def mend_redis() -> None:
    """Mend it, in this process; again is harmless."""
    Channel._connparams = _told
