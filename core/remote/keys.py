"""Keeps the passwords of brokers in the system's keyring; where there is none, for this run alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from core.errors import BadUsage
from core.remote.address import Address, parse_address
from core.remote.aside import aside

log = logging.getLogger(__name__)

SERVICE: Final = "Image Queue"
"""What the entries of the keyring are called."""

BROKER_VARIABLE: Final = "IMAGEQUEUE_BROKER"
"""Holds the whole URL of a broker: for a worker, and for a queue where there is no keyring."""

NOT_KEPT: Final = (
    "This system has no keyring that can be used: the password is known until Image Queue is closed. After"
    " that it is asked for anew, or given by IMAGEQUEUE_BROKER."
)


class Keys:
    """The passwords of brokers by their addresses. None of them is in the settings, or in any text."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._of_run: dict[str, str] = {}
        self._complained = False
        given = (os.environ if environ is None else environ).get(BROKER_VARIABLE, "")
        if given:
            try:
                address = parse_address(given)
            except BadUsage as error:
                log.warning("%s: %s", BROKER_VARIABLE, error)
            else:
                if address.password:
                    self._of_run[_entry(address)] = address.password

    async def find(self, broker: str) -> str:
        """Return the password of the broker at this address; "" when none is known.

        The system may ask its user to open the keyring meanwhile. What goes wrong there is logged.
        """
        entry = _entry(parse_address(broker))
        if entry not in self._of_run:
            found, wrong = await self._ask(lambda: _read(entry))
            if wrong:
                return ""  # perhaps it can be asked the next time
            self._of_run.setdefault(entry, found)
        return self._of_run[entry]

    def remember(self, broker: str, password: str) -> None:
        """Know the password of a broker from now on in this run."""
        self._of_run[_entry(parse_address(broker))] = password

    async def keep(self, broker: str, password: str) -> str:
        """Keep the password of a broker, or forget it when it is "".

        It is known at once for this run. Returns "", or the sentence that says why it is not kept longer.
        """
        self.remember(broker, password)
        entry = _entry(parse_address(broker))
        _, wrong = await self._ask(lambda: _write(entry, password))
        return NOT_KEPT if wrong and password else ""

    async def in_full(self, broker: str) -> str:
        """Return the whole URL of the broker at this address, with its password when one is known."""
        address = parse_address(broker)
        password = await self.find(broker)
        return address.with_password(password).in_full() if password else address.in_full()

    async def _ask(self, call: Callable[[], str]) -> tuple[str, bool]:
        """Return what the keyring returns, and whether that went wrong, which is logged once."""
        try:
            return await aside(call, "keyring"), False
        except Exception as error:  # each backend raises errors of its own
            if not self._complained:
                # Its words are left out: nothing promises that they hold no password.
                kind = type(error)
                log.warning("The keyring cannot be used: %s.%s", kind.__module__, kind.__name__)
            self._complained = True
            return "", True


def _entry(address: Address) -> str:
    """Return by what a password is found: the options of an address do not change whose it is."""
    return str(replace(address, options={}))


def _read(entry: str) -> str:
    import keyring

    return keyring.get_password(SERVICE, entry) or ""


def _write(entry: str, password: str) -> str:
    import keyring

    if password:
        keyring.set_password(SERVICE, entry, password)
    elif keyring.get_password(SERVICE, entry) is not None:
        keyring.delete_password(SERVICE, entry)
    if _read(entry) != password:  # there are backends that take all and keep nothing
        raise OSError("nothing was kept")
    return ""
