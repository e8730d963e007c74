"""What another machine says or leaves that is not as it should be: it is refused and said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadDelivery, DiskFull, FileBusy, NoSuchFile, NotAnImage
from core.executor import Done, Skipped, Task
from core.gathered import SUFFIX
from core.imaging.delivery import LARGEST_CARRIED, packed, unpacked
from core.imaging.handover import for_the_last_part, manifest_on_its_way
from core.imaging.process import process
from core.imaging.publish import Made, write_aside
from core.imaging.receipt import digest_of_bytes
from core.imaging.staging import finish_staged, needed, stage
from core.leftovers import tidy
from core.recipe import Existing, Recipe, find_recipe
from tests.core.imaging.elsewhere import (
    JPEG,
    NOISE,
    OUT,
    SIZED,
    TWO,
    is_wanted,
    mended,
    task_in,
)
from tests.core.imaging.pictures import encoded, names_in, opened, photo
from tests.core.imaging.staged_to_kill import handover_in
from tests.core.imaging.staged_to_kill import task_in as killed_task

ROOT = Path(__file__).parents[3]
JPEGS = tuple(replace(one, format="jpeg") for one in TWO.outputs)


def staged(base: Path, recipe: Recipe = OUT, name: str = "in/a.jpg", carry: bool = False) -> Task:
    """An attempt that another machine has staged, and the owner has still to finish."""
    source = base / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(JPEG)
    task = task_in(base, name, mended(recipe, base))
    if carry:
        task = replace(task, staging=str(base / "data" / "came"))
        Path(task.staging).mkdir()
    first = needed(task, lambda _: None)
    assert is_wanted(first)
    assert isinstance(first, Done)
    made = stage(task, lambda _: None)
    assert isinstance(made, Done)
    manifest = manifest_on_its_way(made.handover)
    return replace(task, handover=for_the_last_part(first.handover, manifest))


def lie(task: Task, change: Callable[[dict[str, Any]], object]) -> Task:
    """Change what the manifest says."""
    told = json.loads(task.handover)
    changed = change(told["manifest"])
    if changed is not None:
        told["manifest"] = changed
    return replace(task, handover=json.dumps(told))


def message_of(task: Task) -> dict[str, Any]:
    """What comes from the machine that has staged it."""
    message = packed(task, json.loads(task.handover)["manifest"])
    return json.loads(json.dumps(message))  # type: ignore[no-any-return]


def output(**values: object) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["outputs"][0].update(values)


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another attempt": lambda told: told.update(tag="store-1-9"),
    "no outputs": lambda told: told.update(outputs=[]),
    "no list": lambda told: [told],
    "more than there is to say": lambda told: told.update(path="/etc/passwd"),
    "more of an output": output(path="/etc/passwd"),
    "one less": lambda told: told["outputs"].pop(),
    "one more": lambda told: told["outputs"].append(told["outputs"][0] | {"name": "third"}),
    "one twice": lambda told: told["outputs"].append(told["outputs"][0]),
    "another order": lambda told: told["outputs"].reverse(),
    "a name that leaves the folder": output(name="../../etc/cron.d/a"),
    "another format": output(format="png"),
    "no such format": output(format="exe"),
    "another length": output(bytes=17),
    "no length": output(bytes=0),
    "less than nothing": output(bytes=-1),
    "an absurd length": output(bytes=10**30),
    "a text for a number": output(bytes="17"),
    "a truth for a number": output(pages=True),
    "another width": output(width=21),
    "an absurd width": output(width=10**9),
    "no pages": output(pages=0),
    "another digest": output(digest="0" * 32),
    "no digest": output(digest="../" * 10 + "ab"),
    "far too many notes": lambda told: told.update(notes=["note"] * 1_000),
    "a far too long note": lambda told: told.update(notes=["x" * 100_000]),
    "no note": lambda told: told.update(notes=[{}]),
}


@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("said", LIES)
def test_g15_a_machine_that_lies_of_what_it_made_publishes_nothing(
    tmp_path: Path, said: str, carry: bool
) -> None:
    task = staged(tmp_path, carry=carry)
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "a-small.jpg").write_bytes(b"mine")
    task = replace(task, recipe=mended(OUT, tmp_path).with_existing(Existing.REPLACE).to_json())
    task = lie(task, LIES[said])
    with pytest.raises(BadDelivery) as caught:
        finish_staged(task, lambda _: None)
    assert len(str(caught.value)) < 1_000
    assert names_in(tmp_path / "out") == {"a-small.jpg"}
    assert (tmp_path / "out" / "a-small.jpg").read_bytes() == b"mine"
    assert names_in(tmp_path / "data") == set()
    assert (tmp_path / "in" / "a.jpg").read_bytes() == JPEG


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), subprocess.run(["mkfifo", path], check=True)),
        lambda path: (path.rename(path.parents[1] / "x.jpg"), path.symlink_to(path.parents[1] / "x.jpg")),
    ],
    ids=["nothing", "less", "zeros", "a folder", "a pipe", "a link"],
)
def test_g15_what_lies_there_in_the_place_of_an_output_is_not_published(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    task = staged(tmp_path)
    put(tmp_path / "out" / ".imagequeue-store-1-1-2.part")
    with pytest.raises(BadDelivery, match="'big'"):
        finish_staged(task, lambda _: None)
    assert not [name for name in names_in(tmp_path / "out") if name.endswith(".jpg")]


def test_g15_an_image_of_another_kind_is_not_published_though_all_numbers_are_right(tmp_path: Path) -> None:
    task = staged(tmp_path)
    path = tmp_path / "out" / ".imagequeue-store-1-1-1.part"
    for content in (encoded(photo(20, 15), "PNG"), b"#!/bin/sh", encoded(photo(15, 20), "JPEG")):
        path.write_bytes(content)
        digest = digest_of_bytes(content)
        with pytest.raises(BadDelivery, match="image"):
            finish_staged(lie(task, output(bytes=len(content), digest=digest)), lambda _: None)
        assert names_in(tmp_path / "out") == set()


MESSAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "nothing": lambda message: {},
    "a list": lambda message: [message],
    "no contents": lambda message: message.pop("contents") and None,
    "a path with it": lambda message: message.update(path="/etc/passwd"),
    "one less": lambda message: message["contents"].pop() and None,
    "numbers": lambda message: message.update(contents=[1, 2]),
    "the other way round": lambda message: message["contents"].reverse(),
    "not whole": lambda message: message.update(contents=[one[:-4] for one in message["contents"]]),
    "no base64": lambda message: message.update(contents=["!" * len(one) for one in message["contents"]]),
    "too much": lambda message: message["manifest"]["outputs"][0].update(bytes=LARGEST_CARRIED),
    "far more files": lambda message: message["manifest"].update(
        outputs=[message["manifest"]["outputs"][0] | {"name": str(n)} for n in range(900)]
    ),
}


@pytest.mark.parametrize("said", MESSAGES)
def test_g15_bytes_that_are_not_what_they_should_be_leave_nothing(tmp_path: Path, said: str) -> None:
    task = staged(tmp_path, carry=True)
    message = message_of(task)
    shutil.rmtree(task.staging)
    changed = MESSAGES[said](message)
    with pytest.raises(BadDelivery) as caught:
        unpacked(message if changed is None else changed, task)
    assert len(str(caught.value)) < 1_000
    assert names_in(tmp_path / "data") == set()


def test_what_is_too_much_to_travel_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.imaging.delivery.LARGEST_CARRIED", 1_000)
    task = staged(tmp_path, carry=True)
    with pytest.raises(BadDelivery, match="1,000 travel without a shared folder"):
        message_of(task)


def test_a_source_that_was_changed_meanwhile_is_made_again_later(tmp_path: Path) -> None:
    task = staged(tmp_path)
    (tmp_path / "in" / "a.jpg").write_bytes(NOISE)
    with pytest.raises(FileBusy) as caught:
        finish_staged(task, lambda _: None)
    assert caught.value.retryable
    assert names_in(tmp_path / "out") == set()


def test_a_source_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    task = staged(tmp_path)
    (tmp_path / "in" / "a.jpg").unlink()
    with pytest.raises(NoSuchFile):
        finish_staged(task, lambda _: None)
    assert names_in(tmp_path / "out") == set()


TICKETS: dict[str, object] = {
    "none": "", "nothing": None, "no JSON": "[1, 2", "a number": 17, "less": "[1, 2]", "a list": [1, 2, ""],
    "others": json.dumps(["1", 2, ""]), "more": json.dumps([1, 2, "", 4]), "a depth": "[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("said", TICKETS)
def test_g15_without_what_its_source_was_like_nothing_is_published(tmp_path: Path, said: str) -> None:
    task = staged(tmp_path)
    told = json.loads(task.handover)
    for handover in (json.dumps(told | {"ticket": TICKETS[said]}), "[", json.dumps([told])):
        with pytest.raises(BadDelivery):
            finish_staged(replace(task, handover=handover), lambda _: None)
        assert names_in(tmp_path / "out") == set()


def test_g4_an_error_while_it_is_staged_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write_aside

    def full(one: Made, temporary: str, times: None, *, read_back: bool) -> None:
        real(one, temporary, times, read_back=read_back)
        if one.name == "big":
            raise OSError(28, "No space left on device", temporary)

    monkeypatch.setattr("core.imaging.staging.write_aside", full)
    with pytest.raises(DiskFull):
        staged(tmp_path)
    assert names_in(tmp_path / "out") == set()


def test_a_worker_follows_no_link_and_no_list(tmp_path: Path) -> None:
    listed = tmp_path / f"pages{SUFFIX}"
    listed.write_text(json.dumps({"sources": [str(tmp_path / "a.jpg")]}))
    (tmp_path / "a.jpg").write_bytes(JPEG)
    recipe = find_recipe("One PDF").with_folder(tmp_path / "out")
    for name, error in ((listed.name, NotAnImage), ("https://example.org/a.jpg", NoSuchFile)):
        with pytest.raises(error):
            stage(task_in(tmp_path, name, recipe), lambda _: None)


def test_a_file_of_another_user_gets_its_times_by_being_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.utime
    refused: list[str] = []

    def utime(path: str, **times: Any) -> None:
        if not refused:
            refused.append(path)
            raise PermissionError(1, "Operation not permitted", path)
        real(path, **times)

    task = staged(tmp_path, replace(OUT, keep_times=True))
    os.utime(tmp_path / "in" / "a.jpg", (1_000_000_000, 1_100_000_000))
    first = needed(task, lambda _: None)
    assert isinstance(first, Done)
    told = json.loads(task.handover) | {"ticket": first.handover}
    task = replace(task, handover=json.dumps(told))
    monkeypatch.setattr("core.imaging.publish.os.utime", utime)
    outcome = finish_staged(task, lambda _: None)
    assert isinstance(outcome, Done)
    assert refused
    assert {Path(one.path).stat().st_mtime for one in outcome.outputs} == {1_100_000_000}


@pytest.mark.parametrize("way", ["out", "in place"])
@pytest.mark.parametrize("part", ["stage", "finish"])
def test_g4_g6_a_kill_at_any_step_leaves_nothing_torn_and_again_is_harmless(
    tmp_path: Path, part: str, way: str
) -> None:
    """The process dies before each of its steps in turn; then its end is done again, or another attempt."""
    command = [sys.executable, "-m", "tests.core.imaging.staged_to_kill", str(tmp_path), part, way]
    environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    last = int(ran.stdout.split()[-1])
    assert last > 4
    ends = set()
    for number in range(1, last + 1):
        base = tmp_path / str(number)
        task = killed_task(base, way)
        if part == "finish" and number % 2:
            task = replace(task, handover=handover_in(base).read_text())
            ends.add("the same attempt again")
            outcome: Done | Skipped | None = finish_staged(task, lambda _: None)
        else:
            files = tidy(task)
            ends.add("to be done again" if files is None else "done")
            later = replace(task, attempt=2, temp_tag="store-1-2")
            outcome = process(later, lambda _: None) if files is None else Done(files)
        assert isinstance(outcome, Done), (number, outcome)
        expected = {"a.jpg"} if way == "in place" else {"a-small.jpg", "a-big.jpg"}
        folder = base / ("in" if way == "in place" else "out")
        assert names_in(folder) == expected, number
        assert {Path(one.path).name for one in outcome.outputs} == expected
        for one in outcome.outputs:
            assert opened(one.path).size == (one.width, one.height)
        if way == "out":
            assert (base / "in" / "a.jpg").read_bytes() == JPEG
    assert ends >= (
        {"the same attempt again", "done", "to be done again"} if part == "finish" else {"to be done again"}
    )


def test_a_source_is_looked_into_only_where_that_can_tell_that_nothing_is_to_be_made(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    status = (tmp_path / "a.jpg").stat()
    for recipe in (Recipe("r", JPEGS, folder="/out"), Recipe("r", (*JPEGS, SIZED), folder="/out")):
        with pytest.raises(NotAnImage):
            needed(task_in(tmp_path, "a.jpg", mended(recipe, tmp_path)), lambda _: None)
        assert not (tmp_path / "out").exists(), "a folder is made for what is an image"
        (tmp_path / "out").mkdir()
        first = needed(task_in(tmp_path, "a.jpg", mended(recipe, tmp_path)), lambda _: None)
        assert isinstance(first, Done)
        assert json.loads(first.handover)[:2] == [status.st_size, status.st_mtime_ns]
        (tmp_path / "out" / "a-small.jpg").touch()
        (tmp_path / "out" / "a-big.jpg").touch()
        with pytest.raises(NotAnImage):  # it tells the names: all may be there
            needed(task_in(tmp_path, "a.jpg", mended(recipe, tmp_path)), lambda _: None)
        shutil.rmtree(tmp_path / "out")
    with pytest.raises(NotAnImage):  # it tells the format, and so the names
        needed(task_in(tmp_path, "a.jpg", mended(OUT, tmp_path)), lambda _: None)
    jpegs = Recipe("r", JPEGS, folder=str(tmp_path))
    with pytest.raises(NoSuchFile):
        needed(task_in(tmp_path, "gone.jpg", jpegs), lambda _: None)
    with pytest.raises(NotAnImage, match="folder"):
        needed(task_in(tmp_path, "data", jpegs), lambda _: None)
