"""Adds files, folders and links to the queue in batches, and sums up what became of them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from core.intake.homeless import with_home
from core.intake.paths import LARGEST_BATCH, Refused, Walk
from core.intake.results import ResultNames
from core.links.address import clean_link, is_link, looks_like_link
from core.recipe import Recipe
from core.status import Accepted


class Accepting(Protocol):
    """What of the queue is needed to add to it; see core.queue.TaskQueue."""

    async def enqueue_batch(
        self,
        sources: Sequence[str],
        recipe: Recipe,
        priority: int = 0,
        max_retries: int = 3,
        first_index: int = 1,
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
    not_images_count: int = 0
    not_images: tuple[Refused, ...] = ()
    unreadable_count: int = 0  # files and folders that are not there or cannot be read
    unreadable: tuple[Refused, ...] = ()
    results_count: int = 0  # files left out because this recipe made them from others beside them
    results: tuple[Refused, ...] = ()
    folder: str = ""  # where outputs go that have no source to be beside; "" when none has to go there
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
                _counted(self.results_count, "is a result of this recipe", "are results of this recipe")
            )
        if self.not_images_count:
            parts.append(_counted(self.not_images_count, "is not an image", "are not images"))
        if self.unreadable_count:
            parts.append(f"{self.unreadable_count:,} could not be read")
        if self.cancelled:
            parts.append("then stopped")
        if parts == ["Added 0"]:
            return "No images were found."
        where = f" What is made of links goes to {self.folder}." if self.folder else ""
        return ", ".join(parts) + "." + where


async def add_paths(
    queue: Accepting,
    paths: Iterable[str | os.PathLike[str]],
    recipe: Recipe,
    *,
    priority: int = 0,
    max_retries: int = 3,
    take_every_file: bool = False,
    on_count: Callable[[int], None] | None = None,
    cancelled: Flag | None = None,
) -> AddSummary:
    """Add files, folders and links to the queue; returns when all that was found is accepted.

    The paths are walked in a thread of its own (see `Walk`), and enqueued in batches of 50 growing to 2,000,
    so that the first jobs show at once and the loop is never blocked. Links come first; with a recipe that
    puts its outputs beside the source, theirs go to the folder for outputs without one. `on_count` hears on
    the loop, after each batch, how many were added so far. Setting `cancelled` (or cancelling the task) ends
    it before the next batch; what was accepted until then stays. Raises what `enqueue_batch` raises.
    """
    given = [os.fspath(path) for path in paths]
    ended = threading.Event()
    walk = Walk(
        [path for path in given if not looks_like_link(path)],
        take_every_file=take_every_file,
        results=ResultNames(recipe),
        stopped=lambda: ended.is_set() or (cancelled is not None and cancelled.is_set()),
    )
    links = _links_among(given, walk)
    batches = chain(
        (links[start : start + LARGEST_BATCH] for start in range(0, len(links), LARGEST_BATCH)),
        walk.batches(),
    )
    thread = ThreadPoolExecutor(1, "intake")
    loop = asyncio.get_running_loop()
    added = duplicates = found = 0
    first_id: int | None = None
    last_id: int | None = None
    try:
        homed = await loop.run_in_executor(thread, with_home, recipe) if links else recipe
        while (batch := await loop.run_in_executor(thread, next, batches, None)) is not None:
            if cancelled is not None and cancelled.is_set():
                break
            its_recipe = homed if is_link(batch[0]) else recipe
            accepted = await queue.enqueue_batch(batch, its_recipe, priority, max_retries, found + 1)
            found += len(batch)
            duplicates += accepted.duplicates
            if accepted.ids:
                added += len(accepted.ids)
                first_id = accepted.ids[0] if first_id is None else first_id
                last_id = accepted.ids[-1]
            if on_count is not None:
                on_count(added)
    finally:
        ended.set()
        thread.shutdown(wait=False, cancel_futures=True)
    return AddSummary(
        added,
        duplicates,
        walk.not_images.count,
        tuple(walk.not_images.listed),
        walk.unreadable.count,
        tuple(walk.unreadable.listed),
        walk.results.count,
        tuple(walk.results.listed),
        (homed.folder or "") if homed is not recipe else "",
        first_id,
        last_id,
        cancelled is not None and cancelled.is_set(),
    )


def _links_among(given: list[str], walk: Walk) -> list[str]:
    """Return the links among what was given, each once; those that are none are refused as unreadable."""
    links: dict[str, None] = {}
    for text in given:
        if looks_like_link(text):
            link = clean_link(text)
            if link is not None:
                links[link] = None
            else:
                walk.unreadable.add(text, f"{text[:120]} is no link that can be followed.")
    return list(links)


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
