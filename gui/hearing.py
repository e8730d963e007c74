"""Connects the window's parts to the queue's signals so that none of them can hurt another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance

log = logging.getLogger(__name__)


class Hearing:
    """The connections of one part of the window; a slot that raises is logged, and the others still hear."""

    def __init__(self) -> None:
        self._connections: list[tuple[SignalInstance, Callable[..., None]]] = []

    def connect(self, signal: SignalInstance, slot: Callable[..., object]) -> None:
        """Call `slot` with what the signal carries, until `end`."""

        def guarded(*args: Any) -> None:
            try:
                slot(*args)
            except Exception:
                log.exception("%s failed on %s", getattr(slot, "__qualname__", slot), signal.name)

        signal.connect(guarded, check_nargs=False)
        self._connections.append((signal, guarded))

    def end(self) -> None:
        """Hear nothing more."""
        for signal, guarded in self._connections:
            signal.disconnect(guarded, missing_ok=True)
        self._connections.clear()
