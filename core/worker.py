"""What runs in a worker process: it takes tasks from its pipe, one at a time, until the app is gone.

The process is started by `core.worker_process`. It answers with one line for each task, and with lines of
progress before it. Whatever goes wrong in a task is an answer too: nothing is raised across the pipe. Here is
no Qt and no store; a task whose source is a link reaches the network.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from core.errors import Bug, OutOfMemory, describe
from core.executor import Failed, Outcome, Task
from core.job import JobError
from core.wire import from_line, outcome_to_wire, task_from_wire, to_line

_REPORT_EVERY: Final = 0.05  # seconds between two lines of progress
_NICE: Final = 19
_OOM_SCORE: Final = (
    "500"  # of 1000: when the machine runs out of memory, a worker goes before the window does
)
_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>
_M_TRIM_THRESHOLD: Final = -1  # <malloc.h>
_M_MMAP_THRESHOLD: Final = -3

Work = Callable[[Task, Callable[[float], None]], Outcome]
"""Does one task; it is given a function to call with the fraction done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker process is told at its start."""

    work: str  # "module:function" of a Work; a function `warm` in that module is called before the first task
    parent: int  # the id of the process that it ends with
    lifeline: (
        int  # the read end of a pipe (on Windows its handle) whose end of file says that the app is gone
    )
    memory_limit: int | None  # bytes that tasks may take beyond what the warm worker has
    yields: bool = True  # whether it leaves the processors to all else: not where a person waits for it


def main(orders: Orders) -> None:
    """Do tasks until the pipe with requests ends. Never returns."""
    requests, replies = _take_pipes()
    faulthandler.enable(file=2)
    _be_modest()
    _end_with_the_app(orders, (requests.fileno(), replies.fileno()))
    function = _load(orders.work)
    if orders.yields:
        _yield_the_processor()
    _limit_memory(orders.memory_limit)
    try:
        yielded = not orders.yields or _yield_as_a_session()
        _send(replies, to_line({"ready": os.getpid()}))
        for line in requests:
            yielded = yielded or _yield_as_a_session()
            _send(replies, _answer(function, line, replies))
    except BrokenPipeError:
        pass  # the app is gone, or has no more use for this worker
    os._exit(0)  # there is nothing to tidy, and nothing that may delay the end


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take file descriptors 0 and 1 away, so that nothing a library reads or prints gets into the pipes."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(replies, "wb")


def _be_modest() -> None:
    """Leave Ctrl+C to the app, no core files, and the window alive when memory runs out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _keep_freed_memory()
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _yield_the_processor() -> None:
    """Leave the processor to the window, once warm: a start that yields takes 20 s beside a busy program."""
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PGRP, 0, _NICE)  # it leads its group: all threads that libraries have started


def _yield_as_a_session() -> bool:
    """Lower the session, too, and return whether there is nothing left to do for it.

    The scheduler shares the processors out between sessions first, and each worker is one of its own: without
    this, four workers leave the window a fifth. The system takes one such change in a tenth of a second from
    all its users together, and refuses the others: those are for the next task.
    """
    if sys.platform == "linux":
        try:
            Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")
        except BlockingIOError:
            return False
        except OSError:
            return True  # this system has no such thing
    return True


def _keep_freed_memory() -> None:
    """Let glibc keep what a task frees for the next one, up to 64 MB, instead of asking the system anew.

    It saves nine of ten page faults, and 8 % of the processor time of small images and of sets of sizes; the
    peak is the same.
    """
    import ctypes

    with contextlib.suppress(AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def _end_with_the_app(orders: Orders, private: tuple[int, ...]) -> None:
    """See to it that this process, and what it forks, is gone when the app is, however that ends."""
    lifeline = orders.lifeline
    if sys.platform == "win32":
        import msvcrt

        lifeline = msvcrt.open_osfhandle(lifeline, os.O_RDONLY)

    def watch() -> None:
        os.read(lifeline, 1)  # nobody ever writes to it
        if sys.platform != "win32":
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        # At once, and even while a library holds the interpreter's lock. The signal comes when the thread
        # that started this process ends: that thread has to live as long as this process.
        import ctypes

        prctl = ctypes.CDLL(None).prctl

        def die_with(parent: int) -> None:
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)  # it ended before the signal was asked for

        die_with(orders.parent)
        forking = [os.getpid()]
        os.register_at_fork(
            before=lambda: forking.__setitem__(0, os.getpid()), after_in_child=lambda: die_with(forking[0])
        )
    if sys.platform != "win32":
        # A forked process that held on to the pipes would hide from the app that this one has died.
        def let_go() -> None:
            for number in (*private, lifeline):
                os.close(number)

        os.register_at_fork(after_in_child=let_go)


def _load(work: str) -> Work:
    """Import the function that does the tasks, with all that it needs."""
    module_name, _, function_name = work.partition(":")
    module = importlib.import_module(module_name)
    function = cast("Work", getattr(module, function_name))
    warm = getattr(module, "warm", None)
    if warm is not None:
        warm()
    return function


def _limit_memory(limit: int | None) -> None:
    """Make an allocation fail that would take this process `limit` bytes past what it has now (Linux)."""
    if sys.platform == "linux" and limit is not None:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + limit
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _send(replies: BinaryIO, line: bytes) -> None:
    replies.write(line)
    replies.flush()


class _Progress:
    """Sends how far the current task is, not too often, and nothing any more once the task has ended."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        self._lock = threading.Lock()  # libraries call back from threads of their own
        self._open = True
        self._next = 0.0

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now < self._next or not math.isfinite(fraction):
            return
        line = to_line({"progress": round(min(max(float(fraction), 0.0), 1.0), 4)})
        with self._lock:
            if self._open:
                self._next = now + _REPORT_EVERY
                _send(self._replies, line)

    def end(self) -> None:
        """Let nothing through any more."""
        with self._lock:
            self._open = False


def _answer(function: Work, request: bytes, replies: BinaryIO) -> bytes:
    """Do the task in a request, and return the line that tells how it ended, whatever happened."""
    progress = _Progress(replies)
    try:
        return to_line(outcome_to_wire(function(task_from_wire(from_line(request)), progress)))
    except BaseException as error:  # a library that calls sys.exit() fails its task, and not the worker
        return _failure(error)
    finally:
        progress.end()


def _failure(error: BaseException) -> bytes:
    """Return the line for what a task raised, even if that cannot be described or memory is short."""
    if isinstance(error, MemoryError) and error.__traceback__ is not None:
        traceback.clear_frames(error.__traceback__)  # the images in its variables, before more is asked for
    try:
        return to_line(outcome_to_wire(Failed(describe(error))))
    except BaseException:
        if isinstance(error, MemoryError):
            plain = JobError(OutOfMemory.code, "The image needs more memory than a worker may use.", True)
        else:
            plain = JobError(Bug.code, f"Image Queue made a mistake ({type(error).__name__}).")
        return to_line(outcome_to_wire(Failed(plain)))
