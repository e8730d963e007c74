"""Adds files, folders and links to the queue in batches, and sums up what became of them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from core.errors import BadUsage
from core.imaging.made import memory_of, want_again
from core.intake.batches import batches_of
from core.intake.gathering import gathered
from core.intake.paths import Refused, Walk
from core.intake.results import ResultNames
from core.intake.wanted import Wanted
from core.links.address import looks_like_link
from core.links.kept import archives_folder, gathered_folder
from core.recipe import Recipe
from core.status import Accepted

_SAID: Final = 3  # archives whose outputs' folder is named


class Accepting(Protocol):
    """What of the queue is needed to add to it; see core.queue.TaskQueue."""

    async def enqueue_batch(
        self,
        sources: Sequence[str],
        recipe: Recipe,
        priority: int = 0,
        max_retries: int = 3,
        first_index: int = 1,
        root: str = "",
    ) -> Accepted:
        """Accept a batch, all of it or nothing."""


class Flag(Protocol):
    """Something that can be set from anywhere, such as a threading.Event."""

    def is_set(self) -> bool:
        """Return whether it was set."""


@dataclass(frozen=True, slots=True)
class AddSummary:
    """What became of the paths that were added. The lists hold the first 1,000 of what the numbers count."""

    added: int = 0
    duplicates: int = 0  # sources that wait or run already with the same recipe
    numbered: int = 0  # jobs whose outputs get a number, as others in the queue would have the same names
    not_images_count: int = 0
    not_images: tuple[Refused, ...] = ()
    unreadable_count: int = 0  # files and folders that are not there or cannot be read
    unreadable: tuple[Refused, ...] = ()
    results_count: int = 0  # files left out because this recipe made them from others beside them
    results: tuple[Refused, ...] = ()
    left_out_count: int = 0  # files and folders that the settings for folders leave out
    left_out: tuple[Refused, ...] = ()
    homes: tuple[
        tuple[str, str], ...
    ] = ()  # where outputs go that no source is beside: "links" or an archive
    without_original: bool = False  # whether the originals of these were to be replaced
    first_id: int | None = None  # of the new jobs
    last_id: int | None = None
    cancelled: bool = False  # whether the adding was stopped before its end

    def sentence(self) -> str:
        """Return the summary for people: "Added 214, 3 were here already, 2 are not images."."""
        parts = [f"Added {self.added:,}"]
        if self.duplicates:
            parts.append(_counted(self.duplicates, "was here already", "were here already"))
        if self.results_count:
            parts.append(
                _counted(
                    self.results_count,
                    "was made by this recipe and is left out",
                    "were made by this recipe and are left out",
                )
            )
        if self.not_images_count:
            parts.append(_counted(self.not_images_count, "is not an image", "are not images"))
        if self.left_out_count:
            parts.append(_counted(self.left_out_count, "is left out", "are left out"))
        if self.unreadable_count:
            parts.append(f"{self.unreadable_count:,} could not be read")
        if self.cancelled:
            parts.append("then stopped")
        if parts == ["Added 0"]:
            return "No images were found."
        sentences = [", ".join(parts) + "."]
        if self.numbered:
            names = "gets" if self.numbered == 1 else "get"
            sentences.append(f"{self.numbered:,} could have the name of another and {names} a number.")
        why = ", as there is no original to replace" if self.without_original else ""
        sentences += [f"What is made of {what} goes to {folder}{why}." for what, folder in self.homes[:_SAID]]
        return " ".join(sentences)


async def add_paths(
    queue: Accepting,
    paths: Iterable[str | os.PathLike[str]],
    recipe: Recipe,
    *,
    priority: int = 0,
    max_retries: int = 3,
    take_every_file: bool = False,
    wanted: Wanted | None = None,
    data_dir: Path | None = None,
    again: bool = False,
    on_count: Callable[[int, int], None] | None = None,
    cancelled: Flag | None = None,
) -> AddSummary:
    """Add files, folders and links to the queue; returns when all that was found is accepted.

    The paths are walked in a thread of its own (see `Walk`), and enqueued in batches of 50 growing to 2,000,
    so that the first jobs show at once and the loop is never blocked. Links come first, archives last: these
    are unpacked into the data folder, and without `data_dir` they are not opened. With a recipe that puts its
    outputs beside the source, those of links go to the folder for outputs without one, and those of archives
    to a folder beside the archive. With a recipe that gathers, all that was found is one job. `wanted` says
    what of folders and archives is left out. With `again`, what is up to date is made all the same.

    `on_count` hears on the loop, several times a second, how many were added so far, and how many files and
    folders were looked at. Setting `cancelled` (or cancelling the task) ends it before the next batch; what
    was accepted until then stays. Raises what `enqueue_batch` raises.
    """
    given = [os.fspath(path) for path in paths]
    ended = threading.Event()
    wanted = wanted or Wanted()

    def stopped() -> bool:
        return ended.is_set() or (cancelled is not None and cancelled.is_set())

    walk = Walk(
        [path for path in given if not looks_like_link(path)],
        take_every_file=take_every_file,
        results=ResultNames(recipe),
        wanted=wanted,
        archives=data_dir is not None,
        stopped=stopped,
    )
    keep_in = None if data_dir is None else archives_folder(data_dir)
    batches = batches_of(given, walk, wanted, keep_in, stopped)
    if recipe.gather:
        if data_dir is None:
            raise BadUsage("A recipe that gathers needs a folder to keep lists in.")
        batches = gathered(batches, recipe, walk, gathered_folder(data_dir), stopped)
    thread = ThreadPoolExecutor(1, "intake")
    loop = asyncio.get_running_loop()
    added = duplicates = numbered = found = 0
    homes: dict[str, str] = {}
    first_id: int | None = None
    last_id: int | None = None
    try:
        while (batch := await loop.run_in_executor(thread, next, batches, None)) is not None:
            if cancelled is not None and cancelled.is_set():
                break
            if not batch.sources:
                if on_count is not None:
                    on_count(added, walk.seen)
                continue
            homed = recipe
            if batch.home and recipe.folder is None:
                homed = replace(recipe.with_folder(batch.home), mirror=False)
                homes.setdefault(batch.came_from, batch.home)
            if again and data_dir is not None:
                await loop.run_in_executor(
                    thread, want_again, memory_of(data_dir), batch.sources, homed.id_hash
                )
            accepted = await queue.enqueue_batch(
                batch.sources, homed, priority, max_retries, found + 1, batch.root
            )
            found += len(batch.sources)
            duplicates += accepted.duplicates
            numbered += accepted.numbered
            if accepted.ids:
                added += len(accepted.ids)
                first_id = accepted.ids[0] if first_id is None else first_id
                last_id = accepted.ids[-1]
            if on_count is not None:
                on_count(added, walk.seen)
    finally:
        ended.set()
        thread.shutdown(wait=False, cancel_futures=True)
    return AddSummary(
        added,
        duplicates,
        numbered,
        walk.not_images.count,
        tuple(walk.not_images.listed),
        walk.unreadable.count,
        tuple(walk.unreadable.listed),
        walk.results.count,
        tuple(walk.results.listed),
        walk.left_out.count,
        tuple(walk.left_out.listed),
        tuple(homes.items()),
        recipe.replace_original,
        first_id,
        last_id,
        cancelled is not None and cancelled.is_set(),
    )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
