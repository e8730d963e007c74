"""Tries whether a broker answers and lets us in, once and within seconds."""

from __future__ import annotations

from typing import Final

from core.remote.address import Address, parse_address
from core.remote.aside import aside
from core.remote.cluster import Link
from core.remote.extra import MISSING, is_installed
from core.remote.trouble import trouble

PATIENCE: Final = 5.0  # seconds that each step of the connection may take


async def try_broker(url: str, seconds: float = PATIENCE) -> tuple[Link, str]:
    """Return CONNECTED and what is to be known of it, or what keeps the broker from being used.

    url: the whole one, with its password. The loop goes on meanwhile. Raises BadUsage for what is no URL.
    """
    address = parse_address(url)
    if not is_installed():
        return Link.MISSING, MISSING
    return await aside(lambda: _try(address, seconds), "try a broker")


def _try(address: Address, seconds: float) -> tuple[Link, str]:
    try:
        _try_redis(address, seconds) if address.is_redis else _try_amqp(address, seconds)
    except Exception as error:  # each library raises errors of its own
        return trouble(error, address)
    if address.is_here or address.is_encrypted:
        return Link.CONNECTED, "The broker answers."
    return Link.CONNECTED, (
        f"The broker answers. What is sent to it is not encrypted; with {address.scheme}s:// it would be."
    )


def _try_amqp(address: Address, seconds: float) -> None:
    import amqp

    connection = amqp.Connection(
        host=f"{address.host}:{address.port}",
        userid=address.user or "guest", password=address.password or "guest",  # as kombu has it
        virtual_host=address.path or "/", ssl=address.for_kombu()[1] or False,
        connect_timeout=seconds, read_timeout=seconds, write_timeout=seconds,
    )  # fmt: skip
    connection.connect()
    connection.close()


def _try_redis(address: Address, seconds: float) -> None:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with Redis(
        host=address.host.strip("[]"), port=address.port, db=int(address.path or 0),
        username=address.user or None, password=address.password or None,
        ssl=address.is_encrypted, socket_connect_timeout=seconds, socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0), **(address.for_kombu()[1] or {}),
    ) as redis:  # fmt: skip
        redis.ping()
