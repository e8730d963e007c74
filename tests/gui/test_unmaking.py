"""What images have become goes to the trash once the window has said what that comes to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMessageBox

from core.executor import Done, Outcome, Task
from core.imaging.made import memory_of, remember
from core.job import JobState, OutputFile
from core.recipe import Recipe
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged


def test_what_is_made_is_counted_and_goes_when_that_is_confirmed(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []

    def take(path: str) -> None:
        gone.append(Path(path).name)
        Path(path).unlink()

    monkeypatch.setattr("send2trash.send2trash", take)
    data = tmp_path / "data"

    def make(task: Task) -> Outcome:
        path = tmp_path / f"{Path(task.source).stem}.webp"
        path.write_bytes(b"x" * 100)
        outputs = (OutputFile(str(path), 100, 1, 1, "web"),)
        remember(memory_of(data), task.source, Recipe.from_json(task.recipe).id_hash, (1, 1), outputs)
        return Done(outputs, 1_000)

    async def story() -> None:
        async with staged(data, make, start=True) as stage:
            await stage.add(3)
            await until(lambda: stage.queue.status().counts[JobState.DONE] == 3)
            (tmp_path / "photo-000001.webp").write_bytes(b"changed")
            await until(lambda: all(job and job.outputs for job in map(stage.window.model.job_at, range(3))))
            stage.window.view.selectAll()
            stage.window.commands._look()
            action = stage.part(QAction, "unmake")
            assert action.isEnabled()
            for answer, left in ((1, 3), (0, 1)):  # leave, then do
                action.trigger()
                await until(lambda: stage.window.findChild(QMessageBox, "unmakeQuestion") is not None)
                box = stage.part(QMessageBox, "unmakeQuestion")
                assert box.text() == "Move the 2 files that were made to the trash?"
                assert box.informativeText() == (
                    "They were made of 2 images. 1 file was changed since and stays."
                )
                box.buttons()[answer].click()
                await until(lambda: stage.window.findChild(QMessageBox, "unmakeQuestion") is None)
                await until(lambda: not stage.window.unmaking._busy)
                assert sum(one.endswith(".webp") for one in os.listdir(tmp_path)) == left
            assert sorted(gone) == ["photo-000000.webp", "photo-000002.webp"]
            said = stage.window.notice._text.text()
            assert said == "Moved 2 files to the trash. 1 file was changed since and stays."
            job = (await stage.queue.jobs([1]))[0]
            assert job.reason == "Its files are in the trash now."

    run_on_qasync(story())
