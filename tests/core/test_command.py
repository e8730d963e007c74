"""A command of the user's own gets names as they are, ends in time, and says how it failed."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from core.command import AFTER_ALL, AFTER_EACH, Running, filled, words_of
from core.errors import BadUsage
from core.settings import Settings

HOSTILE = "/in/$(touch x); `id` {output} \n'\" --help.jpg"


def test_a_name_stays_one_word_whatever_is_in_it(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(repr(sys.argv[2:]))"
    words = words_of(
        f"{sys.executable} -c '{script}' {said} {{source}} to={{output}} {{outputs}}", AFTER_EACH, "c"
    )
    values = {"source": HOSTILE, "output": "/out/{source}", "outputs": ["/out/a b", "-n"]}
    assert Running().run(filled(words, values), 30) == ""
    assert said.read_text() == repr([HOSTILE, "to=/out/{source}", "/out/a b", "-n"])


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("say 'no end", "a quotation does not end"),
        ("say {outptu}", "takes {source}, {output}, {outputs}, {id}, {recipe}, not {outptu}"),
        ("say {done}", "not {done}"),
        ("say x{outputs}", "{outputs} as a word by itself"),
        ("sh -c 'cp {output} /backup'", "inside a shell's script"),
        ("/bin/bash -ec {output}", "inside a shell's script"),
        ("nice sh -c 'echo \"{source}\"'", "inside a shell's script"),
        ("ssh host cat {output}", "behind ssh or the like"),
        ("python3.11 -c 'print(\"{output}\")'", "inside a program's code"),
        ("nice perl -we {output}", "inside a program's code"),
        ("say a\0b", "without a zero"),
    ],
)
def test_what_cannot_be_run_safely_is_refused_with_a_sentence(command: str, why: str) -> None:
    with pytest.raises(BadUsage, match="after_each takes") as caught:
        Settings(after_each=command)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "command", ["rsync -e ssh {output} host:", "python3 made.py --of={output}", "python3 -c 'code' {output}"]
)
def test_programs_that_take_a_name_as_a_name_may_have_it(command: str) -> None:
    assert Settings(after_each=command).after_each == command


def test_a_shell_is_used_where_one_is_written(tmp_path: Path) -> None:
    words = words_of('sh -c \'echo "$1" > "$2"; echo ${HOME}\' sh {output} {source}', AFTER_EACH, "c")
    said = tmp_path / "said"
    assert Running().run(filled(words, {"output": "$(id)", "source": str(said)}), 30) == ""
    assert said.read_text() == "$(id)\n"
    assert words_of("", AFTER_ALL, "c") == ()
    counts = words_of("sh -c 'echo {done}'", AFTER_ALL, "c")  # numbers can be no commands
    assert filled(counts, {"done": "7"}) == ["sh", "-c", "echo 7"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys; sys.exit(3)", "ended with status 3."),
        ("import sys; sys.exit('no\\nroom\\x1b[31m left.')", "ended with status 1: room [31m left."),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9."),
        ("import sys; sys.stderr.write('x' * 10_000_000); sys.exit(1)", f"ended with status 1: {'x' * 200}."),
    ],
)
def test_how_it_failed_is_one_sentence(script: str, why: str) -> None:
    said = Running().run([sys.executable, "-c", script], 60)
    assert said == f"{os.path.basename(sys.executable)} {why}"


def test_what_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    assert (
        Running().run([str(tmp_path / "gone")], 5) == "gone could not be started: No such file or directory."
    )
    (tmp_path / "file").write_text("")
    assert Running().run([str(tmp_path / "file")], 5) == "file could not be started: Permission denied."


def test_one_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    words = ["sh", "-c", f"sleep 1000 & echo $! > {note}; wait"]
    assert Running().run(words, 0.5) == "sh took longer than 0.5 seconds, and was ended."
    child = int(note.read_text())
    end = time.monotonic() + 10
    while _lives(child):
        assert time.monotonic() < end


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_at_the_end_of_the_app_those_that_run_are_killed_and_no_other_begins(tmp_path: Path) -> None:
    running, begun = Running(), tmp_path / "begun"
    said: list[str] = []
    words = ["sh", "-c", f"touch {begun}; sleep 1000"]
    thread = threading.Thread(target=lambda: said.append(running.run(words, 1000)))
    thread.start()
    while not begun.exists():
        assert thread.is_alive()
    running.kill()
    thread.join(20)
    assert said == [""]
    assert running.run(["touch", str(tmp_path / "late")], 5) == ""
    assert not (tmp_path / "late").exists()
