"""What can be done with selected images is offered when it applies, and done by the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from core.executor import Done, Outcome, Task
from core.job import JobState, OutputFile
from core.settings import Settings
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BAD, CRASH, SKIP
from tests.gui.stage import Stage, staged


def enabled(stage: Stage) -> set[str]:
    return {action.objectName() for action in stage.window.actions_._needs if action.isEnabled()}


async def chosen(stage: Stage, row: int) -> set[str]:
    """Select a row, and return the actions that are offered for it."""
    await stage.read()
    stage.window.view.clearSelection()
    stage.window.view.selectRow(row)
    stage.window.commands._look()
    return enabled(stage)


def test_only_what_applies_to_the_selection_is_offered(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BAD) as stage:
            _, held, queued = await stage.add(3)
            await stage.queue.hold([held, queued])
            await stage.queue.start()
            await stage.queue.drained()
            await stage.queue.pause()
            await stage.queue.release([queued])
            model = stage.window.model
            await until(
                lambda: (
                    [job.state for row in range(3) if (job := model.job_at(row))]
                    == [JobState.FAILED, JobState.HELD, JobState.QUEUED]
                )
            )
            await until(lambda: model.job_at(0).error is not None)  # type: ignore[union-attr]
            assert enabled(stage) == set()
            assert {"retry", "remove", "copyError"} <= await chosen(stage, 0)
            assert not {"hold", "release", "cancel", "openOutput"} & await chosen(stage, 0)
            assert {"release", "cancel", "doNext"} <= await chosen(stage, 1)
            assert {"hold", "cancel", "doNext", "priorityHigh"} <= await chosen(stage, 2)
            assert "retry" not in await chosen(stage, 2)

    run_on_qasync(story())


@pytest.mark.parametrize(
    ("action", "state"), [("hold", JobState.HELD), ("cancel", JobState.CANCELLED)]
)  # fmt: skip
def test_an_action_changes_the_selected_jobs(
    run_on_qasync: RunOnLoop, tmp_path: Path, action: str, state: JobState
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(4)
            await chosen(stage, 2)
            stage.part(QAction, action).trigger()
            await until(lambda: stage.queue.status().counts[state] == 1)
            (job,) = await stage.queue.jobs([ids[2]])
            assert job.state is state

    run_on_qasync(story())


def test_priority_and_do_next_change_what_runs_next(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: Done()) as stage:
            ids = await stage.add(6)
            await chosen(stage, 4)
            stage.part(QAction, "priorityHigh").trigger()
            await chosen(stage, 5)
            stage.part(QAction, "doNext").trigger()
            await stage.queue.set_concurrency(1)
            await stage.queue.start()
            await stage.queue.drained()
            assert stage.hand.order == [ids[5], ids[4], *ids[:4]]

    run_on_qasync(story())


def test_delete_takes_jobs_off_the_list_and_undo_brings_them_back(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(5)
            await chosen(stage, 1)
            stage.window.activateWindow()
            stage.window.view.setFocus()
            QTest.keyClick(stage.window.view, Qt.Key.Key_Delete)
            await stage.rows(4)
            assert stage.window.notice._text.text() == "Removed 1 image from the list. Files stay."
            stage.window.notice._button.click()
            await stage.rows(5)

    run_on_qasync(story())


def test_clear_finished_leaves_failures_and_what_still_waits(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        outcomes: Iterator[Outcome] = iter((Done(), BAD, Done()))
        async with staged(tmp_path / "data", lambda task: next(outcomes)) as stage:
            ids = await stage.add(4)
            await stage.queue.hold([ids[3]])
            await stage.queue.start()
            await stage.queue.drained()
            stage.window.actions_.clear_ended.trigger()
            await stage.rows(2)
            counts = stage.queue.status().counts
            assert (counts[JobState.FAILED], counts[JobState.HELD]) == (1, 1)

    run_on_qasync(story())


def test_paths_and_messages_can_be_copied(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BAD, start=True) as stage:
            await stage.add(1)
            await stage.queue.drained()
            await until(lambda: stage.window.model.job_at(0) is not None)
            await until(lambda: stage.window.model.job_at(0).error is not None)  # type: ignore[union-attr]
            await chosen(stage, 0)
            clipboard = QGuiApplication.clipboard()
            stage.window.actions_.copy_path.trigger()
            await until(lambda: clipboard.text() == "/photos/photo-000000.jpg")
            stage.window.actions_.copy_error.trigger()
            await until(lambda: clipboard.text().endswith(": It is not an image. (not-an-image)"))

    run_on_qasync(story())


def test_enter_opens_the_largest_result(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        files = (OutputFile("/out/small.jpg", 1, 20, 10), OutputFile("/out/large.jpg", 9, 200, 100))
        async with staged(tmp_path / "data", lambda task: Done(files), start=True) as stage:
            opened: list[str] = []

            def open_url(url: QUrl) -> bool:
                opened.append(url.toLocalFile())
                return True

            monkeypatch.setattr("gui.commands.QDesktopServices.openUrl", open_url)
            await stage.add(1)
            await stage.queue.drained()
            await chosen(stage, 0)
            QTest.keyClick(stage.window.view, Qt.Key.Key_Return)
            await until(lambda: opened == ["/out/large.jpg"])
            await until(stage.window.actions_.show_output.isEnabled)
            stage.window.actions_.show_output.trigger()
            await until(lambda: opened[1:] == ["/out"])

    run_on_qasync(story())


def test_no_two_actions_have_one_shortcut_and_all_are_in_the_menus(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            actions = stage.window.actions_.all()
            keys = Counter(a.shortcut().toString() for a in actions if not a.shortcut().isEmpty())
            assert [key for key, count in keys.items() if count > 1] == []
            in_menus = {
                action
                for menu in stage.window.menuBar().findChildren(type(stage.window.menuBar().addMenu("")))
                for action in menu.actions()
            }
            missing = {action.objectName() for action in actions} - {a.objectName() for a in in_menus}
            assert missing == {"choosePriority"}  # opens the menu of priorities with the keyboard

    run_on_qasync(story())


@pytest.mark.parametrize(("answer", "failed"), [("yes", 0), ("no", 1)])
def test_retrying_all_asks_before_it_tries_a_file_that_crashes_the_decoder(
    run_on_qasync: RunOnLoop, tmp_path: Path, answer: str, failed: int
) -> None:
    async def story() -> None:
        def script(task: Task) -> Outcome:
            return CRASH if task.job_id == 1 else BAD

        async with staged(tmp_path / "data", script) as stage:
            poison, _ = await stage.add(2)
            await stage.queue.start()
            for number in (1, 2, 3):
                await until(lambda n=number: stage.hand.order.count(poison) == n)  # type: ignore[misc]
                await until(lambda: not stage.queue.status().active)
                await stage.queue.retry([poison] if number < 3 else [])
            await stage.queue.pause()
            assert stage.queue.status().counts[JobState.FAILED] == 2
            stage.part(QAction, "retryFailed").trigger()
            await until(lambda: stage.window.findChild(QMessageBox, "retryCrashing") is not None)
            # The other is queued already, whatever the answer is.
            assert stage.queue.status().counts[JobState.QUEUED] == 1
            box = stage.part(QMessageBox, "retryCrashing")
            next(one for one in box.findChildren(QPushButton) if one.objectName() == answer).click()
            await until(lambda: stage.queue.status().counts[JobState.FAILED] == failed)

    run_on_qasync(story())


def test_several_paths_are_copied_one_a_line(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(2)
            await stage.read()
            stage.window.view.selectAll()
            stage.window.commands._look()
            stage.window.actions_.copy_path.trigger()
            lines = "/photos/photo-000000.jpg\n/photos/photo-000001.jpg"
            await until(lambda: QGuiApplication.clipboard().text() == lines)

    run_on_qasync(story())


def test_what_is_up_to_date_can_be_made_again(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: SKIP, start=True) as stage:
            await stage.add(1)
            await stage.queue.drained()
            await until(lambda: stage.window.model.job_at(0) is not None)
            await until(lambda: stage.window.model.job_at(0).state is JobState.SKIPPED)  # type: ignore[union-attr]
            assert "makeAgain" in await chosen(stage, 0)
            stage.part(QAction, "makeAgain").trigger()
            await stage.rows(2)
            await until(lambda: stage.queue.status().counts[JobState.SKIPPED] == 2)

    run_on_qasync(story())


def test_files_are_compared_by_content_when_the_menu_says_so_and_that_is_kept(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            action = stage.window.actions_.by_content
            assert not action.isChecked()
            action.trigger()
            assert stage.queue._dispatcher.by_content
            await until(lambda: Settings.load(stage.folder).by_content)
        async with staged(tmp_path / "data", settings=Settings(by_content=True)) as stage:
            assert stage.window.actions_.by_content.isChecked()
            assert stage.queue._dispatcher.by_content

    run_on_qasync(story())
