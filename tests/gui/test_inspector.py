"""The details say first what is wrong and what to do, then all the rest."""

from __future__ import annotations

from pathlib import Path

from core.executor import Done, Failed
from core.job import JobError, OutputFile
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged

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
            await until(lambda: inspector.title.text() == "Select an image to see its details.")

    run_on_qasync(story())
