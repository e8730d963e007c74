"""Lets the queue use the broker that the settings name, with the password that is kept for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.remote.keys import Keys
from core.settings import Settings


class UsesBroker(Protocol):
    """What attempts are given to machines by."""

    async def set_broker(self, url: str, shared: Mapping[str, str]) -> None:
        """Use the broker of this whole URL, "" for none, and the shared folders: paths by their names."""


class Joining:
    """Follows the settings. Where a keyring is slow to answer, the newest wish holds."""

    def __init__(self, everywhere: UsesBroker, keys: Keys) -> None:
        self._everywhere = everywhere
        self._keys = keys
        self._wishes = 0

    async def follow(self, settings: Settings) -> None:
        """Use the broker and the shared folders of these settings at once; also anew, if they are in use."""
        self._wishes += 1
        wish = self._wishes
        url = await self._keys.in_full(settings.broker) if settings.broker else ""
        if wish == self._wishes:
            await self._everywhere.set_broker(url, {one.name: one.path for one in settings.shared})
