"""The manual page and the completion for shells tell of every command and option."""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from core.cli import help_texts
from core.cli.arguments import parsers
from core.cli.manual import SHELLS, completion_script, manual_page
from tests.core.cli.conftest import Command


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def test_the_help_lists_every_command(command: Command) -> None:
    assert set(parsers()) == {"window", *help_texts.COMMANDS}
    out = command("--help").out
    for name, about in help_texts.COMMANDS.items():
        assert re.search(rf"(?m)^  {name} +{re.escape(about)}$", out)


def test_the_manual_page_has_every_command_and_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    page = manual_page().replace(r"\-", "-")
    head, *sections = re.split(r"(?m)^\.SS ", page)
    said = {section.partition("\n")[0]: section for section in sections} | {"window": head}
    assert set(said) == set(parsers())
    for name, parser in parsers().items():
        for action in parser._actions:
            for option in action.option_strings:
                assert rf"\fB{option}\fR" in said[name], f"{name} {option}"
            if action.help != argparse.SUPPRESS:
                assert (action.help or "").partition("%")[0] in said[name]
    monkeypatch.setenv("COLUMNS", "200")
    assert page == manual_page().replace(r"\-", "-")


@needs("groff")
def test_the_manual_page_is_one_that_is_typeset_without_a_warning() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii"], input=manual_page().encode(), capture_output=True, check=True
    )
    assert done.stderr == b""
    assert b"IMAGEQUEUE(1)" in done.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a few names to complete."""
    folder = tmp_path / "folder"
    (folder / "photos").mkdir(parents=True)
    (folder / "shop.toml").touch()
    monkeypatch.chdir(folder)
    return folder


COMPLETED = [
    ("ex", {"export"}),
    ("run --form", {"--format"}),
    ("run --format w", {"webp"}),
    ("run --priority h", {"high"}),
    ("run -o ph", {"photos"}),
    ("run a.jpg --existing n", {"number", "newer"}),
    ("list --state fa", {"failed"}),
    ("clear --state q", set()),
    ("import --missing l", {"leave-out"}),
    ("completion z", {"zsh"}),
    ("--recipe sh", {"shop.toml"}),
    ("run ph", {"photos"}),
    ("ph", {"photos"}),
]


@needs("bash")
@pytest.mark.parametrize(("typed", "expected"), COMPLETED, ids=[typed for typed, _ in COMPLETED])
def test_bash_completes(folder: Path, typed: str, expected: set[str]) -> None:
    words = ["imagequeue", *typed.split(" ")]
    script = f"""
{completion_script("bash")}
COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}
function=$(complete -p imagequeue | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$function imagequeue {words[-1]} {words[-2]}
if [ -z "$COMPREPLY" ]; then COMPREPLY=($(compgen -o bashdefault -o default -- {words[-1]})); fi
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc"], input=script, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    assert {line.rstrip("/") for line in done.stdout.split("\n") if line} == expected


@needs("fish")
@pytest.mark.parametrize(("typed", "expected"), COMPLETED, ids=[typed for typed, _ in COMPLETED])
def test_fish_completes(folder: Path, typed: str, expected: set[str]) -> None:
    script = f"{completion_script('fish')}\ncomplete -C 'imagequeue {typed}'\n"
    done = subprocess.run(
        ["fish", "--no-config"], input=script, capture_output=True, text=True, timeout=30, check=True
    )
    assert {line.partition("\t")[0].rstrip("/") for line in done.stdout.splitlines()} == expected


@needs("zsh")
def test_zsh_completes_where_a_person_types(folder: Path, tmp_path: Path) -> None:
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "_imagequeue").write_text(completion_script("zsh"))
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "dumb",
        "HOME": str(tmp_path),
        "ZDOTDIR": str(tmp_path),
    }
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)  # pragma: no cover
    try:
        seen = ""

        def until(wanted: str) -> None:
            nonlocal seen
            end = time.monotonic() + 30
            while wanted not in seen:
                assert time.monotonic() < end, seen
                if select.select([terminal], [], [], 0.1)[0]:
                    seen += os.read(terminal, 4_096).decode(errors="replace")

        os.write(terminal, f"PS1='ready> '; fpath=({functions} $fpath)\n".encode())
        os.write(terminal, b"autoload -Uz compinit && compinit -u -D && echo it-is-$((6*7))\n")
        until("it-is-42")
        for typed, whole in (
            ("ex", "export"),
            ("run --format w", "webp"),
            ("import --miss", "--missing"),
            ("ph", "photos/"),
        ):
            seen = ""
            os.write(terminal, f"imagequeue {typed}\t".encode())
            until(f"imagequeue {typed.rpartition(' ')[0]}{' ' if ' ' in typed else ''}{whole}")
            os.write(terminal, b"\x15")  # kill the line
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_commands_print_them(command: Command, shell: str) -> None:
    assert command("completion", shell).out == completion_script(shell) + "\n"
    assert command("man").out == manual_page() + "\n"


def test_an_unknown_shell_is_refused(command: Command) -> None:
    ended = command("completion", "tcsh")
    assert ended.status == 2
    assert "invalid choice: 'tcsh'" in ended.err
