"""Owns the coroutines that the window starts: none is lost, none fails unheard, all end with the app."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QCoreApplication

from core.errors import Bug, ImageQueueError
from core.hidden import without_passwords
from gui.sentences import in_language

log = logging.getLogger(__name__)


class Tasks:
    """Holds each coroutine that a Qt slot starts until it has ended.

    What a coroutine raises is told to `on_failure`.
    """

    def __init__(self) -> None:
        self.on_failure: Callable[[BaseException], None] = _only_log
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine on the running loop; returns its task, which nobody needs to keep."""
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.on_failure(error)

    async def end(self) -> None:
        """Cancel what still runs, but for the caller, and wait until it has ended."""
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)


def _only_log(error: BaseException) -> None:
    log.error("A coroutine failed before there was a window to say so", exc_info=error)


def sentence_of(error: BaseException) -> str:
    """Return what to tell a person of an error; one that is our own mistake is logged, too."""
    if is_expected(error):
        return in_language(str(error))
    log.critical("A mistake of our own", exc_info=error)
    text = QCoreApplication.translate("Tasks", "Image Queue made a mistake ({kind}): {error}")
    return text.format(kind=type(error).__name__, error=without_passwords(str(error)))


def is_expected(error: BaseException) -> bool:
    """Return whether the environment or the input did it, and not we."""
    return isinstance(error, ImageQueueError) and not isinstance(error, Bug)
