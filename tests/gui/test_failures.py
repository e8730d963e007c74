"""What failed is shown by its kind, with what to do about it, and a whole kind is mended at once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPushButton, QWidget

from core.errors import ImageQueueError
from core.executor import Done, Failed, Outcome, Task
from core.job import JobError, JobState
from core.recipe import Recipe
from core.status import JobQuery
from gui.failure_kinds import kind
from gui.failures_panel import GroupRow
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.test_errors import family
from tests.gui.stage import RECIPE, Stage, staged

KINDS = {"locked": "not-writable", "text": "not-an-image", "poison": "crashes-decoder", "slow": "timed-out"}


def script(task: Task) -> Outcome:
    """Fail as the name of the source says, as long as it goes to the folder that it went to first."""
    code = KINDS.get(Path(task.source).stem.split("-")[0])
    if code is None or Recipe.from_json(task.recipe).folder is not None:
        return Done()
    return Failed(JobError(code, f"{Path(task.source).name} failed.", False))


def on_stage(run: RunOnLoop, folder: Path, play: Callable[[Stage], Awaitable[None]]) -> None:
    async def story() -> None:
        async with staged(folder, script, start=True) as stage:
            stage.window.tabs.choose("failed")
            await play(stage)

    run(story())


async def fail(stage: Stage, **numbers: int) -> None:
    """Let so many jobs of each kind fail, and wait until the panel has counted them."""
    for name, number in numbers.items():
        sources = [f"/photos/{name}-{place}.jpg" for place in range(number)]
        await stage.queue.enqueue_batch(sources, RECIPE)
    await until(lambda: shown(stage) == {KINDS[name]: f"{number:,}" for name, number in numbers.items()})


def shown(stage: Stage) -> dict[str, str]:
    """The groups that the panel shows, and the number at each."""
    rows = stage.window.failures_panel.rows
    return {code: label(row, "failureCount").text() for code, row in rows.items()}


def label(parent: QWidget, name: str) -> QLabel:
    found = parent.findChild(QLabel, name)
    assert found is not None, name
    return found


def press(stage: Stage, code: str, name: str) -> None:
    row = stage.window.failures_panel.findChild(GroupRow, f"failures-{code}")
    assert row is not None
    button = row.findChild(QPushButton, name)
    assert button is not None
    button.click()


@pytest.mark.parametrize("code", [one.code for one in family(ImageQueueError)])
def test_every_code_has_a_heading(code: str) -> None:
    assert kind(code) != code


def test_failures_are_grouped_with_their_sentence_and_what_to_do(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        panel = stage.window.failures_panel
        assert not panel.isVisible()
        await fail(stage, locked=3, text=2)
        assert panel.isVisible()
        said = label(panel.rows["not-writable"], "failureSentence")
        assert "The output folder cannot be written" in said.text()
        assert "Choose an output folder" in said.text()
        assert said.accessibleName().startswith("3 images: The output folder")
        assert "5 images failed" in label(panel, "failuresTitle").text()
        stage.window.tabs.choose("all")
        assert not panel.isVisible()

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_group_goes_when_its_last_failure_does_and_comes_back_with_an_undo(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=1, text=2)
        press(stage, "not-an-image", "failureMend")
        await until(lambda: shown(stage) == {"not-writable": "1"})
        stage.window.actions_.undo.trigger()
        await until(lambda: shown(stage) == {"not-writable": "1", "not-an-image": "2"})

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_retry_of_a_group_leaves_the_others_as_they_are(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=2, text=2)
        await stage.queue.pause()
        press(stage, "not-writable", "failureRetry")
        await until(lambda: stage.queue.status().counts[JobState.QUEUED] == 2)
        await until(lambda: shown(stage) == {"not-an-image": "2"})

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_another_folder_mends_all_of_a_group(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=38, text=1)
        press(stage, "not-writable", "failureMend")
        dialog = stage.part(QFileDialog, "failuresFolder")
        dialog.fileSelected.emit(str(tmp_path))
        dialog.close()
        await until(lambda: stage.queue.status().counts[JobState.DONE] == 38)
        await until(lambda: shown(stage) == {"not-an-image": "1"})
        assert stage.window.notice._text.text() == "38 images are tried again."

    on_stage(run_on_qasync, tmp_path / "data", play)


@pytest.mark.parametrize(("answer", "left"), [("no", 1), ("yes", 0)])
def test_what_crashes_the_decoder_is_retried_only_when_it_is_meant(
    run_on_qasync: RunOnLoop, tmp_path: Path, answer: str, left: int
) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, poison=1)
        await stage.queue.pause()
        press(stage, "crashes-decoder", "failureRetry")
        await until(lambda: stage.window.findChild(QMessageBox, "retryCrashing") is not None)
        stage.part(QPushButton, answer).click()
        await until(lambda: stage.window.findChild(QMessageBox, "retryCrashing") is None)
        await until(lambda: stage.queue.status().counts[JobState.FAILED] == left)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_one_group_can_be_listed_alone_and_all_again(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=2, text=3)
        press(stage, "not-writable", "failureOnly")
        await stage.rows(2)
        press(stage, "not-an-image", "failureOnly")
        await stage.rows(3)
        press(stage, "not-an-image", "failureOnly")
        await stage.rows(5)
        press(stage, "not-writable", "failureOnly")
        await stage.rows(2)
        stage.window.tabs.choose("all")
        await stage.rows(5)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_group_that_was_listed_alone_and_is_mended_leaves_the_others_in_sight(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=2, text=3)
        press(stage, "not-an-image", "failureOnly")
        await stage.rows(3)
        press(stage, "not-an-image", "failureMend")
        await stage.rows(2)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_count_of_failures_is_a_link_to_them(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.window.tabs.choose("all")
        await stage.queue.enqueue_batch(["/photos/text-1.jpg"], RECIPE)
        link = stage.window.progress.failed
        await until(link.isVisible)
        assert link.text() == "1 failed"
        link.setFocus()
        QTest.keyClick(link, Qt.Key.Key_Space)
        assert stage.window.tabs.current() == "failed"
        await until(lambda: shown(stage) == {"not-an-image": "1"})

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_an_empty_list_of_failures_says_that_nothing_failed(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.queue.enqueue_batch(["/photos/fine.jpg"], RECIPE)
        title = stage.part(QLabel, "nothingMatchesTitle")
        await until(lambda: title.isVisible() and title.text() == "Nothing failed")

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_only_what_failed_is_exported(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.queue.enqueue_batch(["/photos/fine.jpg"], RECIPE)
        await fail(stage, locked=2)
        stage.part(QAction, "saveFailures").trigger()
        dialog = stage.part(QFileDialog, "reportDialog")
        dialog.fileSelected.emit(str(tmp_path / "failures.json"))
        dialog.close()
        await until((tmp_path / "failures.json").exists)
        jobs = json.loads((tmp_path / "failures.json").read_text())["jobs"]
        assert [(job["state"], job["error_code"]) for job in jobs] == [("failed", "not-writable")] * 2

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_panel_counts_what_the_store_has(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await fail(stage, locked=2, text=5, slow=1)
        groups = {group.code: group.count for group in await stage.queue.failures()}
        for code, number in groups.items():
            found = await stage.queue.find(JobQuery(frozenset({JobState.FAILED}), error_code=code))
            assert len(found) == number

    on_stage(run_on_qasync, tmp_path / "data", play)
