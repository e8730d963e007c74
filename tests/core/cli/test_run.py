"""`imagequeue run` adds, runs to the end, and says how each job ended."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from core.cli import run as run_module
from core.cli.terminal import Printer
from core.errors import QueueInUse
from core.executor import InProcess
from core.owner import Owner, send_to_owner
from core.queue import TaskQueue
from core.recipe import quick_recipe
from core.settings import Settings
from tests.core.cli.conftest import Command, started, states, wait_for
from tests.core.cli.work import by_name


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


async def prepare(data_dir: Path, *sources: Path, hold: int = 0, pause: bool = False) -> None:
    """Leave a queue behind, as an earlier run would."""
    queue = TaskQueue(data_dir, InProcess(by_name), concurrency=1)
    await queue.open()
    accepted = await queue.enqueue_batch(list(sources), quick_recipe(256))
    await queue.hold(list(accepted.ids)[:hold])
    if pause:
        await queue.pause()
    await queue.close(0)


def test_all_done_is_status_0_and_a_summary(command: Command, photos: Path, data_dir: Path) -> None:
    fill(photos, "a.jpg", "b.png", "skip.jpg", "notes.txt")
    ended = command("run", photos)
    assert ended.status == 0
    assert ended.out.startswith("2 done, 1 skipped, in ")
    assert ended.err == (
        f"Added 3, 1 is not an image.\n  {photos}/notes.txt is not an image that can be read.\n"
    )
    assert sorted(states(data_dir)) == ["done", "done", "skipped"]


def test_a_failure_is_status_1_and_a_line_with_its_sentence(command: Command, photos: Path) -> None:
    fill(photos, "a.jpg", "bad.jpg")
    ended = command("run", photos)
    assert ended.status == 1
    assert ended.out.startswith("1 done, 1 failed, in ")
    assert f"failed: {photos}/bad.jpg: bad.jpg is not an image." in ended.err.splitlines()


def test_json_has_one_object_for_each_job_and_a_summary_at_the_end(command: Command, photos: Path) -> None:
    fill(photos, "a.jpg", "bad.jpg", "skip.jpg")
    ended = command("run", "--json", photos)
    *jobs, summary = ended.objects
    assert ended.status == 1
    by_state = {job["state"]: job for job in jobs}
    assert set(by_state) == {"done", "failed", "skipped"}
    for job in jobs:
        assert list(job) == ["id", "source", "state", "outputs", "attempts", "error", "seconds"]
        assert isinstance(job["seconds"], float)
        assert job["attempts"] == 1
    done, failed = by_state["done"], by_state["failed"]
    assert done["source"] == str(photos / "a.jpg")
    assert done["outputs"] == [
        {"path": f"{photos}/a.jpg.out", "bytes": 10, "width": 2, "height": 3, "name": "thumbnail"}
    ]
    assert done["error"] is None
    assert failed["error"] == {"code": "not-an-image", "message": "bad.jpg is not an image."}
    assert failed["outputs"] == []
    counts = summary["summary"]
    assert isinstance(counts, dict)
    assert isinstance(counts.pop("seconds"), float)
    assert counts == {"done": 1, "skipped": 1, "failed": 1, "cancelled": 0}


def test_every_path_given_is_accounted_for(command: Command, photos: Path) -> None:
    """A file that is no image becomes a job that fails; a script finds each of its paths in the output."""
    fill(photos, "a.jpg", "notes.txt", "b.jpg")
    given = [photos / "notes.txt", photos / "a.jpg", photos / "b.jpg"]
    ended = command("run", "--json", *given)
    *jobs, _ = ended.objects
    assert {job["source"] for job in jobs} == {str(path) for path in given}
    assert ended.status == 1


def test_many_jobs_are_all_reported(command: Command, photos: Path) -> None:
    fill(photos, *(f"{number}.jpg" for number in range(700)))
    ended = command("run", "--json", photos)
    *jobs, summary = ended.objects
    assert len({job["id"] for job in jobs}) == len(jobs) == 700
    assert summary["summary"]["done"] == 700  # type: ignore[index]


def test_without_a_path_it_goes_on_with_what_is_queued_and_starts_a_paused_queue(
    command: Command, photos: Path, data_dir: Path
) -> None:
    fill(photos, "a.jpg", "b.jpg")
    asyncio.run(prepare(data_dir, photos / "a.jpg", photos / "b.jpg", pause=True))
    assert states(data_dir) == ["queued", "queued"]
    ended = command("run")
    assert (ended.status, ended.out[:6]) == (0, "2 done")
    assert states(data_dir) == ["done", "done"]
    assert '"paused": false' in command("status", "--json").out


def test_what_was_queued_before_runs_too(command: Command, photos: Path, data_dir: Path) -> None:
    fill(photos, "a.jpg", "bad.jpg")
    asyncio.run(prepare(data_dir, photos / "bad.jpg"))
    ended = command("run", photos / "a.jpg")
    assert (ended.status, ended.out[:16]) == (1, "1 done, 1 failed")


def test_only_failures_of_this_run_count(command: Command, photos: Path) -> None:
    fill(photos, "a.jpg", "bad.jpg")
    assert command("run", photos / "bad.jpg").status == 1
    assert command("run", photos / "a.jpg").status == 0
    assert command("run").status == 0


def test_nothing_to_do_is_said_and_well(command: Command, photos: Path) -> None:
    ended = command("run")
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "Nothing is queued: there is nothing to do.\n"
    ended = command("run", "--json", photos)
    assert ended.status == 0
    assert ended.err.startswith("No images were found.\n")
    assert [list(one) for one in ended.objects] == [["summary"]]


def test_held_jobs_are_said_and_left_alone(command: Command, photos: Path, data_dir: Path) -> None:
    fill(photos, "a.jpg", "b.jpg")
    asyncio.run(prepare(data_dir, photos / "a.jpg", photos / "b.jpg", hold=1))
    ended = command("run")
    assert ended.status == 0
    assert ended.out.startswith("1 done, in")
    assert "1 job is held" in ended.err
    assert states(data_dir) == ["held", "done"]


def test_a_full_disk_pauses_the_run_and_says_how_to_go_on(
    command: Command, photos: Path, data_dir: Path
) -> None:
    fill(photos, "full.jpg")
    ended = command("run", photos, "--data-dir", data_dir)
    assert ended.status == 1
    assert "Paused, with 1 left in the queue: The disk with full.jpg is full." in ended.err
    assert f"To go on: imagequeue run --data-dir {data_dir}" in ended.err


def test_a_folder_that_cannot_be_read_is_said_and_is_status_1(
    command: Command, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    ended = command("run", photos)
    assert ended.status == 1
    assert f"The folder {photos} cannot be read: Permission denied." in ended.err


def test_priority_retries_and_recipe_are_those_of_the_flags(command: Command, photos: Path) -> None:
    fill(photos, "a.jpg")
    command("run", photos, "--priority", "low", "--max-retries", "7", "--recipe", "web", "--workers", "1")
    (job,) = json.loads(command("list", "--json").out)
    assert (job["priority"], job["max_retries"], job["recipe"]) == (-10, 7, "Web")


def test_the_settings_give_what_the_flags_do_not(command: Command, photos: Path, data_dir: Path) -> None:
    fill(photos, "a.jpg")
    Settings(max_retries=9, workers=2).save(data_dir)
    command("run", photos)
    (job,) = json.loads(command("list", "--json").out)
    assert job["max_retries"] == 9
    (data_dir / "settings.toml").write_text("= broken")
    assert "were damaged" in command("run").err


def test_hostile_names_are_printed_safely_and_come_back_from_json(command: Command, photos: Path) -> None:
    fill(photos, "bad \x1b[31m\n.jpg", os.fsdecode(b"bad caf\xe9.jpg"))
    ended = command("run", photos)
    assert "\x1b" not in ended.err
    assert "bad \\x1b[31m\\n.jpg" in ended.err
    assert "bad caf\\xe9.jpg" in ended.err
    *jobs, _ = command("run", photos, "--json").objects
    assert {Path(str(job["source"])).name for job in jobs} == {
        "bad \x1b[31m\n.jpg",
        os.fsdecode(b"bad caf\xe9.jpg"),
    }


def test_g14_a_queue_that_another_process_runs_is_left_to_it(
    command: Command, photos: Path, data_dir: Path
) -> None:
    fill(photos, "a.jpg")
    with Owner.acquire(data_dir):
        ended = command("run", photos)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"imagequeue: Process {os.getpid()} is using the queue in {data_dir}.\n"
    assert states(data_dir) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_g10_an_interrupted_run_puts_its_jobs_back_and_is_resumed(
    command: Command, photos: Path, data_dir: Path, number: signal.Signals
) -> None:
    fill(photos, "1.jpg", "endless.jpg", "z.jpg")
    with started(data_dir, "run", photos, "--workers", "1", "--json") as process:
        wait_for(lambda: states(data_dir) == ["done", "running", "queued"], process)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"Interrupted, with 2 left in the queue. To go on: imagequeue run --data-dir {data_dir}" in err
    job, summary = [json.loads(line) for line in out.splitlines()]
    assert job["source"] == str(photos / "1.jpg")
    assert summary["summary"]["done"] == 1
    jobs = json.loads(command("list", "--json").out)
    assert [(job["state"], job["attempts"]) for job in jobs] == [("done", 1), ("queued", 0), ("queued", 0)]
    assert command("cancel", 2).status == 0
    assert command("run").out.startswith("1 done, in")


def test_a_second_interrupt_ends_at_once(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    ends: list[int] = []
    monkeypatch.setattr(os, "_exit", ends.append)

    async def scenario() -> None:
        with Owner.acquire(data_dir) as owner:
            one = run_module._Run(argparse.Namespace(), Settings(), owner, Printer())
            one._on_signal()
            assert ends == []
            one._on_signal()

    asyncio.run(scenario())
    assert ends == [130]


def test_g3_a_killed_run_is_said_and_its_jobs_are_put_back(
    command: Command, photos: Path, data_dir: Path
) -> None:
    fill(photos, "endless.jpg")
    with started(data_dir, "run", photos) as process:
        wait_for(lambda: states(data_dir) == ["running"], process)
        process.kill()
        process.wait()
    with started(data_dir, "run") as process:
        assert process.stderr is not None
        sentence = "The last run ended in the middle of a job: 1 put back, 0 found done, 0 failed."
        assert process.stderr.readline().rstrip() == sentence


def test_other_commands_reach_the_run_that_owns_the_queue(
    command: Command, photos: Path, data_dir: Path
) -> None:
    fill(photos, "bad.jpg", "endless.jpg", "z.jpg")
    with started(data_dir, "run", photos, "--workers", "1") as process:
        wait_for(lambda: states(data_dir) == ["failed", "running", "queued"], process)
        status = json.loads(command("status", "--json").out)
        assert (status["owner"], status["running"]) == (process.pid, True)
        assert f"process {process.pid} has it open" in command("status").out
        assert [job["state"] for job in json.loads(command("list", "--json").out)] == states(data_dir)
        assert command("run").status == 2
        ended = command("retry", "--all")
        assert ended.out == "1 job queued again by the process that has the queue open.\n"
        ended = command("clear")
        assert ended.out == "0 jobs cleared by the process that has the queue open.\n"
        ended = command(photos / "z.jpg")
        assert ended.status == 2
        assert (
            f"`imagequeue run` (process {process.pid}) is running this queue, and has no window" in ended.err
        )
        with pytest.raises(QueueInUse):
            Owner.acquire(data_dir)
        ended = command("cancel", 2)
        assert (ended.status, ended.out) == (0, "1 job cancelled by the process that has the queue open.\n")
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out.startswith("1 done, 1 failed, 1 cancelled, in ")
    assert send_to_owner(data_dir, {"do": "clear"}) is None


def test_a_run_whose_reader_has_gone_stops_in_order(photos: Path, data_dir: Path) -> None:
    fill(photos, "1.jpg", "2.jpg", "endless.jpg")
    with started(data_dir, "run", photos, "--json", "--workers", "1") as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "running" not in states(data_dir)


def test_a_file_of_jobs_is_no_image(command: Command, photos: Path, data_dir: Path) -> None:
    (photos / "a.imagequeue").touch()
    ended = command("run", photos / "a.imagequeue")
    assert ended.status == 2
    assert ended.err.endswith("a.imagequeue holds the jobs of a queue: imagequeue import takes them in.\n")
    assert not data_dir.exists()


def test_quiet_says_only_what_goes_wrong(command: Command, photos: Path) -> None:
    for name in ("a.jpg", "bad.jpg"):
        (photos / name).touch()
    ended = command("run", photos, "-q", "--workers", "1")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("failed: ")
    assert ended.err.count("\n") == 1
    assert command("retry", "--all", "-q").out == ""
    assert len(command("run", "-q", "--json").objects) == 2
    gone = command("run", photos / "gone.jpg", "-q")
    assert (gone.status, gone.err.count("\n")) == (2, 1)


def test_with_json_what_keeps_a_command_from_running_has_its_code(command: Command, photos: Path) -> None:
    ended = command("run", photos / "gone.jpg", "--json")
    sentence = f"{photos}/gone.jpg is not there; nothing was added."
    assert ended.status == 2
    assert ended.objects == [{"error": {"code": "no-such-file", "message": sentence}}]
    assert ended.err == f"imagequeue: {sentence}\n"


def test_commands_run_after_each_job_and_after_all_before_the_run_ends(
    command: Command, photos: Path, tmp_path: Path, data_dir: Path
) -> None:
    fill(photos, "a.jpg", "b.png")
    Settings(after_all="false").save(data_dir)
    ended = command("run", photos, "--after-each", f"touch {tmp_path}/after-{{id}}")
    assert ended.status == 0
    assert sorted(one.name for one in tmp_path.glob("after-*")) == ["after-1", "after-2"]
    assert "The command after all failed: false ended with status 1." in ended.err
    refused = command("run", photos, "--after-each", "sh -c 'rm {output}'")
    assert refused.status == 2
    assert "--after-each takes no {output} inside a shell's script" in refused.err


@pytest.mark.parametrize(
    ("options", "kept", "chosen"), [([], False, False), (["--by-content"], False, True), ([], True, True)]
)
def test_files_are_compared_by_content_when_an_option_or_the_settings_ask_for_it(
    command: Command, photos: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch,
    options: list[str], kept: bool, chosen: bool,
) -> None:  # fmt: skip
    Settings(by_content=kept).save(data_dir)
    asked: list[bool] = []
    monkeypatch.setattr(TaskQueue, "set_by_content", lambda _, by_content: asked.append(by_content))
    fill(photos, "a.jpg")
    assert command("run", photos / "a.jpg", *options).status == 0
    assert command("run", "--dry-run", photos / "a.jpg", *options).status in (0, 1)
    assert asked == [chosen, chosen]
