"""What is printed can neither steer a terminal nor break a program that reads it."""

from __future__ import annotations

import json

import pytest

from core.cli.terminal import json_line, printable


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
