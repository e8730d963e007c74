"""What the command line takes, and what it says when asked for help or given nonsense."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Final, NoReturn

from core.cli import help_texts, values
from core.cli.terminal import printable
from core.command import AFTER_ALL, AFTER_EACH
from core.formats import WRITABLE
from core.job import JobState
from core.remote.keys import BROKER_VARIABLE
from core.settings import DATA_DIR_VARIABLE, MAX_WORKERS


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, with exit status 2."""

    def __init__(self, prog: str, description: str, epilog: str = "", usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_argument(
            "--data-dir",
            metavar="DIR",
            type=values.not_empty,
            help=f"the data folder with the queue (else {DATA_DIR_VARIABLE})",
        )

    def error(self, message: str) -> NoReturn:
        """End with the sentence."""
        message = re.sub(r"^argument (?:-\w/)?([^:]+):", r"\1:", message).replace(": takes", " takes", 1)
        self.exit(2, f"{self.prog}: {printable(message.rstrip('.'))}. Try: {self.prog} --help\n")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options, with the command's name as `command` ("window" when there is none).

    Ends the process as argparse does: status 0 after --help and --version, 2 for wrong usage.
    """
    words = list(argv)
    place = _command_at(words)
    name = "window" if place is None else words.pop(place)
    parser = _PARSERS[name]()
    paths: list[str] = []
    if name in ("window", "run", "watch") and "--" in words:
        # Done here because argparse loses them where paths and options may be mixed.
        end = words.index("--")
        words, paths = words[:end], words[end + 1 :]
    options = parser.parse_intermixed_args(words)
    options.command = name
    if paths:
        options.paths += paths
    if name in ("retry", "hold", "release") and bool(options.ids) == options.all:
        parser.error("takes either IDs or --all")
    return options


def _command_at(argv: Sequence[str]) -> int | None:
    """Return where the command's name stands: it is the first word that is no option."""
    place = 0
    while place < len(argv):
        word = argv[place]
        if word == "--data-dir":
            place += 2
        elif word.startswith("-"):
            if word == "--":
                return None
            place += 1
        else:
            return place if word in _PARSERS and word != "window" else None
    return None


def _window_parser() -> Parser:
    parser = Parser("imagequeue", help_texts.WINDOW, usage=help_texts.WINDOW_USAGE)
    _add_paths(parser)
    about = "add the PATHs with this recipe (a name, or a file) instead of the one that the window shows"
    parser.add_argument("--recipe", metavar="NAME|FILE.toml", type=values.not_empty, help=about)
    version = f"Image Queue {metadata.version('imagequeue')}"
    parser.add_argument("--version", action="version", version=version)
    return parser


def _run_parser() -> Parser:
    parser = Parser("imagequeue run", help_texts.RUN, help_texts.RUN_END)
    _add_paths(parser)
    about = "say what would be written, replaced and skipped, and write nothing"
    parser.add_argument("--dry-run", action="store_true", default=None, help=about)
    about = "tell by the content of a file whether it has changed since it was made, not by its time"
    parser.add_argument("--by-content", action="store_true", default=None, help=about)
    about = "make again what is up to date"
    parser.add_argument("--force", action="store_true", default=None, help=about)
    _add_options(parser)
    return parser


def _watch_parser() -> Parser:
    parser = Parser("imagequeue watch", help_texts.WATCH, help_texts.WATCH_END)
    parser.add_argument("paths", nargs="+", metavar="DIR", help="folders to watch, with their subfolders")
    parser.set_defaults(dry_run=None, force=None, by_content=None, paths_from=None)
    _add_options(parser)
    return parser


def _add_paths(parser: Parser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="image files, folders with images, and links"
    )
    about = "add the PATHs that a file lists, too, one a line or parted by NULs; - reads standard input"
    parser.add_argument("--paths-from", metavar="FILE", type=values.not_empty, help=about)


def _add_quiet(parser: Parser) -> None:
    about = "say only what goes wrong"
    parser.add_argument("-q", "--quiet", action="store_true", help=about)


def _add_options(parser: Parser) -> None:
    """Add what says how images are taken, made and run."""
    add = parser.add_argument
    about = (
        "put the outputs into this folder, made when missing (else where the recipe says: beside the source)"
    )
    add("-o", "--output", metavar="DIR", type=values.not_empty, help=about)
    about = "put them there into the same folders as their sources are in below the folder that is given"
    add("--mirror", action="store_true", default=None, help=about)
    about = "put each output in the place of its original, which goes to the trash; takes one output"
    add("--replace-original", action="store_true", default=None, help=about)
    about = "a recipe by its name, or in a file"
    add("--recipe", metavar="NAME|FILE.toml", type=values.not_empty, help=about)
    about = "make a thumbnail that fits a square of PX pixels"
    add("--thumbnail", metavar="PX", type=values.whole(1, values.MAX_SIDE), help=about)
    about = "make a copy that fits WxH pixels, or a square of PX"
    add("--resize", metavar="WxH|PX", type=values.sides, help=about)
    add(
        "--format", metavar="F", type=values.writable_format, help=f"write this format: {', '.join(WRITABLE)}"
    )
    add("--quality", metavar="N", type=values.whole(1, 100), help="of lossy formats, 1 to 100")
    about = "lower the quality, and at last the size, until a file has at most BYTES, such as 200KB or 1.5M"
    add("--max-size", metavar="BYTES", type=values.size_limit, help=about)
    about = "write no output that would be larger than its source; where none is left the job is skipped"
    add("--skip-larger", action="store_true", default=None, help=about)
    about = "high (10), normal (0), low (-10) or a whole number; higher runs first"
    add("--priority", metavar="P", type=values.priority, help=about)
    about = "jobs that run at the same time (else as in the settings: 4)"
    add("--workers", metavar="N", type=values.whole(1, MAX_WORKERS), help=about)
    about = "attempts after the first (else as in the settings: 3)"
    add("--max-retries", metavar="N", type=values.whole(0, 1_000), help=about)
    about = "seconds that an attempt may take, 0 for no limit (else as in the settings: 300)"
    add("--timeout", metavar="S", type=values.seconds, help=about)
    about = (
        "what becomes of a file that has an output's name already: it stays and nothing is made, the output "
        "gets the next number, it is replaced, or it is replaced if the source is newer (else as the recipe "
        "says: keep)"
    )
    add("--existing", choices=("keep", "number", "replace", "newer"), help=about)
    about = "leave out of folders what this line of a .gitignore would; may be given several times"
    add("--ignore", metavar="PATTERN", action="append", type=values.not_empty, help=about)
    about = "take only this format out of folders; may be given several times"
    add("--only", metavar="FORMAT", action="append", type=values.known_format, help=about)
    about = "leave files of folders out that are smaller, such as 500, 20k or 1.5M (units of 1,000)"
    add("--min-size", metavar="BYTES", type=values.byte_count, help=about)
    add("--hidden", action="store_true", default=None, help="take hidden files and folders in folders, too")
    about = "open archives in folders, too, though not in watched ones; the limits against bombs hold"
    add("--archives", action="store_true", default=None, help=about)
    about = "run this command after each job that is done; see below (else as in the settings)"
    add("--after-each", metavar="COMMAND", type=values.command(AFTER_EACH), help=about)
    about = "run this command when nothing is left to run (else as in the settings)"
    add("--after-all", metavar="COMMAND", type=values.command(AFTER_ALL), help=about)
    add("--json", action="store_true", help="print one JSON object a line for each job that ends")
    _add_quiet(parser)


def _list_parser() -> Parser:
    parser = Parser("imagequeue list", help_texts.LIST)
    _add_state(parser, tuple(JobState))
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    return parser


def _status_parser() -> Parser:
    parser = Parser("imagequeue status", help_texts.STATUS)
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    return parser


def _formats_parser() -> Parser:
    parser = Parser("imagequeue formats", help_texts.FORMATS)
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    return parser


def _retry_parser() -> Parser:
    parser = Parser("imagequeue retry", help_texts.RETRY, help_texts.RETRY_END)
    _add_ids(parser, "*", "all jobs that have failed")
    return parser


def _cancel_parser() -> Parser:
    parser = Parser("imagequeue cancel", help_texts.CANCEL, help_texts.CANCEL_END)
    _add_ids(parser, "+")
    return parser


def _hold_parser() -> Parser:
    parser = Parser("imagequeue hold", help_texts.HOLD, help_texts.HOLD_END)
    _add_ids(parser, "*", "all jobs that wait")
    return parser


def _release_parser() -> Parser:
    parser = Parser("imagequeue release", help_texts.RELEASE, help_texts.RELEASE_END)
    _add_ids(parser, "*", "all jobs that are held")
    return parser


def _add_ids(parser: Parser, number: str, every: str = "") -> None:
    parser.add_argument(
        "ids", nargs=number, default=[], metavar="ID", type=values.whole(1, values.MAX_ID), help="ids of jobs"
    )
    if every:
        parser.add_argument("--all", action="store_true", help=every)
    _add_changed(parser)


def _add_changed(parser: Parser) -> None:
    about = "print a JSON object with changed and left_crashing, how many jobs"
    parser.add_argument("--json", action="store_true", help=about)
    _add_quiet(parser)


def _clear_parser() -> Parser:
    parser = Parser("imagequeue clear", help_texts.CLEAR)
    _add_state(parser, (JobState.DONE, JobState.SKIPPED, JobState.FAILED, JobState.CANCELLED))
    _add_changed(parser)
    return parser


def _report_parser() -> Parser:
    parser = Parser("imagequeue report", help_texts.REPORT)
    about = "the file to write: its name ends in .csv or .json; an earlier one is replaced"
    parser.add_argument("file", metavar="FILE", type=values.not_empty, help=about)
    _add_state(parser, tuple(JobState))
    _add_quiet(parser)
    return parser


def _export_parser() -> Parser:
    parser = Parser("imagequeue export", help_texts.EXPORT, help_texts.EXPORT_END)
    add = parser.add_argument
    about = "the file to write, such as shoot.imagequeue; an earlier one is replaced"
    add("file", metavar="FILE", type=values.not_empty, help=about)
    add(
        "ids",
        nargs="*",
        default=[],
        metavar="ID",
        type=values.whole(1, values.MAX_ID),
        help="ids of jobs (else all that wait)",
    )
    about = (
        "what becomes of the jobs here when the file is written: keep them waiting (unless you say so), "
        "hold them, or remove them"
    )
    add("--then", choices=("keep", "hold", "remove"), default="keep", help=about)
    add("--json", action="store_true", help="print a JSON object")
    _add_quiet(parser)
    return parser


def _import_parser() -> Parser:
    parser = Parser("imagequeue import", help_texts.IMPORT, help_texts.IMPORT_END)
    add = parser.add_argument
    add("file", metavar="FILE", type=values.not_empty, help="a file that `imagequeue export` wrote")
    about = "folder OLD of the other machine is folder NEW here; may be given several times"
    add("--map", metavar="OLD=NEW", action="append", default=[], type=values.path_mapping, help=about)
    about = (
        "what to do when sources are not here: refuse all (unless you say so), leave-out those jobs, "
        "or take all the same"
    )
    add("--missing", choices=("refuse", "leave-out", "take"), default="refuse", help=about)
    add("--dry-run", action="store_true", help="say what would be imported, and import nothing")
    add("--json", action="store_true", help="print a JSON object")
    _add_quiet(parser)
    return parser


def _worker_parser() -> Parser:
    parser = Parser("imagequeue worker", help_texts.WORKER, help_texts.WORKER_END)
    add = parser.add_argument
    about = (
        f"the address of the broker (else {BROKER_VARIABLE}, which keeps a password out of the process list)"
    )
    add("--broker", metavar="URL", type=values.not_empty, help=about)
    about = "images that are worked on at the same time (else one for each processor)"
    add("--slots", metavar="N", type=values.whole(1, MAX_WORKERS), help=about)
    about = "what this machine is called in the window (else as the host)"
    add("--name", metavar="NAME", type=values.not_empty, help=about)
    about = "the shared folder NAME is FOLDER on this machine; may be given several times"
    add("--share", metavar="NAME=FOLDER", action="append", default=[], type=values.shared_folder, help=about)
    about = "megabytes that an image may take, 0 for no limit (2048 unless you say so)"
    add("--memory-limit", metavar="MB", default=2048, type=values.whole(0, 2**30), help=about)
    about = "seconds that what runs gets at the end, until it is given back (10 unless you say so)"
    add("--grace", metavar="S", default=10.0, type=values.seconds, help=about)
    _add_quiet(parser)
    return parser


def _completion_parser() -> Parser:
    parser = Parser("imagequeue completion", help_texts.COMPLETION, help_texts.COMPLETION_END)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")
    return parser


def _man_parser() -> Parser:
    return Parser("imagequeue man", help_texts.MAN)


def _desktop_parser() -> Parser:
    parser = Parser("imagequeue desktop", help_texts.DESKTOP, help_texts.DESKTOP_END)
    parser.add_argument("do", choices=("install", "remove"), help="what to do")
    _add_quiet(parser)
    return parser


def _add_state(parser: Parser, allowed: Sequence[JobState]) -> None:
    about = f"only jobs in this state, one of {', '.join(allowed)}; may be given several times"
    parser.add_argument("--state", action="append", type=values.state(allowed), metavar="STATE", help=about)


_PARSERS: Final[dict[str, Callable[[], Parser]]] = {
    "window": _window_parser,
    "run": _run_parser,
    "watch": _watch_parser,
    "list": _list_parser,
    "status": _status_parser,
    "retry": _retry_parser,
    "cancel": _cancel_parser,
    "hold": _hold_parser,
    "release": _release_parser,
    "clear": _clear_parser,
    "report": _report_parser,
    "export": _export_parser,
    "import": _import_parser,
    "formats": _formats_parser,
    "worker": _worker_parser,
    "completion": _completion_parser,
    "man": _man_parser,
    "desktop": _desktop_parser,
}


def parsers() -> dict[str, Parser]:
    """Return the parser of each command by its name, that of the window as "window"."""
    return {name: make() for name, make in _PARSERS.items()}
