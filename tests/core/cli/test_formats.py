"""`formats` lists what is read and written, and why a format is unavailable."""

from __future__ import annotations

import json

import pytest

from core.cli import formats
from core.cli.entry import run_command
from core.formats import FORMATS, Format
from tests.core.cli.conftest import Command


def test_each_format_is_listed_with_its_parts(command: Command) -> None:
    ended = command("formats")
    assert ended.status == 0
    lines = ended.out.splitlines()[1:]
    assert [line[:12].strip() for line in lines] == [one.spoken for one in FORMATS]
    assert lines[1].split() == ["PNG", "yes"] + ["animation,", "alpha,", "ICC,", "EXIF,", "16", "bit"] * 2
    listed = json.loads(command("formats", "--json").out)
    assert [one["name"] for one in listed] == [one.name for one in FORMATS]
    assert {one["name"] for one in listed if one["writes"] is None} == {
        one.name for one in FORMATS if not one.writable
    }


def test_one_whose_library_is_missing_is_listed_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reason(one: Format) -> str:
        return "HEIC needs pillow-heif, which is not installed." if one.name == "heic" else ""

    monkeypatch.setattr(formats, "unavailable", reason)
    assert run_command(["formats"]) == 1
    assert "HEIC        HEIC needs pillow-heif, which is not installed.\n" in capsys.readouterr().out
    assert run_command(["formats", "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed if one["unavailable"]] == ["heic"]
