"""Waiting for something to become true, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, seconds: float = 60.0, every: float = 0.05) -> T:
    """Return the condition's first true value; it is asked again and again until `seconds` have passed.

    Raises AssertionError saying `what` did not come true, and what the condition's last value was.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s (last: {value!r})")
        time.sleep(every)
