"""What fails is said; our own mistakes can be reported; a crash is told with its details."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QPushButton

from core.errors import DiskFull
from core.job import JobState
from core.settings import Settings
from core.status import Recovery
from gui.dialogs import TextDialog
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, Bench, crash
from tests.core.clocks import until
from tests.core.processors import BAD
from tests.gui.stage import Stage, staged


def notice(stage: Stage) -> str:
    return stage.window.notice._text.text()


def text_of(stage: Stage, name: str) -> str:
    dialog = stage.window.findChild(TextDialog, name)
    return "" if dialog is None else dialog._text.toPlainText()


def on_stage(run: RunOnLoop, folder: Path, play: Callable[[Stage], Awaitable[None]]) -> None:
    async def story() -> None:
        settings = Settings(output_folder="/home/ann/out")
        async with staged(folder, lambda task: BAD, settings, start=True) as stage:
            await play(stage)

    run(story())


def test_a_mistake_of_ours_is_said_can_be_reported_and_the_queue_goes_on(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        async def surprise() -> None:
            raise KeyError("surprise")

        stage.tasks.start(surprise())
        await until(lambda: "Image Queue made a mistake (KeyError): 'surprise'" in notice(stage))
        button = stage.part(QPushButton, "noticeButton")
        assert button.text() == "Report…"
        button.click()
        await until(lambda: "== Versions" in text_of(stage, "diagnostics"))
        await stage.add(1)
        await until(lambda: stage.queue.status().counts[JobState.FAILED] == 1)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_what_the_environment_did_is_said_without_a_report(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.window.report.failed(DiskFull("The disk is full."))
        assert notice(stage) == "The disk is full."
        assert not stage.part(QPushButton, "noticeButton").isVisible()

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_diagnostics_are_copied_without_paths_unless_these_are_asked_for(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        stage.part(QAction, "diagnostics").trigger()
        await until(lambda: "== Settings" in text_of(stage, "diagnostics"))
        dialog = stage.part(TextDialog, "diagnostics")
        dialog._copy.click()
        assert "output_folder = '<path>" in QGuiApplication.clipboard().text()
        stage.part(QCheckBox, "withPaths").setChecked(True)
        await until(lambda: "<path>" not in text_of(stage, "diagnostics"))
        dialog.close()
        await until(lambda: stage.window.findChild(TextDialog, "diagnostics") is None)

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_dialog_that_is_closed_while_its_text_is_read_hurts_nobody(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        stage.part(QAction, "diagnostics").trigger()
        stage.part(TextDialog, "diagnostics").close()
        await until(lambda: not stage.tasks._running)
        await asyncio.sleep(0)
        assert notice(stage) == ""

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_g3_after_a_crash_the_details_tell_what_became_of_each_image(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"

    async def story() -> None:
        first = Bench(data_dir)
        await first.queue.open()
        await first.queue.enqueue_batch(["/photos/a.jpg", "/photos/b.jpg"], RECIPE, max_retries=1)
        await first.queue.start()
        await first.running(2)
        await crash(first.queue)
        async with staged(data_dir) as stage:
            assert "2 running images were put back." in notice(stage)
            button = stage.part(QPushButton, "noticeButton")
            assert button.text() == "Details"
            button.click()
            await until(lambda: "/photos/a.jpg" in text_of(stage, "recovery"))
            assert "/photos/b.jpg: put back, attempt 1 of 2 used" in text_of(stage, "recovery")

    run_on_qasync(story())


@pytest.mark.parametrize("recovery", [Recovery(), Recovery(set_aside="/data/queue.damaged")])
def test_there_are_no_details_where_nothing_ran(
    run_on_qasync: RunOnLoop, tmp_path: Path, recovery: Recovery
) -> None:
    async def play(stage: Stage) -> None:
        stage.window.report.opened(recovery)
        assert not stage.part(QPushButton, "noticeButton").isVisible()
        assert bool(notice(stage)) == bool(recovery.set_aside)

    on_stage(run_on_qasync, tmp_path / "data", play)
