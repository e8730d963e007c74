"""One slot: its thread, the worker process that the thread keeps, and the task under way.

The thread does one thing after the other: start a worker process, wait for a task, write it to the process,
read until the answer or the end of the pipe, tell the loop. The loop never waits for a process, and works the
same whether it is asyncio's own or Qt's. Ending a task is killing its process: its thread then sees the pipe
end, buries the process, tells the loop, and starts the next one.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from queue import SimpleQueue
from typing import Final

from core.errors import OutOfMemory, TimedOut, WorkerCrashed, describe, details_of
from core.executor import Done, Failed, Outcome, ProgressSink, Skipped, Stopped, Task
from core.job import JobError
from core.wire import BadMessage, outcome_from_wire, progress_from_wire, task_to_wire, to_line
from core.worker_process import WorkerGone, WorkerProcess, death_of

_LONGEST_LOOK: Final = 3600.0  # seconds until a time limit is looked at again; Qt's timers end at 24 days
_LAST_WORDS_TIME: Final = 1.0  # seconds that a worker over its time limit has to print where it hangs
# A worker that did this many tasks, and is this many seconds old, is replaced: libraries may leak. Those for
# JPEG were not seen to in 2,000 tasks, and a start takes as much of the processor as forty small images.
_RENEW_AFTER_TASKS: Final = 2_000
_RENEW_AFTER_SECONDS: Final = 30.0
_TRIES_TO_GIVE: Final = 2  # workers that are started for one task before it fails for want of one
_LONGEST_BACKOFF: Final = 2.0  # seconds between two starts of a worker that does not come up

# What allocators print before they end the process: GLib, C++, libc, Python.
_OUT_OF_MEMORY_WORDS: Final = ("failed to allocate", "bad_alloc", "Cannot allocate memory", "MemoryError")

StartWorker = Callable[[], WorkerProcess]


class _Asked(Enum):
    """Why a task is to end before its time."""

    CANCEL = auto()
    TIMEOUT = auto()


@dataclass(slots=True, eq=False)
class _Order:
    """A task on its way through a slot."""

    task: Task
    future: asyncio.Future[Outcome]
    outcome: Outcome | None = None  # set on the loop
    sent: bool = False  # whether a worker has it; this and the next two change under the slot's lock
    asked: _Asked | None = None
    ended: bool = False  # whether the thread has seen its end
    deadline: float | None = None  # by time.monotonic, from when a worker has it


class Slot:
    """One slot: its thread, the worker that the thread keeps, and the order under way."""

    def __init__(self, number: int, start_worker: StartWorker, on_progress: ProgressSink | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._start_worker = start_worker
        self._on_progress = on_progress
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        # Of the loop:
        self._order: _Order | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer is, by time.monotonic
        # Of both, changed under the lock; never held while waiting for anything:
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._closing = False
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._close_now = threading.Event()
        self._outdated = False  # whether the worker is to be replaced before the next task
        # Of the thread:
        self._failures = 0  # starts in a row that failed
        self._failure = JobError(WorkerCrashed.code, "No worker process could be started.", True)
        self._tasks = 0  # that this worker has done
        self._born = 0.0
        threading.Thread(target=self._supervise, name=f"slot-{number}", daemon=True).start()

    # -- on the loop --------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return self._order is not None

    async def do(self, task: Task) -> Outcome:
        """Run a task to its end."""
        assert self._order is None, "the slot is busy"
        order = self._order = _Order(task, self._loop.create_future())
        self._orders.put(order)
        if task.timeout is not None:
            self._look_in(task.timeout)
        try:
            return await order.future
        except asyncio.CancelledError:
            if order.outcome is None:
                order.future = self._loop.create_future()  # the first one is cancelled, too
                self._ask(order, _Asked.CANCEL)
                await order.future
            raise
        finally:
            self._order = None

    def cancel(self) -> None:
        """End the task under way, if there is one."""
        if self._order is not None:
            self._ask(self._order, _Asked.CANCEL)

    def end(self, *, at_once: bool = False) -> None:
        """End the thread and its worker, after the task under way or at once; `gone` tells when."""
        if at_once:
            self.cancel()
            with self._lock:
                self._closing = True
                worker = self._worker
            self._close_now.set()
            if worker is not None:
                worker.kill()
        self._orders.put(None)
        if self._timer is not None and (at_once or self._order is None):
            self._timer.cancel()
            self._timer = None

    def renew(self) -> None:
        """Give the next task a new worker; one that is under way keeps its own."""
        self._outdated = True

    def _ask(self, order: _Order, why: _Asked) -> None:
        with self._lock:
            if order.ended or order.asked in (why, _Asked.CANCEL):
                return
            order.asked = why
            worker = self._worker if order.sent else None
        if worker is None:  # no worker has it: the thread will pass it over
            self._settle(order, Stopped())
        elif why is _Asked.TIMEOUT:
            worker.abort()
            self._loop.call_later(_LAST_WORDS_TIME, worker.kill)
        else:
            worker.kill()

    def _settle(self, order: _Order, outcome: Outcome) -> None:
        if order.outcome is None:
            order.outcome = outcome
            if not order.future.done():
                order.future.set_result(outcome)

    def _progress(self, order: _Order, fraction: float) -> None:
        if order.outcome is None and self._on_progress is not None:
            self._on_progress(order.task.job_id, fraction)

    def _look_in(self, seconds: float) -> None:
        """Look at the time limit then: one timer serves for as many tasks as end before it."""
        seconds = min(seconds, _LONGEST_LOOK)
        due = time.monotonic() + seconds
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_later(seconds + 0.001, self._look)  # qasync rounds down

    def _look(self) -> None:
        self._timer = None
        order = self._order
        if order is None or order.task.timeout is None:
            return
        left = order.task.timeout if order.deadline is None else order.deadline - time.monotonic()
        if left > 0:
            self._look_in(left)
        else:
            self._ask(order, _Asked.TIMEOUT)

    # -- in the thread ------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        try:
            self._renew()
            self._tell(_resolve, self.ready)
            while not self._closing and (order := self._orders.get()) is not None:
                try:
                    outcome = self._attempt(order)
                except Exception as error:
                    self._bury()
                    outcome = Failed(describe(error))
                self._tell(self._settle, order, outcome)
                self._refresh()
        finally:
            self._bury()
            self._tell(_resolve, self.ready)
            self._tell(_resolve, self.gone)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop was closed under us: there is nobody left to work for
            self._closing = True

    def _renew(self) -> WorkerProcess | None:
        """Start a worker and wait until it is warm; after failures, first wait a little.

        Returns None if none could be started; `_failure` then says why.
        """
        if self._failures:
            self._close_now.wait(min(0.1 * 2 ** (self._failures - 1), _LONGEST_BACKOFF))
        if self._closing:
            return None
        try:
            worker = self._start_worker()
        except Exception as error:  # no memory, no process, no file, no thread: the system says which
            self._note_failure(f"No worker process could be started: {error}.", details_of(error))
            return None
        with self._lock:
            self._worker = worker
            closing = self._closing
        try:
            if closing:
                raise WorkerGone("It was not needed any more.")
            worker.wait_until_ready()
        except WorkerGone as error:
            status = self._bury(dying=not str(error))
            said = _joined(str(error), worker.last_words())
            self._note_failure(f"A worker process died while it started ({death_of(status)}).", said)
            return None
        self._failures = 0
        self._tasks = 0
        self._born = time.monotonic()
        return worker

    def _note_failure(self, sentence: str, details: str) -> None:
        self._failures += 1
        self._failure = JobError(WorkerCrashed.code, sentence, True, details)

    def _bury(self, *, dying: bool = False) -> int:
        """Kill the worker if there is one, and wait until it is gone; return its exit status.

        dying: it has begun to end by itself, and its own exit status is of interest.
        """
        with self._lock:
            worker, self._worker = self._worker, None
        return 0 if worker is None else worker.bury(dying=dying)

    def _attempt(self, order: _Order) -> Outcome:
        line = to_line(task_to_wire(order.task))
        self._bury_outdated()
        for _ in range(_TRIES_TO_GIVE):
            if order.asked is not None or self._closing:
                return Stopped()
            worker = self._worker or self._renew()
            if worker is None:
                continue
            if not self._is_to_go_on(order):
                return Stopped()
            try:
                worker.send(line)
            except WorkerGone as error:  # it died while it was idle: this task has no part in it
                with self._lock:
                    order.sent = False
                death = death_of(self._bury(dying=True))
                self._note_failure(f"A worker process died while it was idle ({death}).", str(error))
                continue
            return self._result(worker, order)
        return Failed(self._failure)

    def _is_to_go_on(self, order: _Order) -> bool:
        """Note that a worker has it from now on, and its time runs, unless it was cancelled before."""
        with self._lock:
            if order.asked is not None:
                return False
            order.sent = True
            if order.task.timeout is not None:
                order.deadline = time.monotonic() + order.task.timeout
            return True

    def _result(self, worker: WorkerProcess, order: _Order) -> Outcome:
        """Read what the worker says until it is the end of the task, or of the worker."""
        outcome: Outcome | None = None
        trouble = ""
        try:
            while outcome is None:
                message = worker.receive()
                fraction = progress_from_wire(message)
                if fraction is None:
                    outcome = outcome_from_wire(message)
                else:
                    self._tell(self._progress, order, fraction)
        except WorkerGone as error:
            trouble = str(error)
        except BadMessage as error:
            trouble = f"It answered what is not an answer: {error}"
        if isinstance(outcome, Stopped):
            outcome = None
            trouble = "It stopped, and nobody had asked it to."
        with self._lock:
            order.ended = True
            asked = order.asked
        if outcome is not None and asked is None:
            return outcome
        status = self._bury(dying=outcome is None and asked is None and not trouble)
        if isinstance(outcome, Done | Skipped):
            return outcome  # it was quicker than the kill: the files are there
        if asked is _Asked.CANCEL:
            return Stopped()
        said = _joined(trouble, worker.last_words())
        if asked is _Asked.TIMEOUT:
            sentence = f"It took longer than its time limit ({order.task.timeout:g} s)."
            return Failed(JobError(TimedOut.code, sentence, True, said))
        return Failed(_crash(status, trouble, said))

    def _bury_outdated(self) -> None:
        if self._outdated:
            self._outdated = False
            self._bury()

    def _refresh(self) -> None:
        """Between tasks: have a warm worker for the next one."""
        self._tasks += 1
        self._bury_outdated()
        if self._closing or self._failures:
            return
        old = self._tasks >= _RENEW_AFTER_TASKS and time.monotonic() - self._born >= _RENEW_AFTER_SECONDS
        if old:
            self._bury()
        if self._worker is None:
            self._renew()


def _crash(status: int, trouble: str, said: str) -> JobError:
    """Return the error for a worker that ended, or had to be ended, in the middle of a task."""
    if trouble:
        sentence = "The worker process gave no proper answer for this file, and was ended."
    elif any(words in said for words in _OUT_OF_MEMORY_WORDS):
        return JobError(OutOfMemory.code, "The image needs more memory than a worker may use.", True, said)
    else:
        sentence = f"The worker process died ({death_of(status)}) while it worked on this file."
        if death_of(status) == "signal SIGKILL":
            sentence += " The machine may be short of memory."
    return JobError(WorkerCrashed.code, sentence, True, said)


def _joined(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
