"""Gives libvips where it is installed, set up for one of several processes side by side."""

from __future__ import annotations

import importlib
import logging
import os
from functools import cache
from types import ModuleType


@cache
def libvips() -> ModuleType | None:
    """Return the module pyvips; None where it, or the library that it needs, is missing.

    One thread, because four workers fill the processors by themselves, and no cache, because a worker never
    does the same step twice. The import takes 15 to 30 ms.
    """
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
    os.environ.setdefault("VIPS_WARNING", "0")  # what it would print about odd files
    logging.getLogger("pyvips").setLevel(logging.ERROR)
    try:
        vips = importlib.import_module("pyvips")
        vips.cache_set_max(0)
    except (ImportError, OSError, AttributeError):
        return None
    return vips
