"""`list` and `status` read the queue, whoever has it open, and change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.job import JobState
from core.owner import Owner
from tests.core.cli.conftest import ROOT, Command

FIELDS = [
    "id", "source", "state", "priority", "recipe", "attempts", "max_retries", "added", "due", "seconds",
    "source_bytes", "output_bytes", "outputs", "reason", "error",
]  # fmt: skip


@pytest.fixture
def ran(command: Command, photos: Path) -> Command:
    for name in ("a.jpg", "bad.jpg", "skip.jpg"):
        (photos / name).touch()
    command("run", photos)
    return command


def test_a_queue_that_is_not_there_is_empty_and_is_not_made(command: Command, data_dir: Path) -> None:
    assert command("list").out == "The queue is empty.\n"
    assert command("list", "--json").out == "[]\n"
    status = json.loads(command("status", "--json").out)
    assert (status["total"], status["owner"], status["running"], status["paused"]) == (0, None, False, False)
    assert not data_dir.exists()


def test_the_list_is_a_table_for_people(ran: Command, photos: Path) -> None:
    head, *rows = ran("list").out.splitlines()
    assert head.split() == ["ID", "STATE", "PRIORITY", "TRIES", "ADDED", "SOURCE"]
    assert rows[0].split()[:4] == ["1", "done", "normal", "1/4"]
    assert rows[0].endswith(f"{photos}/a.jpg")
    assert rows[1].endswith(f"{photos}/bad.jpg  (bad.jpg is not an image.)")
    assert rows[2].endswith(f"{photos}/skip.jpg  (It is there already.)")


def test_the_list_is_an_array_for_programs(ran: Command, photos: Path) -> None:
    jobs = json.loads(ran("list", "--json").out)
    assert [list(job) for job in jobs] == [FIELDS] * 3
    done, failed, skipped = jobs
    assert done["output_bytes"] == 10
    assert done["source_bytes"] == 20
    assert done["due"] is None
    assert failed["error"] == {"code": "not-an-image", "message": "bad.jpg is not an image."}
    assert skipped["reason"] == "It is there already."


def test_the_list_is_of_the_states_that_are_asked_for(ran: Command) -> None:
    assert [job["state"] for job in json.loads(ran("list", "--json", "--state", "failed").out)] == ["failed"]
    jobs = json.loads(ran("list", "--json", "--state", "done", "--state", "skipped").out)
    assert [job["state"] for job in jobs] == ["done", "skipped"]
    assert ran("list", "--state", "held").out == "No jobs in this state.\n"


def test_the_status_counts_every_state(ran: Command, data_dir: Path) -> None:
    lines = ran("status").out.splitlines()
    assert lines[0] == "The queue is started; no process runs it."
    assert dict(line.split() for line in lines[1:]) == dict.fromkeys(map(str, JobState), "0") | {
        "done": "1",
        "skipped": "1",
        "failed": "1",
        "total": "3",
    }
    status = json.loads(ran("status", "--json").out)
    assert status["counts"]["failed"] == 1
    assert status["data_dir"] == str(data_dir)


def test_both_work_while_the_queue_has_an_owner(ran: Command, data_dir: Path) -> None:
    with Owner.acquire(data_dir):
        assert len(json.loads(ran("list", "--json").out)) == 3
        assert json.loads(ran("status", "--json").out)["owner"] is not None


def test_a_store_that_is_just_being_made_is_empty(command: Command, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "queue.sqlite3").touch()
    assert command("list", "--json").out == "[]\n"
    assert json.loads(command("status", "--json").out)["total"] == 0
    assert command("clear").out == "The queue is empty.\n"


def test_a_store_that_cannot_be_read_is_told_in_a_sentence(command: Command, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "queue.sqlite3").write_bytes(b"not a store" * 1_000)
    for name in ("list", "status"):
        ended = command(name)
        assert ended.status == 2
        assert ended.err.startswith("imagequeue: ")
        assert ended.err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(ran: Command, data_dir: Path) -> None:
    for argv in (["list"], ["list", "--json"], ["status"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "core.cli", *argv, "--data-dir", data_dir],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=30)
        assert err == b""
        assert process.returncode == 0


@pytest.mark.parametrize("argv", [["list"], ["status"], ["--help"], ["run", "--quality", "x"]])
def test_reading_the_queue_loads_neither_qt_nor_an_image_library(data_dir: Path, argv: list[str]) -> None:
    code = (
        "import sys; from core.cli import main; main(sys.argv[1:]);"
        "heavy = {'PIL', 'pyvips', 'PySide6', 'shiboken6', 'qasync', 'psygnal', 'gui'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
