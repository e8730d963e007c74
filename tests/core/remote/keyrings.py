"""Keyrings that keep in memory, and that fail as real ones do."""

from __future__ import annotations

import threading
from collections.abc import Callable

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked


class InMemory(KeyringBackend):
    """Keeps passwords by service and entry."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Asking(InMemory):
    """Waits until its user has opened it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.asked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.set()
        self.opened.wait(30)
        return super().get_password(service, username)


class Locked(InMemory):
    """Is not opened by its user, and says what it was to keep."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"Failed to unlock the collection for {password}!")


UNUSABLE: dict[str, Callable[[], KeyringBackend]] = {
    "none": fail.Keyring,
    "forgetful": null.Keyring,
    "locked": Locked,
}
"""Kinds of keyrings that keep nothing."""


def use(backend: KeyringBackend) -> None:
    """Let the keyring library use this one."""
    keyring.set_keyring(backend)
