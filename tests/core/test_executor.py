"""The processor that runs a coroutine function in the loop."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Bug, DiskFull
from core.executor import Done, Failed, InProcess, Outcome, Stopped, Task


def task(job_id: int = 1) -> Task:
    return Task(job_id=job_id, attempt=1, source="/pictures/one.jpg", recipe="{}")


async def forever(_: Task) -> Outcome:
    await asyncio.Event().wait()
    return Done()


def test_a_function_gets_the_task_and_its_outcome_is_returned() -> None:
    seen: list[Task] = []

    async def function(given: Task) -> Outcome:
        seen.append(given)
        return Done(notes=("well",))

    async def main() -> Outcome:
        processor = InProcess(function)
        await processor.start(1, lambda _job, _fraction: None)
        return await processor.run(0, task(7))

    assert asyncio.run(main()) == Done(notes=("well",))
    assert seen == [task(7)]


def test_what_the_function_raises_becomes_a_failure_as_data() -> None:
    async def full(_: Task) -> Outcome:
        raise DiskFull("The disk with /out is full.")

    async def broken(_: Task) -> Outcome:
        raise KeyError("colour")

    async def gave_up(_: Task) -> Outcome:
        raise asyncio.CancelledError

    full_outcome = asyncio.run(InProcess(full).run(0, task()))
    assert isinstance(full_outcome, Failed)
    assert full_outcome.error.code == DiskFull.code
    assert full_outcome.error.message == "The disk with /out is full."
    assert full_outcome.error.retryable
    for function in (broken, gave_up):
        outcome = asyncio.run(InProcess(function).run(0, task()))
        assert isinstance(outcome, Failed)
        assert outcome.error.code == Bug.code


def test_cancel_stops_only_its_own_slot_and_the_slot_is_usable_again() -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def wait(_: Task) -> Outcome:
            await go_on.wait()
            return Done()

        processor = InProcess(wait)
        first = asyncio.ensure_future(processor.run(0, task(1)))
        second = asyncio.ensure_future(processor.run(1, task(2)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        processor.cancel(0)
        assert await first == Stopped()
        go_on.set()
        assert await second == Done()
        assert await processor.run(0, task(3)) == Done()

    asyncio.run(main())


def test_cancel_of_a_free_slot_or_of_a_run_that_has_just_ended_changes_nothing() -> None:
    async def main() -> None:
        async def done(_: Task) -> Outcome:
            return Done()

        processor = InProcess(done)
        processor.cancel(0)
        assert await processor.run(0, task()) == Done()
        run = asyncio.ensure_future(processor.run(0, task()))
        await asyncio.sleep(0)  # the run has started the function
        await asyncio.sleep(0)  # the function has ended, and the run has not yet heard of it
        processor.cancel(0)
        assert await run == Done()
        assert await processor.run(0, task()) == Done()

    asyncio.run(main())


def test_a_function_that_cancels_its_own_slot_does_not_cancel_its_caller() -> None:
    async def main() -> None:
        async def suicidal(_: Task) -> Outcome:
            processor.cancel(0)
            await asyncio.sleep(0)
            return Done()

        processor = InProcess(suicidal)
        assert await processor.run(0, task()) == Stopped()
        await asyncio.sleep(0)  # raises if a cancellation were left behind

    asyncio.run(main())


def test_cancelling_the_caller_is_passed_on_and_not_turned_into_an_outcome() -> None:
    async def main() -> None:
        processor = InProcess(forever)
        run = asyncio.ensure_future(processor.run(0, task()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(main())


def test_close_ends_what_runs_and_waits_for_it() -> None:
    async def main() -> None:
        cleaned = False

        async def slow_to_end(_: Task) -> Outcome:
            nonlocal cleaned
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleaned = True
            return Done()

        processor = InProcess(slow_to_end)
        run = asyncio.ensure_future(processor.run(0, task()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await processor.close()
        assert cleaned
        assert await run == Stopped()

    asyncio.run(main())


def test_progress_goes_to_the_sink_that_start_was_given() -> None:
    async def main() -> list[tuple[int, float]]:
        told: list[tuple[int, float]] = []

        async def function(given: Task) -> Outcome:
            processor.report(given.job_id, 0.5)
            return Done()

        processor = InProcess(function)
        processor.report(1, 0.1)  # before start there is nobody to tell
        await processor.start(4, lambda job, fraction: told.append((job, fraction)))
        await processor.run(3, task(9))
        await processor.resize(2)
        return told

    assert asyncio.run(main()) == [(9, 0.5)]
