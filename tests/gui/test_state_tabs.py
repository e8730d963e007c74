"""The tabs count what is in each state while it changes, and the search tells its text when typing rests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from core.executor import Outcome, Task
from core.job import WAITING, JobState
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from gui.state_tabs import TABS, SearchField, StateTabs
from gui.theme import state_colours
from tests.conftest import RunOnLoop
from tests.core.clocks import ManualClock, until
from tests.core.processors import BAD, BUSY, SKIP, ByHand

RECIPE = builtin_recipes()[0]


@asynccontextmanager
async def tabs_on(
    folder: Path, script: Callable[[Task], Outcome | None] = lambda task: None
) -> AsyncIterator[tuple[StateTabs, TaskQueue, ByHand]]:
    folder.mkdir()  # noqa: ASYNC240 (a test's own folder)
    hand = ByHand(script)
    queue = TaskQueue(folder, hand, clock=ManualClock())
    tabs = StateTabs(queue)
    await queue.open()
    tabs.show()
    try:
        yield tabs, queue, hand
    finally:
        tabs.end()
        await queue.close(0)
        tabs.deleteLater()


def counted(tabs: StateTabs) -> dict[str, str]:
    """The number that each tab shows, by the tab's key."""
    return {key: tabs.tabText(place).split()[-1] for place, (key, _, _) in enumerate(TABS)}


def place_of(key: str) -> int:
    return [name for name, _, _ in TABS].index(key)


def test_every_state_is_in_exactly_one_tab_besides_all() -> None:
    listed = [state for _, _, states in TABS for state in states or ()]
    assert sorted(listed) == sorted(JobState)


def test_the_failures_are_not_among_the_tabs_that_a_narrow_window_cuts_off() -> None:
    assert [key for key, _, _ in TABS[:4]] == ["all", "waiting", "running", "failed"]


def test_the_counts_are_those_of_the_queue(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    ends: list[Outcome | None] = [None, BUSY, SKIP, BAD]  # of the four that run first

    async def story() -> None:
        async with tabs_on(tmp_path / "data", lambda task: ends[task.job_id - 1]) as (tabs, queue, hand):
            assert counted(tabs) == dict.fromkeys((key for key, _, _ in TABS), "0")
            sources = [f"/photos/{place}.jpg" for place in range(4)]
            await queue.enqueue_batch(sources, RECIPE)
            await queue.start()
            await until(lambda: queue.status().active == 1)
            await queue.pause()
            held, cancelled = (await queue.enqueue_batch(["/photos/h.jpg", "/photos/c.jpg"], RECIPE)).ids
            await queue.hold([held])
            await queue.cancel([cancelled])
            expected = {"all": "6", "waiting": "2", "running": "1", "done": "0"}
            expected |= {"skipped": "1", "failed": "1", "cancelled": "1"}
            await until(lambda: counted(tabs) == expected)
            hand.end(next(iter(hand.tasks)))
            expected |= {"running": "0", "done": "1"}
            await until(lambda: counted(tabs) == expected)

    run_on_qasync(story())


def test_a_burst_of_changes_is_counted_in_few_updates(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data") as (tabs, queue, _):
            seen: set[str] = set()
            told = 0

            def hear(_: object) -> None:
                nonlocal told
                told += 1
                seen.add(counted(tabs)["cancelled"])

            queue.status_changed.connect(hear)
            ids = (await queue.enqueue_batch([f"/p/{n:04}.jpg" for n in range(1_200)], RECIPE)).ids
            for job in ids[:400]:
                await queue.cancel([job])
            await until(lambda: counted(tabs)["cancelled"] == "400")
            assert counted(tabs)["all"] == "1,200"
            assert told >= 400
            assert len(seen) < told / 4

    run_on_qasync(story())


def test_choosing_a_tab_tells_its_states(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data") as (tabs, _, _):
            told: list[frozenset[JobState] | None] = []
            tabs.chosen.connect(told.append)
            for key in ("waiting", "failed", "failed", "no such tab", "all"):
                tabs.choose(key)
            assert told == [WAITING, frozenset({JobState.FAILED}), None]
            assert tabs.current() == "all"

    run_on_qasync(story())


def test_the_tabs_are_reached_and_walked_by_the_keyboard(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data") as (tabs, _, _):
            assert tabs.focusPolicy() & Qt.FocusPolicy.TabFocus
            QTest.keyClick(tabs, Qt.Key.Key_Right)
            assert tabs.current() == "waiting"
            QTest.keyClick(tabs, Qt.Key.Key_Left)
            assert tabs.current() == "all"

    run_on_qasync(story())


def test_counting_never_moves_the_choice(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data", lambda task: BAD) as (tabs, queue, _):
            tabs.choose("failed")
            told = QSignalSpy(tabs.chosen)
            ids = (await queue.enqueue_batch(["/photos/1.jpg", "/photos/2.jpg"], RECIPE)).ids
            await queue.start()
            await until(lambda: counted(tabs)["failed"] == "2")
            await queue.remove(ids)
            await until(lambda: counted(tabs)["failed"] == "0")
            assert tabs.current() == "failed"
            assert told.count() == 0

    run_on_qasync(story())


def test_failures_stand_out_by_word_and_icon_and_colour(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data", lambda task: BAD) as (tabs, queue, _):
            place = place_of("failed")
            calm = tabs.tabTextColor(place)
            await queue.enqueue_batch(["/photos/1.jpg"], RECIPE)
            await queue.start()
            await until(lambda: tabs.tabText(place) == "Failed  1")
            assert not tabs.tabIcon(place).isNull()
            assert tabs.tabTextColor(place) == state_colours(JobState.FAILED)[0] != calm
            others = [tabs.tabTextColor(number) for number in range(tabs.count()) if number != place]
            assert tabs.tabTextColor(place) not in others

    run_on_qasync(story())


def test_after_their_end_the_tabs_hear_nothing_more(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with tabs_on(tmp_path / "data") as (tabs, queue, _):
            tabs.end()
            assert len(queue.status_changed) == 0
            await queue.enqueue_batch(["/photos/1.jpg"], RECIPE)
            assert counted(tabs)["all"] == "0"

    run_on_qasync(story())


def test_a_text_is_told_once_when_the_typing_rests(qtbot: QtBot) -> None:
    field = SearchField()
    qtbot.addWidget(field)
    told: list[str] = []
    field.text_settled.connect(told.append)
    with qtbot.waitSignal(field.text_settled):
        QTest.keyClicks(field, "holiday")
    assert told == ["holiday"]


def test_the_clear_button_empties_the_search(qtbot: QtBot) -> None:
    field = SearchField()
    qtbot.addWidget(field)
    assert field.isClearButtonEnabled()
    assert field.accessibleName() == field.placeholderText() == "Find by name or folder"
    field.setText("holiday")
    with qtbot.waitSignal(field.text_settled) as heard:
        field.findChildren(QToolButton)[0].click()
    assert heard.args == [""]


def test_finding_again_selects_the_text_to_be_typed_over(qtbot: QtBot) -> None:
    field = SearchField()
    qtbot.addWidget(field)
    field.setText("holiday")
    field.start()
    assert field.selectedText() == "holiday"
