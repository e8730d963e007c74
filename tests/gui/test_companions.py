"""Outside the window a run is told once; the machine stays awake for as long as it works, and no longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QMessageBox, QPushButton, QToolButton

from core.errors import DiskFull
from core.executor import Done, Failed, Outcome, Task
from core.job import JobState, OutputFile
from core.settings import Settings
from gui.desktop import SHUT_DOWN, SLEEP, NoDesktop
from gui.when_done import SECONDS, Choice, WhenDone
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BAD, SKIP
from tests.gui.stage import RECIPE, Stage, staged

FULL = Failed(DiskFull("The disk with /out is full.").as_job_error())


class Recorder(NoDesktop):
    """A desktop that has everything, does nothing of it, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.bars: list[float | None] = []
        self.awake: list[bool] = [False]
        self.used: list[str] = []
        self.click: Callable[[], None] = lambda: None
        self.closed = False

    async def powers(self) -> frozenset[str]:
        return frozenset({SLEEP, SHUT_DOWN})

    async def notify(self, title: str, text: str) -> bool:
        self.told.append((title, text))
        return True

    def on_click(self, call: Callable[[], None]) -> None:
        self.click = call

    def show_progress(self, fraction: float | None) -> None:
        self.bars.append(fraction)

    def stay_awake(self, wanted: bool) -> None:
        if wanted != self.awake[-1]:
            self.awake.append(wanted)

    def use_power(self, power: str) -> None:
        self.used.append(power)

    def close(self) -> None:
        self.closed = True


def script(task: Task) -> Outcome | None:
    name = Path(task.source).stem
    if name.startswith("bad"):
        return BAD
    if name.startswith("known"):
        return SKIP
    if name.startswith("full"):
        return FULL
    if name.startswith("slow"):
        return None
    return Done((OutputFile("/out/web/a.jpg", 300_000, 40, 30, "web"),), 1_000_000, 400, 300)


def on_stage(
    run: RunOnLoop,
    folder: Path,
    play: Callable[[Stage, Recorder], Awaitable[None]],
    settings: Settings | None = None,
    *,
    in_front: bool = False,
) -> None:
    async def story() -> None:
        desktop = Recorder()
        async with staged(folder, script, settings, start=True, desktop=desktop) as stage:
            companions = stage.window.companions
            companions.in_front = lambda: in_front
            companions.run_end._rest.setInterval(0)
            await until(companions.when_done.actions_[Choice.SLEEP].isVisible)
            await play(stage, desktop)
        assert desktop.closed

    run(story())


async def run_of(stage: Stage, *names: str) -> None:
    """Let a run of these sources begin and end."""
    spy = QSignalSpy(stage.window.companions.run_end.ended)
    await stage.queue.enqueue_batch([f"/photos/{name}.jpg" for name in names], RECIPE)
    await until(lambda: spy.count() == 1)
    await until(lambda: not stage.tasks._running)  # what it set off has been done


# -- notices ------------------------------------------------------------------------------------------------


