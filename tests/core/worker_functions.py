"""What tests let worker processes do: well, badly, and in ways that no image should be able to."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from core.errors import DiskFull
from core.executor import Done, Failed, Outcome, Skipped, Stopped, Task
from core.job import JobError, OutputFile

AUTOGROUP = Path("/proc/self/autogroup")

Report = Callable[[float], None]


def nothing(task: Task, report: Report) -> Outcome:
    return Done()


def by_source(task: Task, report: Report) -> Outcome:
    """Do what the function does that is named before the colon in the task's source."""
    function = cast("Callable[[Task, Report], Outcome]", globals()[task.source.partition(":")[0]])
    return function(task, report)


def pid(task: Task, report: Report) -> Outcome:
    return Done(notes=(str(os.getpid()),))


def everything(task: Task, report: Report) -> Outcome:
    file = OutputFile(f"{task.source}.webp", 1234, 640, 480, "thumbnail")
    return Done((file,), 99_999, 4000, 3000, (repr(task),))


def skip(task: Task, report: Report) -> Outcome:
    return Skipped("It is there already.", 5)


def fail(task: Task, report: Report) -> Outcome:
    return Failed(JobError("disk-full", "The disk is full.", True, "details"))


def stop(task: Task, report: Report) -> Outcome:
    return Stopped()


def modules(task: Task, report: Report) -> Outcome:
    return Skipped(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))


def circumstances(task: Task, report: Report) -> Outcome:
    """Tell of the process: nice values, SIGINT's action, group, core limit, descriptors."""
    import resource

    return Done(
        notes=(
            str(_NICE_WHILE_WARMING),
            str(os.nice(0)),
            AUTOGROUP.read_text(encoding="ascii") if AUTOGROUP.exists() else "nice 19",
            str(signal.getsignal(signal.SIGINT) is signal.SIG_IGN),
            str(os.getpgid(0) == os.getpid()),
            str(resource.getrlimit(resource.RLIMIT_CORE)[0]),
            str(Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip()),
            str(Path("/proc/self/fd/0").readlink()),
            str(Path("/proc/self/fd/1").readlink() == Path("/proc/self/fd/2").readlink()),
        )
    )


def segfault(task: Task, report: Report) -> Outcome:
    # The private name is the documented way to have a real one: see test_faulthandler of CPython.
    cast("Any", faulthandler)._sigsegv()
    return Done()


def hang(task: Task, report: Report) -> Outcome:
    report(0.5)
    while True:
        time.sleep(60)


def hang_with_the_lock(task: Task, report: Report) -> Outcome:
    """Hang in C while the interpreter's lock is held, so that no other thread of the worker runs."""
    import ctypes

    report(0.5)
    ctypes.PyDLL(None).pause()
    return Done()


def eat_memory(task: Task, report: Report) -> Outcome:
    pieces = []
    while True:
        pieces.append(bytearray(50_000_000))


def die_as_an_allocator(task: Task, report: Report) -> Outcome:
    os.write(2, b"GLib-ERROR **: gmem.c:106: failed to allocate 100000 bytes\n")
    os.abort()


def leave(task: Task, report: Report) -> Outcome:
    os._exit(int(task.source.partition(":")[2] or 0))


def kill_itself(task: Task, report: Report) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    return Done()


def system_exit(task: Task, report: Report) -> Outcome:
    sys.exit("a library gave up")


def make_noise(task: Task, report: Report) -> Outcome:
    """Print to everything that can be printed to, in Python, below it, and in a child; read from stdin."""
    print('{"outcome":"skipped","reason":"printed","source_bytes":null}', flush=True)
    print("x" * 300_000, flush=True)
    os.write(1, b'{"progress":7}\nnot json\n')
    os.write(2, b"warning: \xff\n" * 10_000)
    subprocess.run(["/bin/sh", "-c", "echo noise; echo noise >&2; cat"], check=True)
    assert os.read(0, 10) == b""
    return Done(notes=("quiet",))


