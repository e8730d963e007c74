"""What a report of a mistake needs: versions, settings, counts, the last errors."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Final

from core.hidden import without_passwords
from core.job import Job
from core.log_file import FAULTS_NAME, tail_of_log
from core.remote.address import parse_address
from core.settings import Settings
from core.status import QueueStatus

_PACKAGES: Final = (
    *("pillow", "pyvips", "pillow-heif", "pillow-jxl-plugin", "rawpy", "pypdfium2"),
    *("PySide6-Essentials", "qasync", "psygnal"),
    *("celery", "kombu", "redis", "keyring"),
)
_OURS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
_TRACE_LINE: Final = re.compile(r'File "(?:[^"]*[/\\])?((?:site-packages|lib)[/\\][^"]*)"')
_PRIVATE: Final = re.compile(r"(?:(?<![\w.:/\\<])(?:/(?=[^\s/])|~\w*[/\\])|\b[A-Za-z]:[\\/]|\\\\|file://).*")
PRIVATE: Final = "<path>"
"""What stands for a path and the rest of its line."""


def diagnostics(
    data_dir: Path,
    settings: Settings,
    status: QueueStatus | None,
    failures: Sequence[Job] = (),
    *,
    private: bool = False,
) -> str:
    """Return the text of a report, several lines.

    failures: failed jobs to name, by their id and error. private: leave in the paths of the user's files;
    otherwise each path goes, and with it the rest of its line, as a name may hold anything; of a broker
    its kind stays. No password is ever in it. Reads files.
    """
    parts = [
        ("Versions", [f"{name} {version}" for name, version in versions().items()]),
        ("Settings", [f"{name} = {value!r}" for name, value in _values(settings, private=private)]),
        ("Queue", _of_status(status)),
        ("Failed", [_of_failure(job) for job in failures]),
        ("Log", tail_of_log(data_dir)),
        ("Faults", tail_of_log(data_dir, FAULTS_NAME)),
    ]
    lines = [line for title, body in parts if body for line in (f"== {title}", *body, "")]
    lines = list(map(without_passwords, lines))
    return "\n".join(lines if private else map(without_paths, lines)).rstrip() + "\n"


def versions() -> dict[str, str]:
    """Return the versions of the app, of what it runs on, and of its libraries as far as installed."""
    found = {"imagequeue": _version("imagequeue"), "Python": platform.python_version()}
    found["SQLite"] = sqlite3.sqlite_version
    for name in _PACKAGES:
        found[name] = _version(name)
    found["system"] = f"{platform.platform()}, {os.cpu_count()} cores, {sys.getfilesystemencoding()}"
    return found


def without_paths(line: str) -> str:
    """Return a line with what may be private left out: a path, and all that follows it.

    The places of our own code and of libraries in a traceback stay, without the folders that they are in.
    """
    line = _TRACE_LINE.sub(r'File "\1"', line.replace(_OURS, ""))
    return _PRIVATE.sub(PRIVATE, line)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _values(settings: Settings, *, private: bool) -> Iterator[tuple[str, object]]:
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name == "broker" and value and not private:
            value = f"{parse_address(value).scheme}://..."  # whose machine it is tells nobody anything
        yield one.name, value


def _of_status(status: QueueStatus | None) -> Sequence[str]:
    if status is None:
        return ["not open"]
    counts: Mapping[str, int] = {str(state): number for state, number in status.counts.items() if number}
    return [
        f"{status.run_state}, {status.active} of {status.concurrency} workers busy",
        ", ".join(f"{number} {state}" for state, number in counts.items()) or "empty",
        *([f"paused itself: {status.reason}"] if status.reason else []),
    ]


def _of_failure(job: Job) -> str:
    assert job.error is not None
    return f"job {job.id}, {job.attempts} attempts, {job.error.code}: {job.error.message}"
