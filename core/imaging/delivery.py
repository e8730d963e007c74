"""Brings staged outputs from the machine that made them to the owner of the queue.

Where both can write into the target folder they lie there already, and the manifest alone travels; else the
bytes go with it. Nothing here imports an imaging library: the queue uses it in its own process.
"""

# ruff: noqa: PTH103, PTH118, PTH119, PTH120

from __future__ import annotations

import base64
import binascii
import os
import shutil
import stat
from pathlib import Path
from typing import Final

from core.errors import NotReadable
from core.executor import Task
from core.imaging.manifest import (
    MOST_OUTPUTS,
    Manifest,
    Staged,
    bad,
    manifest_from_wire,
)
from core.imaging.naming import temporary_paths
from core.imaging.receipt import digest_of_bytes
from core.recipe import Recipe

LARGEST_CARRIED: Final = 16 << 20
"""Bytes that the outputs of one attempt may have together to travel with the manifest."""

_READING: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def staged_paths(task: Task) -> list[str]:
    """Return where each output of the recipe is staged, in their order; fewer may be."""
    paths = temporary_paths(task.source, Recipe.from_json(task.recipe), task.temp_tag, task.below)
    return [os.path.join(task.staging, os.path.basename(path)) for path in paths] if task.staging else paths


def packed(task: Task, told: object) -> dict[str, object]:
    """Return what was staged as JSON values: the manifest, and the bytes where there is a `staging`.

    told: the manifest as `core.imaging.staging.stage` has left it. Raises BadDelivery for more than
    LARGEST_CARRIED bytes, and for files that are not as the manifest says.
    """
    message: dict[str, object] = {"manifest": told}
    if task.staging:
        manifest = manifest_from_wire(told, task.temp_tag)
        _refuse_too_much(manifest)
        paths = staged_paths(task)
        contents = [content_of(path, one)[0] for path, one in zip(paths, manifest.outputs, strict=False)]
        message["contents"] = [base64.b64encode(content).decode("ascii") for content in contents]
    return message


def unpacked(message: object, task: Task) -> object:
    """Return the manifest of what came from `packed`, for `core.imaging.handover.for_the_last_part`.

    The bytes are looked at, and written into `task.staging`, which is made; without it nothing is written,
    and the manifest is not looked at: the last part does. Raises BadDelivery for what is no such message, or
    is not what it says; OSError when it cannot be written. Nothing is left then.
    """
    match message:
        case {"manifest": {"outputs": list(outputs)} as told, **more} if (
            set(more) == ({"contents"} if task.staging else set()) and len(outputs) <= MOST_OUTPUTS
        ):
            pass
        case _:
            raise bad(f"it sent {message!r:.200}")
    if not task.staging:
        return told
    manifest = manifest_from_wire(told, task.temp_tag)
    paths = staged_paths(task)
    if len(manifest.outputs) > len(paths):
        raise bad(f"it says that it made {len(manifest.outputs):,} files")
    contents = _decoded(more["contents"], manifest)
    try:
        os.makedirs(task.staging, exist_ok=True)
        for path, content in zip(paths, contents, strict=False):
            Path(path).write_bytes(content)
    except BaseException:
        drop_delivery(task)
        raise
    return told


def drop_delivery(task: Task) -> None:
    """Remove what came as bytes; what lies in the target folder stays."""
    if task.staging:
        shutil.rmtree(task.staging, ignore_errors=True)


def _decoded(contents: object, manifest: Manifest) -> list[bytes]:
    _refuse_too_much(manifest)
    if not isinstance(contents, list) or len(contents) != len(manifest.outputs):
        raise bad("it sent other files than it says")
    found = []
    for text, one in zip(contents, manifest.outputs, strict=True):
        if not isinstance(text, str) or len(text) != 4 * ((one.bytes + 2) // 3):
            raise bad(f"{one.name!r:.80} came without all its bytes")
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad(f"{one.name!r:.80} did not come whole ({error})") from error
        _check_content(content, one)
        found.append(content)
    return found


def _refuse_too_much(manifest: Manifest) -> None:
    if manifest.bytes > LARGEST_CARRIED:
        raise bad(
            f"it has {manifest.bytes:,} bytes, of which {LARGEST_CARRIED:,} travel without a shared folder"
        )


def content_of(path: str, one: Staged) -> tuple[bytes, int]:
    """Return the bytes of a staged file, which are those that the manifest tells of, and its inode.

    Raises BadDelivery.
    """
    try:
        with os.fdopen(os.open(path, _READING), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size != one.bytes:
                raise bad(f"{one.name!r:.80} is another file than it says")
            content = file.read(one.bytes)
    except PermissionError as error:
        folder = os.path.dirname(path)
        raise NotReadable(f"What another machine wrote into {folder} cannot be read here.") from error
    except OSError as error:
        raise bad(f"{one.name!r:.80} is not there ({error.strerror})") from error
    _check_content(content, one)
    return content, status.st_ino


def _check_content(content: bytes, one: Staged) -> None:
    if len(content) != one.bytes or digest_of_bytes(content) != one.digest:
        raise bad(f"the bytes of {one.name!r:.80} are others")
