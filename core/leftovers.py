"""Tidies up after attempts that were ended, where a folder that stalls can keep nobody waiting for ever.

What lies in a network folder that has gone away can be neither looked at nor removed: a thread that tries
is stuck for as long as the system likes. So each tidying has a thread of its own, and is waited for a while.
Then it is noted in the data folder, so that what the app's end finds still there is removed after the next
start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import BadDelivery, MachineLost, OutOfMemory, TimedOut, WorkerCrashed
from core.executor import Task
from core.imaging.naming import remove_files, remove_leftovers, temporary_paths
from core.imaging.receipt import finish_replacing, published, withdraw
from core.job import OutputFile
from core.recipe import Recipe

log = logging.getLogger(__name__)

Files = tuple[OutputFile, ...]

UNTIDY: Final = frozenset(
    kind.code for kind in (WorkerCrashed, TimedOut, OutOfMemory, MachineLost, BadDelivery)
)
"""The codes of the errors with which an attempt ends that has not tidied up itself."""

_PATIENCE: Final = 3.0  # seconds until a folder is taken for one that stalls


class Leftovers:
    """What ended attempts may have left; all methods but `tidy` belong to the thread of the running loop."""

    def __init__(self, data_dir: Path, patience: float = _PATIENCE) -> None:
        """patience: seconds that a tidying is waited for."""
        self._owed = data_dir / "leftovers"
        self._patience = patience

    def remove_owed(self) -> None:
        """Remove what earlier runs of the app could not, in the background."""
        threading.Thread(target=self._remove_owed, name="owed leftovers", daemon=True).start()

    async def tidied(self, task: Task, cancelled: bool = False) -> Files | None:
        """Tidy up after a worker's end as `tidy` does; None also when the folder has not answered in time.

        An attempt that had published all is then made again, which gives the same files (G6).
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Files | None] = loop.create_future()
        given_up = threading.Event()

        def work() -> None:
            try:
                files = tidy(task, cancelled, given_up.is_set)
            except Exception:
                log.exception("What an attempt left could not be tidied up")
                files = None
            if given_up.is_set():
                with suppress(OSError):
                    self._note(task).unlink()
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_resolve, ended, files)

        threading.Thread(target=work, name="leftovers", daemon=True).start()
        done, _ = await asyncio.wait([ended], timeout=self._patience)
        if done:
            return ended.result()
        log.warning("The folder that %s goes to does not answer; what is left there waits", task.source)
        self._owe(task)
        given_up.set()
        return None

    def _note(self, task: Task) -> Path:
        return self._owed / f"{task.temp_tag}.json"

    def _owe(self, task: Task) -> None:
        recipe = Recipe.from_json(task.recipe)
        if recipe.replace_original:
            return  # with the original in the trash it may be all there is
        paths = temporary_paths(task.source, recipe, task.temp_tag, task.below)
        with suppress(OSError):
            self._owed.mkdir(exist_ok=True)
            self._note(task).write_text(json.dumps(paths), encoding="ascii")

    def _remove_owed(self) -> None:
        for note in sorted(self._owed.glob("*.json")):
            with suppress(OSError, ValueError):
                remove_files(json.loads(note.read_text(encoding="ascii")))
            with suppress(OSError):
                note.unlink()


def tidy(task: Task, cancelled: bool = False, given_up: Callable[[], bool] = lambda: False) -> Files | None:
    """After a worker's end: remove what is left over, and return the outputs when all had been published.

    cancelled: also remove those outputs that had been published, as the user gave the job up. given_up: tells
    that nobody waits any more, and another attempt may have published the same.
    """
    may_go = finish_replacing(task.receipt, task.temp_tag)
    files = published(task.receipt, task.temp_tag)
    if files is None and cancelled and not given_up():
        withdraw(task.receipt, task.temp_tag, given_up)
    if task.downloads and (files is not None or cancelled) and not given_up():
        shutil.rmtree(task.downloads, ignore_errors=True)
    # Also when all is published: a file has both its names for the instant between link and unlink.
    if may_go:
        remove_leftovers(task.source, task.recipe, task.temp_tag, task.below)
    return files


def _resolve(ended: asyncio.Future[Files | None], files: Files | None) -> None:
    if not ended.done():
        ended.set_result(files)
