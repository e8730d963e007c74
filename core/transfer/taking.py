"""Works out what the jobs of another queue are on this machine, and takes them in: all of them or none."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.errors import BadQueueFile, BadUsage, ImageQueueError, NoSuchFile
from core.links.address import is_link
from core.operations import PATH_FIELDS
from core.queue import TaskQueue
from core.recipe import Existing, Recipe
from core.status import Accepted
from core.store_moving import MovedJob
from core.transfer.mapping import Mapping, PathMap, is_absolute, parts_of
from core.transfer.queue_file import QueueFile, read_queue_file

MAX_LISTED: Final = 1_000
"""Missing sources that are named; more are only counted."""

_FOLDERS: Final = 12  # that are told apart


class Missing(StrEnum):
    """What becomes of jobs whose sources are not here."""

    REFUSE = "refuse"  # nothing is taken in at all
    LEAVE_OUT = "leave-out"  # the others are taken in
    TAKE = "take"  # all are; these fail unless their sources come before they run


@dataclass(frozen=True, slots=True)
class Arrival:
    """The jobs of a file as they would be here."""

    jobs: list[MovedJob]  # those that have a path here
    recipes: list[Recipe]
    elsewhere: tuple[str, ...]  # paths of another system that no map covers, the first of them
    elsewhere_count: int
    unused: tuple[PathMap, ...]  # maps that no path was in

    @property
    def folders(self) -> list[str]:
        """The folders that outputs go to, other than beside the sources."""
        return sorted({one.folder for one in self.recipes if one.folder is not None})

    @property
    def replacing(self) -> list[str]:
        """The names of recipes that put outputs in the place of the sources: to be said before it is done."""
        return [one.name for one in self.recipes if one.replace_original]

    @property
    def overwriting(self) -> list[str]:
        """The names of recipes that replace files which have their outputs' names; to be said, too."""
        kinds = (Existing.REPLACE, Existing.NEWER)
        return [one.name for one in self.recipes if one.existing in kinds and not one.replace_original]


@dataclass(frozen=True, slots=True)
class Sources:
    """Which sources of an arrival are here; a link is never looked for."""

    missing: frozenset[int]  # places in `Arrival.jobs`
    listed: tuple[str, ...]  # the first of them


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file."""

    accepted: Accepted
    left_out: int = 0  # jobs whose sources are missing


def arrival_of(file: QueueFile, maps: Sequence[PathMap]) -> Arrival:
    """Return what a file's jobs are here. Raises BadUsage for a map, BadQueueFile for a recipe."""
    mapping = Mapping(maps, file.separator)
    jobs: list[MovedJob] = []
    elsewhere: list[str] = []
    count = 0
    for job in file.jobs:
        source = job.source if is_link(job.source) else mapping.here(job.source)
        if source is not None:
            jobs.append(job._replace(source=source))
        else:
            count += 1
            if len(elsewhere) < MAX_LISTED:
                elsewhere.append(job.source)
    recipes: list[Recipe] = []
    for body in file.recipes:
        mapped, foreign = _recipe_here(body, mapping)
        count += len(foreign)
        elsewhere += foreign
        if not foreign:
            try:
                recipes.append(Recipe.from_mapping(mapped))
            except ImageQueueError as error:
                raise BadQueueFile(f"The file has a recipe that cannot be: {error}") from error
    unused = tuple(one for one in maps if one not in mapping.used)
    return Arrival(jobs, recipes, tuple(elsewhere), count, unused)


def _recipe_here(body: dict[str, object], mapping: Mapping) -> tuple[dict[str, object], list[str]]:
    """Return a recipe with its paths as they are here, and those that no map covers."""
    foreign: list[str] = []

    def here(path: object, find: Callable[[str], str | None]) -> object:
        if not isinstance(path, str) or not path or "\0" in path:
            return path  # the recipe's own check has a sentence for it
        found = find(path)
        if found is None:
            foreign.append(path)
        return found

    mapped = dict(body)
    if mapped.get("folder") is not None:
        mapped["folder"] = here(mapped["folder"], mapping.folder_here)
    outputs = mapped.get("outputs")
    if isinstance(outputs, list):
        mapped["outputs"] = [_output_here(one, lambda path: here(path, mapping.here)) for one in outputs]
    return mapped, foreign


def _output_here(output: object, here: Callable[[object], object]) -> object:
    if not isinstance(output, dict) or not isinstance(output.get("operations"), list):
        return output
    operations = [
        {name: here(value) if name in PATH_FIELDS else value for name, value in one.items()}
        if isinstance(one, dict)
        else one
        for one in output["operations"]
    ]
    return output | {"operations": operations}


def look_for_sources(jobs: Sequence[MovedJob], stopped: Callable[[], bool] = lambda: False) -> Sources:
    """Return which sources are not there: each folder is read once. It reads disks: call it in a thread."""
    names: dict[str, frozenset[str]] = {}
    missing: set[int] = set()
    listed: list[str] = []
    for place, job in enumerate(jobs):
        if is_link(job.source):
            continue
        folder, name = os.path.split(job.source)
        if folder not in names:
            if stopped():
                break
            names[folder] = _names_in(folder)
        # Some disks find a name by other letters than it is listed with.
        if name not in names[folder] and not os.path.lexists(job.source):
            missing.add(place)
            if len(listed) < MAX_LISTED:
                listed.append(job.source)
    return Sources(frozenset(missing), tuple(listed))


