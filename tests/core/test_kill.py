"""What was accepted survives `kill -9` at any instant, and what was told done stays done."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from core.executor import Done, Task
from core.imaging.naming import temporary_paths
from core.imaging.receipt import digest_of, write_receipt
from core.job import JobState, OutputFile
from core.leftovers import tidy
from core.queue import TaskQueue
from core.recipe import builtin_recipes
from core.status import JobQuery
from tests.core.bench import Bench, crash, opened
from tests.core.clocks import until
from tests.core.processors import ByHand

ROOT = Path(__file__).parents[2]


def run_and_kill(data_dir: Path, first: int, after_lines: int) -> tuple[set[int], set[int]]:
    """Run the small app and kill it when it has said so many lines; return what it said before its end."""
    said: dict[str, set[int]] = {"accepted": set(), "done": set()}
    command = [sys.executable, "-m", "tests.core.app_to_kill", str(data_dir), str(first), "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as app:
        assert app.stdout is not None
        for number, line in enumerate(app.stdout):
            word, job = line.split()
            said[word].add(int(job))
            if number == after_lines:
                app.kill()
    assert app.returncode == -9
    return said["accepted"], said["done"]


def test_g1_g3_nothing_accepted_is_lost_and_nothing_is_stuck_over_kills(tmp_path: Path) -> None:
    accepted: set[int] = set()
    done: set[int] = set()
    for round_number, lines in enumerate((3, 41, 96, 200, 333)):
        new_accepted, new_done = run_and_kill(tmp_path, round_number * 100_000, lines)
        accepted |= new_accepted
        done |= new_done

    async def look() -> None:
        queue = TaskQueue(tmp_path, ByHand(lambda task: Done()))
        await queue.open()
        found = set(await queue.find(JobQuery()))
        assert accepted <= found
        assert done <= set(await queue.find(JobQuery(states=frozenset({JobState.DONE}))))
        assert queue.status().counts[JobState.RUNNING] == 0
        await queue.start()
        await queue.drained()
        assert queue.status().counts[JobState.DONE] == len(found)
        await queue.close()

    asyncio.run(look())
    assert len(accepted) > 50


def test_g6_a_job_that_had_published_everything_before_the_crash_is_done_without_running(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = Bench(tmp_path / "data")
        await bench.queue.open()
        done, half = await bench.add("whole", "half")
        await bench.queue.start()
        await bench.running(2)
        for job, names in ((done, ("a", "b")), (half, ("c", "missing"))):
            task = bench.hand.tasks[bench.hand.slot_of(job)]
            listed = []
            for name in names:
                path = tmp_path / name
                path.write_bytes(b"an output " + name.encode())
                listed.append((OutputFile(str(path), path.stat().st_size, 4, 3, name), digest_of(path)))
            write_receipt(task.receipt, task.temp_tag, listed, replacing=False)
        (tmp_path / "missing").unlink()
        await crash(bench.queue)
        second = Bench(tmp_path / "data")
        recovery = await second.queue.open()
        assert (recovery.finished, recovery.put_back) == (1, 1)
        (job_done,) = await second.queue.jobs([done])
        assert job_done.state is JobState.DONE
        assert [Path(o.path).name for o in job_done.outputs] == ["a", "b"]
        await second.queue.start()
        await second.running(1)
        assert second.hand.order == [half]
        await second.queue.close(0)

    asyncio.run(story())


def test_g4_a_crash_between_the_two_names_of_a_file_leaves_no_temporary_one(tmp_path: Path) -> None:
    recipe = builtin_recipes()[0]
    source, tag, receipt = str(tmp_path / "a.jpg"), "store-1-1", str(tmp_path / "receipt.json")
    listed = []
    for temporary, output in zip(temporary_paths(source, recipe, tag), recipe.outputs, strict=True):
        Path(temporary).write_bytes(b"whole")
        final = tmp_path / f"a-{output.name}.jpg"
        final.hardlink_to(temporary)
        listed.append((OutputFile(str(final), 5, 4, 3, output.name), digest_of(final)))
    write_receipt(receipt, tag, listed, replacing=False)
    files = tidy(Task(1, 1, source, recipe.to_json(), temp_tag=tag, receipt=receipt))
    assert files == tuple(file for file, _ in listed)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a-resized.jpg", "a-thumbnail.jpg", "receipt.json"
    ]  # fmt: skip


def test_g11_outputs_that_a_cancelled_job_had_just_published_are_taken_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path / "data") as bench:
            (job,) = await bench.add("a")
            await bench.queue.start()
            await bench.running(1)
            task = bench.hand.tasks[0]
            made, other = tmp_path / "made.jpg", tmp_path / "to come.jpg"
            made.write_bytes(b"first output")
            listed = [
                (OutputFile(str(made), 12, 4, 3, "first"), digest_of(made)),
                (OutputFile(str(other), 12, 4, 3, "second"), "0" * 32),
            ]
            write_receipt(task.receipt, task.temp_tag, listed, replacing=False)
            await bench.queue.cancel([job])
            await until(lambda: not made.exists())
            assert await bench.state(job) is JobState.CANCELLED

    asyncio.run(story())
