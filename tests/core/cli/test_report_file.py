"""`imagequeue report` writes what became of each job."""

from __future__ import annotations

import json
from pathlib import Path

from tests.core.cli.conftest import Command


def test_all_jobs_are_reported_the_failures_first(command: Command, photos: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "bad.jpg", "skip.jpg"):
        (photos / name).touch()
    command("run", photos, "--max-retries", "0")
    ended = command("report", tmp_path / "r.json")
    assert ended.status == 0
    assert f"Wrote 3 jobs to {tmp_path / 'r.json'}; 1 of their outputs are missing or changed." in ended.err
    read = json.loads((tmp_path / "r.json").read_text())
    assert [job["state"] for job in read["jobs"]] == ["failed", "skipped", "done"]
    command("report", tmp_path / "f.json", "--state", "failed")
    assert len(json.loads((tmp_path / "f.json").read_text())["jobs"]) == 1


def test_an_earlier_report_is_replaced_and_no_other_file(command: Command, tmp_path: Path) -> None:
    mine = tmp_path / "prices.csv"
    mine.write_text("article,price\n1,2\n")
    ended = command("report", mine)
    assert ended.status == 2
    assert f"{mine} is there already, and is no report: it was left as it is." in ended.err
    assert mine.read_text() == "article,price\n1,2\n"
    for name in ("r.csv", "r.json"):
        assert [command("report", tmp_path / name).status for _ in "ab"] == [0, 0]


def test_without_a_queue_it_is_empty_and_another_kind_of_file_is_wrong_usage(
    command: Command, tmp_path: Path
) -> None:
    assert command("report", tmp_path / "r.csv").status == 0
    ended = command("report", tmp_path / "r.xlsx")
    assert ended.status == 2
    assert "a .csv or a .json file" in ended.err
