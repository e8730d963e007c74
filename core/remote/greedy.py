"""Lets amqp read from RabbitMQ what is there at once: it asks for each part of each frame by itself."""

from __future__ import annotations

from functools import wraps
from typing import Final

from amqp.transport import TCPTransport

_AT_ONCE: Final = 1 << 16  # bytes

_setup_transport = TCPTransport._setup_transport


@wraps(_setup_transport)
def _greedy(self: TCPTransport) -> None:
    """Read all that is there: one system call for nine, each of which gives the interpreter's lock away.

    What is left of it is kept where amqp keeps the half of a frame after a time limit (amqp 5.3), and is read
    before the socket is; kombu drains until there is nothing more.
    """
    _setup_transport(self)
    receive = self.sock.recv
    self._quick_recv = lambda wanted: receive(max(wanted, _AT_ONCE))


def read_at_once() -> None:
    """Let all connections of this process that begin from now on do so; again is harmless.

    Those with TLS go on as they were: their library keeps what it has read by itself.
    """
    TCPTransport._setup_transport = _greedy
