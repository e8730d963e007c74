r"""The file in which waiting jobs go to another queue: its format, written and read.

It is UTF-8 text, one JSON object a line, and ASCII as it is written here:

- first `{"imagequeue": 1, "separator": "/"}`: the version of the format, and what stands between the names of
  a path on the machine that it comes from, `/` or `\`;
- `{"recipe": 1, "body": {...}}` before the first job of each recipe; they are numbered from 1. The body is
  what `Recipe.to_json` gives;
- `{"source": "/photos/a.jpg", "recipe": 1, "priority": 0, "held": false, "attempts": 0, "max_retries": 3,
  "batch_index": 1, "twin": 1, "depth": 0}` for each job, in the order in which they run; all but source and
  recipe may be left out, and are then as shown. A source is an absolute path, or a link;
- last `{"end": 2}`: how many jobs the file has, so that one that was cut off is known.

Bytes of names that are no Unicode are the escapes \udc80 to \udcff, as Python's surrogateescape has them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import BadQueueFile, from_os_error
from core.links.address import clean_link, looks_like_link
from core.store_moving import MovedJob
from core.transfer.mapping import SEPARATORS, is_absolute, parts_of
from core.whole_file import give_part_its_name, leave_no_part

SUFFIX: Final = ".imagequeue"
"""How the names of these files end."""

BEGINNINGS: Final = (b'{"imagequeue"',)
"""How the bytes of these files begin."""


def is_queue_file(source: str) -> bool:
    """Return whether a path, and no link, is named like one of these files."""
    return source.endswith(SUFFIX) and not looks_like_link(source)


VERSION: Final = 1
MAX_JOBS: Final = 1_000_000
MAX_RECIPES: Final = 1_000

_MAX_BYTES: Final = 2**30
_LONGEST: Final = 2**20  # bytes of a line
_NUMBERS: Final = {  # the least and the most of each number of a job, which are those of the queue
    "priority": (-(2**31), 2**31),
    "attempts": (0, 1_001),
    "max_retries": (0, 1_000),
    "batch_index": (1, 2**53),
    "twin": (1, 2**31),
    "depth": (0, 1_000),
}
_JOB: Final = frozenset({"source", "recipe", "held", *_NUMBERS})


class QueueFileWriter:
    """A queue file that grows by `add` and is there, whole, after `finish`; `close` it in any case.

    All methods are for any one thread. Raises what `from_os_error` gives.
    """

    def __init__(self, path: Path, recipe_body: Callable[[int], str]) -> None:
        """Begin; `recipe_body` gives the JSON of a recipe by the number that jobs have."""
        self.path = path
        self.count = 0
        self._recipe_body = recipe_body
        self._recipes: dict[int, int] = {}
        self._part = path.with_name(f".{path.name}.part")
        try:
            self._file: BinaryIO = self._part.open("wb")
            self._write({"imagequeue": VERSION, "separator": os.sep})
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def add(self, jobs: Iterable[MovedJob]) -> None:
        """Write these jobs, and those of their recipes that are not there yet."""
        try:
            for job in jobs:
                number = self._recipes.get(job.recipe)
                if number is None:
                    number = self._recipes[job.recipe] = len(self._recipes) + 1
                    self._write({"recipe": number, "body": json.loads(self._recipe_body(job.recipe))})
                self._write(job._asdict() | {"recipe": number})
                self.count += 1
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def finish(self) -> None:
        """Give the file its name, in the place of an earlier one."""
        try:
            self._write({"end": self.count})
            give_part_its_name(self._file, self._part, self.path)
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def close(self) -> None:
        """Leave nothing behind that was not finished."""
        leave_no_part(self._file, self._part)

    def _write(self, values: Mapping[str, object]) -> None:
        self._file.write(json.dumps(values, separators=(",", ":")).encode("ascii") + b"\n")


@dataclass(frozen=True, slots=True)
class QueueFile:
    """What a queue file says; its paths are those of the machine that it comes from."""

    separator: str
    jobs: list[MovedJob]  # whose `recipe` counts `recipes` from 0
    recipes: list[dict[str, object]]  # as mappings that have still to be checked


def read_queue_file(path: Path) -> QueueFile:
    """Return what a queue file says, or what `from_os_error` gives.

    Raises BadQueueFile for a file that is none, of another version, damaged, cut off, or larger than
    MAX_JOBS, MAX_RECIPES and a gigabyte; no more of it is read than is needed to see that.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadQueueFile(f"{path} is no file of jobs.")
            return _Reading(path, file).read()
    except ValueError as error:  # a NUL in the name
        raise BadQueueFile(f"{str(path)!r} is no name of a file.") from error
    except OSError as error:
        if isinstance(error, IsADirectoryError):
            raise BadQueueFile(f"{path} is a folder, and no file of jobs.") from error
        raise from_os_error(error, writing=False) from error


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would be waited for


