"""An archive is opened as a folder, and one that is a bomb or a trap is refused in a sentence."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.intake.adding import AddSummary, add_paths
from core.intake.archives import Archive, Limits
from core.intake.paths import Walk
from core.intake.results import ResultNames
from core.intake.wanted import Wanted
from core.recipe import quick_recipe
from tests.core.intake.test_adding import Recorder

RECIPE = quick_recipe(8)
NAMES = ("one.jpg", "sub/two.png", "sub/notes.txt", "__MACOSX/one.jpg", ".hidden.jpg", "sub/inner.zip")


def zipped(path: Path, members: dict[str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", options.get("way", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


MAKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "a.zip": zipped,
    "a.CBZ": zipped,
    "a.tar": tarred,
    "a.tar.gz": lambda path, members: tarred(path, members, "w:gz"),
    "a.tbz2": lambda path, members: tarred(path, members, "w:bz2"),
    "a.tar.xz": lambda path, members: tarred(path, members, "w:xz"),
}


def opened(path: Path, keep_in: Path, limits: Limits | None = None) -> tuple[list[tuple[str, str]], Walk]:
    walk = Walk([])
    return list(Archive(str(path), keep_in, Wanted(), refusals=walk, limits=limits).images()), walk


def why(walk: Walk) -> str:
    (refused,) = walk.unreadable.listed
    return refused.sentence


@pytest.mark.parametrize("name", MAKERS)
def test_its_images_are_unpacked_folder_by_folder(tmp_path: Path, name: str) -> None:
    members = {one: one.encode() * 700 for one in NAMES}
    images, walk = opened(MAKERS[name](tmp_path / name, members), tmp_path / "kept")
    assert [folder for folder, _ in images] == ["", "sub"]
    assert [Path(path).name for _, path in images] == ["one.jpg", "two.png"]
    assert Path(images[1][1]).read_bytes() == members["sub/two.png"]
    assert walk.not_images.count == 2
    assert walk.unreadable.count == 0
    assert not list((tmp_path / "kept").rglob(".*"))


def test_a_drop_makes_the_outputs_beside_the_archive_and_twice_is_once(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "trip.zip", {"a.jpg": b"1", "day 2/b.jpg": b"2", "day 2/c.jpg": b"3"})
    folders: list[str | None] = []

    class Queue(Recorder):
        async def enqueue_batch(self, sources, recipe, *rest):  # type: ignore[no-untyped-def]
            folders.append(recipe.folder)
            return await super().enqueue_batch(sources, recipe, *rest)

    queue = Queue()

    async def add() -> str:
        recipe, data = quick_recipe(8), tmp_path / "data"
        return (await add_paths(queue, [archive], recipe, take_every_file=True, data_dir=data)).sentence()

    assert asyncio.run(add()) == f"Added 3. What is made of trip.zip goes to {tmp_path / 'trip'}."
    assert folders == [str(tmp_path / "trip"), str(tmp_path / "trip" / "day 2")]
    assert asyncio.run(add()).startswith("Added 0, 3 were here already.")
    assert all(Path(one).is_file() for one in queue.sources)


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg"]
)
def test_g15_a_name_that_leaves_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    suffix = ".zip" if make is zipped else ".tar"
    images, walk = opened(
        make(tmp_path / f"a{suffix}", {name: b"x", "b.jpg": b"y"}), tmp_path / "kept" / "in"
    )
    assert [Path(path).name for _, path in images] == ["b.jpg"]
    assert "would leave the archive's folder" in why(walk)
    assert [one.name for one in tmp_path.rglob("*evil*")] == []


def test_g15_links_and_devices_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, kind in (
            ("l.jpg", tarfile.SYMTYPE),
            ("h.jpg", tarfile.LNKTYPE),
            ("d.jpg", tarfile.CHRTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    link = zipfile.ZipInfo("l.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    for name in ("a.tar", "a.zip"):
        assert opened(tmp_path / name, tmp_path / "kept")[0] == []


BOMB = {f"{number}.jpg": b"\0" * 300_000 for number in range(10)}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz"])
@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(unjudged=1_000_000), "unpacks to more than 100 times its size"),
        (Limits(bytes=2**20), "unpacks to more than 0.000977 GB"),
        (Limits(members=4), "holds more than 4 files"),
    ],
)
def test_g15_a_bomb_is_left_at_its_limit(tmp_path: Path, name: str, limits: Limits, sentence: str) -> None:
    images, walk = opened(MAKERS[name](tmp_path / name, BOMB), tmp_path / "kept", limits)
    assert len(images) in (3, 4)
    assert sentence in why(walk)
    assert sum(one.stat().st_size for one in (tmp_path / "kept").rglob("*") if one.is_file()) <= 1_200_000


def test_g15_a_size_that_is_a_lie_does_not_pass(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": b"\0" * 2_000_000})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + place
        content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    images, walk = opened(path, tmp_path / "kept", Limits(unjudged=1_000))
    assert images == [] or Path(images[0][1]).stat().st_size <= 10
    assert walk.unreadable.count + len(images) == 1


def test_g15_a_header_that_is_far_too_long_is_not_read_into_memory(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("long")
    entry.type, entry.size = tarfile.XHDTYPE, 40 * 2**20
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", compresslevel=1) as tar:
        tar.addfile(entry, io.BytesIO(b"\0" * entry.size))
    images, walk = opened(tmp_path / "a.tar.gz", tmp_path / "kept")
    assert images == []
    assert "header that is far too long" in why(walk)


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_cut_off_anywhere_gives_what_it_can_and_a_sentence(tmp_path: Path, name: str) -> None:
    whole = MAKERS[name](tmp_path / name, {f"{one}.jpg": os.urandom(3_000) for one in range(4)}).read_bytes()
    for part in range(0, len(whole), max(1, len(whole) // 12)):
        (tmp_path / name).write_bytes(whole[:part])
        images, walk = opened(tmp_path / name, tmp_path / "kept" / str(part))
        assert all(Path(path).stat().st_size == 3_000 for _, path in images)
        assert walk.unreadable.count == 1 or len(images) == 4 or name.endswith("tar"), part
        assert all(one.sentence.endswith(".") for one in walk.unreadable.listed)


def test_one_that_needs_a_password_or_is_none_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": b"x"}, way=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "it needs a password" in why(opened(path, tmp_path / "kept")[1])
    path.write_text("nothing")
    assert "cannot be read" in why(opened(path, tmp_path / "kept")[1])
    assert "There is no file" in why(opened(tmp_path / "gone.zip", tmp_path / "kept")[1])


def test_archives_in_folders_are_opened_when_asked_and_those_in_archives_never(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "one.jpg").touch()
    inner = zipped(tmp_path / "inner.zip", {"deep.jpg": b"x"})
    zipped(tmp_path / "in" / "sub" / "trip.zip", {"two.jpg": b"x", "inner.zip": inner.read_bytes()})
    (tmp_path / "in" / "broken.tar.gz").write_bytes(b"no archive")

    def add(wanted: Wanted) -> tuple[list[str], AddSummary]:
        queue = Recorder()
        added = add_paths(queue, [tmp_path / "in"], RECIPE, wanted=wanted, data_dir=tmp_path / "data")
        summary = asyncio.run(added)
        return [Path(one).name for one in queue.sources], summary

    names, summary = add(Wanted())
    assert names == ["one.jpg"]
    assert summary.sentence() == "Added 1, 2 are not images."
    assert all("opened only when asked to." in one.sentence for one in summary.not_images)

    names, summary = add(Wanted(archives=True))
    assert names == ["one.jpg", "two.jpg"]
    assert summary.homes == (("trip.zip", str(tmp_path / "in" / "sub" / "trip")),)
    (nested,) = summary.not_images
    assert nested.sentence.endswith("inner.zip is an archive in an archive, which is not opened.")
    (broken,) = summary.unreadable
    assert "broken.tar.gz is damaged" in broken.sentence

    assert add(Wanted(("*.zip", "*.gz"), archives=True))[0] == ["one.jpg"]


def test_what_was_made_of_an_archive_in_a_folder_is_no_source(tmp_path: Path) -> None:
    zipped(tmp_path / "trip.zip", {"day/two.jpg": b"x"})
    for name in ("trip/day/two-thumbnail.jpg", "trip/day/own.jpg", "other/two-thumbnail.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    walk = Walk([tmp_path], results=ResultNames(RECIPE), wanted=Wanted(archives=True), archives=True)
    taken = {os.path.relpath(path, tmp_path) for batch in walk.batches() for path in batch}
    assert taken == {"trip/day/own.jpg", "other/two-thumbnail.jpg"}
    assert [Path(one.path).name for one in walk.results.listed] == ["two-thumbnail.jpg"]


def test_a_folder_of_many_archives_can_be_stopped_between_them(tmp_path: Path) -> None:
    for number in range(3):
        zipped(tmp_path / f"{number}.zip", {"a.jpg": b"x"})
    stop = threading.Event()
    queue = Recorder()
    added = add_paths(
        queue, [tmp_path], RECIPE, wanted=Wanted(archives=True), data_dir=tmp_path / "data",
        on_count=lambda *_: stop.set(), cancelled=stop,
    )  # fmt: skip
    assert asyncio.run(added).cancelled
    assert len(queue.sources) == 1


def test_without_a_data_folder_it_is_a_file_like_any_other(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.jpg": b"x"})
    summary = asyncio.run(add_paths(Recorder(), [archive], quick_recipe(8)))
    assert summary.sentence() == "Added 0, 1 is not an image."


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_two_members_whose_names_become_one_are_two_images(tmp_path: Path, name: str) -> None:
    names = ("in/a?.png", "in/a*.png", "in/A_.png", f"{'x' * 200}1.png", f"{'x' * 200}2.png")
    members = {one: str(number).encode() for number, one in enumerate(names)}
    found, walk = opened(MAKERS[name](tmp_path / name, members), tmp_path / "kept")
    paths = [Path(path) for _, path in found]
    assert [path.name for path in paths[:3]] == ["a_.png", "a_-2.png", "A_-3.png"]
    assert [path.read_bytes() for path in paths] == list(members.values())
    again, _ = opened(tmp_path / name, tmp_path / "kept")
    assert again == found
    assert not walk.unreadable.count
