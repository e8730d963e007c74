"""Tells whether the libraries of the extra `imagequeue[cluster]` are here, without importing them."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

NEEDED: Final = ("celery", "kombu", "redis", "keyring")

HOW_TO_GET: Final = 'pip install "imagequeue[cluster]"'
"""The command that brings them."""

MISSING: Final = f"What reaches other machines is not installed: {HOW_TO_GET} brings it."


def is_installed() -> bool:
    """Return whether all that other machines are reached by is installed."""
    # One that is imported may have no specification any more: kombu and celery put others in their place.
    return all(name in sys.modules or find_spec(name) is not None for name in NEEDED)
