"""The slots at work: tasks and outcomes cross the pipe, on either loop, and slots come and go."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from core import slot as slot_module
from core.executor import Done, Failed, Outcome, Skipped, Stopped, Task
from core.job import JobError, OutputFile
from core.slots import ProcessSlots
from tests.conftest import RunOnLoop
from tests.core.processes import children, is_gone, open_files, slot_threads, until
from tests.core.working_slots import FUNCTIONS, LIMIT, WorkingSlots, task, working


def test_tasks_and_outcomes_cross_the_pipe_as_they_are(run_on_loop: RunOnLoop) -> None:
    given = Task(
        job_id=2**40,
        attempt=3,
        source="everything:/Bilder/Größe \udcff\n\U0001f5bc.jpg",
        recipe='{"name": "Web – ½"}',
        place=2,
        index=77,
        temp_tag="a-1-3",
        receipt="/data/receipts/0.json",
        timeout=2.5,
    )

    async def main() -> list[Outcome]:
        async with working() as processor:
            return [await processor.run(0, one) for one in (given, task("skip"), task("fail"))]

    everything, skipped, failed = run_on_loop(main())
    file = OutputFile(f"{given.source}.webp", 1234, 640, 480, "thumbnail")
    assert everything == Done((file,), 99_999, 4000, 3000, (repr(given),))
    assert skipped == Skipped("It is there already.", 5)
    assert failed == Failed(JobError("disk-full", "The disk is full.", True, "details"))


def test_a_thousand_tasks_go_through_four_processes_that_stay(run_on_loop: RunOnLoop) -> None:
    async def main() -> tuple[list[Outcome], set[int], set[int]]:
        async with working(4) as processor:
            before = {await processor.pid(slot) for slot in range(4)}
            outcomes: list[Outcome] = []

            async def keep_busy(slot: int) -> None:
                for number in range(250):
                    outcomes.append(await processor.run(slot, task("nothing", job_id=number, timeout=60.0)))

            await asyncio.gather(*map(keep_busy, range(4)))
            return outcomes, before, {await processor.pid(slot) for slot in range(4)}

    outcomes, before, after = run_on_loop(main())
    assert outcomes == [Done()] * 1000
    assert len(before) == 4
    assert before == after


def test_the_work_is_warmed_up_once_before_the_first_task() -> None:
    async def main() -> list[Outcome]:
        async with working() as processor:
            return [await processor.run(0, task("warmed")) for _ in range(2)]

    assert asyncio.run(main()) == [Done(notes=("1",))] * 2


def test_progress_is_told_on_the_loop_between_0_and_1_and_never_after_the_end(run_on_loop: RunOnLoop) -> None:
    told: list[tuple[int, float, bool]] = []

    async def main() -> None:
        processor = ProcessSlots(memory_limit=LIMIT, work=FUNCTIONS)
        thread = threading.get_ident()

        def hear(job: int, fraction: float) -> None:
            told.append((job, fraction, threading.get_ident() == thread))

        await processor.start(1, hear)
        assert await processor.run(0, task("report_much", job_id=9)) == Done()
        count = len(told)
        assert await processor.run(0, task("hang", job_id=10, timeout=1.5)) != Done()
        assert [one for one in told[count:] if one[0] == 9] == []
        await processor.close()

    run_on_loop(main())
    assert all(on_the_loop for _, _, on_the_loop in told)
    of_the_first = [fraction for job, fraction, _ in told if job == 9]
    assert (of_the_first[0], of_the_first[-1]) == (0.25, 1.0)  # seven is more than all
    assert set(of_the_first[1:-1]) <= {0.3}  # where the worker was kept waiting
    assert len(of_the_first) < 100  # of ten thousand
    assert [fraction for job, fraction, _ in told if job == 10] == [0.5]


def test_a_worker_is_found_from_any_folder_and_takes_no_code_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G15 for files: a folder of images may hold a file named as one of Python's own modules."""
    for name in ("json.py", "core.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('taken from the folder of images')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    async def main() -> Outcome:
        async with working() as processor:
            return await processor.run(0, task("nothing"))

    assert asyncio.run(main()) == Done()


def test_slots_can_be_added_and_taken_away(run_on_loop: RunOnLoop) -> None:
    async def main() -> None:
        async with working(1) as processor:
            await processor.resize(3)
            pids = [await processor.pid(slot) for slot in range(3)]
            assert len(set(pids)) == 3
            await processor.resize(1)
            assert [is_gone(pid) for pid in pids] == [False, True, True]
            assert await processor.pid(0) == pids[0]
            await processor.resize(2)
            assert await processor.pid(1) not in pids

    run_on_loop(main())


def test_a_busy_slot_that_is_taken_away_ends_after_its_task(tmp_path: Path) -> None:
    async def main() -> None:
        async with working(2) as processor:
            pid = await processor.pid(1)
            wait = await processor.begin(1, f"wait_for:{tmp_path / 'go'}")
            await processor.resize(1)
            assert not is_gone(pid)
            (tmp_path / "go").touch()
            assert await wait == Done()
            await processor.close()  # a slot on its way out is waited for, too
            assert is_gone(pid)

    asyncio.run(main())


def test_a_busy_slot_that_is_taken_away_and_wanted_again_stays() -> None:
    async def main() -> None:
        async with working(2) as processor:
            pid = await processor.pid(1)
            wait = await processor.begin(1, "hang")
            await processor.resize(1)
            await processor.resize(2)
            processor.cancel(1)
            assert await wait == Stopped()
            assert await processor.pid(1) != pid

    asyncio.run(main())


def test_close_ends_busy_and_idle_slots_and_leaves_no_process_file_or_thread(run_on_loop: RunOnLoop) -> None:
    async def main() -> None:
        until(lambda: slot_threads() == 0)
        before = children(), open_files()
        for _ in range(2):
            processor = WorkingSlots()
            await processor.start(3, processor.hear)
            assert len(children() - before[0]) == 4  # three workers and their guard
            busy = [await processor.begin(slot, "hang") for slot in range(2)]
            await processor.close()
            assert await asyncio.gather(*busy) == [Stopped(), Stopped()]
            await processor.close()  # a second time is no error
            until(lambda: slot_threads() == 0)
            assert (children(), open_files()) == before

    run_on_loop(main())


def test_kills_and_crashes_leave_no_process_file_or_thread() -> None:
    async def main() -> None:
        async with working() as processor:
            await processor.run(0, task("nothing"))
            until(lambda: slot_threads() == 2)
            before = len(children()), open_files()
            for function in ("segfault", "leave:0", "answer_garbage", "nothing") * 3:
                await processor.run(0, task(function))
            hang = await processor.begin(0, "hang")
            processor.cancel(0)
            await hang
            await processor.run(0, task("nothing"))
            until(lambda: slot_threads() == 2)
            assert (len(children()), open_files()) == before

    asyncio.run(main())


def test_a_worker_is_renewed_after_much_work_and_no_task_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_module, "_RENEW_AFTER_TASKS", 3)
    monkeypatch.setattr(slot_module, "_RENEW_AFTER_SECONDS", 0.0)

    async def main() -> list[int]:
        async with working() as processor:
            return [await processor.pid() for _ in range(9)]

    pids = asyncio.run(main())
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 3]


