"""How the words of the command line become values: each takes a text, or refuses it.

Raises argparse.ArgumentTypeError, whose text follows the name of the argument in a sentence.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from typing import Final

from core.command import words_of
from core.errors import BadUsage
from core.formats import FORMATS, WRITABLE, format_named
from core.intake.wanted import bytes_from
from core.job import JobState, Priority
from core.settings import MAX_TIMEOUT
from core.transfer.mapping import PathMap, path_map

MAX_SIDE: Final = 100_000
"""Pixels along a side, as core.operations takes them."""
MAX_ID: Final = 2**63 - 1
"""The largest id of a job."""

_PRIORITIES: Final = {"high": Priority.HIGH, "normal": Priority.NORMAL, "low": Priority.LOW}


def command(fields: Sequence[str]) -> Callable[[str], str]:
    """Return what takes a command with these placeholders."""

    def read(text: str) -> str:
        try:
            words_of(text, fields, "It")
        except BadUsage as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix("It ")) from error
        return text

    return read


def not_empty(text: str) -> str:
    """Take a name."""
    if not text:
        raise argparse.ArgumentTypeError("takes a name, not nothing")
    return text


def path_mapping(text: str) -> PathMap:
    """Take OLD=NEW."""
    try:
        return path_map(text)
    except BadUsage as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def shared_folder(text: str) -> tuple[str, str]:
    """Take NAME=FOLDER, of a folder that is there."""
    name, parted, folder = text.partition("=")
    if not parted or not name.strip() or not folder:
        raise argparse.ArgumentTypeError(f"takes NAME=FOLDER, not {text!r}")
    path = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 (a "~x" that is no user stays)
    if not os.path.isdir(path):  # noqa: PTH112
        raise argparse.ArgumentTypeError(f"takes a folder that is there, and {path} is none")
    return name.strip(), path


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return what takes a whole number within these limits."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not lowest <= int(text) <= highest:
            limits = f"from {lowest:,} to {highest:,}" if highest < 2**31 else f"from {lowest:,} up"
            raise argparse.ArgumentTypeError(f"takes a whole number {limits}, not {text!r}")
        return int(text)

    return read


def state(allowed: Sequence[JobState]) -> Callable[[str], JobState]:
    """Return what takes one of these states."""

    def read(text: str) -> JobState:
        if text.lower() not in allowed:
            raise argparse.ArgumentTypeError(f"takes one of {', '.join(allowed)}, not {text!r}")
        return JobState(text.lower())

    return read


def seconds(text: str) -> float:
    """Take seconds; 0 is no limit."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_TIMEOUT:
        raise argparse.ArgumentTypeError(f"takes seconds from 0 (no limit) to {MAX_TIMEOUT:,g}, not {text!r}")
    return seconds


def sides(text: str) -> str:
    """Take WxH or one side, in pixels."""
    found = re.fullmatch(r"([0-9]{1,6})(?:[xX×]([0-9]{1,6}))?", text)
    if found is None or not all(1 <= int(side) <= MAX_SIDE for side in found.groups() if side is not None):
        raise argparse.ArgumentTypeError(
            f'takes "WxH" or one number, in pixels from 1 to {MAX_SIDE:,}, not {text!r}'
        )
    return text


def writable_format(text: str) -> str:
    """Take a format that can be written."""
    found = format_named(text)
    if found is None or not found.writable:
        raise argparse.ArgumentTypeError(f"takes one of {', '.join(WRITABLE)}, not {text!r}")
    return found.name


def known_format(text: str) -> str:
    """Take a format that is known."""
    found = format_named(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"takes one of {', '.join(one.name for one in FORMATS)}, not {text!r}"
        )
    return found.name


def byte_count(text: str) -> int:
    """Take bytes, also with k or M."""
    try:
        return bytes_from(text)
    except BadUsage as error:
        raise argparse.ArgumentTypeError(f"takes bytes such as 500, 20k or 1.5M, not {text!r}") from error


def size_limit(text: str) -> int:
    """Take the bytes that a file may have at most."""
    most = byte_count(text)
    if not 1_000 <= most <= 2**40:
        raise argparse.ArgumentTypeError(f"takes bytes from 1,000 on, such as 200KB or 1.5M, not {text!r}")
    return most


def priority(text: str) -> int:
    """Take the name of a priority, or its number."""
    named = _PRIORITIES.get(text.lower())
    if named is not None:
        return int(named)
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"takes high, normal, low or a whole number, not {text!r}")
    return int(text)
