"""Speaks to a Linux desktop over D-Bus, from a thread of its own; where there is no bus, nothing happens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

log = logging.getLogger(__name__)

_PATIENCE: Final = 3.0  # seconds that an answer may take


class Bus:
    """One bus: "SESSION" or "SYSTEM". A call that fails is logged for those who look for it, and gives None.

    Messages are made by jeepney: QtDBus sends each whole number of Python as signed, which services refuse.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(1, f"bus-{name.lower()}")
        self._connection: DBusConnection | None = None
        self._missing = False

    def call(
        self, place: tuple[str, str, str], method: str, signature: str = "", body: tuple[object, ...] = ()
    ) -> Future[tuple[object, ...] | None]:
        """Call a method at a place: the bus name, the path and the interface; returns what it answered."""

        def make() -> Message:
            from jeepney import DBusAddress, new_method_call

            name, path, interface = place
            address = DBusAddress(path, bus_name=name, interface=interface)
            return new_method_call(address, method, signature or None, body)

        return self._thread.submit(self._send, make, answer=True)

    def emit(self, path: str, interface: str, signal: str, signature: str, body: tuple[object, ...]) -> None:
        """Tell everybody something."""

        def make() -> Message:
            from jeepney import DBusAddress, new_signal

            return new_signal(DBusAddress(path, interface=interface), signal, signature, body)

        self._thread.submit(self._send, make, answer=False)

    def close(self) -> None:
        """Let the bus go, after what was asked before."""
        self._thread.submit(self._disconnect)
        self._thread.shutdown(wait=False)

    # -- in the thread --------------------------------------------------------------------------------------

    def _send(self, make: Callable[[], Message], *, answer: bool) -> tuple[object, ...] | None:
        if self._missing:
            return None
        try:
            if self._connection is None:
                from jeepney.io.blocking import open_dbus_connection

                self._connection = open_dbus_connection(bus=self._name)
        except Exception as error:  # no library, no bus, no right to it: this desktop has none
            log.debug("There is no %s bus: %s", self._name.lower(), error)
            self._missing = True
            return None
        try:
            if not answer:
                self._connection.send(make())
                return ()
            reply = self._connection.send_and_get_reply(make(), timeout=_PATIENCE)
        except Exception as error:
            log.debug("The %s bus did not answer: %s", self._name.lower(), error)
            self._disconnect()
            return None
        if reply.header.message_type.name == "error":
            log.debug("The %s bus refused: %s", self._name.lower(), reply.body)
            return None
        return tuple(reply.body)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError as error:
                log.debug("The bus could not be let go: %s", error)
