"""The application: one owner of the queue, whose store is opened while Qt is still being loaded."""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import ImageQueueError, QueueInUse
from core.log_file import keep_log
from core.owner import Owner, send_to_owner
from core.queue import TaskQueue
from core.remote.everywhere import Everywhere
from core.settings import Settings
from core.slots import ProcessSlots


def main(data_dir: Path, paths: list[str], recipe: str = "") -> int:
    """Open the window on the queue in `data_dir`, with `paths` added; returns the exit status.

    recipe: the name of a built-in one, or a file, for the paths; without paths it is chosen in the window.

    When another process owns the queue, the paths are handed to it, and this one ends (G14). Raises
    ImportError where Qt is missing, or a library that it needs.
    """
    try:
        owner = Owner.acquire(data_dir)
    except QueueInUse as error:
        reply = send_to_owner(data_dir, {"do": "open", "paths": paths, "recipe": recipe})
        if reply is not None and reply.get("ok"):
            return 0
        print(f"imagequeue: {error}", file=sys.stderr)
        return 2
    except ImageQueueError as error:
        print(f"imagequeue: {error}", file=sys.stderr)
        return 2
    gc.disable()  # until the window is there: what a start makes stays, and is looked through in vain
    with owner:
        keep_log(data_dir, echo=True)
        settings = Settings.load(data_dir)
        local = ProcessSlots(memory_limit=settings.memory_limit)
        everywhere = Everywhere(local, data_dir, memory_limit=settings.memory_limit)
        queue = TaskQueue(
            data_dir,
            everywhere,
            concurrency=settings.workers,
            timeout=settings.timeout or None,
            aging=settings.aging,
        )
        queue.begin()
        try:
            run = _load_window()  # which takes as long as to look through a large store
        except ImportError:
            queue.leave()
            raise
        return run(owner, queue, everywhere, settings, data_dir, paths, recipe)


def _load_window() -> Callable[..., int]:
    """Import all of the window, and Qt before it.

    PySide looks through the source of each module that is imported after it, for those who write `from
    __feature__ import snake_case`: it would read all files of the window, and keep them. Nobody here does.
    """
    import PySide6.QtWidgets  # before qasync, which would else look for another binding  # noqa: F401

    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
    from gui.run import run

    return run
