"""Paths travel as places in shared folders, and a machine takes none that leads out of its own."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadUsage
from core.executor import Task
from core.operations import Watermark
from core.recipe import Output, Recipe
from core.remote.orders import (
    NotCarried,
    Order,
    Way,
    arrive,
    for_a_slot,
    opened,
    order_of,
    remove_left,
    remove_staged,
    way_of,
)  # fmt: skip
from core.remote.shares import Outside, Place, Shares, Token

RECIPE = Recipe("r", (Output("small"), Output("large")))


@pytest.fixture
def owner(tmp_path: Path) -> Shares:
    folder = tmp_path / "owner" / "photos"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"the image")
    return Shares({"photos": str(folder)})


@pytest.fixture
def worker(tmp_path: Path, owner: Shares) -> Shares:
    (tmp_path / "mnt").symlink_to(owner.roots["photos"])  # the same folder by another path
    return Shares({"photos": str(tmp_path / "mnt")})


def task_of(source: str, recipe: Recipe = RECIPE, below: str = "") -> Task:
    return Task(7, 2, source, recipe.to_json(), temp_tag="uid-7-2", receipt="/r.json", below=below)


def sent(task: Task, owner: Shares, way: Way | None = None) -> Order:
    """An order as it arrives: JSON, with the tokens that the owner has put."""
    found = way or way_of(task, owner)
    assert found is not None
    tokens, refused = owner.put_tokens("uid")
    assert refused == {}
    order: Order = json.loads(json.dumps(order_of(task, found, tokens, "replies")))
    return order


def run_here(order: Order, shares: Shares, scratch: Path) -> Task:
    """What the slot of a machine makes of an order, which goes there through a pipe."""
    task = for_a_slot(order, shares, scratch, 1)
    if "bytes" in order:
        arrive(order, scratch)
    return opened(task)


def test_a_path_in_a_shared_folder_is_found_by_the_other_machine_under_its_own_root(
    tmp_path: Path, owner: Shares, worker: Shares
) -> None:
    recipe = replace(RECIPE, folder=f"{owner.roots['photos']}/out", mirror=True)
    order = sent(task_of(f"{owner.roots['photos']}/a.jpg", recipe, below="deep/er"), owner)
    assert str(tmp_path / "owner") not in json.dumps(order), "no path of the owner's is told"
    ready = run_here(order, worker, tmp_path / "scratch")
    assert ready.source == f"{tmp_path}/mnt/a.jpg"
    assert Recipe.from_json(ready.recipe).folder == f"{tmp_path}/mnt/out/deep/er"
    assert (ready.staging, ready.receipt, ready.memory, ready.temp_tag) == ("", "", "", "uid-7-2")


def test_without_a_shared_folder_the_bytes_travel_with_the_time_of_the_file(
    tmp_path: Path, owner: Shares
) -> None:
    source = Path(owner.roots["photos"]) / "a.jpg"
    os.utime(source, ns=(10**18, 10**18 + 5))
    order = sent(task_of(str(source)), owner, Way(None, None, {}))
    ready = run_here(order, Shares({}), tmp_path / "s")
    assert Path(ready.source).read_bytes() == b"the image"
    assert os.stat(ready.source).st_mtime_ns == 10**18 + 5
    assert Path(ready.staging).is_dir()
    assert Path(ready.source).parent == tmp_path / "s"


def test_what_cannot_travel_stays_at_home(owner: Shares) -> None:
    inside = f"{owner.roots['photos']}/a.jpg"
    marked = replace(RECIPE, outputs=(Output("o", operations=(Watermark(image="/elsewhere/logo.png"),)),))
    assert way_of(task_of("https://example.org/a.jpg"), owner) is None
    assert way_of(task_of(inside, marked), owner) is None
    shared = replace(RECIPE, outputs=(Output("o", operations=(Watermark(image=inside),)),))
    way = way_of(task_of(inside, shared), owner)
    assert way is not None
    assert (way.paths, way.as_bytes()) == ({inside: Place("photos", "a.jpg")}, None)
    assert way_of(task_of("/elsewhere/a.jpg"), owner) == Way(None, None, {})


@pytest.mark.parametrize(
    "path", ["../a.jpg", "x/../../a.jpg", "/etc/passwd", "out-link/a.jpg", "a//b", ".", "a\0b", "x/./y"]
)
def test_a_machine_refuses_a_place_that_leaves_its_folder(worker: Shares, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").mkdir()
    (Path(worker.roots["photos"]) / "out-link").symlink_to(tmp_path / "secret")
    with pytest.raises(Outside):
        worker.path_of(Place("photos", path))
    with pytest.raises(Outside, match="no shared folder other"):
        worker.path_of(Place("other", "a.jpg"))


def test_a_machine_runs_no_order_that_names_a_path_of_its_own(
    tmp_path: Path, owner: Shares, worker: Shares
) -> None:
    order = sent(task_of(f"{owner.roots['photos']}/a.jpg"), owner)
    evil = replace(RECIPE, outputs=(Output("o", operations=(Watermark(image="/etc/passwd"),)),))
    order["task"]["recipe"] = evil.to_json()
    with pytest.raises(NotCarried, match="in no shared folder"):
        run_here(order, worker, tmp_path / "scratch")
    order["task"]["recipe"] = "{}"
    with pytest.raises(NotCarried):
        run_here(order, worker, tmp_path / "scratch2")
    with pytest.raises(NotCarried, match="another version"):
        run_here({**order, "protocol": 99}, worker, tmp_path / "scratch3")


def test_a_folder_that_is_another_one_is_found_out_before_anything_is_read(
    tmp_path: Path, owner: Shares, worker: Shares
) -> None:
    tokens, _ = owner.put_tokens("uid")
    other = Shares({"photos": str(tmp_path)})
    assert worker.check("photos", tokens["photos"]) == ""
    assert "another folder" in other.check("photos", tokens["photos"])
    assert "another folder" in worker.check("photos", replace(tokens["photos"], content="x"))
    assert "--share photos=FOLDER" in Shares({}).check("photos", tokens["photos"])
    assert "no file" in worker.check("photos", Token("../../etc/passwd", "x"))
    order = sent(task_of(f"{owner.roots['photos']}/a.jpg"), owner)
    with pytest.raises(NotCarried, match="another folder"):
        run_here(order, other, tmp_path / "scratch")
    owner.remove_tokens("uid")
    assert os.listdir(owner.roots["photos"]) == ["a.jpg"]


def test_a_folder_that_cannot_be_written_is_said_by_its_name(tmp_path: Path) -> None:
    tokens, refused = Shares({"gone": str(tmp_path / "gone")}).put_tokens("uid")
    assert (tokens, list(refused)) == ({}, ["gone"])
    assert "gone" in refused["gone"]
    with pytest.raises(BadUsage, match="absolute"):
        Shares({"x": "relative"})


def test_what_was_staged_for_an_attempt_that_is_over_is_removed_and_nothing_else(owner: Shares) -> None:
    folder = Path(owner.roots["photos"])
    for name in (".imagequeue-uid-7-2-1.part", ".imagequeue-uid-7-3-1.part"):
        (folder / name).write_bytes(b"staged")
    reply = {"id": "uid-7-2", "target": ["photos", ""], "made": {"manifest": {"outputs": [{}, {}]}}}
    lies: list[dict[str, object]] = [
        {**reply, "id": "../../x", "target": ["photos", "../.."]},
        {"id": "uid-7-3", "made": 1},
    ]
    remove_staged([lies[0], {**reply, "target": ["photos", "\ud800"]}, reply, lies[1]], owner)
    assert sorted(os.listdir(folder)) == [".imagequeue-uid-7-3-1.part", "a.jpg"]


def test_what_an_attempt_has_left_is_removed_where_its_order_sent_it(
    tmp_path: Path, owner: Shares, worker: Shares
) -> None:
    folder = Path(owner.roots["photos"])
    recipe = replace(RECIPE, folder=f"{folder}/out")
    order = sent(task_of(f"{folder}/a.jpg", recipe), owner)
    (folder / "out").mkdir()
    names = [f".imagequeue-uid-7-{attempt}-{place}.part" for attempt in (2, 3) for place in (1, 2)]
    for name in names:
        (folder / "out" / name).write_bytes(b"staged")
    deep = {**order["task"], "recipe": "[" * 100_000}
    for lie in ({"target": ["photos", "../out"]}, {"target": None}, {"task": 5}, {"task": deep}):
        remove_left({**order, **lie}, worker)
    assert sorted(os.listdir(folder / "out")) == names
    remove_left(order, worker)
    assert sorted(os.listdir(folder / "out")) == names[2:]
