"""The app's end of one worker process: start it, talk to it, kill it, and know how it died."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from core.guard import Guard
from core.wire import LONGEST_LINE, BadMessage, Message, from_line
from core.worker import Orders

_WARM_UP_LIMIT: Final = 60.0  # seconds from the start until the worker must have said that it is ready
_TAIL: Final = 8_000  # bytes kept of what the worker and its libraries print
_TAIL_WAIT: Final = 1.0  # seconds to wait for the last of it after the death
_END_WAIT: Final = 3.0  # seconds from the end of its pipe to its own end, before it is killed
_STUCK_WAIT: Final = 2.0  # seconds from its kill until it is given up: a dead network folder can hold it
_LOOK_EVERY: Final = 0.5  # seconds between two looks whether it is stuck
_GROUP_WAIT: Final = 0.1  # seconds to wait for what it forked, which was killed at the same time

# The module search path comes as an argument and `-P` keeps the current folder out of it: a folder of images
# may hold a file `json.py`.
_BOOT: Final = """\
import json, sys
path, orders = json.loads(sys.argv[1])
sys.path[:] = path
from core.worker import Orders, main
main(Orders(**orders))
"""


class WorkerGone(Exception):
    """The worker's pipe has ended, or what came out of it is no message; the worker is of no more use."""


class Lifeline:
    """A pipe that ends when the app does: nothing is written to it, and only the app holds its write end.

    `guard` ends what workers had started, when they could not do it themselves.
    """

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()
        self.guard = Guard()

    def close(self) -> None:
        """Close both ends, which ends all workers that still watch it."""
        os.close(self.read_end)
        os.close(self._write_end)
        self.guard.close()