def test_a_loop_that_is_closed_under_a_busy_slot_ends_its_thread_and_worker() -> None:
    loop = asyncio.new_event_loop()
    processor = WorkingSlots()
    loop.run_until_complete(processor.start(1, processor.hear))
    pid = loop.run_until_complete(processor.pid())
    run = loop.run_until_complete(processor.begin(0, "hang"))
    coroutine = run.get_coro()
    loop.close()
    os.kill(pid, signal.SIGKILL)
    until(lambda: is_gone(pid) and slot_threads() == 0)
    coroutine.close()
    assert processor._lifeline is not None
    processor._lifeline.close()  # which the end of the app does
    cast("Any", run)._log_destroy_pending = False  # as asyncio itself does with tasks that it gives up


def test_a_new_memory_limit_holds_for_the_tasks_that_begin_from_then_on() -> None:
    async def story() -> None:
        async with working(2, "tests.core.worker_functions:take") as processor:
            much = str(LIMIT // 2)
            assert isinstance(await processor.run(0, task(much)), Done)
            processor.set_memory_limit(LIMIT // 4)
            for slot in (0, 1):
                assert "Cannot allocate memory" in (await processor.error(much, slot)).details
            processor.set_memory_limit(None)
            assert isinstance(await processor.run(0, task(str(3 * LIMIT))), Done)

    asyncio.run(story())


def test_a_task_under_way_keeps_its_worker_when_the_memory_limit_changes() -> None:
    async def story() -> None:
        async with working(1) as processor:
            busy = await processor.begin(0, "hang")
            processor.set_memory_limit(LIMIT // 4)
            await asyncio.sleep(0)
            assert not busy.done()
            processor.cancel(0)
            assert isinstance(await busy, Stopped)

    asyncio.run(story())


def test_a_memory_limit_that_is_the_same_costs_no_worker() -> None:
    async def story() -> None:
        async with working(1) as processor:
            before = await processor.pid()
            processor.set_memory_limit(LIMIT)
            assert await processor.pid() == before

    asyncio.run(story())