class _Reading:
    """One reading of a file, which knows the line for the sentence."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._line = 0
        self._bytes = 0
        self._separator = os.sep
        self._jobs: list[MovedJob] = []
        self._recipes: list[dict[str, object]] = []

    def read(self) -> QueueFile:
        self._read_first()
        while True:
            values = self._next()
            if values is None:
                raise BadQueueFile(f"{self._path} was cut off after {len(self._jobs):,} jobs.")
            if "source" in values:
                self._add_job(values)
            elif "body" in values:
                self._add_recipe(values)
            else:
                self._end(values)
                return QueueFile(self._separator, self._jobs, self._recipes)

    def _read_first(self) -> None:
        begin = self._file.peek(1)[:1] if hasattr(self._file, "peek") else b"{"
        values = self._next() if begin == b"{" else None
        if values is None or "imagequeue" not in values:
            raise BadQueueFile(f"{self._path} holds no jobs of Image Queue.")
        version, separator = values["imagequeue"], values.get("separator")
        if type(version) is not int or version != VERSION:
            newer = type(version) is int and version > VERSION
            why = "was written by a newer version of Image Queue" if newer else "is of an unknown version"
            raise BadQueueFile(f"{self._path} {why}: this one reads version {VERSION}.")
        if separator not in SEPARATORS:
            raise self._bad("names no separator of paths")
        self._separator = str(separator)

    def _next(self) -> dict[str, object] | None:
        """Return the object of the next line; None behind the last one."""
        line = self._file.readline(_LONGEST + 1)
        if not line:
            return None
        self._line += 1
        self._bytes += len(line)
        if len(line) > _LONGEST or self._bytes > _MAX_BYTES:
            raise BadQueueFile(f"{self._path} is larger than a file of jobs can be.")
        if not line.endswith(b"\n"):
            raise BadQueueFile(f"{self._path} was cut off after {len(self._jobs):,} jobs.")
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            raise self._bad("is no JSON") from None
        if not isinstance(values, dict):
            raise self._bad("is no object")
        return values

    def _add_job(self, values: dict[str, object]) -> None:
        if len(self._jobs) >= MAX_JOBS:
            raise BadQueueFile(f"{self._path} has more than {MAX_JOBS:,} jobs.")
        unknown = sorted(values.keys() - _JOB)
        if unknown:
            raise self._bad(f"has a field {unknown[0][:40]!r} that no job has")
        numbers = {name: self._number(values, name, *limits) for name, limits in _NUMBERS.items()}
        recipe = values.get("recipe")
        if type(recipe) is not int or not 1 <= recipe <= len(self._recipes):
            raise self._bad("names a recipe that is not there")
        held = values.get("held", False)
        if not isinstance(held, bool):
            raise self._bad("takes true or false for held")
        self._jobs.append(MovedJob(self._source(values["source"]), recipe - 1, held=held, **numbers))

    def _number(self, values: dict[str, object], name: str, least: int, most: int) -> int:
        value = values.get(name, MovedJob._field_defaults[name])
        if type(value) is not int or not least <= value <= most:
            raise self._bad(f"takes a whole number from {least:,} to {most:,} for {name}")
        return value

    def _source(self, value: object) -> str:
        if not isinstance(value, str) or "\0" in value:
            raise self._bad("names a source that can be none")
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise self._bad("names a source that can be none") from None
        if looks_like_link(value):
            link = clean_link(value)
            if link is None:
                raise self._bad("has a link that cannot be followed")
            return link
        if not is_absolute(value, self._separator):
            raise self._bad("names a source by no absolute path")
        if ".." in value and ".." in parts_of(value, self._separator):
            raise self._bad('names a source by way of ".."')
        return value

    def _add_recipe(self, values: dict[str, object]) -> None:
        if len(self._recipes) >= MAX_RECIPES:
            raise BadQueueFile(f"{self._path} has more than {MAX_RECIPES:,} recipes.")
        body = values["body"]
        if values.get("recipe") != len(self._recipes) + 1 or not isinstance(body, dict):
            raise self._bad("is no recipe")
        self._recipes.append(body)

    def _end(self, values: dict[str, object]) -> None:
        if values != {"end": len(self._jobs)} or self._file.read(1):
            raise self._bad("is no job, no recipe, and not the end")

    def _bad(self, why: str) -> BadQueueFile:
        return BadQueueFile(f"{self._path} is damaged: line {self._line:,} {why}.")
