"""Writes a report of jobs, as CSV for people's spreadsheets or as JSON for programs, the failures first."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from core.errors import BadUsage, from_os_error
from core.job import Job, JobState
from core.whole_file import give_part_its_name, leave_no_part

PAGE: Final = 500
"""Jobs to read and add at a time."""

ORDER: Final = (
    JobState.FAILED, JobState.CANCELLED, JobState.RETRYING, JobState.HELD, JobState.QUEUED,
    JobState.RUNNING, JobState.SKIPPED, JobState.DONE,
)  # fmt: skip
"""The states in the order in which a report lists their jobs."""

SUFFIXES: Final = (".csv", ".json")
_FIELDS: Final = (
    "state", "source", "recipe", "outputs", "outputs_missing", "source_bytes", "output_bytes", "width",
    "height", "attempts", "seconds", "added", "ended", "error_code", "error", "note",
)  # fmt: skip
BEGINNINGS: Final = (b"\xef\xbb\xbf" + ",".join(_FIELDS[:3]).encode(), b'{"jobs": [')
"""How the bytes of a report begin."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet compute a cell


class ReportFile:
    """A report that grows by `add` and is there, whole, after `finish`. All methods are for any one thread.

    Each output is looked at again: those that are gone, or of another size than was written, are listed as
    missing. Raises BadUsage for a name that is neither CSV nor JSON, or what `from_os_error` gives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._as_json = path.suffix.lower() == ".json"
        if path.suffix.lower() not in SUFFIXES:
            raise BadUsage(f"A report is a .csv or a .json file, and not {path.name!r}.")
        self._part = path.with_name(f".{path.name}.part")
        self.counts: Counter[str] = Counter()
        self.missing = 0
        try:
            # A spreadsheet takes a CSV file for UTF-8 by the mark at its beginning.
            encoding = "utf-8" if self._as_json else "utf-8-sig"
            self._file: TextIO = self._part.open("w", encoding=encoding, newline="")
            self._csv = csv.DictWriter(self._file, _FIELDS)
            if self._as_json:
                self._file.write('{"jobs": [')
            else:
                self._csv.writeheader()
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def add(self, jobs: Iterable[Job]) -> None:
        """Write these jobs."""
        try:
            for job in jobs:
                values = _values(job)
                missing = values["outputs_missing"]
                assert isinstance(missing, list)
                self.missing += len(missing)
                if self._as_json:
                    self._file.write(f"{',' if self.counts.total() else ''}\n{json.dumps(values)}")
                else:
                    self._csv.writerow({name: _cell(value) for name, value in values.items()})
                self.counts[job.state] += 1
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def finish(self) -> None:
        """Give the report its name, in the place of an earlier one."""
        try:
            if self._as_json:
                summary = {str(state): self.counts[state] for state in ORDER}
                self._file.write(
                    f'\n], "summary": {json.dumps(summary | {"outputs_missing": self.missing})}}}\n'
                )
            give_part_its_name(self._file, self._part, self.path)
        except OSError as error:
            raise from_os_error(error, writing=True) from error

    def close(self) -> None:
        """Leave nothing behind that was not finished."""
        leave_no_part(self._file, self._part)


def _values(job: Job) -> dict[str, object]:
    failed = job.error if job.state is not JobState.DONE else None
    return {
        "state": str(job.state),
        "source": _text(job.source),
        "recipe": job.recipe_name,
        "outputs": [_text(one.path) for one in job.outputs],
        "outputs_missing": [_text(one.path) for one in job.outputs if not _is_there(one.path, one.bytes)],
        "source_bytes": job.source_bytes,
        "output_bytes": job.output_bytes,
        "width": job.width,
        "height": job.height,
        "attempts": job.attempts,
        "seconds": None if job.seconds is None else round(job.seconds, 3),
        "added": _time(job.added_at),
        "ended": None if job.ended_at is None else _time(job.ended_at),
        "error_code": None if failed is None else failed.code,
        "error": None if failed is None else _text(failed.message),
        "note": _text(job.reason),
    }


def _is_there(path: str, size: int) -> bool:
    try:
        return os.stat(path).st_size == size  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _cell(value: object) -> object:
    """Return a value as a spreadsheet may have it: lists a line each, and nothing that it would compute."""
    if isinstance(value, list):
        value = "\n".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _text(text: str) -> str:
    """Return a text in which names that are not Unicode can be read, too."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
