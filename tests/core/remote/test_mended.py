"""What kombu does when Redis has gone away is what Celery expects of a lost connection."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kombu.transport.redis import Channel, Transport

from core.remote.mended import mend_redis


@pytest.mark.parametrize("connection", [None, SimpleNamespace(client=None)])
def test_an_order_of_a_closed_connection_raises_what_a_lost_connection_does(connection: object) -> None:
    mend_redis()
    mend_redis()
    channel = object.__new__(Channel)
    channel.connection = connection
    with pytest.raises(Transport.connection_errors):
        channel._connparams()
