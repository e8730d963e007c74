"""Makes the manual page and the completion for shells of what the commands take, so that both stay true."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Final

from core.cli import help_texts
from core.cli.arguments import parsers
from core.cli.terminal import Printer
from core.formats import FORMATS, WRITABLE
from core.job import ENDED, JobState
from core.settings import DATA_DIR_VARIABLE

SHELLS: Final = ("bash", "zsh", "fish")

_WIDTH: Final = 72  # columns of a usage

_WORDS: Final[dict[str, tuple[str, ...]]] = {  # what the values of options can be, where that is words
    "format": WRITABLE,
    "only": tuple(one.name for one in FORMATS),
    "priority": ("high", "normal", "low"),
    "state": tuple(JobState),
}


def print_completion(options: argparse.Namespace, printer: Printer) -> int:
    """Print the script that lets a shell complete."""
    printer.out(completion_script(options.shell))
    return 0


def print_manual(printer: Printer) -> int:
    """Print the manual page."""
    printer.out(manual_page())
    return 0


# -- completion -------------------------------------------------------------------------------------------


def completion_script(shell: str) -> str:
    """Return the script that lets one of SHELLS complete the commands, their options and their values."""
    import shtab

    made = parsers()
    top = argparse.ArgumentParser("imagequeue", parents=[made["window"]], add_help=False)
    # A first word that is no command is a PATH, which bash completes by itself, and others when told to.
    top._actions[:] = [one for one in top._actions if one.dest != "paths"]
    commands = top.add_subparsers(metavar="COMMAND", parser_class=argparse.ArgumentParser)
    for name, about in help_texts.COMMANDS.items():
        parser = commands.add_parser(name, help=about, parents=[made[name]], add_help=False)
        _offer(parser, name)
    _offer(top, "")
    script = shtab.complete(top, shell)
    if shell == "fish":
        first = "_shtab_imagequeue_using; and test $_shtab_imagequeue_npos -eq 0"
        return (
            script + f"\ncomplete -c imagequeue -n '{first}' -a '(__fish_complete_path (commandline -ct))'\n"
        )
    return script.replace("': :_shtab_imagequeue_commands'", "': :{_shtab_imagequeue_commands; _files}'")


def _offer(parser: argparse.ArgumentParser, command: str) -> None:
    """Say of each option what its value is: a file, a folder, or one of some words."""
    import shtab

    for action in parser._actions:
        if action.dest in _WORDS:
            action.choices = [one for one in _WORDS[action.dest] if command != "clear" or one in ENDED]
        elif action.metavar in ("PATH", "FILE"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.metavar == "NAME|FILE.toml":
            action.complete = shtab.glob("*.toml")  # type: ignore[attr-defined]


# -- the manual page --------------------------------------------------------------------------------------


def manual_page() -> str:
    """Return the manual page in the man macros, for section 1."""
    made = parsers()
    top = made.pop("window")
    lines = [
        '.TH IMAGEQUEUE 1 "" "Image Queue" "User Commands"',
        ".SH NAME",
        r"imagequeue \- thumbnail, resize and convert images by the thousand",
        ".SH SYNOPSIS",
        *_usage(top),
        ".SH DESCRIPTION",
        *_text(top.description or ""),
        ".SH OPTIONS",
        *_options(top),
        ".SH COMMANDS",
    ]
    for name, parser in made.items():
        lines += [f".SS {_escaped(name)}", *_usage(parser), *_text(parser.description or "")]
        lines += [*_options(parser), *_text(parser.epilog or "")]
    lines += [
        ".SH ENVIRONMENT",
        ".TP",
        rf"\fB{_escaped(DATA_DIR_VARIABLE)}\fR",
        "The data folder with the queue, where --data-dir does not name one.".replace("-", r"\-"),
    ]
    return "\n".join(lines)


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield ".nf"
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH)
    for line in parser.format_usage().removeprefix("usage: ").rstrip().splitlines():
        yield _escaped(line.removeprefix("       "))
    yield ".fi"


def _text(text: str) -> Iterator[str]:
    """Yield paragraphs as such, and what is indented in them as it stands."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield ".PP"
        literal = False
        for line in paragraph.splitlines():
            if line.startswith(" ") != literal:
                literal = not literal
                yield ".nf" if literal else ".fi"
            yield _escaped(line)
        if literal:
            yield ".fi"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        names = [rf"\fB{_escaped(one)}\fR" for one in action.option_strings]
        choices = "|".join(map(str, action.choices)) if action.choices else ""
        value = action.metavar if isinstance(action.metavar, str) else choices
        shown = rf"\fI{_escaped(value)}\fR" if value and action.nargs != 0 else ""
        yield ".TP"
        yield " ".join(part for part in (", ".join(names), shown) if part)
        yield _escaped((action.help or "") % {"prog": parser.prog})


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
