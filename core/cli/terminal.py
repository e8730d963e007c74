"""Writes to the terminal and to pipes: safely, whatever is in a file's name and whoever stops reading."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from core.errors import from_os_error

_JOINERS = "\u200c\u200d"  # they hold parts of letters and of emoji together, and show nothing else


def printable(text: str) -> str:
    r"""Return text that a terminal shows and does not obey, in one line.

    Control characters, line ends, marks that turn the direction of writing, and bytes of names that are no
    Unicode come as escapes such as \x1b.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _JOINERS else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    number = ord(sign)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name, as the operating system's functions give it
        return f"\\x{number - 0xDC00:02x}"
    return ascii(sign)[1:-1]


def json_line(value: Mapping[str, object] | Sequence[object]) -> str:
    """Return an object or a list as one line of JSON in ASCII; names come back exactly as they were."""
    return json.dumps(value)


class Printer:
    """Standard output and standard error, for one command.

    With `quiet`, what `tell` and `say` are given is dropped.

    When nobody reads standard output any more, `broken` is set and what is printed there is dropped; when it
    goes to a file that cannot be written, what `from_os_error` gives is raised once. While a
    progress bar is shown, `around` prints so that the two do not mix.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.broken = False
        self.around: Callable[[str, TextIO], None] = _plainly
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    def out(self, line: str) -> None:
        """Print one line to standard output at once; it must be fit for a terminal already."""
        self._print(line, sys.stdout)

    def tell(self, line: str) -> None:
        """Print one line to standard output as `out` does, unless it is to be quiet."""
        if not self.quiet:
            self.out(line)

    def say(self, sentence: str) -> None:
        """Print a sentence for people to standard error, unless it is to be quiet."""
        if not self.quiet:
            self.complain(sentence)

    def complain(self, sentence: str) -> None:
        """Print a sentence that tells what went wrong to standard error."""
        self._print(printable(sentence), sys.stderr)

    def _print(self, line: str, stream: TextIO | None) -> None:
        if stream is None or (self.broken and stream is sys.stdout):
            return
        try:
            self.around(line, stream)
            stream.flush()
        except OSError as error:
            if stream is sys.stdout:
                self.broken = True
            # What is left in the buffer would fail again at the end of the interpreter.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                raise from_os_error(
                    OSError(error.errno, error.strerror, "standard output"), writing=True
                ) from error


def _plainly(line: str, stream: TextIO) -> None:
    stream.write(line + "\n")
