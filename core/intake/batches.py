"""Turns what was given, links and paths of any kind, into batches of sources for the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from core.intake.archives import Archive
from core.intake.homeless import folder_for_homeless
from core.intake.paths import LARGEST_BATCH, Walk
from core.intake.wanted import Wanted
from core.links.address import clean_link, looks_like_link

_LONGEST_WAIT: Final = 0.25  # seconds until what was unpacked so far is given out


@dataclass(frozen=True, slots=True)
class Batch:
    """Sources that come together."""

    sources: list[str]
    came_from: str = ""  # "links", or the name of an archive; "" for files, which outputs can be beside
    home: str = ""  # the folder for their outputs, when the recipe names none and nothing can be beside them
    root: str = ""  # the folder that was given, and that all of them are in or below; "" for files


def batches_of(
    given: Iterable[str], walk: Walk, wanted: Wanted, keep_in: Path | None, stopped: Callable[[], bool]
) -> Iterator[Batch]:
    """Yield the sources: links, then files and folders by `walk`, then what archives hold.

    It reads disks: iterate in a thread. keep_in: the folder to unpack archives into; None to open none.
    """
    links = _links_among(given, walk)
    home = folder_for_homeless() if links else ""
    for start in range(0, len(links), LARGEST_BATCH):
        yield Batch(links[start : start + LARGEST_BATCH], "links", home)
    for sources in walk.batches():
        if not sources:
            yield Batch([])  # by which a walk tells that it goes on
        for root, part in groupby(sources, walk.root_of):
            yield Batch(list(part), root=root)
    for path in walk.archives:
        if keep_in is not None and not stopped():
            archive = Archive(
                path, keep_in, wanted, refusals=walk, found_below=walk.root_of(path), stopped=stopped
            )
            yield from _unpacked(archive)


def _links_among(given: Iterable[str], walk: Walk) -> list[str]:
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


def _unpacked(archive: Archive) -> Iterator[Batch]:
    """Yield what an archive holds, a batch for each of its folders, and soon."""
    folder, sources, due = "", list[str](), time.monotonic() + _LONGEST_WAIT
    for its_folder, path in archive.images():
        if sources and (its_folder != folder or len(sources) >= LARGEST_BATCH or time.monotonic() >= due):
            yield Batch(sources, archive.name, str(Path(archive.home, folder)), archive.root)
            sources, due = [], time.monotonic() + _LONGEST_WAIT
        folder = its_folder
        sources.append(path)
    if sources:
        yield Batch(sources, archive.name, str(Path(archive.home, folder)), archive.root)