class WorkerProcess:
    """One worker process, started on creation. Raises OSError where no process can be started.

    The thread that creates it must live as long as it does: on Linux the process is killed when that thread
    ends. `kill` and `abort` may be called from any thread at any time.
    """

    def __init__(
        self, work: str, memory_limit: int | None, lifeline: Lifeline, *, yields: bool = True
    ) -> None:
        orders = Orders(work, os.getpid(), lifeline.read_end, memory_limit, yields)
        if sys.platform == "win32":
            import msvcrt

            handle = msvcrt.get_osfhandle(lifeline.read_end)
            os.set_handle_inheritable(handle, True)
            startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
            flags = subprocess.CREATE_NO_WINDOW
            if yields:
                flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
            orders = Orders(work, os.getpid(), handle, memory_limit, yields)
            self._process = subprocess.Popen(
                _command(orders),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                startupinfo=startup,
                creationflags=flags | subprocess.CREATE_NEW_PROCESS_GROUP,
            )
        else:
            self._process = subprocess.Popen(
                _command(orders),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lifeline.read_end,),
                start_new_session=True,  # a group of its own: what it forks can be killed with it
            )
        self._guard = lifeline.guard
        self._guard.watch(self._process.pid)
        self._requests = _opened(self._process.stdin)
        self._replies = _opened(self._process.stdout)
        self._lock = threading.Lock()
        self._buried = False
        self._killed: float | None = None  # when, by time.monotonic
        self._unread = bytearray()  # what it answered, from the end of the last whole line
        self._tail = bytearray()
        self._drain = threading.Thread(target=self._keep_tail, name="worker-prints", daemon=True)
        try:
            self._drain.start()
        except RuntimeError:  # no more threads
            _kill_group(self._process)
            self._guard.forget(self._process.pid)
            self._process.wait()
            raise

    def wait_until_ready(self) -> None:
        """Wait for the worker's imports. Raises WorkerGone if it ends, or takes far too long."""
        limit = threading.Timer(_WARM_UP_LIMIT, self.kill)
        limit.daemon = True
        try:
            limit.start()
            if "ready" not in self.receive():
                raise WorkerGone("It did not say that it is ready.")
        except RuntimeError as error:  # no more threads
            raise WorkerGone(str(error)) from error
        finally:
            limit.cancel()

    def send(self, line: bytes) -> None:
        """Give it a line. Raises WorkerGone if it was dead before."""
        self._tail.clear()  # what it printed at an earlier task says nothing of this one
        try:
            self._requests.write(line)
            self._requests.flush()
        except OSError as error:
            raise WorkerGone("It was gone before it got the task.") from error

    def receive(self) -> Message:
        """Wait for its next message. Raises WorkerGone at the end of the pipe, and when it is no message."""
        try:
            line = self._read_line()
            if line.endswith(b"\n") or len(line) > LONGEST_LINE:
                return from_line(line)
        except BadMessage as error:
            raise WorkerGone(f"It answered what is not an answer: {error}") from error
        raise WorkerGone("")  # the end, perhaps in the middle of a line; how it died says why

    def _read_line(self) -> bytes:
        """Return the next line, too long a one cut off; what is left at the pipe's end has no newline."""
        while b"\n" not in self._unread and len(self._unread) <= LONGEST_LINE:
            chunk = os.read(self._replies.fileno(), 65_536) if self._answers() else b""
            if not chunk:
                break
            self._unread += chunk
        end = self._unread.find(b"\n") + 1 or LONGEST_LINE + 1
        line = bytes(self._unread[:end])
        del self._unread[:end]
        return line

    def _answers(self) -> bool:
        """Wait until there is something to read, or the end; False when it was killed, and is stuck."""
        if sys.platform == "win32":
            return True
        waiting = select.poll()
        waiting.register(self._replies.fileno(), select.POLLIN)
        while not waiting.poll(_LOOK_EVERY * 1_000):
            if self._killed is not None and time.monotonic() - self._killed > _STUCK_WAIT:
                return False
        return True

    def abort(self) -> None:
        """Ask the process to print where it is, and die of it."""
        with self._lock:
            if not self._buried:
                _send_signal(self._process, signal.SIGABRT)

    def kill(self) -> None:
        """Kill the process and what it forked; it has no chance to object."""
        with self._lock:
            if not self._buried:
                self._killed = self._killed or time.monotonic()
                _kill_group(self._process)

    def bury(self, *, dying: bool = False) -> int:
        """Kill it, wait until it is truly gone, close its pipes; return its exit status as Popen gives it.

        dying: first give it a moment to end by itself, as its pipe already has. One that is stuck in the
        system is left to end there: no instruction of it is run any more once it was killed.
        """
        if dying:
            _wait_for_end(self._process.pid)
        with self._lock:
            if not self._buried:
                _kill_group(self._process)  # its id cannot be another's yet: nobody has waited for it
            self._buried = True
        self._guard.forget(self._process.pid)
        left = _STUCK_WAIT if self._killed is None else self._killed + _STUCK_WAIT - time.monotonic()
        try:
            status = self._process.wait(max(left, 0.1))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(RuntimeError):  # no more threads: the next Popen waits for it
                threading.Thread(target=self._process.wait, name="worker-stuck", daemon=True).start()
            status = -int(signal.SIGKILL)
        else:
            _wait_for_group(self._process.pid)
        with contextlib.suppress(OSError):  # the rest of a request that nobody reads
            self._requests.close()
        self._replies.close()
        self._drain.join(_TAIL_WAIT)
        return status

    def last_words(self) -> str:
        """Return the end of what it and its libraries printed."""
        return bytes(self._tail).decode("utf-8", "replace").strip()

    def _keep_tail(self) -> None:
        with _opened(self._process.stderr) as prints:
            while chunk := os.read(prints.fileno(), 65_536):
                self._tail += chunk
                del self._tail[:-_TAIL]


def death_of(status: int) -> str:
    """Return how a process died, for a sentence: "signal SIGSEGV" or "exit status 1"."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def _command(orders: Orders) -> list[str]:
    home = str(Path(__file__).resolve().parent.parent)  # the folder with `core` in it
    path = [entry for entry in sys.path if Path(entry).is_absolute()]
    if home not in path:
        path.insert(0, home)
    mode = ["-X", "utf8"] if sys.flags.utf8_mode else []  # paths must mean the same bytes there as here
    return [sys.executable, *mode, "-P", "-c", _BOOT, json.dumps([path, asdict(orders)])]


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _send_signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses for a dead leader
            os.killpg(process.pid, signal.SIGKILL)
        if sys.platform == "linux":
            # It yields the processor to all others, and beside a busy program it would take seconds to give
            # its memory back: let it die at the pace of the rest.
            with contextlib.suppress(OSError):
                Path(f"/proc/{process.pid}/autogroup").write_text("0", encoding="ascii")


def _wait_for_end(pid: int) -> None:
    """Wait, a little, until a process has ended, and leave its status to be taken by another."""
    if sys.platform == "linux":
        until = time.monotonic() + _END_WAIT
        with contextlib.suppress(ChildProcessError):  # where SIGCHLD is ignored, the system has taken it
            while time.monotonic() < until:
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    break
                time.sleep(0.001)


def _wait_for_group(number: int) -> None:
    """Wait, a little, until no process of a killed group is left."""
    if sys.platform != "win32":
        until = time.monotonic() + _GROUP_WAIT
        with contextlib.suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < until:
                os.killpg(number, 0)
                time.sleep(0.001)
