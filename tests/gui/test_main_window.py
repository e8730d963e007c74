"""The window shows the queue, in every state of it, and remembers how it was left."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget

from core.executor import Done
from core.job import JobState
from core.status import Recovery, RunState
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BAD
from tests.gui.stage import Stage, staged


def page(stage: Stage) -> str:
    return stage.window._stack.currentWidget().objectName()  # type: ignore[union-attr]


def test_an_empty_queue_says_what_to_do_and_a_filter_without_matches_is_something_else(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await until(lambda: page(stage) == "emptyState")
            await stage.add(3)
            await until(lambda: page(stage) == "queueTable")
            stage.window.search.setText("no such name")
            await until(lambda: page(stage) == "nothingMatches")
            hint = stage.part(QLabel, "nothingMatchesHint")
            assert hint.text() == "No image listed here has this in its name or folder."
            stage.window.search.clear()
            stage.window.tabs.choose("done")
            await until(lambda: hint.text() == "No image is in this state now.")
            stage.window._show_all()
            await until(lambda: page(stage) == "queueTable" and stage.window.model.rowCount() == 3)

    run_on_qasync(story())


def test_space_pauses_and_starts_and_the_button_says_what_it_does(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", start=True) as stage:
            button = stage.window.actions_.start_pause
            await stage.add(6)
            await until(lambda: len(stage.hand.tasks) == 4 and button.text() == "Pause")
            button.trigger()
            await until(lambda: button.text() == "Pausing, 4 finishing")
            for slot in list(stage.hand.tasks):
                stage.hand.end(slot)
            await until(lambda: button.text() == "Start")
            assert stage.queue.status().run_state is RunState.PAUSED
            await until(lambda: "Paused by you" in stage.window.progress.status.text())
            button.trigger()
            await until(lambda: button.text() == "Pause")

    run_on_qasync(story())


def test_space_is_left_to_a_button_and_a_list_that_have_the_focus(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            fired: list[bool] = []
            stage.window.actions_.start_pause.triggered.connect(lambda: fired.append(True))
            stage.window.activateWindow()
            stage.window.view.setFocus()
            QTest.keyClick(stage.window.view, Qt.Key.Key_Space)
            assert fired
            assert not stage.window.actions_.start_pause.autoRepeat(), "a key that is held does it once"
            fired.clear()
            for widget in (stage.window.recipe_bar.recipes, stage.window.inspector.copy):
                widget.show()
                widget.setFocus()
                QTest.keyClick(widget, Qt.Key.Key_Space)
                if isinstance(widget, QComboBox):
                    widget.hidePopup()
            assert not fired

    run_on_qasync(story())


def test_the_window_remembers_its_tab_details_columns_and_look(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.tabs.choose("failed")
            stage.window.actions_.details.setChecked(False)
            stage.window.view.horizontalHeader().setSectionHidden(2, True)
            stage.window.actions_.schemes["dark"].setChecked(True)
            stage.window.resize(790, 590)
        async with staged(tmp_path / "data") as stage:
            assert stage.window.tabs.current() == "failed"
            assert not stage.window.inspector.isVisible()
            assert stage.window.view.horizontalHeader().isSectionHidden(2)
            assert stage.window.actions_.schemes["dark"].isChecked()
            assert stage.window.size().height() == 590
            stage.window.actions_.schemes["system"].setChecked(True)

    run_on_qasync(story())


def test_after_a_crash_the_window_says_what_became_of_the_work(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.opened(Recovery(put_back=4, finished=1))
            text = stage.window.notice._text.text()
            assert stage.window.notice.isVisible()
            assert text == (
                "Image Queue closed unexpectedly; nothing was lost. 4 running images were put back. "
                "1 was complete."
            )

    run_on_qasync(story())


def test_g12_a_part_of_the_window_that_raises_is_logged_and_the_others_still_hear(
    run_on_qasync: RunOnLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: Done(), start=True) as stage:

            def faulty(status: object) -> None:
                raise RuntimeError("a widget is broken")

            stage.window._hearing.connect(stage.queue.status_changed, faulty)
            await stage.add(3)
            await stage.queue.drained()
            await until(lambda: stage.window.tabs.tabText(4) == "Done  3")

    run_on_qasync(story())
    assert "a widget is broken" in caplog.text
    caplog.set_level(logging.CRITICAL)


def test_a_failure_is_in_its_row_and_in_the_tab(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BAD, start=True) as stage:
            await stage.add(2)
            await stage.queue.drained()
            await until(lambda: stage.window.tabs.tabText(3) == "Failed  2")
            await until(lambda: "It is not an image." in [stage.text(0, column) for column in range(13)])
            assert stage.window.actions_.retry_failed.isEnabled()
            stage.hand.script = lambda task: Done()
            stage.window.actions_.retry_failed.trigger()
            await until(lambda: stage.queue.status().counts[JobState.DONE] == 2)

    run_on_qasync(story())


def test_everything_that_takes_the_keyboard_has_a_name_for_a_screen_reader(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            nameless = [
                widget
                for widget in stage.window.findChildren(QWidget)
                if isinstance(widget, QAbstractButton | QComboBox | QLineEdit)
                and not widget.objectName().startswith(("qt_", "_q_"))
                and not widget.accessibleName()
                and not getattr(widget, "text", str)()
                and not widget.toolTip()
                and widget.isVisibleTo(stage.window)
                and not widget.metaObject().className().startswith(("QToolBarExt", "QTabBar", "QTableCorner"))
                and "Scroll" not in widget.metaObject().className()
                and widget.parent() not in (stage.window.tabs, stage.window.search)
            ]
            assert nameless == []

    run_on_qasync(story())


def test_the_first_window_fits_on_the_screen(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            room = stage.window.screen().availableSize()
            assert room.width() < 1280  # the tests' screen is a small one
            assert stage.window.size().boundedTo(room) == stage.window.size()

    run_on_qasync(story())
