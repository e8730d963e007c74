"""Tasks and outcomes as JSON, for the pipe to a worker process or the line to another machine.

Each message is a dict of plain JSON values. What comes in is checked field by field: a worker that a hostile
image took over can say something wrong, but not something that is not a message.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from core.executor import Done, Failed, Outcome, Skipped, Stopped, Task
from core.job import JobError, OutputFile

LONGEST_LINE: Final = 1_000_000
"""Bytes that one message takes at most; a longer one is refused."""

_LONGEST_TEXT: Final = 4_000  # characters of a sentence
_LONGEST_DETAILS: Final = 32_000  # characters of the details of an error, of which the end is kept
_MOST_NOTES: Final = 50
_LARGEST: Final = 2**48  # of a number: so that the sum of any that fit in a line is one that a store can hold
_TASK_FIELDS: Final = tuple(field.name for field in fields(Task))

Message = dict[str, Any]


class BadMessage(ValueError):
    """What came in is not a message of this protocol."""


def to_line(message: Message) -> bytes:
    """Return a message as one line of ASCII that ends with a newline; raises ValueError if it is no JSON."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def from_line(line: bytes) -> Message:
    """Return the message in a line; raises BadMessage."""
    if len(line) > LONGEST_LINE:
        raise BadMessage(f"a line of more than {LONGEST_LINE} bytes")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON ({error}): {line[:200]!r}") from error
    if not isinstance(message, dict):
        raise BadMessage(f"not an object: {line[:200]!r}")
    return message


def task_to_wire(task: Task) -> Message:
    """Return a task as a message."""
    return {name: getattr(task, name) for name in _TASK_FIELDS}


def task_from_wire(message: Message) -> Task:
    """Return the task in a message; raises BadMessage."""
    return Task(
        job_id=_integer(message, "job_id"),
        attempt=_integer(message, "attempt"),
        source=_text(message, "source"),
        recipe=_text(message, "recipe"),
        place=_integer(message, "place"),
        index=_integer(message, "index"),
        temp_tag=_text(message, "temp_tag"),
        receipt=_text(message, "receipt"),
        timeout=_optional_number(message, "timeout"),
        downloads=_text(message, "downloads"),
        memory=_text(message, "memory"),
        below=_text(message, "below"),
        by_content=_choice(message, "by_content"),
        handover=_text(message, "handover"),
        staging=_text(message, "staging"),
    )


def outcome_to_wire(outcome: Outcome) -> Message:
    """Return an outcome as a message; over-long texts are cut. Raises TypeError if it is not an outcome."""
    match outcome:
        case Done(outputs, source_bytes, width, height, notes, handover):
            return {
                "outcome": "done",
                "outputs": [[file.path, file.bytes, file.width, file.height, file.name] for file in outputs],
                "source_bytes": source_bytes,
                "width": width,
                "height": height,
                "notes": [note[:_LONGEST_TEXT] for note in notes[:_MOST_NOTES]],
                "handover": handover,
            }
        case Skipped(reason, source_bytes):
            return {"outcome": "skipped", "reason": reason[:_LONGEST_TEXT], "source_bytes": source_bytes}
        case Failed(error):
            return {
                "outcome": "failed",
                "code": error.code,
                "message": error.message[:_LONGEST_TEXT],
                "retryable": error.retryable,
                "details": error.details[-_LONGEST_DETAILS:],
                "wait": error.wait,
            }
        case Stopped():
            return {"outcome": "stopped"}
    raise TypeError(f"{type(outcome).__name__} is not an outcome")


def outcome_from_wire(message: Message) -> Outcome:
    """Return the outcome in a message; raises BadMessage."""
    match message.get("outcome"):
        case "done":
            return Done(
                tuple(_output(one) for one in _sequence(message, "outputs")),
                _optional_integer(message, "source_bytes"),
                _optional_integer(message, "width"),
                _optional_integer(message, "height"),
                tuple(_checked_text(note, "notes") for note in _sequence(message, "notes")),
                _text(message, "handover"),
            )
        case "skipped":
            return Skipped(_text(message, "reason"), _optional_integer(message, "source_bytes"))
        case "failed":
            retryable = _choice(message, "retryable")
            return Failed(
                JobError(
                    _text(message, "code"), _text(message, "message"), retryable, _text(message, "details"),
                    _optional_number(message, "wait") or 0.0,
                )
            )  # fmt: skip
        case "stopped":
            return Stopped()
        case other:
            raise BadMessage(f"outcome is {other!r:.80}")


def progress_from_wire(message: Message) -> float | None:
    """Return the fraction done, 0 to 1, that a message of progress tells; None if it is another message."""
    if "progress" not in message:
        return None
    fraction = _optional_number(message, "progress")
    if fraction is None or fraction > 1:
        raise BadMessage(f"progress is {fraction}")
    return fraction


def _output(value: object) -> OutputFile:
    match value:
        case [str(path), int(size), int(width), int(height), str(name)]:
            if 0 <= min(size, width, height) <= max(size, width, height) < _LARGEST:
                return OutputFile(path, size, width, height, name)
    raise BadMessage(f"an output is {value!r:.200}")


def _text(message: Message, name: str) -> str:
    return _checked_text(message.get(name), name)


def _checked_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadMessage(f"{name} is {value!r:.80}")
    return value


def _choice(message: Message, name: str) -> bool:
    value = message.get(name)
    if not isinstance(value, bool):
        raise BadMessage(f"{name} is {value!r:.80}")
    return value


def _integer(message: Message, name: str) -> int:
    value = message.get(name)
    if type(value) is not int or not 0 <= value < _LARGEST:  # a bool is no number here
        raise BadMessage(f"{name} is {value!r:.80}")
    return value


def _optional_integer(message: Message, name: str) -> int | None:
    return None if message.get(name) is None else _integer(message, name)


def _optional_number(message: Message, name: str) -> float | None:
    value = message.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value < 1e12:
        raise BadMessage(f"{name} is {value!r:.80}")
    return float(value)


def _sequence(message: Message, name: str) -> list[object]:
    value = message.get(name)
    if not isinstance(value, list):
        raise BadMessage(f"{name} is {value!r:.80}")
    return value
