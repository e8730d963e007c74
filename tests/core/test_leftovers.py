"""What an ended attempt has left is removed, and a folder that does not answer keeps nobody waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from core.executor import Task
from core.imaging.naming import remove_leftovers, temporary_paths
from core.imaging.receipt import digest_of, write_receipt
from core.job import OutputFile
from core.leftovers import Leftovers, tidy
from core.recipe import builtin_recipes

RECIPE = builtin_recipes()[0]


def task_of(folder: Path) -> Task:
    return Task(
        7, 1, str(folder / "a.jpg"), RECIPE.to_json(), temp_tag="uid-7-1", receipt=str(folder / "0.json")
    )


def left(folder: Path) -> list[Path]:
    """Write the temporary files of an attempt, as one that was killed leaves them."""
    paths = [Path(one) for one in temporary_paths(str(folder / "a.jpg"), RECIPE, "uid-7-1")]
    for path in paths:
        path.write_bytes(b"half of an ima")
    return paths


class Stalling:
    """Stands in for a network folder that has gone away: a removal waits until the folder is back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.back = threading.Event()

        def slow(*args: str) -> int:
            self.back.wait(30)
            return remove_leftovers(*args)

        monkeypatch.setattr("core.leftovers.remove_leftovers", slow)


def test_a_folder_that_answers_is_tidied_at_once(tmp_path: Path) -> None:
    paths = left(tmp_path)
    assert asyncio.run(Leftovers(tmp_path).tidied(task_of(tmp_path))) is None
    assert not any(path.exists() for path in paths)
    assert not (tmp_path / "leftovers").exists()


def test_a_folder_that_stalls_is_given_up_and_tidied_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stalling, paths = Stalling(monkeypatch), left(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(Leftovers(tmp_path, patience=0.01).tidied(task_of(tmp_path))) is None
    assert "does not answer" in caplog.text
    (note,) = (tmp_path / "leftovers").iterdir()
    stalling.back.set()
    for thread in threading.enumerate():
        if thread.name == "leftovers":
            thread.join(10)
    assert not any(path.exists() for path in paths)
    assert not note.exists()


def test_what_was_not_tidied_when_the_app_ended_is_tidied_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalling, paths = Stalling(monkeypatch), left(tmp_path)
    asyncio.run(Leftovers(tmp_path, patience=0.01).tidied(task_of(tmp_path)))
    Leftovers(tmp_path).remove_owed()
    for thread in threading.enumerate():
        if thread.name == "owed leftovers":
            thread.join(10)
    assert not any(path.exists() for path in paths)
    assert not list((tmp_path / "leftovers").iterdir())
    stalling.back.set()


def test_outputs_are_taken_back_for_a_cancelled_job_and_no_more_once_it_was_given_up(tmp_path: Path) -> None:
    out, task = tmp_path / "a-256.jpg", task_of(tmp_path)
    out.write_bytes(b"an image")
    gone = OutputFile(str(tmp_path / "never.jpg"), 3, 1, 1, "b")
    listed = [(OutputFile(str(out), 8, 1, 1, "a"), digest_of(out)), (gone, "0")]
    write_receipt(task.receipt, task.temp_tag, listed, replacing=False)
    tidy(task, cancelled=True, given_up=lambda: True)
    assert out.exists()  # another attempt may have published the same
    tidy(task, cancelled=True)
    assert not out.exists()
