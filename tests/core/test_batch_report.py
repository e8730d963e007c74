"""A report tells what became of each job, failures first, and is there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.batch_report import ReportFile
from core.errors import BadUsage, NotWritable
from core.job import Job, JobError, JobState, OutputFile

JOB = Job(1, "/photos/a.jpg", "Web", 1, 0, JobState.DONE, 1, 3, 0.0, ended_at=60.0, seconds=0.12345)


def jobs(folder: Path) -> list[Job]:
    (folder / "there.jpg").write_bytes(b"12345")
    error = JobError("damaged-image", "=cmd is damaged.")
    return [
        replace(JOB, id=2, source="/photos/caf\udce9.jpg", state=JobState.FAILED, error=error),
        replace(
            JOB,
            outputs=(
                OutputFile(str(folder / "there.jpg"), 5, 1, 1, "one"),
                OutputFile(str(folder / "gone.jpg"), 5, 1, 1, "two"),
            ),
        ),
    ]


def written(path: Path) -> ReportFile:
    report = ReportFile(path)
    try:
        report.add(jobs(path.parent))
        report.finish()
    finally:
        report.close()
    return report


def test_csv_opens_in_a_spreadsheet_which_computes_nothing_of_it(tmp_path: Path) -> None:
    report = written(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbfstate,")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        failed, done = list(csv.DictReader(file))
    assert (failed["source"], failed["error_code"]) == ("/photos/caf\\xe9.jpg", "damaged-image")
    assert failed["error"] == "'=cmd is damaged."
    assert done["outputs"].splitlines() == [str(tmp_path / "there.jpg"), str(tmp_path / "gone.jpg")]
    assert done["outputs_missing"] == str(tmp_path / "gone.jpg")
    assert (done["added"], done["ended"]) == ("1970-01-01T00:00:00+00:00", "1970-01-01T00:01:00+00:00")
    assert report.missing == 1
    assert sorted(os.listdir(tmp_path)) == ["r.csv", "there.jpg"]


def test_json_has_the_same_and_a_summary(tmp_path: Path) -> None:
    written(tmp_path / "r.JSON")
    read = json.loads((tmp_path / "r.JSON").read_text(encoding="utf-8"))
    assert [job["state"] for job in read["jobs"]] == ["failed", "done"]
    assert read["jobs"][1]["outputs_missing"] == [str(tmp_path / "gone.jpg")]
    assert (read["summary"]["done"], read["summary"]["failed"], read["summary"]["outputs_missing"]) == (
        1,
        1,
        1,
    )


def test_an_empty_one_is_whole_too(tmp_path: Path) -> None:
    report = ReportFile(tmp_path / "r.json")
    report.finish()
    report.close()
    assert json.loads((tmp_path / "r.json").read_text())["jobs"] == []


def test_one_that_is_not_finished_leaves_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("earlier")
    report = ReportFile(tmp_path / "r.csv")
    report.add(jobs(tmp_path))
    report.close()
    assert (tmp_path / "r.csv").read_text() == "earlier"
    assert sorted(os.listdir(tmp_path)) == ["r.csv", "there.jpg"]


def test_another_kind_of_file_and_a_folder_that_is_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=r"\.csv or a \.json"):
        ReportFile(tmp_path / "r.txt")
    with pytest.raises(NotWritable):
        ReportFile(tmp_path / "gone" / "r.csv")
