"""Sends the waiting jobs on in a file, and takes those of another queue in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from core.cli.changing import ask_owner, check_reply
from core.cli.reading import reading
from core.cli.recipes import check_folder
from core.cli.terminal import Printer, json_line, printable
from core.errors import BadUsage
from core.job import WAITING
from core.links.kept import keeper
from core.settings import data_folder
from core.transfer.queue_file import BEGINNINGS
from core.transfer.sending import Written, write_waiting
from core.transfer.taking import Arrival, Missing, load_jobs
from core.whole_file import refuse_to_replace

_THEN: Final = {"hold": "held here until they are released", "remove": "removed from the queue here"}

_ALONE: Final = "of what is on this machine alone: pasted pictures, archives, images that become one file"


def export_jobs(options: argparse.Namespace, printer: Printer) -> int:
    """Write the waiting jobs, or the named ones, into a file; returns the exit status.

    Only when the file is on the disk are they held or removed here, so that whatever ends this loses none.
    Raises BadUsage where there is nothing to write, or another file is in the way, StoreUnusable, or what
    keeps the file from being written.
    """
    data_dir = data_folder(options.data_dir)
    path = Path(options.file).absolute()
    refuse_to_replace(path, BEGINNINGS, "file of jobs")
    ids: list[int] = list(dict.fromkeys(options.ids))
    with reading(data_dir) as reader:
        if reader is not None and ids:
            waiting = {job.id for job in reader.jobs(ids) if job.state in WAITING}
            others = [str(job) for job in ids if job not in waiting]
            if others:
                raise BadUsage(f"No job {', '.join(others[:10])} is waiting; nothing was written.")
        written, left_out = (
            Written([]) if reader is None else write_waiting(reader, path, ids or None, keeper(data_dir))
        )
    if not written:
        where = f" but {_jobs(left_out)} {_ALONE}" if left_out else ""
        raise BadUsage(f"No job is waiting{where}; nothing was written.")
    changed = 0
    if options.then != "keep":
        changed = _then(data_dir, options.then, written)
    if options.json:
        printer.out(
            json_line(
                {
                    "file": str(path),
                    "jobs": len(written),
                    "left_out": left_out,
                    "then": options.then,
                    "changed": changed,
                }
            )
        )
        return 0
    printer.say(f"Wrote {_jobs(len(written))} to {path}.")
    if left_out:
        printer.complain(f"Left out: {_jobs(left_out)} {_ALONE}.")
    if options.then == "keep":
        printer.say("They wait here, too: --then hold or --then remove keeps them from being made twice.")
    else:
        printer.say(f"{_jobs(changed)} {'is' if changed == 1 else 'are'} {_THEN[options.then]}.")
    return 0


def _then(data_dir: Path, then: str, ids: list[int]) -> int:
    """Hold or remove what was written and still waits; returns how many jobs of the file that are so now."""
    with reading(data_dir) as reader:
        # What began to run meanwhile goes on; it is in the file, too, and made twice at worst.
        still = [] if reader is None else [job.id for job in reader.jobs(ids) if job.state in WAITING]
    reply, _ = ask_owner(data_dir, {"do": then, "ids": still})
    check_reply(reply, "The file is written, and the jobs wait here, too: ")
    return len(still) if then == "hold" else int(str(reply.get("count")))


def import_jobs(options: argparse.Namespace, printer: Printer) -> int:
    """Take the jobs of a file in, all of them or none; returns the exit status.

    Raises BadQueueFile, BadUsage, NoSuchFile, NotWritable, StoreUnusable or QueueInUse; nothing has
    changed then.
    """
    data_dir = data_folder(options.data_dir)
    path, missing = Path(options.file).absolute(), Missing(options.missing)
    # Looked through before the queue is opened, or made: what cannot be taken in changes nothing.
    arrival, jobs = load_jobs(path, options.map, missing)
    for folder in arrival.folders:
        check_folder(Path(folder))
    if arrival.replacing:
        printer.complain(f"Originals are replaced, and go to the trash, by: {', '.join(arrival.replacing)}.")
    if arrival.overwriting:
        printer.complain(f"Files of the outputs' names are replaced by: {', '.join(arrival.overwriting)}.")
    if options.dry_run:
        _print_arrival(arrival, len(jobs), printer, options)
        return 0
    maps = [[one.old, one.new] for one in options.map]
    message = {"do": "import", "file": str(path), "maps": maps, "missing": str(missing)}
    reply, owned = ask_owner(data_dir, message)
    check_reply(reply)
    count, duplicates, left_out = (int(str(reply.get(one))) for one in ("count", "duplicates", "left_out"))
    if options.json:
        printer.out(json_line({"imported": count, "duplicates": duplicates, "left_out": left_out}))
        return 0
    for folder in arrival.folders:
        printer.say(f"Outputs go to {folder}")
    parts = [f"Imported {_jobs(count)}"]
    if duplicates:
        parts.append(f"{duplicates:,} {'was' if duplicates == 1 else 'were'} here already")
    if left_out:
        parts.append(f"{left_out:,} left out, as their sources are missing")
    printer.say(", ".join(parts) + ".")
    if count and not owned:
        printer.say("To run them: imagequeue run")
    return 0


def _print_arrival(arrival: Arrival, count: int, printer: Printer, options: argparse.Namespace) -> None:
    left_out = len(arrival.jobs) - count
    if options.json:
        said = {"would_import": count, "left_out": left_out, "folders": arrival.folders}
        also = {"replacing_originals": arrival.replacing, "replacing_files": arrival.overwriting}
        printer.out(json_line(said | also))
        return
    out = f", and leave out {left_out:,} whose sources are missing" if left_out else ""
    printer.out(f"Nothing was imported. It would be {_jobs(count)}{out}.")
    for folder in arrival.folders:
        printer.out(printable(f"Outputs go to {folder}"))


def _jobs(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"
