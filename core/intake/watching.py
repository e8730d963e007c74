"""Watches one folder in a thread: what arrives in it is taken when it has stopped growing."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ImageQueueError
from core.intake.formats import named_like_image
from core.intake.paths import LARGEST_BATCH, Walk, is_system, is_trash
from core.intake.results import ResultNames
from core.intake.taken import Stamp, Taken
from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.recipe import Recipe

log = logging.getLogger(__name__)

_LOOKED_FOR: Final = 5.0  # seconds until a folder that is not there is looked for again
_MOST_GROWING: Final = 20_000  # files that are waited for at the same time: each is looked at in each tick
_STEP: Final = 50  # milliseconds that changes are gathered for

Take = Callable[[list[str], Recipe, int], None]
"""Puts sources into the queue with a recipe and a priority; returns when they are accepted, or raises."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a watched folder is looked at, in seconds."""

    settled: float = 2.0  # that a file must not have changed for
    tick: float = 0.5  # between two looks at files that may still grow
    looked_for: float = _LOOKED_FOR


class FolderWatch:
    """One watched folder, from `start` to `stop`.

    It begins with all that is there and was not taken as it is now, so what arrived while the app was closed
    is not missed. When the folder goes away it is waited for, and begun with again. What this recipe makes,
    in its output folder or beside its sources, is never taken; nor is what `made` tells of.
    """

    def __init__(
        self,
        watched: WatchedFolder,
        memory: Path,
        take: Take,
        say: Callable[[str], None],
        *,
        wanted: Wanted | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; `say` hears, in the thread, one sentence on how the folder is whenever that changes."""
        self._watched = watched
        self._memory = memory
        self._take = take
        self._say = say
        self._wanted = wanted or Wanted()
        self._pace = pace or Pace()
        self._growing: dict[str, tuple[Stamp, float]] = {}  # path -> how it was, since when
        self._made: deque[str] = deque()
        self._in_target: dict[str, bool] = {}
        self._said = ""
        self._polling = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end; may be called from any thread."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def made(self, paths: Iterable[str]) -> None:
        """Hear of files that the queue has made, from any thread: they are not to be taken."""
        self._made.extend(paths)

    # -- in the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._recipe = self._watched.read_recipe()
            self._results = ResultNames(self._recipe)
            self._taken = Taken(self._memory)
        except Exception as error:
            self._tell(str(error))
            if not isinstance(error, ImageQueueError):
                log.exception("A folder cannot be watched")
            return
        try:
            while not self._stop.is_set():
                identity = _identity(self._watched.path)
                if identity is None:
                    self._tell("The folder is not there; it is waited for.")
                    self._stop.wait(self._pace.looked_for)
                else:
                    self._watch_while(identity)
        finally:
            self._taken.close()

    def _watch_while(self, identity: Stamp) -> None:
        """Watch until the folder is another one, or gone, or this is to stop."""
        from watchfiles import Change, watch

        began = False
        try:
            for changes in watch(
                self._watched.path,
                watch_filter=None,
                debounce=4 * _STEP,
                step=_STEP,
                stop_event=self._stop,
                rust_timeout=int(self._pace.tick * 1_000),
                yield_on_timeout=True,
                raise_interrupt=False,
                force_polling=self._polling or None,
                ignore_permission_denied=True,
            ):
                if not began:  # after the watch has begun, or what arrives in between would be missed
                    began = True
                    self._tell("Watching.")
                    self._look_through(self._watched.path)
                for kind, path in changes:
                    if kind is not Change.deleted:
                        self._look_at(path)
                self._take_settled()
                if _identity(self._watched.path) != identity:
                    return
        except (OSError, RuntimeError) as error:
            if not self._polling and _identity(self._watched.path) == identity:
                log.warning("%s is looked through again and again: %s", self._watched.path, error)
                self._polling = True  # too many folders for the system to tell of, or a network's disk
            else:
                self._tell(f"The folder cannot be watched just now: {error}.")
                self._stop.wait(self._pace.looked_for)

    def _tell(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self._say(sentence)

    def _look_through(self, folder: str) -> None:
        walk = Walk([folder], wanted=self._wanted, stopped=self._stop.is_set)
        for batch in walk.batches():
            for path in batch:
                self._note(path)
                while len(self._growing) >= _MOST_GROWING and not self._stop.wait(self._pace.tick):
                    self._take_settled()

    def _look_at(self, path: str) -> None:
        """Look at a path that something happened to."""
        within = os.path.relpath(path, self._watched.path)
        if not self._wanted.hidden and (within.startswith(".") or f"{os.sep}." in within):
            return
        if any(map(is_system, Path(within).parts)) or any(map(is_trash, _folders_of(path))):
            return  # an original that was replaced went there
        if os.path.isdir(path):  # noqa: PTH112
            self._look_through(path)
        elif named_like_image(path) and self._wanted.has_format(path):
            self._note(path)

    def _note(self, path: str) -> None:
        if self._is_in_target(os.path.dirname(path)):  # noqa: PTH120
            return
        within = path[len(self._watched.path) + 1 :].replace(os.sep, "/")
        if self._wanted.ignores(within):
            return
        stamp = _stamp(path)
        if stamp is not None and path not in self._growing and not self._taken.knows(self._key(path), stamp):
            self._growing[path] = stamp, time.monotonic()

    def _key(self, path: str) -> str:
        return f"{self._watched.path}\0{path}"

    def _take_settled(self) -> None:
        """Give the queue the files that have not changed for long enough."""
        self._in_target.clear()  # where links lead may change
        while self._made:
            path = self._as_watched(self._made.popleft())
            stamp = None if path is None else _stamp(path)
            if path is not None and stamp is not None:
                self._taken.add({self._key(path): stamp})
        settled: dict[str, Stamp] = {}
        for path, (before, since) in list(self._growing.items()):
            stamp, now = _stamp(path), time.monotonic()
            if stamp is None:
                del self._growing[path]
            elif stamp != before:
                self._growing[path] = stamp, now
            elif now - since >= self._pace.settled:
                del self._growing[path]
                if not self._taken.knows(self._key(path), stamp) and stamp[0] >= self._wanted.min_bytes:
                    settled[path] = stamp
        for path in self._results_among(settled):
            self._taken.add({self._key(path): settled.pop(path)})
        paths = sorted(settled)
        for start in range(0, len(paths), LARGEST_BATCH):
            batch = paths[start : start + LARGEST_BATCH]
            try:
                self._take(batch, self._recipe, self._watched.priority)
            except ImageQueueError as error:  # the queue takes nothing for the moment
                self._tell(str(error))
                self._growing |= {path: (settled[path], time.monotonic()) for path in paths[start:]}
                return
            self._taken.add({self._key(path): settled[path] for path in batch})

    def _is_in_target(self, folder: str) -> bool:
        """Return whether a folder is one for what is made, within the watched one."""
        if folder not in self._in_target:
            results = self._results
            self._in_target[folder] = results.holds(folder) and not results.holds(self._watched.path)
        return self._in_target[folder]

    def _as_watched(self, path: str) -> str | None:
        """Return a path as this watch comes to it, through a link or not; None for one that is elsewhere."""
        within = os.path.join(self._watched.path, "")  # noqa: PTH118
        if path.startswith(within):
            return path
        real, top = os.path.realpath(path), os.path.join(os.path.realpath(self._watched.path), "")  # noqa: PTH118
        return within + real[len(top) :] if real.startswith(top) else None

    def _results_among(self, paths: Iterable[str]) -> list[str]:
        """Return those of the files that this recipe made of others beside them."""
        folders: dict[str, set[str]] = {}
        for path in paths:
            folder, name = os.path.split(path)
            folders.setdefault(folder, set()).add(name)
        found: list[str] = []
        for folder, names in folders.items():
            try:
                there = [name for name in os.listdir(folder) if named_like_image(name)]  # noqa: PTH208
            except OSError:
                continue
            found += [os.path.join(folder, name) for name in self._results.among(folder, there) & names]  # noqa: PTH118
        return found


def _folders_of(path: str) -> Iterator[str]:
    """Yield a path and the folders around it."""
    at = len(path)
    while at > 0:
        yield path[:at]
        at = path.rfind(os.sep, 0, at)


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _identity(folder: str) -> Stamp | None:
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if os.path.isdir(folder) else None  # noqa: PTH112