def _names_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return frozenset()


def top_folders(file: QueueFile) -> list[tuple[str, int]]:
    """Return the folders that hold all sources, and how many each does: what is asked for to map a file.

    Where the sources have a folder in common that is more than a root it is that one, else those of its
    folders that hold some, as far as they are few.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    shown: dict[tuple[str, ...], str] = {}
    for job in file.jobs:
        if not is_link(job.source):
            cut = max(job.source.rfind(one) for one in ("/", file.separator))
            folder = job.source[: cut + 1]
            parts = parts_of(folder, file.separator)
            counts[parts] += 1
            shown.setdefault(parts, folder)
    if not counts:
        return []
    least, most = min(counts), max(counts)  # what these two share, all between them do
    length = next(
        (at for at, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1]), len(least)
    )
    common = least[:length]
    groups = {common: counts.total()}
    if len(common) < 2:  # a root, a drive, /home
        several = Counter[tuple[str, ...]]()
        for parts, number in counts.items():
            several[parts[: len(common) + 1]] += number
        if len(several) <= _FOLDERS:
            groups = dict(several)
    return [(_text_of(parts, file.separator, shown), number) for parts, number in sorted(groups.items())]


def recipe_folders(file: QueueFile) -> list[str]:
    """Return the folders that the recipes name: of their outputs, and of the files that they use."""
    found: dict[str, None] = {}
    for body in file.recipes:
        outputs = body.get("outputs")
        listed = [body.get("folder")]
        for output in outputs if isinstance(outputs, list) else []:
            operations = output.get("operations") if isinstance(output, dict) else None
            for one in operations if isinstance(operations, list) else []:
                if isinstance(one, dict):
                    files = [one.get(name) for name in sorted(PATH_FIELDS)]
                    listed += [re.split(r"[^/\\]*$", path)[0] for path in files if isinstance(path, str)]
        for path in listed:
            if isinstance(path, str) and is_absolute(path, file.separator):
                found[path if len(path) <= 3 else path.rstrip("/\\")] = None
    return list(found)


def _text_of(parts: tuple[str, ...], separator: str, shown: dict[tuple[str, ...], str]) -> str:
    if separator == "/":
        return "/" + "/".join(parts)
    unc = any(text[:2] in ("\\\\", "//") for known, text in shown.items() if known[: len(parts)] == parts)
    text = ("\\\\" if unc else "") + "\\".join(parts)
    return text if unc or len(parts) > 1 else text + "\\"


def check_arrival(arrival: Arrival) -> None:
    """Raise BadUsage where a path is one of another system, or a map is about nothing."""
    if arrival.elsewhere_count:
        more = f" and {arrival.elsewhere_count - 1:,} more" if arrival.elsewhere_count > 1 else ""
        raise BadUsage(
            f"{arrival.elsewhere[0]}{more} is a path of another system: say which folder here it is, by "
            "--map OLD=NEW. Nothing was imported."
        )
    if arrival.unused:
        raise BadUsage(f"Nothing in the file is in {arrival.unused[0].old}. Nothing was imported.")


def chosen_jobs(arrival: Arrival, sources: Sources, missing: Missing) -> list[MovedJob]:
    """Return the jobs that are taken in. Raises NoSuchFile where a missing source refuses all."""
    if not sources.missing or missing is Missing.TAKE:
        return arrival.jobs
    if missing is Missing.REFUSE:
        named = ", ".join(sources.listed[:3])
        more = f" and {len(sources.missing) - 3:,} more" if len(sources.missing) > 3 else ""
        verb = "is" if len(sources.missing) == 1 else "are"
        raise NoSuchFile(
            f"{named}{more} {verb} not here; nothing was imported. --map OLD=NEW says where folders are "
            "here; --missing leave-out imports the others, --missing take all."
        )
    return [job for place, job in enumerate(arrival.jobs) if place not in sources.missing]


def load_jobs(path: Path, maps: Sequence[PathMap], missing: Missing) -> tuple[Arrival, list[MovedJob]]:
    """Return what a file brings, and the jobs to take in, all checked. It reads disks, and may take seconds.

    Raises BadQueueFile, BadUsage, NoSuchFile, or what `from_os_error` gives.
    """
    arrival = arrival_of(read_queue_file(path), maps)
    check_arrival(arrival)
    return arrival, chosen_jobs(arrival, look_for_sources(arrival.jobs), missing)


async def take_in_file(queue: TaskQueue, path: Path, maps: Sequence[PathMap], missing: Missing) -> TakenIn:
    """Take the jobs of a file in, all of them or none; returns when on disk. Raises as `load_jobs`."""
    arrival, jobs = await asyncio.to_thread(load_jobs, path, maps, missing)
    accepted = await queue.take_in(jobs, arrival.recipes)
    return TakenIn(accepted, len(arrival.jobs) - len(jobs))
