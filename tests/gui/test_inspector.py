"""The details say first what is wrong and what to do, then all the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt

from core.executor import Done, Failed
from core.job import JobError, OutputFile
from core.recipe import find_recipe
from gui.columns import MESSAGE, NAME, STATE
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged

SPOKEN = int(Qt.ItemDataRole.AccessibleTextRole)
CRASH = Failed(JobError("worker-crashed", "The worker process died.", False, "Fatal Python error: segfault"))


def test_a_failure_shows_its_sentence_the_remedy_the_code_and_the_log(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: CRASH, start=True) as stage:
            await stage.add(1)
            await stage.queue.drained()
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: inspector.log.toPlainText() != "")
            text = inspector.trouble.text()
            assert (
                text.index("The worker process died.") < text.index("damaged") < text.index("worker-crashed")
            )
            assert "Fatal Python error: segfault" in inspector.log.toPlainText()
            assert inspector.attempts.topLevelItemCount() == 1
            inspector.copy.click()

    run_on_qasync(story())


def test_outputs_are_links_that_open_them(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        done = Done((OutputFile("/out/a & b.jpg", 1_000, 40, 30, "thumb"),), 4_000, 400, 300)
        async with staged(tmp_path / "data", lambda task: done, start=True) as stage:
            opened: list[str] = []
            inspector = stage.window.inspector
            inspector.open_path.disconnect(stage.window.commands.open_path)
            inspector.open_path.connect(opened.append)
            await stage.add(1)
            await stage.queue.drained()
            stage.window.view.selectRow(0)
            await until(lambda: "a &amp; b" in inspector.outputs.text())
            inspector.outputs.linkActivated.emit("file:///out/a%20%26%20b.jpg")
            assert opened == ["/out/a & b.jpg"]
            assert "75 %" in inspector.facts.text()

    run_on_qasync(story())


def test_the_details_follow_the_job_while_it_is_shown(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: "Queued" in inspector.state.text())
            await stage.queue.start()
            await until(lambda: "Running" in inspector.state.text())
            stage.hand.end(0)
            await until(lambda: "Done" in inspector.state.text())

    run_on_qasync(story())


def test_several_are_summed_up_and_very_many_are_not_all_read(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(5_000)
            await stage.queue.hold(ids[:10])
            stage.window.actions_.select_all.trigger()
            inspector = stage.window.inspector
            await until(lambda: inspector.title.text() == "5,000 images selected")
            await until(lambda: "Held: 10" in inspector.facts.text())
            assert "of the first 2,000" in inspector.facts.text()
            stage.window.view.clearSelection()
            await until(lambda: inspector.facts.text() == "Select an image to see its details.")
            assert not inspector.title.isVisible()  # a hint is no heading

    run_on_qasync(story())


def test_a_name_that_looks_like_markup_is_shown_as_it_is(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1, name="<b>bold<i>")
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: "bold" in inspector.title.text())
            assert inspector.title.textFormat() is Qt.TextFormat.PlainText
            assert inspector.folder.textFormat() is Qt.TextFormat.PlainText
            assert "<b>" not in inspector.title.toolTip()

    run_on_qasync(story())


def test_what_changed_while_the_details_were_hidden_is_shown_with_them(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(1)
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: "Queued" in inspector.state.text())
            inspector.hide()
            await stage.queue.cancel(ids)
            inspector.show()
            await until(lambda: "Cancelled" in inspector.state.text())

    run_on_qasync(story())


def test_the_attempt_that_was_chosen_stays_chosen(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: CRASH, start=True) as stage:
            ids = await stage.add(1)
            await stage.queue.drained()
            await stage.queue.retry(ids)
            await stage.queue.drained()
            stage.window.view.selectRow(0)
            attempts = stage.window.inspector.attempts
            await until(lambda: attempts.topLevelItemCount() == 2)
            attempts.setCurrentIndex(attempts.model().index(0, 0))
            await stage.queue.retry(ids)
            await stage.queue.drained()
            await until(lambda: attempts.topLevelItemCount() == 3)
            assert attempts.currentIndex().row() == 0

    run_on_qasync(story())


def test_the_attempts_take_as_much_room_as_they_need_and_the_log_the_rest(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: CRASH, start=True) as stage:
            stage.window.resize(1280, 900)
            await stage.add(1)
            await stage.queue.drained()
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: inspector.log.isVisible())
            row = inspector.attempts.sizeHintForRow(0)
            await until(lambda: inspector.attempts.height() < 6 * row < inspector.log.height())
            stage.window.resize(1280, 700)
            await until(lambda: inspector.verticalScrollBar().maximum() == 0)  # all of it is in sight

    run_on_qasync(story())


def test_a_job_that_never_ran_shows_no_empty_list_of_attempts(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            stage.window.view.selectRow(0)
            inspector = stage.window.inspector
            await until(lambda: inspector.title.isVisible())
            assert not inspector.attempts.isVisible()

    run_on_qasync(story())


def test_the_machine_of_each_attempt_is_shown_where_there_are_others(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", start=True) as stage:
            await stage.add(2)
            await until(lambda: len(stage.hand.tasks) == 2)
            stage.window.view.selectRow(0)
            shown = stage.window.inspector.attempts
            await until(lambda: shown.topLevelItemCount() == 1)
            worker = shown.topLevelItem(0)
            assert worker is not None
            assert worker.text(4) == "1"
            stage.hand.on_taken(stage.hand.tasks[0], "darkroom")
            stage.clock.advance(1)  # most attempts have ended before their machine is noted
            await until(lambda: stage.text(0, MESSAGE) == "On darkroom")
            assert ", On darkroom" in str(stage.window.model.index(0, NAME).data(SPOKEN))
            assert stage.text(1, MESSAGE) == ""
            stage.hand.end(0, Failed(JobError("machine-lost", "darkroom was not heard of.", True)))
            stage.hand.script = lambda task: Done()
            await until(lambda: "Retrying" in stage.text(0, STATE))
            stage.clock.advance(60)
            await until(lambda: stage.text(0, STATE) == "Done")
            await until(lambda: shown.topLevelItemCount() == 2)
            items = [shown.topLevelItem(place) for place in range(2)]
            assert [one.text(4) for one in items if one is not None] == ["darkroom", "This computer, 1"]
            assert stage.text(0, MESSAGE) == ""

    run_on_qasync(story())


def test_what_waits_says_what_will_be_made_and_where_that_goes(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        done = Done((OutputFile("/out/a.jpg", 1_000, 40, 30, "thumb"),), 4_000, 400, 300)
        async with staged(tmp_path / "data", lambda task: done) as stage:
            facts = stage.window.inspector.facts
            await stage.add(1)
            web = replace(find_recipe("Web").with_folder("/deliver"), mirror=True)
            await stage.queue.enqueue_batch(["/photos/b.jpg"], web)
            await stage.rows(2)
            stage.window.view.selectRow(0)
            await until(lambda: "Beside the source" in facts.text())
            assert "As the source, Thumbnail 256 px" in facts.text()
            assert "As the source, Resize 1,920 × 1,920 px" in facts.text()
            stage.window.view.selectRow(1)
            await until(lambda: "/deliver, with subfolders" in facts.text())
            assert "WebP, Resize 2,048 × 2,048 px" in facts.text()
            await stage.queue.start()
            await until(lambda: "Before" in facts.text())
            assert "Goes to" not in facts.text()  # it has gone there

    run_on_qasync(story())
