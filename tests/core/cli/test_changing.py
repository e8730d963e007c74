"""`retry`, `cancel` and `clear` change the jobs that they are meant for, and say how many."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadUsage
from core.executor import InProcess
from core.owner import Owner, Reply, Request
from core.owner_requests import fulfil
from core.queue import TaskQueue
from tests.core.cli.conftest import Command, states
from tests.core.cli.work import by_name


@pytest.fixture
def ran(command: Command, photos: Path) -> Command:
    for name in ("a.jpg", "bad.jpg", "bad2.jpg", "skip.jpg"):
        (photos / name).touch()
    command("run", photos, "--workers", "1")
    return command


def test_retry_queues_all_that_failed(ran: Command, data_dir: Path) -> None:
    ended = ran("retry", "--all")
    assert (ended.status, ended.out) == (0, "2 jobs queued again.\nTo run them: imagequeue run\n")
    assert states(data_dir) == ["done", "queued", "queued", "skipped"]
    assert ran("retry", "--all").out == "0 jobs queued again.\n"


def test_retry_of_some_tells_which_share_it_could(ran: Command, data_dir: Path) -> None:
    ended = ran("retry", "1", "2", "2")
    assert (ended.status, ended.out.splitlines()[0]) == (1, "1 of 2 jobs queued again.")
    assert states(data_dir) == ["done", "queued", "failed", "skipped"]


def test_retry_all_leaves_out_what_crashes_the_decoder_and_says_so(
    command: Command, photos: Path, data_dir: Path
) -> None:
    for name in ("bad.jpg", "poison.jpg"):
        (photos / name).touch()
    command("run", photos, "--workers", "1")
    ended = command("retry", "--all")
    assert ended.out.splitlines()[0] == "1 job queued again."
    assert "crash the decoder: 1." in ended.err
    assert states(data_dir) == ["queued", "failed"]
    assert command("retry", "2").status == 0
    assert states(data_dir) == ["queued", "queued"]


def test_cancel_gives_up_what_waits_and_retry_brings_it_back(ran: Command, data_dir: Path) -> None:
    ran("retry", "--all")
    ended = ran("cancel", "2", "3")
    assert (ended.status, ended.out) == (0, "2 jobs cancelled.\n")
    assert states(data_dir) == ["done", "cancelled", "cancelled", "skipped"]
    assert ran("cancel", "1").status == 1
    assert ran("retry", "3").status == 0
    assert states(data_dir)[2] == "queued"


def test_an_unknown_id_changes_nothing(ran: Command, data_dir: Path) -> None:
    for name in ("retry", "cancel"):
        ended = ran(name, "2", "99")
        assert ended.status == 2
        assert ended.err == "imagequeue: There is no job 99; nothing was changed.\n"
    assert states(data_dir) == ["done", "failed", "failed", "skipped"]


def test_clear_keeps_failures_until_they_are_named_and_never_takes_what_waits(
    ran: Command, data_dir: Path
) -> None:
    ran("retry", "2")
    assert ran("clear", "--state", "skipped").out == "1 job cleared.\n"
    assert ran("clear").out == "1 job cleared.\n"
    assert states(data_dir) == ["queued", "failed"]
    assert ran("clear", "--state", "failed", "--state", "done").out == "1 job cleared.\n"
    assert states(data_dir) == ["queued"]


def test_an_empty_queue_is_said_and_not_made(command: Command, data_dir: Path) -> None:
    for argv in (["clear"], ["retry", "--all"]):
        ended = command(*argv)
        assert (ended.status, ended.out) == (0, "The queue is empty.\n")
    assert not data_dir.exists()


def test_an_owner_is_asked_and_its_refusal_is_told(ran: Command, data_dir: Path) -> None:
    heard: list[Request] = []

    def answer(message: Request) -> Reply:
        heard.append(message)
        if message["do"] == "clear":
            raise BadUsage("Not now.")
        return {"ok": True, "count": 2}

    with Owner.acquire(data_dir) as owner:
        owner.serve(answer)
        assert ran("retry", "--all").out == "2 jobs queued again by the process that has the queue open.\n"
        assert ran("cancel", "2", "3").status == 0
        ended = ran("clear", "--state", "failed")
        assert (ended.status, ended.err) == (2, "imagequeue: Not now.\n")
    assert heard == [
        {"do": "retry", "ids": None},
        {"do": "cancel", "ids": [2, 3]},
        {"do": "clear", "states": ["failed"]},
    ]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"do": "format the disk"},
        {"do": "cancel"},
        {"do": "cancel", "ids": "all"},
        {"do": "retry", "ids": [True]},
        {"do": "clear", "states": ["running"]},
        {"do": "clear", "states": ["lost"]},
        {"do": "clear", "states": 5},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(data_dir: Path, message: Request) -> None:
    import asyncio

    async def scenario() -> None:
        queue = TaskQueue(data_dir, InProcess(by_name), concurrency=1)
        await queue.open()
        try:
            with pytest.raises(BadUsage):
                await fulfil(queue, message)
        finally:
            await queue.close(0)

    asyncio.run(scenario())


def test_with_json_it_says_how_many_changed(ran: Command, data_dir: Path) -> None:
    assert ran("retry", "--all", "--json").objects == [{"changed": 2, "left_crashing": 0}]
    ended = ran("hold", "1", "2", "--json")
    assert (ended.status, ended.objects) == (1, [{"changed": 1, "left_crashing": 0}])
    assert states(data_dir) == ["done", "held", "queued", "skipped"]
    ended = ran("release", "9", "--json")
    sentence = "There is no job 9; nothing was changed."
    assert (ended.status, ended.objects) == (2, [{"error": {"code": "bad-usage", "message": sentence}}])
    assert ran("clear", "--data-dir", data_dir / "new", "--json").objects == [
        {"changed": 0, "left_crashing": 0}
    ]
