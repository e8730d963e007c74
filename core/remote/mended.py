"""Mends what kombu gets wrong with Redis: when it goes away, and at the end of a line to it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import wraps
from queue import Empty
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


def keep_for_ourselves(channel: Channel) -> None:
    """Let kombu put nothing back into Redis by itself that was delivered and not acknowledged.

    It does so when its objects are collected: in any thread, for up to half a minute where Redis does not
    answer, and into a file where it fails.
    """
    channel.do_restore = False


def delivered(channel: Channel) -> list[str]:
    """Return the tags of what a channel has delivered, and nobody has acknowledged."""
    return list(channel.qos._delivered)


def restore(channel: Channel, tags: Iterable[str]) -> None:
    """Put back what a channel that is lost had delivered; Redis would keep it from all for a week."""
    for tag in tags:
        channel.qos.restore_by_tag(tag)


def finish_poll(channel: Channel) -> None:
    """Take what Redis is about to give to a channel that is to be closed: it would be lost with it."""
    if getattr(channel, "_in_poll", None):
        with suppress(Empty):
            channel._brpop_read()
