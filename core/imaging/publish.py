"""Brings finished outputs to their names: written aside, synced, checked, then published whole.

It holds the promises G4, G5 and G6 as far as one attempt goes.
"""

# ruff: noqa: PTH104, PTH105, PTH118, PTH119, PTH121

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.errors import BadName, ReadFailed, from_os_error
from core.executor import Task
from core.formats import Format
from core.imaging.libvips import read_by_vips
from core.imaging.naming import numbered, remove_files
from core.imaging.readers import open_image
from core.imaging.receipt import digest_of, write_receipt
from core.job import OutputFile
from core.recipe import Existing

_MOST_NUMBERS: Final = 100_000
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
)


@dataclass(frozen=True, slots=True)
class Made:
    """One output that is encoded and has still to be published."""

    name: str  # of the recipe's output
    file_name: str  # as `naming.final_name` gives it
    format: Format
    content: bytes
    size: tuple[int, int]  # pixels


@dataclass(frozen=True, slots=True)
class _Aside:
    made: Made
    temporary: str
    digest: str
    final: str  # where it is to go
    there: bool = False  # whether these very bytes are there already, from an earlier attempt of this job


@dataclass(frozen=True, slots=True)
class Published:
    """What became of the outputs."""

    files: tuple[OutputFile, ...]
    kept: tuple[str, ...]  # names of files that were there and stayed


def publish(
    made: Sequence[Made],
    task: Task,
    folder: str,
    temporaries: Sequence[str],
    existing: Existing,
    times: tuple[int, int] | None,
) -> Published:
    """Write the outputs aside, check them, note them in the receipt, and give them their names.

    Nothing gets its name before everything is written, synced and checked. When something fails, the
    temporary files are gone. times: of last access and change in nanoseconds, for the files; None for now.

    Raises BadName when an output would replace its own source, or what `from_os_error` gives.
    """
    try:
        aside: list[_Aside] = []
        kept: list[str] = []
        for one, temporary in zip(made, temporaries, strict=True):
            digest = hashlib.blake2b(one.content, digest_size=16).hexdigest()
            placed = _place(one, digest, task, folder, existing)
            if placed is None:
                kept.append(one.file_name)
                continue
            final, there = placed
            if not there:
                _write(one, temporary, times)
            aside.append(_Aside(one, temporary, digest, final, there))
        return _name_all(aside, kept, task, folder, existing)
    except OSError as error:
        raise from_os_error(_named(error, folder), writing=True) from error
    finally:
        remove_files(temporaries)


def already_there(file_names: Sequence[str], folder: str) -> bool:
    """Return whether every one of these names is taken in the folder."""
    return all(os.path.lexists(os.path.join(folder, name)) for name in file_names)


def place(file_name: str, suffix: str, folder: str, existing: Existing) -> str | None:
    """Return the path that an output would get in the folder as it is now; None when another file is kept."""
    for number in range(1, _MOST_NUMBERS):
        path = os.path.join(folder, numbered(file_name, suffix, number))
        if existing is Existing.REPLACE or not os.path.lexists(path):
            return path
        if existing is Existing.KEEP:
            return None
    raise BadName(f"There are too many files named like {file_name}.")


def make_folder(folder: str) -> None:
    """Make the target folder where it is missing. Raises NotWritable or another of `from_os_error`."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise from_os_error(NotADirectoryError(errno.EACCES, "no folder", folder), writing=True) from error
    except OSError as error:
        raise from_os_error(_named(error, folder), writing=True) from error


def _named(error: OSError, folder: str) -> OSError:
    """Return the error with a name in it: what fails inside a folder is told as the folder's."""
    if error.filename is not None and ".imagequeue-" not in os.path.basename(str(error.filename)):
        return error
    return type(error)(error.errno, error.strerror, folder)


