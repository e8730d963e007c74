"""What is printed can neither steer a terminal nor break a program that reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.terminal import json_line, printable
from tests.core.cli.conftest import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä ☕ 漢字", "plain ä ☕ 漢字"),
        ("red \x1b[31m", "red \\x1b[31m"),
        ("two\nlines\r\ttab\0", "two\\nlines\\r\\ttab\\x00"),
        ("c1 \x9b31m", "c1 \\x9b31m"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("caf\udce9.jpg", "caf\\xe9.jpg"),
        ("lone \ud800", "lone \\ud800"),
        ("para\u2029graph", "para\\u2029graph"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
    ],
)
def test_control_characters_and_broken_names_come_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_json_is_one_ascii_line_and_gives_names_back_exactly() -> None:
    name = "caf\udce9 \x1b[31m\n\u202e☕.jpg"
    line = json_line({"source": name})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["source"] == name


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("argv", [["man"], ["status", "--json"], ["list"]])
def test_an_output_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path, argv: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "core.cli", *argv, "--data-dir", tmp_path],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "imagequeue: The disk with standard output is full.\n")