def test_a_run_is_told_once_with_its_failures(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        await run_of(stage, "a", "b", "bad", "known")
        assert desktop.told == [
            ("Done, and 1 failed", "2 images done, 1 failed, 1 skipped. Saved 1.4 MB."),
        ]
        await run_of(stage, "c")
        assert desktop.told[1:] == [("All images are done", "1 image done. Saved 700 kB.")]

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_who_has_the_window_before_them_is_told_nothing(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        await run_of(stage, "a")
        assert desktop.told == []
        stage.window.companions.when_done.choose(Choice.NOTIFY)
        await run_of(stage, "b")
        assert len(desktop.told) == 1

    on_stage(run_on_qasync, tmp_path / "data", play, in_front=True)


def test_notices_can_be_switched_off(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        await run_of(stage, "a")
        assert desktop.told == []
        stage.window.preferences.change("notify", True)
        await run_of(stage, "b")
        assert len(desktop.told) == 1

    on_stage(run_on_qasync, tmp_path / "data", play, Settings(notify=False))


def test_a_queue_that_pauses_itself_says_so_and_ends_no_run(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        stage.window.companions.when_done.choose(Choice.SHUT_DOWN)
        await stage.queue.enqueue_batch(["/photos/full.jpg"], RECIPE)
        await until(lambda: desktop.told == [("Image Queue has paused", "The disk with /out is full.")])
        await until(lambda: stage.queue.status().counts[JobState.RETRYING] == 1)
        assert stage.window.companions.run_end.running
        assert desktop.used == []

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_what_is_only_given_up_is_no_run_to_tell_of(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        ids = (await stage.queue.enqueue_batch(["/photos/slow.jpg"], RECIPE)).ids
        await until(lambda: stage.queue.status().active == 1)
        await stage.queue.cancel(ids)
        await until(lambda: not stage.window.companions.run_end.running)
        assert desktop.told == []

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_what_is_still_being_added_makes_one_run_of_it(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        adding = True
        companions = stage.window.companions
        companions.run_end.wait_for(lambda: adding)
        for name in "abc":
            await stage.queue.enqueue_batch([f"/photos/{name}.jpg"], RECIPE)
            await until(lambda: stage.queue.status().live == 0)
        assert desktop.told == []
        adding = False
        await until(lambda: len(desktop.told) == 1)
        assert desktop.told[0][1].startswith("3 images done")

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_click_on_the_notice_shows_the_window(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        stage.window.hide()
        desktop.click()
        assert stage.window.isVisible()

    on_stage(run_on_qasync, tmp_path / "data", play)


# -- awake, and the bar on the icon -------------------------------------------------------------------------


def test_the_machine_is_kept_awake_only_while_work_runs(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        ids = (await stage.queue.enqueue_batch([f"/photos/slow-{n}.jpg" for n in range(9)], RECIPE)).ids
        await until(lambda: stage.queue.status().active == 4)
        assert desktop.awake == [False, True]
        await stage.queue.pause()
        assert desktop.awake[-1]
        await stage.queue.stop()
        await until(lambda: not desktop.awake[-1])
        await stage.queue.start()
        await until(lambda: desktop.awake[-1])
        stage.window.preferences.change("keep_awake", False)
        stage.window.preferences.change("keep_awake", True)
        assert desktop.awake[-3:] == [True, False, True]
        await stage.queue.cancel(ids)
        await until(lambda: not desktop.awake[-1])

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_bar_on_the_icon_follows_the_run_and_goes_with_it(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        ids = (await stage.queue.enqueue_batch(["/photos/slow.jpg", "/photos/a.jpg"], RECIPE)).ids
        await until(lambda: desktop.bars[-1:] == [0.5])
        stage.hand.end_job(ids[0])
        await until(lambda: desktop.bars[-1] is None)

    on_stage(run_on_qasync, tmp_path / "data", play)


# -- when done ----------------------------------------------------------------------------------------------


def countdown(stage: Stage) -> QMessageBox | None:
    return next((box for box in stage.window.findChildren(QMessageBox, "countdown") if box.isVisible()), None)


def when_done(stage: Stage) -> WhenDone:
    return stage.window.companions.when_done


@pytest.mark.parametrize("choice", [Choice.SLEEP, Choice.SHUT_DOWN])
def test_the_machine_is_ended_after_a_countdown_and_only_once(
    run_on_qasync: RunOnLoop, tmp_path: Path, choice: Choice
) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        when_done(stage).choose(choice)
        await run_of(stage, "a", "bad")
        box = countdown(stage)
        assert box is not None
        assert f"{SECONDS} s" in box.text()
        assert "1 failed" in box.informativeText()
        assert box.defaultButton().objectName() == "countdownStop"
        for _ in range(SECONDS - 1):
            when_done(stage).tick()
        assert desktop.used == []
        assert "1 s" in box.text()
        when_done(stage).tick()
        assert desktop.used == [str(choice)]
        assert countdown(stage) is None
        assert when_done(stage).choice is Choice.NOTHING
        await run_of(stage, "b")
        assert countdown(stage) is None

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_countdown_can_be_stopped_and_then_nothing_is_ended(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        when_done(stage).choose(Choice.SHUT_DOWN)
        await run_of(stage, "a")
        stage.part(QPushButton, "countdownStop").click()
        assert countdown(stage) is None
        assert not when_done(stage)._second.isActive()
        assert when_done(stage).choice is Choice.NOTHING
        assert desktop.used == []

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_more_work_stops_the_countdown_and_keeps_the_choice(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        when_done(stage).choose(Choice.SHUT_DOWN)
        await run_of(stage, "a")
        assert countdown(stage) is not None
        await stage.queue.enqueue_batch(["/photos/slow.jpg"], RECIPE)
        await until(lambda: countdown(stage) is None)
        assert when_done(stage).choice is Choice.SHUT_DOWN
        assert desktop.used == []

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_another_choice_stops_the_countdown(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        when_done(stage).choose(Choice.SLEEP)
        await run_of(stage, "a")
        when_done(stage).choose(Choice.NOTHING)
        assert countdown(stage) is None
        assert desktop.used == []

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_now_does_not_wait_for_the_countdown(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        when_done(stage).choose(Choice.QUIT)
        asked = QSignalSpy(stage.window.close_asked)
        await run_of(stage, "a")
        stage.part(QPushButton, "countdownNow").click()
        assert asked.count() == 1

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_the_folder_of_the_last_output_is_opened(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)

    async def play(stage: Stage, desktop: Recorder) -> None:
        await run_of(stage, "a")
        await until(lambda: opened == ["/out/web"])

    on_stage(run_on_qasync, tmp_path / "data", play, Settings(when_done="open"))


def test_what_ends_something_is_never_the_choice_at_the_start(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, desktop: Recorder) -> None:
        assert when_done(stage).choice is Choice.NOTHING
        when_done(stage).choose(Choice.SHUT_DOWN)
        await stage.window.state.write()
        kept = "".join(
            path.read_text() for path in stage.folder.iterdir() if path.suffix in (".ini", ".toml")
        )
        assert "shut" not in kept

    on_stage(run_on_qasync, tmp_path / "data", play)


def test_a_machine_that_cannot_sleep_offers_no_sleep(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            done = when_done(stage)
            assert [str(one) for one, action in done.actions_.items() if action.isVisible()] == [
                "nothing", "notify", "open", "quit",
            ]  # fmt: skip
            done.allow(frozenset({SLEEP}))
            assert done.actions_[Choice.SLEEP].isVisible()
            assert not done.actions_[Choice.SHUT_DOWN].isVisible()
            button = stage.part(QToolButton, "whenDoneButton")
            assert button.accessibleName() == "When done: Do nothing more"

    run_on_qasync(story())
