"""Brings finished outputs to their names: written aside, synced, checked, then published whole.

It holds the promises G4, G5 and G6 as far as one attempt goes.
"""

# ruff: noqa: PTH112, PTH116, PTH118, PTH119, PTH120, PTH121

from __future__ import annotations

import errno
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.errors import BadDelivery, BadName, ReadFailed, from_os_error
from core.executor import Task
from core.formats import Format
from core.imaging.libvips import read_by_vips
from core.imaging.naming import numbered, remove_files
from core.imaging.placing import give_name, sync_folder
from core.imaging.readers import open_image
from core.imaging.receipt import digest_of, digest_of_bytes, write_receipt
from core.job import OutputFile
from core.recipe import Existing

_MOST_NUMBERS: Final = 100_000
_ALONE: Final = {Existing.NUMBER: Existing.KEEP}  # how one of the numbered names is looked at


@dataclass(frozen=True, slots=True)
class Made:
    """One output that is encoded and has still to be published."""

    name: str  # of the recipe's output
    file_name: str  # as `naming.final_name` gives it
    format: Format
    content: bytes
    size: tuple[int, int]  # pixels; of the first page
    pages: int = 1
    aside: str = ""  # the file that holds it already, whole and checked, where it was staged
    known_digest: str = ""  # of the content, where it has just been worked out
    inode: int = 0  # of the file aside, when it was read

    @property
    def digest(self) -> str:
        """The digest of its content: a millisecond for a few hundred kilobytes."""
        return self.known_digest or digest_of_bytes(self.content)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output is to go."""

    path: str
    replaces: bool = False  # whether it takes the place of what may be there


@dataclass(frozen=True, slots=True)
class _Aside:
    made: Made
    temporary: str
    digest: str
    place: Place
    there: bool = False  # whether these very bytes are there already, from an earlier attempt of this job


@dataclass(frozen=True, slots=True)
class Published:
    """What became of the outputs."""

    files: tuple[OutputFile, ...]
    kept: tuple[str, ...]  # names of files that were there and stayed


def publish(
    made: Sequence[Made],
    task: Task,
    sources: Sequence[str],
    folder: str,
    temporaries: Sequence[str],
    existing: Existing,
    times: tuple[int, int] | None,
) -> Published:
    """Write the outputs aside, check them, note them in the receipt, and give them their names.

    Nothing gets its name before everything is written, synced and checked. When something fails, the
    temporary files are gone. sources: the paths of all files that were read, none of which is replaced, that
    which was changed last first. times: of last access and change in nanoseconds, for the files; None: now.

    Raises BadName when an output would replace its own source, or what `from_os_error` gives.
    """
    try:
        aside: list[_Aside] = []
        kept: list[str] = []
        for one, temporary in zip(made, temporaries, strict=True):
            digest = one.digest
            placed = _place(one, digest, task, sources, folder, existing)
            if placed is None:
                kept.append(one.file_name)
                continue
            found, there = placed
            if not there:
                write_aside(one, temporary, times)
            aside.append(_Aside(one, temporary, digest, found, there))
        return _name_all(aside, kept, task, sources, folder, existing)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and any(
            one.aside and not os.path.lexists(one.aside) for one in made
        ):
            raise BadDelivery("What another machine made did not arrive as it should: it is gone.") from error
        raise from_os_error(named(error, folder), writing=True) from error
    finally:
        remove_files(temporaries)


def place(file_name: str, suffix: str, folder: str, existing: Existing, source: str) -> Place | None:
    """Return where an output would go in the folder as it is now; None when what is there is kept.

    source: the path that tells by its time of change whether it is newer; see `Existing.NEWER`.
    """
    for number in range(1, _MOST_NUMBERS):
        path = os.path.join(folder, numbered(file_name, suffix, number))
        if not os.path.lexists(path):
            return Place(path)
        if existing is Existing.REPLACE or (existing is Existing.NEWER and _is_newer(source, path)):
            return Place(path, replaces=True)
        if existing is not Existing.NUMBER:
            return None
    raise BadName(f"There are too many files named like {file_name}.")


def all_kept(file_names: Sequence[str], folder: str, existing: Existing, source: str) -> bool:
    """Return whether each of these names is taken in the folder by a file that is to be kept."""
    return existing in (Existing.KEEP, Existing.NEWER) and all(
        place(name, "", folder, existing, source) is None for name in file_names
    )


def _is_newer(source: str, path: str) -> bool:
    """Return whether a source was changed after what was made of it."""
    try:
        return os.stat(source).st_mtime_ns > os.stat(path).st_mtime_ns
    except OSError:
        return False  # a link that leads nowhere is somebody's, and is kept


def make_folder(folder: str) -> None:
    """Make the target folder where it is missing. Raises NotWritable or another of `from_os_error`."""
    try:
        if not os.path.isdir(folder):
            Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise from_os_error(NotADirectoryError(errno.EACCES, "no folder", folder), writing=True) from error
    except OSError as error:
        raise from_os_error(named(error, folder), writing=True) from error


def named(error: OSError, folder: str) -> OSError:
    """Return the error with a name in it: what fails inside a folder is told as the folder's."""
    if error.filename is not None and ".imagequeue-" not in os.path.basename(str(error.filename)):
        return error
    return type(error)(error.errno, error.strerror, folder)


