"""Writes a report of the jobs in the queue, whoever runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.batch_report import BEGINNINGS, ORDER, PAGE, ReportFile
from core.cli.reading import reading
from core.cli.terminal import Printer
from core.settings import data_folder
from core.status import JobQuery
from core.whole_file import refuse_to_replace


def write_report(options: argparse.Namespace, printer: Printer) -> int:
    """Write the jobs, or those in the states that are asked for, into a file; returns the exit status.

    Raises BadUsage for another kind of file, and where one is that is no report, StoreUnusable, or what
    keeps the file from being written.
    """
    path = Path(options.file).absolute()
    refuse_to_replace(path, BEGINNINGS, "report")
    report = ReportFile(path)
    try:
        with reading(data_folder(options.data_dir)) as reader:
            for state in ORDER:
                if reader is not None and (not options.state or state in options.state):
                    ids = reader.find(JobQuery(states=frozenset({state})))
                    for start in range(0, len(ids), PAGE):
                        report.add(reader.jobs(ids[start : start + PAGE]))
        report.finish()
    finally:
        report.close()
    number = report.counts.total()
    missing = f"; {report.missing:,} of their outputs are missing or changed" if report.missing else ""
    printer.say(f"Wrote {number:,} job{'' if number == 1 else 's'} to {report.path}{missing}.")
    return 0
