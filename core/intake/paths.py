"""Finds the images among files and folders."""

# ruff: noqa: PTH100, PTH110, PTH116, PTH118, PTH119, PTH120, PTH123
# (plain strings: a Path for each of 100,000 files would cost more than all the rest)

from __future__ import annotations

import heapq
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from core.errors import from_os_error
from core.intake.formats import HEAD, begins_like_image, named_like_image
from core.intake.results import ResultNames
from core.intake.wanted import Wanted
from core.links.address import safe_name

FIRST_BATCH: Final = 50
LARGEST_BATCH: Final = 2_000
_GROWTH: Final = 4
_LONGEST_WAIT: Final = 0.25  # seconds until what was found so far is given out
_CHUNK: Final = 1_000  # names that are sorted in one go: the interpreter is not shared meanwhile
_LISTED: Final = 1_000  # paths of one kind that are kept for the list; more are only counted

# Files and folders of file managers and operating systems, that no one put there; names with a dot at their
# beginning are hidden anyway.
_SYSTEM: Final = frozenset(
    {
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "icon\r",
        "__macosx",
        "@eadir",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    }
)
_HOME_TRASH: Final = "/.local/share/Trash"  # https://specifications.freedesktop.org/trash-spec/
ARCHIVES: Final = (
    *(".zip", ".cbz", ".tar", ".cbt"),
    *(".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
)
"""The suffixes of files that are opened as folders."""

_TEMPORARY: Final = (
    ".imagequeue-"  # the beginning of the names that core.imaging.naming.temporary_paths gives
)
_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Refused:
    """A path that did not become a source."""

    path: str
    sentence: str  # why


@dataclass(slots=True)
class Refusals:
    """The refused paths of one kind: all are counted, the first 1,000 are listed."""

    count: int = 0
    listed: list[Refused] = field(default_factory=list)

    def add(self, path: str, sentence: str) -> None:
        """Count a path, and list it with its sentence while there is room."""
        self.count += 1
        if len(self.listed) < _LISTED:
            self.listed.append(Refused(path, sentence))


class Walk:
    """One walk through files and folders; iterate over `batches`, in any thread, then read the refusals.

    Folders are walked to their last subfolder, each of them once, links to folders too: a link back up ends
    there. In a folder files are taken by their names' suffixes, in the natural order of their names (2 before
    10), before its subfolders; hidden files and those of file managers are passed over in silence. A file
    that is given directly is taken by its suffix or else by its first bytes; with `take_every_file` it is
    taken whatever it is. `results` are the names of files to leave out as made by the recipe itself, `wanted`
    says what else of a folder is left out. With `archives`, those that are given are not looked at, nor those
    in folders where they are wanted: they are in the list `archives` at the end. What a recipe made of one of
    these is in a folder named like it beside it, and is left out, too.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        *,
        take_every_file: bool = False,
        results: ResultNames | None = None,
        wanted: Wanted | None = None,
        archives: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._paths = [os.path.abspath(os.fspath(path)) for path in paths]
        self._given = set(self._paths)
        self._take_every_file = take_every_file
        self._results = results
        self._wanted = wanted or Wanted()
        self._set_aside = archives
        self._stopped = stopped
        self._visited: set[tuple[int, int]] = set()
        self.seen = 0
        """How many entries of folders were looked at so far; may be read from any thread."""
        self.not_images = Refusals()
        self.unreadable = Refusals()
        self.results = Refusals()
        self.left_out = Refusals()
        self.archives: list[str] = []
        self._roots: dict[str, str] = {}  # folder -> the given one that it is, or is below

    def root_of(self, source: str) -> str:
        """Return the folder that was given and in which, or below which, a source was found; "" for none."""
        folder = os.path.dirname(source)
        if folder not in self._roots:
            above = os.path.dirname(folder)
            outer = self._roots.get(above) if above in self._roots else self._outermost(above)
            self._roots[folder] = outer or (folder if folder in self._given else "")
        return self._roots[folder]

    def _outermost(self, folder: str) -> str:
        found = ""
        while True:
            if folder in self._given:
                found = folder
            above = os.path.dirname(folder)
            if above == folder:
                return found
            folder = above

    def batches(self) -> Iterator[list[str]]:
        """Yield absolute paths of sources, in batches that grow from 50 to 2,000; ends early when stopped.

        A batch may be empty: it tells that the walk goes on, though nothing was found for a while.
        """
        size, batch, due = FIRST_BATCH, list[str](), time.monotonic() + _LONGEST_WAIT
        for chunk in self._chunks():
            if self._stopped():
                return
            batch += chunk
            while len(batch) >= size or (batch and time.monotonic() >= due):
                yield batch[:size]
                batch = batch[size:]
                size = min(size * _GROWTH, LARGEST_BATCH)
                due = time.monotonic() + _LONGEST_WAIT
            if not batch and time.monotonic() >= due:
                yield []
                due = time.monotonic() + _LONGEST_WAIT
        if batch and not self._stopped():
            yield batch

    def _chunks(self) -> Iterator[list[str]]:
        """Yield sources a few at a time, and an empty list now and then so that a stop is noticed."""
        files: list[str] = []
        for path in self._paths:
            try:
                mode = os.stat(path).st_mode
                if not stat.S_ISDIR(mode):
                    self._take_given(path, mode, files)
            except OSError as error:
                self.unreadable.add(path, str(from_os_error(error, writing=False)))
                continue
            if stat.S_ISDIR(mode) or len(files) >= FIRST_BATCH:
                yield files
                files = []
            if stat.S_ISDIR(mode):
                yield from self._tree(path)
        yield files

    def _is_left_out(self, entry: os.DirEntry[str], within: str) -> bool:
        is_folder = entry.is_dir()
        path = (within + entry.name).replace(os.sep, "/")
        if self._wanted.ignores(f"{path}/" if is_folder else path):
            return True
        if is_folder or not named_like_image(entry.name):
            return False
        least = self._wanted.min_bytes
        return not self._wanted.has_format(entry.name) or (least > 0 and entry.stat().st_size < least)

    def _take_given(self, path: str, mode: int, files: list[str]) -> None:
        name = os.path.basename(path)
        if self._set_aside and suffix_of_archive(name):
            self.archives.append(path)
        elif self._take_every_file:
            files.append(path)
        elif name.startswith(_TEMPORARY) or is_system(name):
            return
        elif not stat.S_ISREG(mode):
            self.not_images.add(path, f"{path} is not a file.")
        elif named_like_image(name) or _sniffed(path):
            files.append(path)
        else:
            self.not_images.add(path, _not_an_image(path))

    def _tree(self, top: str) -> Iterator[list[str]]:
        waiting = [(top, False)]
        while waiting:
            folder, is_home = waiting.pop()
            try:
                status = os.stat(folder)
                identity = (status.st_dev, status.st_ino)
                if identity in self._visited:
                    continue
                self._visited.add(identity)
                if folder != top and self._results is not None and self._results.is_target(folder):
                    self.left_out.add(folder, f"{folder} is left out: it is the folder for what is made.")
                    continue
                within = os.path.join(folder, "")[len(top) + 1 :]
                names, subfolders, homes = yield from self._list(folder, within, is_home=is_home)
            except OSError as error:
                self.unreadable.add(folder, f"The folder {folder} cannot be read: {error.strerror or error}.")
                yield []
                continue
            base = os.path.join(folder, "")
            chunk: list[str] = []
            for name in names:
                chunk.append(base + name)
                if len(chunk) >= FIRST_BATCH:
                    yield chunk
                    chunk = []
            yield chunk
            in_order = reversed(list(_in_natural_order(subfolders)))
            waiting += [(base + name, is_home or name in homes) for name in in_order]

    def _list(
        self, folder: str, within: str, *, is_home: bool
    ) -> Generator[list[str], None, tuple[Iterator[str], list[str], set[str]]]:
        """Return the names of the images in a folder, in order, of its subfolders, and of archives' homes.

        within: the folder's path in the one that was given, "" or with a separator at its end.
        is_home: whether what is made of an archive goes to this folder, or to one around it.
        """
        names: list[str] = []
        subfolders: list[str] = []
        homes: set[str] = set()
        with os.scandir(folder) as entries:
            for entry in entries:
                self.seen += 1
                if self.seen % _CHUNK == 0:
                    yield []
                name = entry.name
                if is_system(name) or self._passes_over(entry):
                    continue
                try:
                    if not self._wanted.all and self._is_left_out(entry, within):
                        self.left_out.add(
                            entry.path, f"{entry.path} is left out by the settings for folders."
                        )
                    elif entry.is_dir():
                        subfolders.append(name)
                    elif not named_like_image(name):
                        if self._take_other(entry):
                            homes.add(home_name(name))
                    elif entry.is_file():
                        names.append(name)
                    else:
                        self.unreadable.add(entry.path, _no_file(entry))
                except OSError as error:
                    self.unreadable.add(entry.path, str(from_os_error(error, writing=False)))
        made = set[str]()
        if self._results is not None:
            made = self._results.named_so(names) if is_home else self._results.among(folder, names)
        for name in made:
            path = os.path.join(folder, name)
            self.results.add(path, f"{path} was made by this recipe from the image beside it.")
        if made:
            names = [name for name in names if name not in made]
        return _in_natural_order(names), subfolders, homes

    def _passes_over(self, entry: os.DirEntry[str]) -> bool:
        if self._wanted.hidden:
            return entry.name.startswith(_TEMPORARY) or is_trash(entry.path)
        return entry.name[0] == "." or _is_hidden(entry)

    def _take_other(self, entry: os.DirEntry[str]) -> bool:
        """Look at a file that is named like no image; returns whether it is an archive that is opened."""
        path = entry.path
        if not suffix_of_archive(entry.name):
            self.not_images.add(path, _not_an_image(path))
        elif not (self._set_aside and self._wanted.archives):
            self.not_images.add(
                path, f"{path} is an archive; those in folders are opened only when asked to."
            )
        elif not entry.is_file():
            self.unreadable.add(path, _no_file(entry))
        else:
            self.archives.append(path)
            return True
        return False


def is_system(name: str) -> bool:
    """Return whether a file or folder of this name was put there by a system, and by no one."""
    lower = name.lower()
    return lower in _SYSTEM or lower.startswith(".trash")  # such as .Trash-1000, also where hidden ones count


def is_trash(path: str) -> bool:
    """Return whether a folder is the user's trash, where originals go that were replaced."""
    return path.endswith(_HOME_TRASH)


def suffix_of_archive(name: str) -> str:
    """Return the suffix by which a file is taken for an archive, such as ".tar.gz"; "" for other files."""
    lower = name.lower()
    return next((one for one in ARCHIVES if lower.endswith(one)), "")


def home_name(archive: str) -> str:
    """Return the name of the folder, beside an archive of this name, for what is made of its images."""
    return safe_name(archive[: -len(suffix_of_archive(archive))]) or "archive"


def natural_key(name: str) -> str:
    """Return what to sort a name by: "image 2" comes before "image 10", whatever the case of the letters."""
    # A number is led by its length: of two without leading zeros, the longer one is the larger.
    return _DIGITS.sub(_with_length, name.casefold()) + "\0" + name


def _with_length(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0") or "0"
    return f"0{chr(len(digits))}{digits}"


def _in_natural_order(names: list[str]) -> Iterator[str]:
    # Sorted in parts that are merged as they are read: one sort of a large folder would hold the interpreter,
    # and with it the window, for a tenth of a second.
    # The keys are made twice, and not kept: those of a million names are 150 MB.
    parts = [sorted(names[start : start + _CHUNK], key=natural_key) for start in range(0, len(names), _CHUNK)]
    return iter(parts[0]) if len(parts) == 1 else heapq.merge(*parts, key=natural_key)


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if sys.platform == "win32":
        attributes = entry.stat(follow_symlinks=False).st_file_attributes
        return bool(attributes & (stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM))
    return False


def _no_file(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink() and not os.path.exists(entry.path):
        return f"The link {entry.path} leads nowhere."
    return f"{entry.path} is not a file."


def _not_an_image(path: str) -> str:
    return f"{path} is not an image that can be read."


def _sniffed(path: str) -> bool:
    """Return whether a file begins like an image. Raises OSError."""
    with open(path, "rb") as file:
        return begins_like_image(file.read(HEAD))
