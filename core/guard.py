"""A small process beside the app that ends what its workers started, should the app be killed.

Each worker ends with the app by itself. What it forked does too, but a program that a library started, or a
fork that Python does not know of, would live on: it is in the worker's process group, and this process kills
the groups that are left when the app's end of its pipe closes, however that comes about.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Final

_PROGRAM: Final = """\
import os, signal, sys
groups = set()
for line in sys.stdin.buffer:
    (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """Knows the process groups of the workers; where no process can be started, or on Windows, it is nobody.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # neither Ctrl+C nor a kill of the app's group is meant for it
                )

    def watch(self, group: int) -> None:
        """Kill this group at the end of the app."""
        self._tell(b"+%d\n" % group)

    def forget(self, group: int) -> None:
        """Kill it no more: called before the group's number can become another's."""
        self._tell(b"-%d\n" % group)

    def close(self) -> None:
        """End it, after all workers."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, line: bytes) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it was killed, or closed in this instant
                os.write(process.stdin.fileno(), line)
