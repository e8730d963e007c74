"""The queue gives out jobs in order, to as many workers as there are, and does what it is asked."""

from __future__ import annotations

import asyncio
import sqlite3
from array import array
from pathlib import Path

import pytest

from core.errors import BadUsage, StoreUnusable
from core.executor import Done, InProcess, Outcome, ProgressSink, Task
from core.job import JobState
from core.queue import TaskQueue
from core.retry import RetryPolicy
from core.status import JobChange, JobQuery
from core.store_file import STORE_NAME
from core.store_reader import StoreReader
from tests.conftest import RunOnLoop
from tests.core.bench import RECIPE, opened
from tests.core.clocks import until
from tests.core.processors import ByHand


async def drive_a_small_batch(path: Path) -> None:
    async with opened(path, ByHand(lambda task: Done())) as bench:
        await bench.add(*"abcdefghij")
        await bench.queue.start()
        await bench.queue.drained()
        assert bench.queue.status().counts[JobState.DONE] == 10
        assert bench.hand.order == sorted(bench.hand.order)


def test_a_batch_runs_to_its_end_on_asyncio_and_on_qasync(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    run_on_loop(drive_a_small_batch(tmp_path))


def test_at_most_concurrency_jobs_run_at_once(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            await bench.add(*"abcdef")
            await bench.queue.start()
            await bench.running(4)
            assert bench.queue.status().concurrency == 4
            assert bench.queue.status().counts[JobState.QUEUED] == 2
            bench.hand.end(2)
            await until(lambda: bench.queue.status().counts[JobState.QUEUED] == 1)
            await bench.running(4)
            assert bench.hand.most_at_once == 4

    run_on_loop(story())


def test_the_number_of_workers_can_change_while_jobs_run(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            await bench.add(*"abcd")
            await bench.queue.start()
            await bench.running(1)
            await bench.queue.set_concurrency(3)
            await bench.running(3)
            await bench.queue.set_concurrency(1)
            for slot in (1, 2):
                bench.hand.end(slot)
            await bench.count(JobState.DONE, 2)
            await bench.running(1)

    run_on_loop(story())


def test_g11_cancelling_ends_waiting_and_running_jobs(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            running, waiting, held, other = await bench.add(*"abcd")
            await bench.queue.hold([held, other])
            await bench.queue.start()
            await bench.running(1)
            assert await bench.queue.cancel([running, waiting, held, 999]) == 3
            for job in (running, waiting, held):
                assert await bench.state(job) is JobState.CANCELLED
            await bench.queue.release([other])
            await bench.running(1)  # the slot is free again

    run_on_loop(story())


def test_g11_where_cancel_and_completion_race_the_job_is_done(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            bench.hand.end(0, Done())
            assert await bench.queue.cancel([job]) == 0
            await bench.queue.drained()
            assert await bench.state(job) is JobState.DONE

    run_on_loop(story())


def test_hold_keeps_a_job_back_until_it_is_released(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            first, second = await bench.add(*"ab")
            assert await bench.queue.hold([first]) == 1
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [second]
            assert await bench.queue.release([first, second]) == 1
            await bench.queue.drained()
            assert bench.hand.order == [second, first]

    run_on_loop(story())


def test_priority_can_change_while_jobs_wait(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done()), concurrency=1) as bench:
            jobs = await bench.add(*"abc")
            await bench.queue.set_priority([jobs[2]], 10)
            await bench.queue.do_next([jobs[1]])
            await bench.queue.start()
            await bench.queue.drained()
            assert bench.hand.order == [jobs[1], jobs[2], jobs[0]]

    run_on_loop(story())


def test_removed_jobs_are_gone_and_running_ones_stay(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, concurrency=1) as bench:
            jobs = await bench.add(*"abc")
            await bench.queue.start()
            await bench.running(1)
            assert await bench.queue.remove(jobs) == 2
            assert list(await bench.queue.find(JobQuery())) == [jobs[0]]

    run_on_loop(story())


def test_work_added_when_the_queue_has_just_drained_runs(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, ByHand(lambda task: Done())) as bench:
            await bench.queue.start()
            for number in range(20):
                await bench.add(str(number))
                await bench.queue.drained()
                assert bench.queue.status().counts[JobState.DONE] == number + 1

    run_on_loop(story())


def test_one_source_may_be_enqueued_by_itself(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            first = await bench.queue.enqueue("/photos/a.jpg", RECIPE)
            again = await bench.queue.enqueue(Path("/photos/a.jpg"), RECIPE, priority=3, max_retries=0)
            found, second = await bench.queue.jobs([first, again])
            assert (found.priority, found.max_retries) == (0, 3)
            assert (second.priority, second.max_retries) == (3, 0)

    run_on_loop(story())


@pytest.mark.parametrize(
    ("priority", "retries"), [(2**40, 3), (0, -1), (0, 10_000), (True, 3), (0, "3"), (1.5, 3)]
)
def test_nonsense_numbers_are_refused_and_nothing_is_added(
    tmp_path: Path, priority: int, retries: int, run_on_qasync: RunOnLoop
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            with pytest.raises(BadUsage):
                await bench.add("a", priority=priority, max_retries=retries)
            assert bench.queue.status().total == 0

    run_on_qasync(story())


def test_a_processor_that_raises_fails_its_job_as_our_bug(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        def script(task: Task) -> Outcome | None:
            raise ZeroDivisionError("our mistake")

        async with opened(tmp_path, ByHand(script)) as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            (found,) = await bench.queue.jobs([job])
            assert found.error is not None
            assert found.error.code == "bug"

    run_on_loop(story())


def test_a_plain_coroutine_can_be_the_processor(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    async def process(task: Task) -> Outcome:
        if task.source.endswith("bad.jpg"):
            raise ValueError("a surprise")
        return Done()

    async def story() -> None:
        queue = TaskQueue(tmp_path, InProcess(process), name="thumbs", retry=RetryPolicy(base=0))
        await queue.open()
        await queue.enqueue_batch(["/good.jpg", "/bad.jpg"], RECIPE)
        await queue.start()
        await queue.drained()
        assert queue.status().name == "thumbs"
        assert queue.status().counts[JobState.DONE] == 1
        assert queue.status().counts[JobState.FAILED] == 1
        await queue.close()

    run_on_loop(story())


def test_ends_share_a_turn_while_more_run_than_there_are_processors(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dispatcher.processors", lambda: 2)
    monkeypatch.setattr("core.dispatcher._PATIENCE", 3_600.0)

    async def story() -> None:
        async with opened(tmp_path) as bench:
            told: list[JobChange] = []
            bench.queue.job_changed.connect(told.append)
            jobs = await bench.add(*"abcdef")
            await bench.queue.start()
            await bench.running(4)
            bench.clock.advance(10_000)
            bench.hand.end(0)
            await until(lambda: 0 not in bench.hand.tasks)
            bench.hand.end(1)
            await bench.running(4)
            assert [list(one.ids) for one in told if one.state is JobState.DONE] == [jobs[:2]]

    run_on_loop(story())


def test_g11_an_end_that_waits_for_others_keeps_no_cancelled_job_waiting(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dispatcher.processors", lambda: 2)
    monkeypatch.setattr("core.dispatcher._PATIENCE", 3_600.0)

    async def story() -> None:
        async with opened(tmp_path, concurrency=5) as bench:
            jobs = await bench.add(*"abcde")
            await bench.queue.start()
            await bench.running(5)
            bench.clock.advance(10_000)
            bench.hand.end(0)
            await until(lambda: bench.queue._dispatcher._others_in is not None)
            assert await bench.queue.cancel(jobs[1:2]) == 1
            assert await bench.state(jobs[0]) is JobState.DONE

    run_on_loop(story())


def test_a_queue_that_was_begun_before_there_is_a_loop_is_opened_in_it(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    queue = TaskQueue(tmp_path, ByHand())
    queue.begin()

    async def story() -> None:
        await queue.open()
        assert await queue.enqueue("/photos/a.jpg", RECIPE) == 1
        await queue.close(0)

    run_on_loop(story())


def test_what_keeps_a_store_from_being_opened_is_said_when_the_queue_is(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    (tmp_path / STORE_NAME).mkdir()
    queue = TaskQueue(tmp_path, ByHand())
    queue.begin()

    async def story() -> None:
        with pytest.raises(StoreUnusable):
            await queue.open()
        await queue.close(0)

    run_on_loop(story())


def test_the_workers_start_when_what_is_to_be_read_first_was_read(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    class Noted(ByHand):
        async def start(self, slots: int, on_progress: ProgressSink) -> None:
            order.append("workers")
            await super().start(slots, on_progress)

    order: list[str] = []
    queue = TaskQueue(tmp_path, Noted())

    async def read() -> None:
        order.append("reading")
        assert list(await queue.find(JobQuery())) == []
        await asyncio.sleep(0)
        order.append("read")

    async def story() -> None:
        await queue.open(read)
        await queue.close(0)

    run_on_loop(story())
    assert order == ["reading", "read", "workers"]


def test_a_query_that_is_cancelled_lets_the_reader_go(
    run_on_loop: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended within SQLite; the next one runs as ever."""
    ended: list[str] = []

    async def story() -> None:
        async with opened(tmp_path) as bench:
            (job,) = await bench.add("a")
            begun = asyncio.Event()
            loop, find = asyncio.get_running_loop(), StoreReader.find

            def endless(reader: StoreReader, query: JobQuery, most: int | None = None) -> array[int]:
                if query.text != "endless":
                    return find(reader, query, most)

                def tell() -> None:
                    loop.call_soon_threadsafe(begun.set)

                reader._db.create_function("begun", 0, tell)
                try:
                    reader._db.execute(
                        "WITH RECURSIVE n(x) AS (SELECT begun() UNION ALL SELECT x + 1 FROM n)"
                        " SELECT COUNT(*) FROM n"
                    )
                except sqlite3.OperationalError as error:
                    ended.append(str(error))
                    raise
                return array("q")

            monkeypatch.setattr(StoreReader, "find", endless)
            search = asyncio.ensure_future(bench.queue.find(JobQuery(text="endless")))
            await begun.wait()
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
            assert list(await bench.queue.find(JobQuery())) == [job]

    run_on_loop(story())
    assert ended == ["interrupted"]
