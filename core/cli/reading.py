"""Prints what is in the queue, whoever runs it: it reads the store, and changes nothing."""

from __future__ import annotations

import argparse
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from core.cli.terminal import Printer, json_line, printable
from core.errors import StoreUnusable
from core.job import Job, JobState, Priority
from core.owner import owner_pid
from core.settings import data_folder
from core.status import JobQuery
from core.store_file import STORE_NAME, as_store_error
from core.store_reader import StoreReader

_PAGE: Final = 500  # jobs that are read at a time


def print_list(options: argparse.Namespace, printer: Printer) -> int:
    """Print the jobs, as a table or as a JSON array. Raises StoreUnusable."""
    query = JobQuery(states=frozenset(options.state) if options.state else None)
    jobs = _jobs(data_folder(options.data_dir), query)
    if options.json:
        _print_array(jobs, printer)
        return 0
    empty = True
    for job in jobs:
        if empty:
            printer.out(f"{'ID':>6}  {'STATE':<9}  {'PRIORITY':>8}  {'TRIES':>5}  {'ADDED':<16}  SOURCE")
        empty = False
        printer.out(_row(job))
        if printer.broken:
            break
    if empty:
        printer.out("No jobs in this state." if options.state else "The queue is empty.")
    return 0


def print_status(options: argparse.Namespace, printer: Printer) -> int:
    """Print how many jobs are in each state, and who runs the queue. Raises StoreUnusable."""
    data_dir = data_folder(options.data_dir)
    counts, paused = dict.fromkeys(JobState, 0), False
    with reading(data_dir) as reader:
        if reader is not None:
            counts, paused = reader.counts(), reader.paused()
    pid = owner_pid(data_dir)
    total = sum(counts.values())
    if options.json:
        printer.out(
            json_line(
                {
                    "running": pid is not None and not paused,
                    "paused": paused,
                    "owner": pid or None,
                    "counts": {str(state): number for state, number in counts.items()},
                    "total": total,
                    "data_dir": str(data_dir),
                }
            )
        )
        return 0
    who = (
        "no process runs it"
        if pid is None
        else f"process {pid} has it open"
        if pid
        else "a process has it open"
    )
    printer.out(f"The queue is {'paused' if paused else 'started'}; {who}.")
    for state, number in counts.items():
        printer.out(f"{state:<10} {number:>9,}")
    printer.out(f"{'total':<10} {total:>9,}")
    return 0


def job_values(job: Job) -> dict[str, object]:
    """Return a job as plain values for JSON; times are seconds since the epoch."""
    return {
        "id": job.id,
        "source": job.source,
        "state": str(job.state),
        "priority": job.priority,
        "recipe": job.recipe_name,
        "attempts": job.attempts,
        "max_retries": job.max_retries,
        "added": job.added_at,
        "due": job.due_at,
        "seconds": job.seconds,
        "source_bytes": job.source_bytes,
        "output_bytes": job.output_bytes,
        "outputs": [
            {
                "path": one.path,
                "bytes": one.bytes,
                "width": one.width,
                "height": one.height,
                "name": one.name,
            }
            for one in job.outputs
        ],
        "reason": job.reason,
        "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
    }


@contextmanager
def reading(data_dir: Path) -> Iterator[StoreReader | None]:
    """Open the store to read it; None when there is none, or one that is just being made.

    Raises StoreUnusable for one that cannot be read.
    """
    store = data_dir / STORE_NAME
    try:
        if data_dir.exists() and not data_dir.is_dir():
            raise StoreUnusable(f"The data folder {data_dir} is a file, not a folder.")
        if not store.exists():
            yield None
            return
        with closing(StoreReader(store)) as reader:
            yield reader if _is_made(reader) else None
    except sqlite3.Error as error:
        raise as_store_error(error, store) from error


def _is_made(reader: StoreReader) -> bool:
    try:
        reader.paused()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # its tables are not there yet
            return False
        raise
    return True


def _jobs(data_dir: Path, query: JobQuery) -> Iterator[Job]:
    with reading(data_dir) as reader:
        if reader is None:
            return
        ids = reader.find(query)
        for start in range(0, len(ids), _PAGE):
            for job in reader.jobs(ids[start : start + _PAGE]):
                # It may have changed since it was found.
                if query.states is None or job.state in query.states:
                    yield job


def _print_array(jobs: Iterator[Job], printer: Printer) -> None:
    """Print one job a line as they are read: the array may be longer than the memory is large."""
    held: str | None = None  # the line before, which gets a comma when another one follows
    for job in jobs:
        printer.out("[" if held is None else held + ",")
        held = json_line(job_values(job))
        if printer.broken:
            return
    if held is None:
        printer.out("[]")
    else:
        printer.out(held)
        printer.out("]")


def _row(job: Job) -> str:
    priorities = {int(one): one.name.lower() for one in Priority}
    added = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.added_at))
    tries = f"{job.attempts}/{job.max_retries + 1}"
    why = job.reason if job.error is None else job.error.message
    note = f"  ({why})" if why else ""
    return (
        f"{job.id:>6}  {job.state:<9}  {priorities.get(job.priority, str(job.priority)):>8}  {tries:>5}  "
        f"{added:<16}  {printable(job.source + note)}"
    )
