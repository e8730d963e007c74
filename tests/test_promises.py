"""Every promise that the design makes is held by a test that names it."""

from __future__ import annotations

import re
from pathlib import Path

PROMISES = range(1, 16)
TESTS = Path(__file__).parent


def test_each_promise_is_named_by_a_test() -> None:
    named = {
        int(number)
        for file in TESTS.rglob("test_*.py")
        for definition in re.findall(r"def ((?:test_)?g\d+_\w+)", file.read_text("utf-8"))
        for number in re.findall(r"(?<![a-z])g(\d+)_", definition)
    }
    assert sorted(set(PROMISES) - named) == []
