"""The table is a window onto the store: what it costs does not depend on how many jobs there are."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt

from core.executor import Done
from core.job import Job, JobState
from core.looks import Looks
from core.queue import TaskQueue
from core.status import JobQuery, SortKey
from core.undo import Deed
from gui.columns import COLUMNS, NAME, PLACES
from gui.queue_model import QueueModel
from gui.tasks import Tasks
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import ByHand
from tests.gui.stage import RECIPE, Stage, staged

MANY = 20_000


def names(stage: Stage, number: int) -> list[str]:
    return [stage.text(row, NAME) for row in range(number)]


def select_rows(stage: Stage, *rows: int) -> None:
    model, flags = stage.window.view.selectionModel(), QItemSelectionModel.SelectionFlag
    model.clearSelection()
    for row in rows:
        model.select(stage.window.model.index(row, 0), flags.Select | flags.Rows)


def test_g13_of_many_jobs_only_the_rows_on_screen_are_read(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            read: Counter[int] = Counter()
            jobs = stage.queue.jobs

            async def counted(ids: Sequence[int]) -> list[Job]:
                read.update(ids)
                return await jobs(ids)

            monkeypatch.setattr(stage.queue, "jobs", counted)
            await stage.add(MANY)
            await stage.read()
            stage.window.view.scrollToBottom()
            last = stage.window.model.rowCount() - 1
            await until(lambda: stage.window.model.job_at(last) is not None)
            assert len(read) < 500
            assert stage.text(last, NAME) == f"photo-{MANY - 1:06}.jpg"

    run_on_qasync(story())


def test_g13_a_burst_of_changes_tells_the_view_of_visible_rows_alone(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(MANY)
            await stage.read()
            told: list[tuple[int, int]] = []
            stage.window.model.dataChanged.connect(lambda a, b, *_: told.append((a.row(), b.row())))
            await stage.queue.hold(ids)
            await until(lambda: stage.text(0, PLACES["state"]) == "Held" and bool(told))
            assert max(last for _, last in told) < 200
            assert sum(last - first + 1 for first, last in told) < 1_000

    run_on_qasync(story())


def test_the_store_sorts_and_the_selection_moves_along(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(50, name="b")
            ids = await stage.add(50, name="a")
            view, model = stage.window.view, stage.window.model
            view.selectRow(60)
            assert list(view.selected_ids()) == [ids[10]]
            view.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
            await until(lambda: model.rowCount() == 100 and model.id_at(0) == ids[0])
            assert list(view.selected_ids()) == [ids[10]]
            assert view.currentIndex().row() == 10
            await stage.read()
            assert names(stage, 2) == ["a-000000.jpg", "a-000001.jpg"]
            assert model.query.sort is SortKey.NAME

    run_on_qasync(story())


def test_a_filter_keeps_what_is_selected_and_still_matches(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(30)
            select_rows(stage, 3, 4, 25)
            await stage.queue.hold(ids[20:])
            stage.window.tabs.choose("waiting")
            await stage.rows(30)
            stage.window.search.setText("00002")  # photo-000020 to photo-000029, and photo-000002
            await stage.rows(11)
            assert list(stage.window.view.selected_ids()) == [ids[25]]
            stage.window.search.setText("")
            await stage.rows(30)

    run_on_qasync(story())


def test_jobs_leave_and_enter_a_tab_as_their_state_changes(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: Done()) as stage:
            await stage.add(10)
            stage.window.tabs.choose("done")
            await stage.rows(0)
            await stage.queue.start()
            await stage.queue.drained()
            await stage.rows(10)
            stage.window.tabs.choose("waiting")
            await stage.rows(0)

    run_on_qasync(story())


def test_removed_jobs_go_and_restored_ones_come_back_at_their_places(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(20)
            async with stage.queue.undo.step(Deed.REMOVE):
                await stage.queue.remove(ids[5:8])
            await stage.rows(17)
            await stage.queue.undo.undo()
            await stage.rows(20)
            assert list(stage.window.model.ids_between(0, 19)) == ids

    run_on_qasync(story())


def test_batches_that_arrive_quickly_are_all_listed_in_order(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            from tests.gui.stage import RECIPE

            ids: list[int] = []
            for number in range(20):
                batch = await stage.queue.enqueue_batch(
                    [f"/p/{number}-{place}.jpg" for place in range(7)], RECIPE
                )
                ids += batch.ids
            await stage.rows(140)
            assert list(stage.window.model.ids_between(0, 139)) == ids

    run_on_qasync(story())


def test_a_row_is_one_sentence_for_a_screen_reader(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", start=True) as stage:
            (job,) = await stage.add(1, priority=10)
            await until(lambda: len(stage.hand.tasks) == 1)
            stage.hand.on_progress(job, 0.4)
            index = stage.window.model.index(0, NAME)
            spoken = Qt.ItemDataRole.AccessibleTextRole
            await until(lambda: index.data(spoken) == "photo-000000.jpg, Running 40 %, priority High")

    run_on_qasync(story())


def test_every_column_has_a_title_and_shows_every_state(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(1)
            await stage.read()
            for place, column in enumerate(COLUMNS):
                title = stage.window.model.headerData(place, Qt.Orientation.Horizontal)
                assert title == column.title
                assert isinstance(stage.text(0, place), str)
            assert stage.window.model.job_at(0).state is JobState.QUEUED  # type: ignore[union-attr]

    run_on_qasync(story())


def test_select_all_takes_every_job_and_not_only_those_on_screen(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(5_000)
            stage.window.actions_.select_all.trigger()
            assert list(stage.window.view.selected_ids()) == ids
            stage.window.view.selectionModel().clearSelection()
            assert not stage.window.view.selected_ids()

    run_on_qasync(story())


def test_an_end_in_the_middle_of_a_query_is_no_mistake(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(5)
            failed: list[BaseException] = []
            stage.tasks.on_failure = failed.append
            stage.window.search.text_settled.emit("photo")
            stage.window.end()
            await until(lambda: not stage.tasks._running)
            assert failed == []

    run_on_qasync(story())


def test_a_tab_that_was_chosen_before_the_queue_was_open_is_filled_when_it_is(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    """The window is made, and takes up the tab that it was left with, before there is a loop."""
    queue, tasks = TaskQueue(tmp_path, ByHand()), Tasks()
    model = QueueModel(queue, tasks, Looks(tmp_path))
    model.set_query(JobQuery(states=frozenset({JobState.QUEUED})))

    async def story() -> None:
        await queue.open()
        await queue.enqueue("/photos/a.jpg", RECIPE)
        model.begin()
        await until(lambda: model.rowCount() == 1)
        model.end()
        await queue.close(0)
        await tasks.end()

    run_on_qasync(story())


def test_the_first_rows_are_known_when_they_are_told_of(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    """They are painted once, and not first without their contents."""
    queue, tasks = TaskQueue(tmp_path, ByHand()), Tasks()
    model = QueueModel(queue, tasks, Looks(tmp_path))
    known: list[bool] = []
    model.rowsInserted.connect(lambda *_: known.append(model.cached(model.id_at(0)) is not None))

    async def story() -> None:
        await queue.open()
        await queue.enqueue_batch([f"/photos/{number}.jpg" for number in range(500)], RECIPE)
        model.begin()
        await until(lambda: model.rowCount() == 500)
        assert known == [True, True]
        assert not model.shown.is_set()  # there is no view
        model.set_visible(0, 30)
        assert model.shown.is_set()
        model.end()
        await queue.close(0)
        await tasks.end()

    run_on_qasync(story())


def test_of_no_rows_nothing_is_waited_for(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    queue, tasks = TaskQueue(tmp_path, ByHand()), Tasks()
    model = QueueModel(queue, tasks, Looks(tmp_path))

    async def story() -> None:
        await queue.open()
        model.begin()
        await model.shown.wait()
        model.end()
        await queue.close(0)
        await tasks.end()

    run_on_qasync(story())


def test_a_query_is_left_when_another_one_is_wished_for(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(5)
            asked: list[str] = []
            left: list[str] = []
            find = stage.queue.find

            async def stuck(query: JobQuery, most: int | None = None) -> array[int]:
                asked.append(query.text)
                if query.text == "slow":
                    try:
                        await asyncio.Event().wait()
                    finally:
                        left.append(query.text)
                return await find(query, most)

            stage.queue.find = stuck  # type: ignore[method-assign]
            model = stage.window.model
            model.set_query(JobQuery(text="slow"))
            await until(lambda: asked == ["slow"])
            model.set_query(JobQuery(text="000001"))
            model.set_query(JobQuery(text="slow"))  # and back again, before the first has ended
            model.set_query(JobQuery(text="000003"))
            await until(lambda: model.rowCount() == 1 and stage.text(0, NAME) == "photo-000003.jpg")
            assert left == ["slow"]
            assert asked == ["slow", "000003"]

    run_on_qasync(story())
