"""A command of the user's own: read as words, filled with names, run without a shell, within a time."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from core.errors import BadUsage

AFTER_EACH: Final = ("source", "output", "outputs", "id", "recipe")
"""What stands between braces in a command after each job; `outputs` is one word for each output."""

AFTER_ALL: Final = ("done", "failed", "skipped", "cancelled")
"""The same in a command after all: how many jobs ended so."""

_FIELD: Final = re.compile(r"(?<!\$)\{([a-z_]+)\}")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "cmd", "powershell", "pwsh"})
_INTERPRETERS: Final = re.compile(
    r"python[\d.]*w?|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|php[\d.]*|lua[\d.]*"
)
_CODE: Final = re.compile(r"-[a-z]*[ce]|-r|--eval|--run")  # what an interpreter's code stands behind
_FAR_SHELLS: Final = frozenset({"ssh", "rsh", "mosh", "plink"})  # all that they get is read by a shell there
_SCRIPT: Final = re.compile(r"-[a-z]*c|/[ck]|-command")  # what a shell's script stands behind
_TAIL: Final = 2_000  # bytes kept of what it prints to standard error
_SAID: Final = 200  # characters of that in a sentence
_LAST_WORDS: Final = 1.0  # seconds to wait for the last of it: something that it started may hold on to it


def words_of(command: str, fields: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the words of a command, "" for none; quotes hold a word together as in a shell.

    name: of the setting, for the sentences. Raises BadUsage for what cannot be split, for an unknown field,
    and for a field that a shell or an interpreter would read as a part of its script, here or behind ssh,
    where a file's name would be run; numbers may be.
    """
    if not isinstance(command, str):
        raise BadUsage(f"{name} takes a command as one text.")
    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise BadUsage(f"{name} takes a command; in {command!r} a quotation does not end.") from error
    if any("\0" in word for word in words):
        raise BadUsage(f"{name} takes a command without a zero in it.")
    _check_fields(words, fields, name)
    return tuple(words)


def _check_fields(words: Sequence[str], fields: Sequence[str], name: str) -> None:
    shell = code = far = False
    before = ""
    for word in words:
        found = _FIELD.findall(word)
        for field in found:
            if field not in fields:
                known = ", ".join(f"{{{one}}}" for one in fields)
                raise BadUsage(f"{name} takes {known}, not {{{field}}}.")
        if "outputs" in found and word != "{outputs}":
            raise BadUsage(f"{name} takes {{outputs}} as a word by itself.")
        if found and fields is not AFTER_ALL:
            if shell and (word != f"{{{found[0]}}}" or _SCRIPT.fullmatch(before)):
                raise BadUsage(
                    f"{name} takes no {{{found[0]}}} inside a shell's script, where a file's name could be a "
                    """command: give it behind it, as in sh -c 'cp "$1" /backup' sh {output}."""
                )
            if code and _CODE.fullmatch(before):
                raise BadUsage(
                    f"{name} takes no {{{found[0]}}} inside a program's code, where a file's name could be a "
                    "part of it: give it behind it, as an argument."
                )
            if far:
                raise BadUsage(
                    f"{name} takes no {{{found[0]}}} behind ssh or the like: a shell on the other machine "
                    "reads it, where a file's name could be a command. Use rsync or scp, or a script."
                )
        program = os.path.basename(word).lower().removesuffix(".exe")  # noqa: PTH119
        shell = shell or program in _SHELLS
        code = code or _INTERPRETERS.fullmatch(program) is not None
        far = far or (program in _FAR_SHELLS and not before.startswith("-"))  # as in rsync -e ssh
        before = word.lower()


def filled(words: Sequence[str], values: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Return the words with their values: whatever is in a value, it stays a part of its word."""
    found: list[str] = []
    for word in words:
        if word == "{outputs}":
            found += values["outputs"]
        else:
            found.append(_FIELD.sub(lambda one: str(values[one[1]]), word))
    return found


class Running:
    """Runs commands to their end, in any thread; `kill` ends those that run, and lets no other begin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def run(self, words: Sequence[str], seconds: float) -> str:
        """Run a command, `seconds` at most; return why it failed, or "" when it went well or was killed.

        It reads nothing, what it prints goes nowhere, and all that it starts ends with it.
        """
        name = os.path.basename(words[0]) or words[0]  # noqa: PTH119
        try:
            with self._lock:
                if self._ended:
                    return ""
                process = _start(words)
                self._processes.add(process)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            return f"{name} could not be started: {why or error}."
        tail = bytearray()
        reading = threading.Thread(target=_keep_tail, args=(process.stderr, tail), daemon=True)
        reading.start()
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with self._lock:
                self._processes.discard(process)
                _kill(process)  # also what it has left behind
            process.wait()
            reading.join(_LAST_WORDS)
        if self._ended or status == 0:
            return ""
        if status is None:
            return f"{name} took longer than {seconds:g} seconds, and was ended."
        lines = tail.decode("utf-8", "replace").strip().splitlines()
        said = "".join(sign if sign.isprintable() else " " for sign in lines[-1]) if lines else ""
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return f"{name} ended with {how}{': ' if said else ''}{said[:_SAID].rstrip('.')}."

    def kill(self) -> None:
        """End all at once."""
        with self._lock:
            self._ended = True
            for process in self._processes:
                _kill(process)


def _start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    if sys.platform == "win32":
        return subprocess.Popen(
            words, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )  # fmt: skip
    return subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, start_new_session=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where there are groups, all that it started."""
    if sys.platform == "win32":
        with suppress(OSError):
            process.kill()
        return
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _keep_tail(stream: IO[bytes] | None, tail: bytearray) -> None:
    assert stream is not None
    with suppress(OSError, ValueError), stream:
        while chunk := stream.read1(65_536):  # type: ignore[attr-defined]
            tail += chunk
            del tail[:-_TAIL]
