"""`export` and `import` carry the waiting jobs to another queue, and lose none on the way."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from core.errors import BadUsage
from core.executor import InProcess
from core.job import JobState
from core.links.kept import pictures_folder
from core.owner import Owner
from core.owner_requests import fulfil, in_loop
from core.queue import TaskQueue
from core.recipe import Existing, builtin_recipes
from core.transfer.queue_file import read_queue_file
from tests.core.cli.conftest import Command, Ended, states
from tests.core.cli.work import by_name

WEB = builtin_recipes()[1]


@pytest.fixture
def waiting(command: Command, photos: Path, data_dir: Path) -> Command:
    """Three jobs that wait, one of them held, and one that is done."""
    for name in "abcd":
        (photos / f"{name}.jpg").touch()

    async def fill() -> None:
        queue = TaskQueue(data_dir, InProcess(by_name), concurrency=1)
        await queue.open()
        await queue.enqueue(photos / "a.jpg", WEB)
        await queue.start()
        await queue.drained()
        await queue.pause()
        await queue.enqueue_batch([photos / f"{name}.jpg" for name in "bcd"], WEB, 5)
        await queue.hold([3])
        await queue.close(0)

    asyncio.run(fill())
    return command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.imagequeue"


def test_what_waits_goes_to_another_queue(
    waiting: Command, data_dir: Path, file: Path, tmp_path: Path
) -> None:
    ended = waiting("export", file)
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == (
        f"Wrote 3 jobs to {file}.\n"
        "They wait here, too: --then hold or --then remove keeps them from being made twice.\n"
    )
    assert states(data_dir) == ["done", "queued", "held", "queued"]
    other = tmp_path / "other"
    ended = waiting("import", file, "--data-dir", other)
    assert (ended.status, ended.err) == (0, "Imported 3 jobs.\nTo run them: imagequeue run\n")
    assert states(other) == ["queued", "held", "queued"]
    assert waiting("import", file, "--data-dir", other).err == "Imported 0 jobs, 3 were here already.\n"


@pytest.mark.parametrize(
    ("then", "left", "said"),
    [
        ("hold", ["done", "held", "held", "held"], "3 jobs are held here until they are released.\n"),
        ("remove", ["done"], "3 jobs are removed from the queue here.\n"),
    ],
)
def test_what_was_sent_is_held_or_removed_here_when_asked_for(
    waiting: Command, data_dir: Path, file: Path, then: str, left: list[str], said: str
) -> None:
    assert waiting("export", file, "--then", then).err == f"Wrote 3 jobs to {file}.\n{said}"
    assert states(data_dir) == left
    assert len(read_queue_file(file).jobs) == 3
    assert [one.held for one in read_queue_file(file).jobs] == [False, True, False]


def test_a_file_that_cannot_be_written_changes_nothing(
    waiting: Command, data_dir: Path, tmp_path: Path
) -> None:
    ended = waiting("export", tmp_path / "gone" / "file", "--then", "remove", "--json")
    assert ended.status == 2
    assert ended.objects[0]["error"] == {
        "code": "not-writable", "message": f"The folder for {tmp_path}/gone/.file.part is not there.",
    }  # fmt: skip
    assert states(data_dir) == ["done", "queued", "held", "queued"]


@pytest.mark.parametrize("content", [b"\xff\xd8 a photo", b"notes of mine"])
def test_no_file_of_another_kind_is_replaced_by_an_export(
    waiting: Command, data_dir: Path, tmp_path: Path, content: bytes
) -> None:
    other = tmp_path / "mine.jpg"
    other.write_bytes(content)
    ended = waiting("export", other, "--then", "remove")
    assert (ended.status, ended.err) == (
        2,
        f"imagequeue: {other} is there already, and is no file of jobs: it was left as it is. "
        "Choose another name.\n",
    )
    assert other.read_bytes() == content
    assert states(data_dir) == ["done", "queued", "held", "queued"]


@pytest.mark.parametrize("others", [True, False])
def test_what_is_on_this_machine_alone_is_left_out_and_stays(
    command: Command, data_dir: Path, photos: Path, file: Path, others: bool
) -> None:
    pasted = pictures_folder(data_dir) / "pasted.png"
    (photos / "a.jpg").touch()

    async def fill() -> None:
        queue = TaskQueue(data_dir, InProcess(by_name), concurrency=1)
        await queue.open()
        pasted.parent.mkdir(parents=True)
        pasted.touch()
        await queue.enqueue_batch([pasted, photos / "a.jpg"] if others else [pasted], WEB)
        await queue.close(0)

    asyncio.run(fill())
    ended = command("export", file, "--then", "remove")
    alone = "of what is on this machine alone: pasted pictures, archives, images that become one file"
    if others:
        assert f"Wrote 1 job to {file}.\nLeft out: 1 job {alone}.\n" in ended.err
        assert [Path(job.source).name for job in read_queue_file(file).jobs] == ["a.jpg"]
    else:
        assert ended.status == 2
        assert f"No job is waiting but 1 job {alone}; nothing was written." in ended.err
        assert list(file.parent.glob("*.imagequeue*")) == []
    assert states(data_dir) == ["queued"]
    assert pasted.exists()


def test_an_earlier_export_and_an_empty_file_are_replaced_and_nothing_that_is_no_file(
    waiting: Command, file: Path, tmp_path: Path
) -> None:
    file.touch()
    assert [waiting("export", file).status for _ in "ab"] == [0, 0]
    os.mkfifo(tmp_path / "pipe")
    assert waiting("export", tmp_path / "pipe").status == 2
    assert (tmp_path / "pipe").is_fifo()


def test_what_an_import_writes_over_is_said_before(command: Command, photos: Path, tmp_path: Path) -> None:
    (photos / "a.jpg").touch()
    target = tmp_path / "target"
    target.mkdir()
    recipe = WEB.with_folder(str(target)).with_existing(Existing.REPLACE)
    lines: list[dict[str, object]] = [{"imagequeue": 1, "separator": os.sep}]
    lines += [{"recipe": 1, "body": json.loads(recipe.to_json())}]
    lines += [{"source": str(photos / "a.jpg"), "recipe": 1}, {"end": 1}]
    file = tmp_path / "jobs.imagequeue"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said = "Files of the outputs' names are replaced by: Web.\n"
    assert command("import", file, "--dry-run").err == said
    would = json.loads(command("import", file, "--dry-run", "--json").out)
    assert (would["replacing_files"], would["replacing_originals"]) == (["Web"], [])
    assert command("import", file).err == (
        f"{said}Outputs go to {target}\nImported 1 job.\nTo run them: imagequeue run\n"
    )


def test_only_named_jobs_are_sent_and_one_that_does_not_wait_refuses_all(
    waiting: Command, data_dir: Path, file: Path
) -> None:
    ended = waiting("export", file, "2", "1", "--then", "hold")
    assert (ended.status, ended.err) == (2, "imagequeue: No job 1 is waiting; nothing was written.\n")
    assert not file.exists()
    ended = waiting("export", file, "4", "--then", "hold", "--json")
    assert ended.objects == [{"file": str(file), "jobs": 1, "left_out": 0, "then": "hold", "changed": 1}]
    assert states(data_dir) == ["done", "queued", "held", "held"]


def test_with_nothing_to_send_no_file_is_written(command: Command, data_dir: Path, file: Path) -> None:
    ended = command("export", file)
    assert (ended.status, ended.err) == (2, "imagequeue: No job is waiting; nothing was written.\n")
    assert not file.exists()
    assert not data_dir.exists()


def test_folders_are_mapped_and_looked_through_before_anything_is_taken_in(
    waiting: Command, file: Path, photos: Path, tmp_path: Path
) -> None:
    waiting("export", file)
    moved = photos.rename(tmp_path / "elsewhere")
    other = ("--data-dir", tmp_path / "other")
    ended = waiting("import", file, *other)
    assert ended.status == 2
    assert f"{photos}/b.jpg, {photos}/c.jpg, {photos}/d.jpg are not here; nothing was imported." in ended.err
    wrong = waiting("import", file, *other, "--map", f"/nowhere={moved}")
    assert wrong.err == "imagequeue: Nothing in the file is in /nowhere. Nothing was imported.\n"
    looked = waiting("import", file, *other, "--map", f"{photos}={moved}", "--dry-run")
    assert (looked.status, looked.out) == (0, "Nothing was imported. It would be 3 jobs.\n")
    assert not (tmp_path / "other").exists()
    (moved / "b.jpg").unlink()
    ended = waiting("import", file, *other, "--map", f"{photos}={moved}", "--missing", "leave-out", "--json")
    assert ended.objects == [{"imported": 2, "duplicates": 0, "left_out": 1}]


def test_a_file_from_windows_says_that_it_needs_a_map(
    waiting: Command, file: Path, photos: Path, tmp_path: Path
) -> None:
    waiting("export", file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["separator"] = "\\"
    for line in lines:
        if "source" in line:
            line["source"] = "D:\\Photos\\" + os.path.basename(line["source"])
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = waiting("import", file, "--data-dir", tmp_path / "other")
    assert ended.status == 2
    assert "D:\\\\Photos\\\\b.jpg and 2 more is a path of another system" in ended.err.replace("\\", "\\\\")
    ended = waiting("import", file, "--data-dir", tmp_path / "other", "--map", f"d:/photos={photos}")
    assert (ended.status, ended.err.splitlines()[0]) == (0, "Imported 3 jobs.")


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"[" * 100_000, b'{"imagequeue":2}\n', None])
def test_what_is_no_such_file_is_refused_in_one_sentence_and_leaves_nothing(
    command: Command, data_dir: Path, file: Path, content: bytes | None
) -> None:
    if content is not None:
        file.write_bytes(content)
    ended = command("import", file)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert not data_dir.exists()


def test_the_process_that_has_the_queue_open_takes_it_in(
    waiting: Command, data_dir: Path, file: Path, tmp_path: Path
) -> None:
    waiting("export", file)
    other = tmp_path / "other"

    async def story() -> tuple[Ended, Ended, Ended, list[JobState]]:
        queue = TaskQueue(other, InProcess(by_name), concurrency=1)
        await queue.open()
        await queue.pause()
        with Owner.acquire(other) as owner:
            owner.serve(in_loop(asyncio.get_running_loop(), lambda message: fulfil(queue, message)))
            taken = await asyncio.to_thread(waiting, "import", file, "--data-dir", other)
            held = await asyncio.to_thread(waiting, "hold", "--all", "--data-dir", other)
            free = await asyncio.to_thread(waiting, "release", "2", "--data-dir", other)
            found = [job.state for job in await queue.jobs([1, 2, 3])]
        await queue.close(0)
        return taken, held, free, found

    taken, held, free, found = asyncio.run(story())
    assert (taken.status, taken.err) == (0, "Imported 3 jobs.\n")
    assert held.out == "2 jobs held by the process that has the queue open.\n"
    assert free.out == "1 job released by the process that has the queue open.\n"
    assert found == [JobState.HELD, JobState.QUEUED, JobState.HELD]


@pytest.mark.parametrize(
    "message",
    [
        {"do": "import"},
        {"do": "import", "file": "/x", "maps": [["/a"]], "missing": "take"},
        {"do": "import", "file": "/x", "maps": [], "missing": "burn"},
        {"do": "remove"},
        {"do": "hold", "ids": "all"},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(data_dir: Path, message: dict[str, object]) -> None:
    async def story() -> None:
        queue = TaskQueue(data_dir, InProcess(by_name), concurrency=1)
        await queue.open()
        try:
            with pytest.raises(BadUsage):
                await fulfil(queue, message)
        finally:
            await queue.close(0)

    asyncio.run(story())