def _place(one: Made, digest: str, task: Task, folder: str, existing: Existing) -> tuple[str, bool] | None:
    """Return the path that an output gets, and whether it is there as these very bytes; None to keep another.

    A file with these bytes is taken for this job's own only when it has been attempted before.
    """
    for number in range(1, _MOST_NUMBERS):
        path = os.path.join(folder, numbered(one.file_name, one.format.suffix, number))
        if not os.path.lexists(path):
            return path, False
        is_source = _is_source(path, task.source)
        if task.attempt > 1 and not is_source and _has(path, one, digest):
            return path, True
        if existing is Existing.KEEP:
            return None
        if existing is Existing.REPLACE:
            if is_source:
                raise BadName(
                    f"{one.file_name} is the source itself, which is never changed; "
                    "choose another folder, or another name for the output."
                )
            return path, False
    raise BadName(f"There are too many files named like {one.file_name}.")


def _is_source(path: str, source: str) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False


def _has(path: str, one: Made, digest: str) -> bool:
    try:
        file = Path(path)
        return file.is_file() and file.stat().st_size == len(one.content) and digest_of(file) == digest
    except OSError:
        return False


def _write(one: Made, temporary: str, times: tuple[int, int] | None) -> None:
    """Write a file that is not there yet, sync it, and read back that it is what it should be."""
    remove_files((temporary,))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as file:
        file.write(one.content)
        file.flush()
        if times is not None:
            os.utime(temporary, ns=times)
        os.fsync(file.fileno())
    content = Path(temporary).read_bytes()
    if content != one.content:
        raise ReadFailed(f"{one.file_name} could not be written: what was read back differs.")
    _check(content, one)


def _check(content: bytes, one: Made) -> None:
    """Decode what was written, to its end; a JPEG at an eighth, which reads all of it just the same."""
    try:
        with open_image(io.BytesIO(content), one.file_name, lambda _width, _height: None) as image:
            size = one.size if one.format.drawn else image.size
            moves = getattr(image, "n_frames", 1) > 1
            if moves or not read_by_vips(content, one.format.pillow):
                image.draft(image.mode, (1, 1))
                image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ReadFailed(f"{one.file_name} could not be written: it cannot be read back.") from error
    if size != one.size:
        raise ReadFailed(f"{one.file_name} could not be written: its size is not what it should be.")


def _name_all(aside: list[_Aside], kept: list[str], task: Task, folder: str, existing: Existing) -> Published:
    replacing = existing is Existing.REPLACE
    _note(aside, task, replacing=replacing)
    done: list[_Aside] = []
    for at, one in enumerate(aside):
        if not one.there and not _give_name(one.temporary, one.final, replacing=replacing):
            again = _place(one.made, one.digest, task, folder, existing)
            if again is None:
                kept.append(one.made.file_name)
                continue
            one = replace(one, final=again[0])
            _note([*done, one, *aside[at + 1 :]], task, replacing=replacing)
            if not _give_name(one.temporary, one.final, replacing=replacing):
                raise BadName(f"Other files keep taking the name {one.made.file_name}.")
        done.append(one)
    _sync_folder(folder)
    return Published(tuple(_file_of(one) for one in done), tuple(kept))


def _file_of(one: _Aside) -> OutputFile:
    return OutputFile(one.final, len(one.made.content), *one.made.size, one.made.name)


def _note(aside: Sequence[_Aside], task: Task, *, replacing: bool) -> None:
    if task.receipt:
        files = [(_file_of(one), one.digest) for one in aside]
        write_receipt(task.receipt, task.temp_tag, files, replacing=replacing)


def _give_name(temporary: str, final: str, *, replacing: bool) -> bool:
    """Give a file its final name in one step; False when the name is taken and is not to be replaced."""
    if replacing:
        os.replace(temporary, final)
        return True
    if os.name == "nt":
        return _tell_taken(lambda: os.rename(temporary, final))  # which never replaces there
    try:
        return _tell_taken(lambda: os.link(temporary, final))
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    # A file system without hard links: nothing that Python offers is one step there, so between the look and
    # the rename another program could take the name. Both files would still be whole.
    if os.path.lexists(final):
        return False
    os.rename(temporary, final)
    return True


def _tell_taken(step: Callable[[], None]) -> bool:
    try:
        step()
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    """Sync the folder's entries, where a folder can be opened for that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
