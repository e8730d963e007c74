"""The short form of each attack finds nothing, and the table says what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.__main__ import report, write
from tests.reliability.attack import KINDS, Attack, Scale, Tally, table
from tests.reliability.attacks import ATTACKS, why_not


@pytest.mark.timeout(600)  # on a busy machine; each attack finds by itself what is stuck
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_promise_holds_under_a_short_attack(attack: Attack, tmp_path: Path) -> None:
    why = why_not(attack)
    if why:
        pytest.skip(why)
    result = attack.run(Scale(short=True), tmp_path)
    assert result.findings == ()
    assert result.clean


def test_what_an_attack_finds_is_counted_by_its_kind_and_no_blow_with_a_finding_was_survived() -> None:
    tally = Tally()
    with tally.blow("first"):
        pass
    with tally.blow("second", 3):
        tally.finding("torn", "a file is half there")
        tally.expect(False, "leaked", "a handle stays")
    with tally.blow("third"):
        Path("/nowhere/at/all").read_bytes()
    result = tally.result()
    assert (result.count, result.survived) == (5, 1)
    assert [getattr(result, kind) for kind in KINDS] == [1, 0, 0, 1, 1]
    assert result.findings[0] == "torn: second: a file is half there"
    assert not result.clean
    assert table([("disk", result)]).splitlines()[-1].split()[1:8:2] == ["disk", "5", "1", "1"]


def test_an_attack_that_dealt_no_blow_proves_nothing() -> None:
    assert not Tally().result().clean


def test_what_is_written_is_kept_and_has_a_column_for_each_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Before.\n<!-- figures -->\n<!-- end of figures -->\nAfter.\n")
    monkeypatch.setattr("tests.reliability.__main__.README", readme)
    tally = Tally()
    with tally.blow("first", 7):
        pass
    for name in ("time", "rabbitmq", "redis", "time"):
        write(report([(name, tally.result())]))
    text = readme.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    lines = text.splitlines()
    rows = [line.split()[1:8:2] for line in lines if line.startswith(("| time ", "| rabbitmq ", "| redis "))]
    assert sorted(rows) == [[name, "7", "7", "0"] for name in ("rabbitmq", "redis", "time")]
    assert lines[lines.index("| behind a broker | rabbitmq | redis |") + 2] == "| count | 7 | 7 |"
    assert len([line for line in lines if line.startswith("- ")]) == 3