class Unspeakable(Exception):
    """An exception that can be neither pickled nor printed."""

    def __init__(self, lock: object) -> None:
        super().__init__(lock)
        self.lock = lock

    def __str__(self) -> str:
        raise RuntimeError("no words")

    def __reduce__(self) -> str:
        raise TypeError("no pickles")


def raise_something_odd(task: Task, report: Report) -> Outcome:
    raise Unspeakable(threading.Lock())


def raise_one_of_ours(task: Task, report: Report) -> Outcome:
    raise DiskFull(f"The disk with {task.source} is full.")


def raise_endlessly(task: Task, report: Report) -> Outcome:
    return raise_endlessly(task, report)


def raise_a_long_story(task: Task, report: Report) -> Outcome:
    raise ValueError("long " * 1_000_000)


def return_nonsense(task: Task, report: Report) -> Outcome:
    return cast("Outcome", {"outcome": "done"})


def _reply_pipe() -> int:
    """Find the pipe that the worker answers on: the one that is open for writing and is not 1 or 2."""
    prints = os.readlink("/proc/self/fd/2")
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(FileNotFoundError):  # the folder's own
            target = os.readlink(f"/proc/self/fd/{number}")
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_WRONLY
            if target.startswith("pipe:") and target != prints and writes:
                return number
    raise AssertionError("no such pipe")


def answer_garbage(task: Task, report: Report) -> Outcome:
    os.write(_reply_pipe(), b"\x00\xffgarbage\n")
    return Done()


def answer_without_end(task: Task, report: Report) -> Outcome:
    number = _reply_pipe()
    while True:
        os.write(number, b"x" * 65_536)


def answer_wrongly(task: Task, report: Report) -> Outcome:
    os.write(_reply_pipe(), b'{"outcome":"done","outputs":[["/x",-1,2,3,""]],"notes":[]}\n')
    return Done()


def answer_half_a_line(task: Task, report: Report) -> Outcome:
    os.write(_reply_pipe(), b'{"outcome":"done"')
    os._exit(0)


def fork_and_hang(task: Task, report: Report) -> Outcome:
    """Write both process ids to the task's receipt, and hang in both."""
    child = os.fork()
    if child:
        written = Path(f"{task.receipt}.part")
        written.write_text(f"{os.getpid()} {child}", encoding="ascii")
        written.rename(task.receipt)
    return hang(task, report if child else lambda _fraction: None)


def fork_and_die(task: Task, report: Report) -> Outcome:
    """Die at once, and leave a forked process behind that hangs."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
    Path(task.receipt).write_text(f"{os.getpid()} {child}", encoding="ascii")
    os._exit(3)


def report_much(task: Task, report: Report) -> Outcome:
    report(0.25)
    for _ in range(10_000):
        report(0.3)
    report(float("nan"))
    time.sleep(0.06)
    report(7)
    thread = threading.Timer(0.02, report, (0.9,))  # a library that reports after the end
    thread.start()
    return Done()


def warm() -> None:
    """Count how often this module was made ready, which is once in a worker, and note how nice that was."""
    global _WARMED, _NICE_WHILE_WARMING
    _WARMED += 1
    _NICE_WHILE_WARMING = os.nice(0)


_WARMED = 0
_NICE_WHILE_WARMING = 0


def warmed(task: Task, report: Report) -> Outcome:
    return Done(notes=(str(_WARMED),))


def wait_for(task: Task, report: Report) -> Outcome:
    """End when the file is there that is named after the colon."""
    report(0.1)
    file = Path(task.source.partition(":")[2])
    while not file.exists():
        time.sleep(0.002)
    return Done()


def nap(task: Task, report: Report) -> Outcome:
    time.sleep(0.03)
    return Done()


def take(task: Task, report: Report) -> Outcome:
    """Ask for as many bytes of address space as the source says, and use none of them."""
    mmap.mmap(-1, int(task.source)).close()
    return Done()
