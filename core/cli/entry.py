"""Chooses the command, and turns what goes wrong into a sentence and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from core.cli.arguments import parse
from core.cli.given import INTERRUPTED, USAGE
from core.cli.terminal import Printer, json_line
from core.errors import ImageQueueError


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run one command to its end, and return the exit status.

    0: well; 1: some of it failed; 2: wrong usage, or the queue cannot be used; 130: interrupted.
    """
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
    except SystemExit as end:
        return int(end.code or 0)
    printer = Printer(quiet=getattr(options, "quiet", False))
    try:
        match options.command:
            case "run" | "watch":
                from core.cli.run import run

                return run(options, printer)
            case "list":
                from core.cli.reading import print_list

                return print_list(options, printer)
            case "status":
                from core.cli.reading import print_status

                return print_status(options, printer)
            case "report":
                from core.cli.report_file import write_report

                return write_report(options, printer)
            case "retry" | "cancel" | "clear" | "hold" | "release":
                from core.cli.changing import change

                return change(options, printer)
            case "formats":
                from core.cli.formats import print_formats

                return print_formats(options, printer)
            case "export":
                from core.cli.transfer import export_jobs

                return export_jobs(options, printer)
            case "import":
                from core.cli.transfer import import_jobs

                return import_jobs(options, printer)
            case "worker":
                from core.cli.worker import work

                return work(options, printer)
            case "completion":
                from core.cli.manual import print_completion

                return print_completion(options, printer)
            case "man":
                from core.cli.manual import print_manual

                return print_manual(printer)
            case "desktop":
                from core.cli.desktop import change_desktop

                return change_desktop(options, printer)
            case _:
                from core.cli.window import open_window

                return open_window(options, printer)
    except ImageQueueError as error:
        printer.complain(f"imagequeue: {error}")
        if getattr(options, "json", False):
            printer.out(json_line({"error": {"code": error.code, "message": str(error)}}))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
