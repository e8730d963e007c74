"""A report says what is needed, and tells no path unless it is asked to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.diagnostics import diagnostics, without_paths
from core.job import Job, JobError, JobState
from core.log_file import LOG_NAME
from core.settings import Settings
from core.status import QueueStatus, RunState

STATUS = QueueStatus("images", RunState.PAUSED, 4, counts=dict.fromkeys(JobState, 0) | {JobState.FAILED: 2})
FAILED = Job(7, "/home/ann/a b.jpg", "Web", 1, 0, JobState.FAILED, 1, 3, 0.0,
             error=JobError("no-such-file", "There is no file /home/ann/a b.jpg."))  # fmt: skip


def test_it_has_versions_settings_counts_failures_and_the_log(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_text("2026-01-01 ERROR core.queue: it broke at /home/ann/secret name.jpg\n")
    text = diagnostics(tmp_path, Settings(output_folder="/home/ann/out"), STATUS, [FAILED])
    for wanted in ("imagequeue 0", "pillow 1", "SQLite 3", "workers = 4", "2 failed", "job 7, 1 attempts",
                   "no-such-file: There is no file", "ERROR core.queue: it broke at"):  # fmt: skip
        assert wanted in text
    for private in ("ann", "secret", "a b.jpg", str(tmp_path)):
        assert private not in text
    whole = diagnostics(tmp_path, Settings(output_folder="/home/ann/out"), STATUS, [FAILED], private=True)
    assert "/home/ann/secret name.jpg" in whole
    assert "/home/ann/out" in whole


def test_it_never_has_a_password(tmp_path: Path) -> None:
    """Not even with what is private, and whoever wrote it into the log."""
    (tmp_path / LOG_NAME).write_text("2026-01-01 ERROR kombu: lost amqp://ann:s3cret@rabbit/v\n")
    failed = replace(FAILED, error=JobError("bug", "cannot reach redis://:s3cret@rabbit/0"))
    settings = Settings(broker="amqp://ann@rabbit/v")
    for private in (False, True):
        text = diagnostics(tmp_path, settings, STATUS, [failed], private=private)
        assert "s3cret" not in text
        assert "lost amqp://ann:***@rabbit" in text
        assert ("broker = 'amqp://ann@rabbit/v'" if private else "broker = 'amqp://...'") in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("There is no file /home/ann/My Pictures/x y.jpg.", "There is no file <path>"),
        ("'/home/ann/x.jpg': bad", "'<path>"),
        (r"C:\Users\ann\x.jpg is busy", "<path>"),
        ("file:///home/ann/x", "<path>"),
        ("~/Pictures", "<path>"),
        ('  File "/home/ann/venv/lib/python3.11/site-packages/PIL/Image.py", line 3, in open',
         '  File "site-packages/PIL/Image.py", line 3, in open'),
        ("3 of 4, 12/11/2024, at 1/2 speed", "3 of 4, 12/11/2024, at 1/2 speed"),
    ],
)  # fmt: skip
def test_a_line_is_told_without_paths(line: str, shown: str) -> None:
    assert without_paths(line) == shown


def test_the_places_of_our_own_code_stay() -> None:
    line = f'  File "{Path(diagnostics.__code__.co_filename)}", line 3, in diagnostics'
    assert without_paths(line) == '  File "core/diagnostics.py", line 3, in diagnostics'


def test_a_queue_that_could_not_be_opened_is_said(tmp_path: Path) -> None:
    assert "not open" in diagnostics(tmp_path, Settings(), None)
