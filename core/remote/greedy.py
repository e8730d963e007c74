"""Lets amqp read from RabbitMQ what is there at once: it asks for each part of each frame by itself."""

from __future__ import annotations

from typing import Final

from amqp.transport import TCPTransport
from kombu import Connection

_AT_ONCE: Final = 1 << 16  # bytes


def read_at_once(connection: Connection) -> None:
    """Let a connection that is there read so: one system call for nine, each of which lets the lock go.

    What is left of it is kept where amqp keeps the half of a frame after a time limit (amqp 5.3), and is read
    before the socket is. So it is for who waits by `drain_events`, or calls it until there is nothing more:
    the socket tells nothing of what was read. With TLS its library does the same by itself, and Redis has
    another way; these are left alone.
    """
    transport = getattr(connection.connection, "transport", None)
    if isinstance(transport, TCPTransport):
        receive = transport.sock.recv
        transport._quick_recv = lambda wanted: receive(max(wanted, _AT_ONCE))