def _place(
    one: Made,
    digest: str,
    task: Task,
    sources: Sequence[str],
    folder: str,
    existing: Existing,
) -> tuple[Place, bool] | None:
    """Return where an output goes, and whether it is there as these very bytes; None to keep another file.

    A file with these bytes is taken for this job's own only when it has been attempted before.
    """
    for number in range(1, _MOST_NUMBERS):
        name = numbered(one.file_name, one.format.suffix, number)
        path = os.path.join(folder, name)
        is_source = any(_is_source(path, source) for source in sources)
        if task.attempt > 1 and not is_source and has_bytes(path, one.content, digest):
            return Place(path), True
        found = place(name, "", folder, _ALONE.get(existing, existing), sources[0])
        if found is not None:
            if found.replaces and is_source:
                raise BadName(
                    f"{one.file_name} is the source itself, which is never changed; "
                    "choose another folder, or another name for the output."
                )
            return found, False
        if existing is not Existing.NUMBER:
            return None
    raise BadName(f"There are too many files named like {one.file_name}.")


def _is_source(path: str, source: str) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False


def has_bytes(path: str, content: bytes, digest: str) -> bool:
    """Return whether a file holds these bytes, of this digest; see `digest_of`."""
    try:
        file = Path(path)
        return file.is_file() and file.stat().st_size == len(content) and digest_of(file) == digest
    except OSError:
        return False


def write_aside(one: Made, temporary: str, times: tuple[int, int] | None, *, read_back: bool = True) -> None:
    """Write a file that is not there yet, sync it, and read back that it is what it should be.

    One that lies there already only gets its times. read_back: not where another one reads it, to its last
    byte; what was to be written is decoded all the same. Raises OSError, or ReadFailed for what was not
    written as it should be.
    """
    if one.aside == temporary and _timed(temporary, times):
        if os.stat(temporary).st_ino != one.inode:
            raise BadDelivery("What another machine made was replaced while it was looked at.")
        return
    remove_files((temporary,))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as file:
        file.write(one.content)
        file.flush()
        if times is not None:
            os.utime(temporary, ns=times)
        os.fsync(file.fileno())
    content = Path(temporary).read_bytes() if read_back else one.content
    if content != one.content:
        raise ReadFailed(f"{one.file_name} could not be written: what was read back differs.")
    _check(content, one)


def _timed(path: str, times: tuple[int, int] | None) -> bool:
    """Give a file its times, synced; False when it is another user's, and has to be written anew for that."""
    if times is None:
        return True
    try:
        os.utime(path, ns=times)
    except PermissionError:
        return False
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _check(content: bytes, one: Made) -> None:
    """Decode what was written, to its end; a JPEG at an eighth, which reads all of it just the same."""
    try:
        with open_image(io.BytesIO(content), one.file_name, lambda _width, _height: None) as image:
            size = one.size if one.format.drawn else image.size
            frames = getattr(image, "n_frames", 1)
            if frames > 1 or not read_by_vips(content, one.format.pillow):
                image.draft(image.mode, (1, 1))
                image.load()
            for number in range(1, one.pages):
                image.seek(number)  # raises where there are fewer
                image.draft(image.mode, (1, 1))
                image.load()
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise ReadFailed(f"{one.file_name} could not be written: it cannot be read back.") from error
    if size != one.size:
        raise ReadFailed(f"{one.file_name} could not be written: its size is not what it should be.")


def _name_all(
    aside: list[_Aside],
    kept: list[str],
    task: Task,
    sources: Sequence[str],
    folder: str,
    existing: Existing,
) -> Published:
    _note(aside, task)
    done: list[_Aside] = []
    for at, one in enumerate(aside):
        if os.path.dirname(one.place.path) != folder:
            make_folder(os.path.dirname(one.place.path))
        if not one.there and not _named_now(one):
            again = _place(one.made, one.digest, task, sources, folder, existing)
            if again is None:
                kept.append(one.made.file_name)
                continue
            one = replace(one, place=again[0], there=again[1])
            _note([*done, one, *aside[at + 1 :]], task)
            if not one.there and not _named_now(one):
                raise BadName(f"Other files keep taking the name {one.made.file_name}.")
        done.append(one)
    for touched in {folder, *(os.path.dirname(one.place.path) for one in done)}:
        sync_folder(touched)
    return Published(tuple(_file_of(one) for one in done), tuple(kept))


def _named_now(one: _Aside) -> bool:
    return give_name(one.temporary, one.place.path, replacing=one.place.replaces)


def _file_of(one: _Aside) -> OutputFile:
    return OutputFile(one.place.path, len(one.made.content), *one.made.size, one.made.name)


def _note(aside: Sequence[_Aside], task: Task) -> None:
    if task.receipt:
        files = [(_file_of(one), one.digest) for one in aside]
        replacing = any(one.place.replaces for one in aside)
        write_receipt(task.receipt, task.temp_tag, files, replacing=replacing)
