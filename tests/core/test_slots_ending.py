"""Slots when a task goes wrong: crashes, hangs, memory, garbage, odd errors, cancelling, time limits."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core import slot as slot_module
from core.errors import Bug, DiskFull, OutOfMemory, TimedOut, WorkerCrashed
from core.executor import Done, Failed, Outcome, Skipped, Stopped
from core.guard import Guard
from core.slots import ProcessSlots
from tests.conftest import RunOnLoop
from tests.core.processes import is_gone, until
from tests.core.working_slots import LIMIT, task, working


def test_g7_a_crash_a_hang_and_a_want_of_memory_are_three_errors_and_no_other_slot_notices(
    run_on_loop: RunOnLoop,
) -> None:
    async def main() -> None:
        async with working(4) as processor:
            other = await processor.pid(3)
            ended = asyncio.Event()

            async def work_on() -> int:
                count = 0
                while not ended.is_set():
                    assert await processor.run(3, task("nothing")) == Done()
                    count += 1
                return count

            busy = asyncio.ensure_future(work_on())
            errors = await asyncio.gather(
                processor.error("segfault", 0),
                processor.error("hang", 1, timeout=2.0),
                processor.error("eat_memory", 2),
            )
            ended.set()
            assert [error.code for error in errors] == [WorkerCrashed.code, TimedOut.code, OutOfMemory.code]
            assert all(error.retryable for error in errors)
            crash, hang, memory = errors
            assert crash.message == "The worker process died (signal SIGSEGV) while it worked on this file."
            assert "in segfault" in crash.details
            assert hang.message == "It took longer than its time limit (2 s)."
            assert "in hang" in hang.details  # it says where
            assert "in eat_memory" in memory.details
            assert await busy > 0
            assert await processor.pid(3) == other
            for slot in range(3):
                assert await processor.run(slot, task("nothing")) == Done()

    run_on_loop(main())


def test_a_worker_that_ran_out_of_memory_lives_on() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            for _ in range(3):
                assert (await processor.error("eat_memory")).code == OutOfMemory.code
            assert await processor.pid() == pid

    asyncio.run(main())


def test_an_allocator_that_ends_the_process_is_a_want_of_memory_too() -> None:
    async def main() -> None:
        async with working() as processor:
            error = await processor.error("die_as_an_allocator")
            assert error.code == OutOfMemory.code
            assert "failed to allocate" in error.details

    asyncio.run(main())


@pytest.mark.parametrize(
    ("function", "how"),
    [("leave:0", "exit status 0"), ("leave:3", "exit status 3"), ("kill_itself", "signal SIGKILL")],
)
def test_a_worker_that_ends_says_how_it_ended(function: str, how: str) -> None:
    async def main() -> None:
        async with working() as processor:
            error = await processor.error(function)
            assert error.code == WorkerCrashed.code
            assert f"({how})" in error.message
            assert await processor.run(0, task("nothing")) == Done()

    asyncio.run(main())


@pytest.mark.parametrize(
    "function", ["answer_garbage", "answer_without_end", "answer_wrongly", "answer_half_a_line", "stop"]
)
def test_a_worker_that_answers_what_is_no_answer_is_replaced(function: str) -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            error = await processor.error(function)
            assert error.code == WorkerCrashed.code
            assert len(error.details) < 20_000
            assert is_gone(pid)
            assert await processor.pid() != pid

    asyncio.run(main())


def test_nothing_that_is_printed_gets_into_the_answers_and_nothing_is_read() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            for _ in range(3):
                assert await processor.run(0, task("make_noise")) == Done(notes=("quiet",))
            assert await processor.pid() == pid

    asyncio.run(main())


def test_whatever_is_raised_fails_the_task_and_not_the_worker() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            ours = await processor.error("raise_one_of_ours")
            assert (ours.code, ours.message) == (DiskFull.code, "The disk with raise_one_of_ours is full.")
            assert ours.retryable
            functions = "raise_something_odd", "raise_endlessly", "raise_a_long_story", "return_nonsense"
            for function in (*functions, "system_exit"):
                error = await processor.error(function)
                assert error.code == Bug.code, function
                assert not error.retryable
                assert error.message.startswith("Image Queue made a mistake (")
                assert len(error.message) + len(error.details) < 50_000
            assert await processor.pid() == pid

    asyncio.run(main())


def test_g11_cancel_ends_the_process_before_run_returns_and_the_slot_works_on(run_on_loop: RunOnLoop) -> None:
    async def main() -> None:
        async with working(2) as processor:
            for function in ("hang", "hang_with_the_lock"):
                pid = await processor.pid()
                other = await processor.begin(1, "hang")
                run = await processor.begin(0, function)
                processor.cancel(0)
                processor.cancel(0)
                assert await run == Stopped()
                with pytest.raises(ProcessLookupError):
                    os.kill(pid, 0)
                assert await processor.run(0, task("nothing")) == Done()
                assert not other.done()
                processor.cancel(1)
                assert await other == Stopped()

    run_on_loop(main())


def test_g11_where_cancel_and_completion_race_there_is_one_end(run_on_loop: RunOnLoop) -> None:
    async def main() -> None:
        async with working() as processor:
            outcomes = set()
            for turns in range(40):
                run = asyncio.ensure_future(processor.run(0, task("skip")))
                for _ in range(turns):
                    await asyncio.sleep(0)
                processor.cancel(0)
                outcomes.add(type(await run))
                assert await processor.run(0, task("nothing")) == Done()
            assert outcomes <= {Stopped, Skipped}

    run_on_loop(main())


def test_cancel_of_an_idle_slot_and_of_one_that_is_not_there_changes_nothing() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            processor.cancel(0)
            processor.cancel(7)
            assert await processor.pid() == pid

    asyncio.run(main())


def test_an_answer_that_was_quicker_than_its_kill_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are published then; to say that it was stopped would be wrong."""

    async def main() -> None:
        async with working() as processor:
            slot = processor._slots[0]
            go_on = slot._is_to_go_on

            def go_on_and_be_cancelled(order: Any) -> bool:
                answer = go_on(order)
                order.asked = slot_module._Asked.CANCEL  # and the kill comes too late
                return answer

            monkeypatch.setattr(slot, "_is_to_go_on", go_on_and_be_cancelled)
            assert await processor.run(0, task("skip")) == Skipped("It is there already.", 5)
            assert await processor.run(0, task("fail")) == Stopped()

    asyncio.run(main())


