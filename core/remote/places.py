"""The places for attempts at machines: as many as these have slots.

What waits for a place is looked at and packed by then, so that it is on its way as soon as another comes
home: a slot would else wait for eight milliseconds after each attempt, and each attempt would take two
commits. Few wait, and only while attempts are brief: what is next is decided late. One that has waited for
a second, as those before it take longer after all, is given back: another slot may be free.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import Final

_BRIEF: Final = 0.5  # seconds that an attempt is away at most for another to be made ready meanwhile
_AT_HOME: Final = 0.012  # seconds that it takes before it is away, and after
_LATEST: Final = 0.2  # the weight of the last attempt in what they take
_PATIENCE: Final = 1.0  # seconds that one waits for its place


class Places:
    """As many places as there are; who comes when all are taken waits, first come, first served."""

    def __init__(self) -> None:
        self.number = 0
        """How many there are; `resize` changes it."""
        self._taken: dict[asyncio.Future[bool], float] = {}  # by who has them, and since when
        self._waiting: deque[tuple[asyncio.Future[bool], float]] = deque()  # and since when
        self._seconds = _BRIEF  # that one is taken for

    @property
    def ahead(self) -> int:
        """How many attempts beyond the places are worth to be made ready now."""
        if self._seconds >= _BRIEF or (len(self._taken) >= self.number and not self._is_brisk()):
            return 0
        return math.ceil(self.number * min(_AT_HOME / max(self._seconds, _AT_HOME), 1))

    def resize(self, number: int) -> None:
        """Let there be so many from now on; without any, nobody waits any longer."""
        self.number = number
        while not number and self._waiting:
            _answer(self._waiting.popleft()[0], False)
        self._give()

    def look(self) -> None:
        """Give back what has waited too long; to be called about twice a second."""
        since = time.monotonic() - _PATIENCE
        while self._waiting and self._waiting[0][1] < since:
            _answer(self._waiting.popleft()[0], False)

    def ask(self) -> asyncio.Future[bool]:
        """Return what is True as soon as there is a place, and False when it is not worth to wait any more.

        Whoever asked either cancels it, or answers it with False, or gives it back to `leave`.
        """
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.number:
            self._waiting.append((place, time.monotonic()))
            self._give()
        else:
            place.set_result(False)
        return place

    def leave(self, place: asyncio.Future[bool]) -> None:
        """Give a place back; one that was never had is no matter."""
        since = self._taken.pop(place, None)
        if since is not None:
            self._seconds += _LATEST * (time.monotonic() - since - self._seconds)
            self._give()

    def _is_brisk(self) -> bool:
        """Return whether one of those that are away has not been so for long."""
        return any(time.monotonic() - since < _BRIEF for since in self._taken.values())

    def _give(self) -> None:
        while self._waiting and len(self._taken) < self.number:
            place, _ = self._waiting.popleft()
            if _answer(place, True):
                self._taken[place] = time.monotonic()


def _answer(place: asyncio.Future[bool], answer: bool) -> bool:
    if place.done():
        return False
    place.set_result(answer)
    return True
