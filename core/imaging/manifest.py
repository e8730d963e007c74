"""What a machine says of the outputs that it has staged: the manifest, which is plain data as JSON.

Nothing here imports an imaging library: the queue reads it in its own process.

It comes from another machine, so each value is checked when it is read. It names no file and no folder:
where the staged files lie, and what they will be called, is worked out by who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import BadDelivery

if TYPE_CHECKING:
    from core.imaging.publish import Made

_LONGEST_TEXT: Final = 1_000  # characters of a note, of which a longer one loses its end
_LONGEST_NAME: Final = 200  # characters
_MOST_NOTES: Final = 50
MOST_OUTPUTS: Final = 1_000
"""Outputs that one attempt may have staged."""

_LARGEST: Final = 2**40  # of any number
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Staged:
    """One output that is staged."""

    name: str  # of the recipe's output
    format: str  # as recipes say it
    bytes: int
    width: int  # pixels; of the first page
    height: int  # pixels
    pages: int
    digest: str  # of its bytes; see `core.imaging.receipt.digest_of`


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an attempt has staged."""

    tag: str  # of the attempt: `Task.temp_tag`
    outputs: tuple[Staged, ...]  # in the order of their temporary names
    notes: tuple[str, ...] = ()  # what was given up in making them, one sentence each

    @property
    def bytes(self) -> int:
        """The bytes of all outputs together."""
        return sum(one.bytes for one in self.outputs)


def bad(why: str) -> BadDelivery:
    """Return the error for a delivery; why: a part of a sentence, on the machine or on what it made."""
    return BadDelivery(f"What another machine made did not arrive as it should: {why}.")


def manifest_of(tag: str, made: Sequence[Made], notes: Sequence[str]) -> Manifest:
    """Return the manifest of outputs that were made."""
    outputs = tuple(
        Staged(one.name, one.format.name, len(one.content), *one.size, one.pages, one.digest) for one in made
    )
    told = [note[:_LONGEST_TEXT] for note in dict.fromkeys(notes)]
    return Manifest(tag, outputs, tuple(told[:_MOST_NOTES]))


def manifest_to_wire(manifest: Manifest) -> dict[str, object]:
    """Return a manifest as JSON values."""
    return {
        "tag": manifest.tag,
        "outputs": [_staged_to_wire(one) for one in manifest.outputs],
        "notes": list(manifest.notes),
    }


def _staged_to_wire(one: Staged) -> dict[str, object]:
    return {  # dataclasses.asdict takes ten times as long
        "name": one.name, "format": one.format, "bytes": one.bytes, "width": one.width,
        "height": one.height, "pages": one.pages, "digest": one.digest,
    }  # fmt: skip


def manifest_from_wire(value: object, tag: str) -> Manifest:
    """Return the manifest of the attempt `tag` from JSON values of any kind. Raises BadDelivery."""
    match value:
        case {"tag": str(told), "outputs": list(outputs), "notes": list(notes), **rest} if not rest:
            pass
        case _:
            raise _wrong("list", value)
    if told != tag:
        raise bad(f"it is of another attempt, {told!r:.80}")
    if not 0 < len(outputs) <= MOST_OUTPUTS:
        raise bad(f"it says that it made {len(outputs):,} files")
    if len(notes) > _MOST_NOTES:
        raise _wrong("list of notes", notes)
    staged = tuple(_staged(one) for one in outputs)
    if len({one.name for one in staged}) < len(staged):
        raise bad("it says that it made one output twice")
    return Manifest(told, staged, tuple(_note(one) for one in notes))


def _staged(value: object) -> Staged:
    match value:
        case {
            "name": str(name), "format": str(format), "bytes": int(size), "width": int(width),
            "height": int(height), "pages": int(pages), "digest": str(digest), **rest,
        } if not rest:  # fmt: skip
            numbers = (size, width, height, pages)
            if any(type(one) is bool or not 0 < one < _LARGEST for one in numbers):
                raise _wrong("number", value)
            if max(len(name), len(format)) > _LONGEST_NAME:
                raise _wrong("name", value)
            if not _DIGEST.fullmatch(digest):
                raise _wrong("digest", value)
            return Staged(name, format, size, width, height, pages, digest)
    raise _wrong("output", value)


def _note(value: object) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        return value
    raise _wrong("note", value)


def _wrong(what: str, value: object) -> BadDelivery:
    return bad(f"it says a {what} that is none, {value!r:.200}")
