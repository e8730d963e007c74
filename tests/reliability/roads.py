"""A road from a machine to a broker that can be cut: nothing arrives any more, and nobody is told.

Where the rights allow it, the machine is in a network namespace of its own, and its cable is pulled;
elsewhere a relay on this machine's loopback holds back what comes. Both sides keep their connections open.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

_CHUNK: Final = 65_536
_LOOPBACK: Final = "127.0.0.1"
_numbers = itertools.count(os.getpid() % 200)


class Relay:
    """Hands on what comes at a port of an address of this machine; for a `with` statement."""

    def __init__(self, to_port: int, address: str = _LOOPBACK) -> None:
        self._to = to_port
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((address, 0))
        self.address = address
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _drop(one)
        self._open.set()

    def cut(self) -> None:
        """Hold back all that comes, either way."""
        self._open.clear()

    def heal(self) -> None:
        """Hand on what was held back, and what comes."""
        self._open.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.wait()
                try:
                    far = socket.create_connection((_LOOPBACK, self._to), 5.0)
                except OSError:
                    _drop(near)
                    continue
                far.settimeout(None)
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._hand_on, args=(one, other), name="relay", daemon=True
                    ).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := one.recv(_CHUNK):
                self._open.wait()
                other.sendall(chunk)
        self._open.wait()
        _drop(one)
        _drop(other)


class Road:
    """The way of one machine to the broker's port; for a `with` statement.

    address, port: where the machine finds the broker. enter: what its command begins with.
    """

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._relay: Relay | None = None
        self._number = next(_numbers) % 250 + 1
        self._name = f"iq{os.getpid()}-{self._number}"
        self._device = f"iq{self._number}"
        self.enter: Sequence[str] = ()
        self.address, self.port = _LOOPBACK, to_port

    def __enter__(self) -> Self:
        if may_have_namespaces() and self._lay():
            self.address = f"10.213.{self._number}.1"
            self.enter = ("ip", "netns", "exec", self._name)
        self._relay = Relay(self._to, self.address).__enter__()
        self.port = self._relay.port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._relay is not None:
            self._relay.__exit__(None, None, None)
        if self.enter:
            self._remove()

    def cut(self) -> None:
        """Let nothing through."""
        if self.enter:
            _ip("link", "set", self._device, "down")
        elif self._relay is not None:
            self._relay.cut()

    def heal(self) -> None:
        """Let all through again."""
        if self.enter:
            _ip("link", "set", self._device, "up")
        elif self._relay is not None:
            self._relay.heal()

    def _lay(self) -> bool:
        inner, net = f"{self._device}i", f"10.213.{self._number}"
        done = (
            _ip("netns", "add", self._name)
            and _ip("link", "add", self._device, "type", "veth", "peer", "name", inner, "netns", self._name)
            and _ip("addr", "add", f"{net}.1/30", "dev", self._device)
            and _ip("link", "set", self._device, "up")
            and _ip("-n", self._name, "addr", "add", f"{net}.2/30", "dev", inner)
            and _ip("-n", self._name, "link", "set", inner, "up")
            and _ip("-n", self._name, "link", "set", "lo", "up")
        )
        if not done:
            self._remove()
        return done

    def _remove(self) -> None:
        _ip("link", "del", self._device)
        _ip("netns", "del", self._name)


def may_have_namespaces() -> bool:
    """Return whether network namespaces can be made here: by root, with `ip`, where the system allows it."""
    if shutil.which("ip") is None or os.name != "posix" or os.geteuid() != 0:
        return False
    name = f"iq{os.getpid()}-try"
    made = _ip("netns", "add", name)
    _ip("netns", "del", name)
    return made


def _ip(*words: str) -> bool:
    ended = subprocess.run(
        ["ip", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20
    )
    return ended.returncode == 0


def _drop(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
