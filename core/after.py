"""Runs the user's own commands after each job that is done, and after all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.command import AFTER_ALL, AFTER_EACH, Running, filled, words_of
from core.errors import ImageQueueError
from core.job import ENDED, Job, JobState
from core.queue import TaskQueue
from core.status import ChangeKind, JobChange, QueueStatus

log = logging.getLogger(__name__)


class AfterCommands:
    """Hears the queue from `begin` to `close`. A command that fails leaves the job as it is, with a note.

    No more than `at_once` run at the same time, each at most `seconds`; those after jobs have ended when the
    one after all begins. What was not run when the app ends is not run later.
    """

    def __init__(
        self,
        queue: TaskQueue,
        *,
        each: str = "",
        all_done: str = "",
        seconds: float = 60.0,
        at_once: int = 2,
        say: Callable[[str], None],
        adding: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; `say` hears of a command that failed: after all, or the first one after a job in a run.

        adding: whether more is on its way into the queue: then it is not all, until `look` is called.
        Raises BadUsage as `words_of` does.
        """
        self._queue = queue
        self._each: tuple[str, ...] = ()
        self._all: tuple[str, ...] = ()
        self.set(each, all_done, seconds)
        self._say = say
        self._adding = adding
        self._at_once = at_once
        self._threads = ThreadPoolExecutor(at_once, "after")
        self._running = Running()
        self._waiting: deque[int] = deque()
        self._counts: Counter[JobState] = Counter()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._was_idle = True

    def set(self, each: str, all_done: str, seconds: float) -> None:
        """Run other commands from now on. Raises BadUsage."""
        self._each, self._all = (
            words_of(each, AFTER_EACH, "after_each"),
            words_of(all_done, AFTER_ALL, "after_all"),
        )
        self._seconds = seconds
        self._said = False  # that one after a job failed, since there was nothing left to run

    def begin(self) -> None:
        """Hear of what ends from now on."""
        self._queue.job_changed.connect(self._on_job_changed)
        self._queue.status_changed.connect(self._on_status_changed)
        self._task = asyncio.create_task(self._work(), name="after commands")

    @property
    def busy(self) -> bool:
        """Whether commands run, or wait to."""
        return not self._idle.is_set()

    async def settled(self) -> None:
        """Return when all commands have run for what has ended until now."""
        await self._idle.wait()

    async def close(self) -> None:
        """End the commands that run, and run no more."""
        self._queue.job_changed.disconnect(self._on_job_changed, missing_ok=True)
        self._queue.status_changed.disconnect(self._on_status_changed, missing_ok=True)
        self._waiting.clear()
        self._running.kill()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task, *self._under_way])
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _on_job_changed(self, change: JobChange) -> None:
        if change.kind is not ChangeKind.STATE or change.state not in ENDED:
            return
        self._counts[change.state] += len(change.ids)
        if self._each and change.state is JobState.DONE:
            self._waiting.extend(change.ids)
        self.look()

    def _on_status_changed(self, status: QueueStatus) -> None:
        idle = not self._left(status)
        if self._was_idle and not idle:
            self._said = False
        self._was_idle = idle
        if self._counts:
            self.look()

    def look(self) -> None:
        """See whether there is something to run now."""
        if self._waiting or self._all_is_done():
            self._idle.clear()
            self._news.set()

    def _all_is_done(self) -> bool:
        status = self._queue.status()
        left = self._left(status) or status.active or self._adding()
        return bool(self._all and self._counts and not left)

    @staticmethod
    def _left(status: QueueStatus) -> int:
        return status.live - status.counts[JobState.HELD]

    async def _work(self) -> None:
        while True:
            if not (self._waiting or self._under_way or self._all_is_done()):
                self._idle.set()
                await self._news.wait()
            self._news.clear()
            while self._waiting and len(self._under_way) < self._at_once:
                task = asyncio.create_task(self._after(self._waiting.popleft()))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            elif not self._waiting and self._all_is_done():
                counts, self._counts = self._counts, Counter()
                await self._after_all(counts)

    async def _after(self, job_id: int) -> None:
        try:
            for job in await self._queue.jobs([job_id]):
                if job.state is JobState.DONE and job.outputs and self._each:
                    failed = await self._run(filled(self._each, _values(job)))
                    if failed:
                        await self._queue.add_note(job_id, f"The command after it failed: {failed}")
                        self._tell_once(failed)
        except ImageQueueError as error:  # the queue is closed, or its store takes nothing
            log.warning("No command after job %d: %s", job_id, error)
        except Exception:
            log.exception("A command after a job could not be run")

    def _tell_once(self, failed: str) -> None:
        if not self._said:
            self._said = True
            self._say(f"The command after an image failed: {failed} Each image has a note on its own.")

    async def _after_all(self, counts: Counter[JobState]) -> None:
        failed = await self._run(filled(self._all, {name: str(counts[JobState(name)]) for name in AFTER_ALL}))
        if failed:
            log.warning("The command after all failed: %s", failed)
            self._say(f"The command after all failed: {failed}")

    async def _run(self, words: list[str]) -> str:
        run, loop = self._running.run, asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, run, words, self._seconds)


def _values(job: Job) -> dict[str, str | list[str]]:
    outputs = [one.path for one in job.outputs]
    return {
        "source": job.source,
        "output": outputs[0],
        "outputs": outputs,
        "id": str(job.id),
        "recipe": job.recipe_name,
    }
