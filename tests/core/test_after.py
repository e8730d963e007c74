"""Commands after each job and after all: they run once, fail no job, and end with the app."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.after import AfterCommands
from core.errors import BadUsage
from core.executor import Done, Failed, Outcome, Task
from core.job import JobError, JobState, OutputFile
from core.status import ChangeKind, JobChange
from tests.core.bench import Bench, opened
from tests.core.processors import ByHand


def outcome(task: Task) -> Outcome:
    if "bad" in task.source:
        return Failed(JobError("damaged-image", "No."))
    name = Path(task.source).stem
    return Done((OutputFile(f"/out/{name} 1.jpg", 1, 1, 1), OutputFile(f"/out/{name}2.jpg", 1, 1, 1)))


def writing(path: Path, *words: str) -> str:
    """A command that adds its words to a file, as one line."""
    script = "import sys; open(sys.argv[1], 'a').write('|'.join(sys.argv[2:]) + chr(10))"
    return (
        f"{shlex.quote(sys.executable)} -c {shlex.quote(script)} {shlex.quote(str(path))} {' '.join(words)}"
    )


@asynccontextmanager
async def after(tmp_path: Path, **options: object) -> AsyncIterator[tuple[Bench, AfterCommands, list[str]]]:
    said: list[str] = []
    async with opened(tmp_path / "data", ByHand(outcome)) as bench:
        commands = AfterCommands(bench.queue, say=said.append, **options)  # type: ignore[arg-type]
        commands.begin()
        try:
            yield bench, commands, said
        finally:
            await commands.close()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_each_is_run_for_what_is_done_and_all_once_at_the_end(tmp_path: Path) -> None:
    each, every = tmp_path / "each", tmp_path / "all"

    async def story() -> None:
        async with after(
            tmp_path, each=writing(each, "{id}", "{source}", "{outputs}"),
            all_done=writing(every, "{done}", "{failed}", "{skipped}", "{cancelled}"),
        ) as (bench, commands, said):  # fmt: skip
            await bench.add("a", "b", "bad", max_retries=0)
            await bench.queue.start()
            await bench.queue.drained()
            await commands.settled()
            assert sorted(lines(each)) == [
                "1|/photos/a.jpg|/out/a 1.jpg|/out/a2.jpg", "2|/photos/b.jpg|/out/b 1.jpg|/out/b2.jpg"
            ]  # fmt: skip
            assert lines(every) == ["2|1|0|0"]
            await bench.add("c")
            await bench.queue.drained()
            await commands.settled()
            assert lines(every) == ["2|1|0|0", "1|0|0|0"]
            assert said == []

    asyncio.run(story())


def test_one_that_fails_is_a_note_on_its_job_which_stays_done(tmp_path: Path) -> None:
    async def story() -> None:
        changes: list[JobChange] = []
        async with after(tmp_path, each="false", all_done="no-such-program") as (bench, commands, said):
            bench.queue.job_changed.connect(changes.append)
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            await commands.settled()
            (found,) = await bench.queue.jobs([job])
            assert found.state is JobState.DONE
            assert found.reason == "The command after it failed: false ended with status 1."
            assert changes[-1] == JobChange([job], ChangeKind.DETAILS)
            each, sentence = said
            assert each == (
                "The command after an image failed: false ended with status 1. "
                "Each image has a note on its own."
            )
            assert sentence.startswith("The command after all failed: no-such-program could not be started:")

    asyncio.run(story())


def test_those_that_fail_are_told_of_once_in_a_run(tmp_path: Path) -> None:
    async def story() -> None:
        async with after(tmp_path, each="false") as (bench, commands, said):
            for names in (("a", "b", "c"), ("d",)):
                for name in names:
                    await bench.add(name)
                await bench.queue.start()
                await bench.queue.drained()
                await commands.settled()
            assert len(said) == 2

    asyncio.run(story())


def test_it_is_not_all_while_more_is_being_added(tmp_path: Path) -> None:
    every = tmp_path / "all"
    adding = True

    async def story() -> None:
        nonlocal adding
        async with after(
            tmp_path, all_done=writing(every, "{done}"), adding=lambda: adding
        ) as (bench, commands, _):  # fmt: skip
            await bench.queue.start()
            for name in ("a", "b"):
                await bench.add(name)
                await bench.queue.drained()
            await commands.settled()
            assert lines(every) == []
            adding = False
            commands.look()
            await commands.settled()
            assert lines(every) == ["2"]

    asyncio.run(story())


def test_the_end_of_the_app_does_not_wait_for_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with after(tmp_path, each="sleep 1000", seconds=2000) as (bench, commands, _):
            jobs = await bench.add(*(str(number) for number in range(10)))
            await bench.queue.start()
            await bench.queue.drained()
            await asyncio.wait_for(commands.close(), 30)
            assert [job.reason for job in await bench.queue.jobs(jobs)] == [""] * 10

    asyncio.run(story())


def test_without_commands_nothing_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with after(tmp_path) as (bench, commands, _):
            await bench.add("a")
            await bench.queue.start()
            await bench.queue.drained()
            await commands.settled()
            with pytest.raises(BadUsage):
                commands.set("say {nothing}", "", 1)

    asyncio.run(story())
