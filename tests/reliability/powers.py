"""Gives up what root may do, so that folders and files that are read-only are so for root, too."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_VERSION: Final = 0x20080522  # of the header, from linux/capability.h


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def give_up() -> None:
    """Act with no more than an owner's rights from now on; on Linux, and for others than root nothing."""
    if sys.platform == "linux" and os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        data = (_Data * 2)()
        if libc.capset(ctypes.byref(_Header(_VERSION, 0)), ctypes.byref(data)) != 0:
            raise OSError(ctypes.get_errno(), "capset failed")
