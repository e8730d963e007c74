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
from pathlib import Path

from core.job import OutputFile


def digest_of(path: str | Path) -> str:
    """Return a digest of a file's bytes. Raises OSError."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def write_receipt(
    receipt: str, tag: str, files: Sequence[tuple[OutputFile, str]], *, replacing: bool
) -> None:
    """Note what the attempt `tag` is about to publish: each file under its final path, with its digest.

    replacing: whether files of these names are replaced, so that what was there before cannot come back.
    """
    listed = [(o.path, o.bytes, o.width, o.height, o.name, digest) for o, digest in files]
    text = json.dumps({"tag": tag, "replacing": replacing, "files": listed})
    # Cut to its length afterwards: a file that was cut to nothing is written out by ext4 when it is closed.
    descriptor = os.open(receipt, os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.ftruncate(descriptor, os.write(descriptor, text.encode("ascii")))
    finally:
        os.close(descriptor)


def published(receipt: str, tag: str) -> tuple[OutputFile, ...] | None:
    """Return the outputs when all that the attempt `tag` was to publish is there unchanged, else None."""
    _, files = _read(receipt, tag)
    if not files or not all(_is_there(file, digest) for file, digest in files):
        return None
    return tuple(file for file, _ in files)


def withdraw(receipt: str, tag: str, given_up: Callable[[], bool] = lambda: False) -> int:
    """Remove the outputs that the attempt `tag` had published, and no other file; returns how many.

    Where it replaced files nothing is removed, as the earlier ones could not be brought back; nor once it is
    `given_up`, as the folder did not answer in time.
    """
    replacing, files = _read(receipt, tag)
    removed = 0
    for file, digest in files:
        if not replacing and _is_there(file, digest) and not given_up():
            Path(file.path).unlink(missing_ok=True)
            removed += 1
    return removed


def _read(receipt: str, tag: str) -> tuple[bool, list[tuple[OutputFile, str]]]:
    if not receipt:
        return False, []
    try:
        note = json.loads(Path(receipt).read_text(encoding="ascii"))
        if note["tag"] != tag:
            return False, []
        return bool(note["replacing"]), [(OutputFile(*fields), digest) for *fields, digest in note["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return False, []  # none was written, or it was cut off: then nothing had been published by it


def _is_there(file: OutputFile, digest: str) -> bool:
    try:
        path = Path(file.path)
        return path.stat().st_size == file.bytes and digest_of(path) == digest
    except OSError:
        return False
