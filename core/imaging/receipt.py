"""The receipt of an attempt: what it is about to publish, so that a crash in between can be told apart.

A worker writes it when all its files are ready under temporary names, before the first gets its real name.
Each slot has one receipt file, and each attempt overwrites it; `tag` says whose it is. After a crash the
receipt tells whether everything had been published (the job is done, G6), or which files a cancelled job has
to take back.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from core.imaging.naming import numbered
from core.imaging.placing import give_name, sync_folder
from core.job import OutputFile

_MOST_NUMBERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Original:
    """A source that is to be replaced by what is made of it, as it was when it was opened."""

    path: str
    size: int  # bytes
    changed: int  # nanoseconds since the epoch
    inode: int
    temporary: str  # where the new file is until it has its name

    def is_there(self) -> bool:
        """Return whether it has not gone to the trash yet."""
        try:
            now = os.stat(self.path, follow_symlinks=False)  # noqa: PTH116
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns, now.st_ino) == (self.size, self.changed, self.inode)


@dataclass(frozen=True, slots=True)
class _Note:
    """What a receipt says."""

    replacing: bool = False
    files: tuple[tuple[OutputFile, str], ...] = ()
    original: Original | None = None


def digest_of(path: str | Path) -> str:
    """Return a digest of a file's bytes. Raises OSError."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def digest_of_bytes(content: bytes) -> str:
    """Return what `digest_of` gives for a file that holds these bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def write_receipt(
    receipt: str,
    tag: str,
    files: Sequence[tuple[OutputFile, str]],
    *,
    replacing: bool,
    original: Original | None = None,
) -> None:
    """Note what the attempt `tag` is about to publish: each file under its final path, with its digest.

    replacing: whether files of these names are replaced, so that what was there before cannot come back.
    original: the source that the one file is to replace; then the receipt is synced.
    """
    listed = [(o.path, o.bytes, o.width, o.height, o.name, digest) for o, digest in files]
    values: dict[str, object] = {"tag": tag, "replacing": replacing, "files": listed}
    if original is not None:
        values["original"] = astuple(original)
    # Cut to its length afterwards: a file that was cut to nothing is written out by ext4 when it is closed.
    descriptor = os.open(receipt, os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.ftruncate(descriptor, os.write(descriptor, json.dumps(values).encode("ascii")))
        if original is not None:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if original is not None:
        sync_folder(str(Path(receipt).parent))


def finish_replacing(receipt: str, tag: str) -> bool:
    """Give a new file its name whose original went to the trash just before the attempt `tag` died.

    Returns False when that could not be done: then the temporary file is all there is of it, and must stay.
    """
    note = _read(receipt, tag)
    if note.original is None or len(note.files) != 1 or note.original.is_there():
        return True
    ((file, digest),) = note.files
    there = OutputFile(note.original.temporary, file.bytes, file.width, file.height)
    if _is_there(file, digest) or not _is_there(there, digest):
        return True
    with suppress(OSError):
        suffix = Path(file.path).suffix
        for number in range(1, _MOST_NUMBERS):
            path = numbered(file.path, suffix, number)
            if give_name(there.path, path, replacing=False):
                named = OutputFile(path, file.bytes, file.width, file.height, file.name)
                write_receipt(receipt, tag, [(named, digest)], replacing=False, original=note.original)
                sync_folder(str(Path(path).parent))
                return True
    return False


def published(receipt: str, tag: str) -> tuple[OutputFile, ...] | None:
    """Return the outputs when all that the attempt `tag` was to publish is there unchanged, else None.

    While an original is still there that they are to replace, not all is done.
    """
    note = _read(receipt, tag)
    if not note.files or not all(_is_there(file, digest) for file, digest in note.files):
        return None
    if note.original is not None and note.original.is_there():
        return None
    return tuple(file for file, _ in note.files)


def is_noted(receipt: str, tag: str) -> bool:
    """Return whether the attempt `tag` had come to the point where its outputs get their names."""
    return bool(_read(receipt, tag).files)


def withdraw(receipt: str, tag: str, given_up: Callable[[], bool] = lambda: False) -> int:
    """Remove the outputs that the attempt `tag` had published, and no other file; returns how many.

    Where it replaced files nothing is removed, as the earlier ones could not be brought back; nor once it is
    `given_up`, as the folder did not answer in time.
    """
    note = _read(receipt, tag)
    removed = 0
    for file, digest in note.files:
        if not note.replacing and _is_there(file, digest) and not given_up():
            Path(file.path).unlink(missing_ok=True)
            removed += 1
    return removed


def _read(receipt: str, tag: str) -> _Note:
    if not receipt:
        return _Note()
    try:
        with open(receipt, encoding="ascii") as file:  # noqa: PTH123 (as for each attempt)
            text = file.read()
        if tag not in text:  # another attempt's, as it is for most
            return _Note()
        note = json.loads(text)
        if note["tag"] != tag:
            return _Note()
        files = tuple((OutputFile(*fields), digest) for *fields, digest in note["files"])
        given = note.get("original")
        return _Note(bool(note["replacing"]), files, None if given is None else Original(*given))
    except (OSError, ValueError, KeyError, TypeError):
        return _Note()  # none was written, or it was cut off: then nothing had been published by it


def _is_there(file: OutputFile, digest: str) -> bool:
    try:
        path = Path(file.path)
        return path.stat().st_size == file.bytes and digest_of(path) == digest
    except OSError:
        return False