def test_g11_a_task_that_is_told_its_time_is_over_can_be_cancelled_and_does_not_get_its_last_words(
    run_on_loop: RunOnLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_module, "_LAST_WORDS_TIME", 600.0)

    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            run = await processor.begin(0, "hang")
            os.kill(pid, signal.SIGSTOP)  # it hears nothing of the end of its time
            slot = processor._slots[0]
            assert slot._order is not None
            slot._ask(slot._order, slot_module._Asked.TIMEOUT)
            processor.cancel(0)
            assert await asyncio.wait_for(run, 20) == Stopped()
            assert await processor.run(0, task("nothing")) == Done()

    run_on_loop(main())


def test_g7_what_a_task_forked_is_killed_with_it(tmp_path: Path, run_on_loop: RunOnLoop) -> None:
    receipt = tmp_path / "pids"

    async def main() -> None:
        async with working() as processor:
            run = await processor.begin(0, "fork_and_hang", receipt=str(receipt))
            worker, forked = map(int, receipt.read_text(encoding="ascii").split())
            assert not is_gone(forked)
            processor.cancel(0)
            assert await run == Stopped()
            assert is_gone(worker)
            assert is_gone(forked)

    run_on_loop(main())


def test_a_forked_process_that_lives_does_not_hide_the_death_of_the_worker(tmp_path: Path) -> None:
    receipt = tmp_path / "pids"

    async def main() -> None:
        async with working() as processor:
            error = await processor.error("fork_and_die", receipt=str(receipt))
            assert "(exit status 3)" in error.message
            _, forked = map(int, receipt.read_text(encoding="ascii").split())
            assert is_gone(forked)

    asyncio.run(main())


