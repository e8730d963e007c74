"""A folder that stalls as a network's does.

Its one file is there, and a read of it never returns; nor does it ever say whether another is there.

Usage, as root: python -m tests.reliability.stalling_folder FOLDER
It mounts the folder with FUSE, speaking its protocol (<linux/fuse.h>) itself, and prints `ready`. When this
process ends, whoever is blocked in a read gets an error.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from typing import Final

NAME: Final = "photo.jpg"
SIZE: Final = 1_000_000  # bytes that the file says it has

_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _INIT, _OPENDIR, _INTERRUPT = 1, 2, 3, 14, 15, 26, 27, 36
_HEADER: Final = struct.Struct("<IIQQIIII")
_NOT_KNOWN: Final = -38
_DIRECT: Final = 1  # no page of it is kept


def attributes(node: int) -> bytes:
    """Return what is said of the folder (1) or the file (2)."""
    mode = stat.S_IFDIR | 0o755 if node == 1 else stat.S_IFREG | 0o644
    size = 0 if node == 1 else SIZE
    return struct.pack(
        "<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, os.getuid(), os.getgid(), 0, 4096, 0
    )


def answer(operation: int, node: int, rest: bytes) -> tuple[int, bytes] | None:
    """Return an error and a body; None for no answer, now or ever."""
    if operation in (_READ, _FORGET, _INTERRUPT):
        return None
    if operation == _INIT:
        return 0, struct.pack("<4I2H2I2H8I", 7, 31, 65_536, 0, 16, 12, 65_536, 1, 16, 0, *[0] * 8)
    if operation == _LOOKUP:
        if rest.rstrip(b"\0") != NAME.encode():
            return None
        return 0, struct.pack("<4Q2I", 2, 0, 60, 60, 0, 0) + attributes(2)
    if operation == _GETATTR:
        return 0, struct.pack("<Q2I", 60, 0, 0) + attributes(node)
    if operation in (_OPEN, _OPENDIR):
        return 0, struct.pack("<Q2I", 0, _DIRECT, 0)
    return _NOT_KNOWN, b""


def main(folder: str) -> None:
    """Mount, and answer until this process is killed."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if ctypes.CDLL(None, use_errno=True).mount(b"stall", os.fsencode(folder), b"fuse", 0, options):
        sys.exit(os.strerror(ctypes.get_errno()))
    print("ready", flush=True)
    while True:
        request = os.read(device, 1 << 20)
        _, operation, unique, node, *_ = _HEADER.unpack_from(request)
        answered = answer(operation, node, request[_HEADER.size :])
        if answered is not None:
            error, body = answered
            os.write(device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)


if __name__ == "__main__":
    main(sys.argv[1])