def test_a_time_limit_holds_even_while_the_interpreter_is_locked_and_for_each_task_anew() -> None:
    async def main() -> None:
        async with working() as processor:
            for _ in range(80):  # together longer than the limit of each
                assert await processor.run(0, task("nap", timeout=2.0)) == Done()
            assert (await processor.error("hang_with_the_lock", timeout=0.5)).code == TimedOut.code
            assert await processor.run(0, task("nothing", timeout=5.0)) == Done()
            run = await processor.begin(0, "hang", timeout=3600.0)
            processor.cancel(0)
            assert await run == Stopped()
            assert (await processor.error("hang", timeout=0.5)).code == TimedOut.code  # sooner than the last

    asyncio.run(main())


def test_a_worker_that_died_while_it_was_idle_costs_no_task_anything() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            os.kill(pid, signal.SIGKILL)
            # Dead with all its threads, which may hold the pipe a little longer than the first.
            until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
            assert await processor.pid() != pid

    asyncio.run(main())


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("tests.core.broken_worker:work", "libsomething.so is not there"),
        ("tests.core.no_such_module:work", "No module named 'tests.core.no_such_module'"),
    ],
)
def test_a_worker_that_cannot_be_started_fails_the_tasks_and_says_why(work: str, said: str) -> None:
    async def main() -> Outcome:
        async with working(1, work) as processor:
            return await processor.run(0, task("nothing"))

    outcome = asyncio.run(main())
    assert isinstance(outcome, Failed)
    assert outcome.error.code == WorkerCrashed.code
    assert outcome.error.retryable
    assert outcome.error.message.startswith("A worker process died while it started (exit status ")
    assert said in outcome.error.details


def test_a_task_is_cancelled_at_once_and_slots_close_at_once_where_no_worker_comes_up() -> None:
    async def main() -> None:
        async with working(1, "tests.core.broken_worker:work") as processor:
            run = asyncio.ensure_future(processor.run(0, task("nothing")))
            await asyncio.sleep(0)
            processor.cancel(0)
            await asyncio.sleep(0)
            assert run.done()
            assert await run == Stopped()
            last = asyncio.ensure_future(processor.run(0, task("nothing")))
            await asyncio.sleep(0)
            await processor.close()
            assert await last == Stopped()

    asyncio.run(main())


def test_a_program_that_is_not_there_is_said_as_the_system_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    async def main() -> str:
        async with working() as processor:
            return (await processor.error("nothing")).message

    message = asyncio.run(main())
    assert message.startswith("No worker process could be started: ")
    assert "/nowhere/python" in message


def test_a_caller_that_is_cancelled_leaves_no_task_running_behind_it(run_on_loop: RunOnLoop) -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            run = await processor.begin(0, "hang")
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert is_gone(pid)
            assert await processor.run(0, task("nothing")) == Done()
            quick = asyncio.ensure_future(processor.run(0, task("nothing")))
            await asyncio.sleep(0)
            quick.cancel()
            with pytest.raises(asyncio.CancelledError):
                await quick
            assert await processor.run(0, task("nothing")) == Done()

    run_on_loop(main())


def test_without_a_memory_limit_nothing_is_limited() -> None:
    async def main() -> None:
        processor = ProcessSlots(memory_limit=None, work="tests.core.worker_functions:take")
        await processor.start(1, lambda _job, _fraction: None)
        assert await processor.run(0, task(str(LIMIT + 100_000_000))) == Done()
        await processor.close()

    asyncio.run(main())


def test_g7_a_program_that_a_task_started_ends_with_the_app_however_that_ends() -> None:
    guard = Guard()
    spared = subprocess.Popen(["sleep", "600"], start_new_session=True)
    watched = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        for process in (spared, watched):
            guard.watch(process.pid)
        guard.forget(spared.pid)
        guard.close()
        assert watched.wait(20) == -signal.SIGKILL
        assert spared.poll() is None
    finally:
        for process in (spared, watched):
            process.kill()
            process.wait()
