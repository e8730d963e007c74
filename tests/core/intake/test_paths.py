"""A walk finds the images among files and folders, in their order, and says what it left out."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.imaging.naming import temporary_paths
from core.intake.paths import FIRST_BATCH, LARGEST_BATCH, Walk, natural_key
from core.recipe import quick_recipe

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 28


def touch(folder: Path, *names: str, content: bytes = JPEG) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def fill(folder: Path, names: list[str]) -> None:
    for name in names:
        os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY))


def found(walk: Walk, folder: Path) -> list[str]:
    return [os.path.relpath(path, folder) for batch in walk.batches() for path in batch]


def test_a_folder_is_walked_to_its_last_subfolder_in_natural_order(tmp_path: Path) -> None:
    touch(
        tmp_path, "b/z.png", "img10.jpg", "img2.jpg", "IMG1.JPG", "a/2.webp", "a/10.webp", "a/deep/er/x.gif"
    )
    assert found(Walk([tmp_path]), tmp_path) == [
        "IMG1.JPG",
        "img2.jpg",
        "img10.jpg",
        "a/2.webp",
        "a/10.webp",
        "a/deep/er/x.gif",
        "b/z.png",
    ]


def test_names_sort_as_people_count() -> None:
    names = [
        "a.jpg",
        "a1.jpg",
        "a01.jpg",
        "A2.jpg",
        "a10.jpg",
        "a10b.jpg",
        "a١.jpg",
        f"a{'9' * 240}.jpg",
        "b.jpg",
    ]
    shuffled = random.Random(1).sample(names, len(names))
    ordered = sorted(shuffled, key=natural_key)
    assert [one for one in ordered if one.isascii()] == [
        "a.jpg", "a01.jpg", "a1.jpg", "A2.jpg", "a10.jpg", "a10b.jpg", f"a{'9' * 240}.jpg", "b.jpg"
    ]  # fmt: skip


def test_paths_come_in_the_order_given_and_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "z.jpg", "folder/m.jpg", "a.jpg")
    monkeypatch.chdir(tmp_path)
    walk = Walk(["z.jpg", Path("folder"), "folder/../a.jpg"])
    assert [path for batch in walk.batches() for path in batch] == [
        str(tmp_path / "z.jpg"),
        str(tmp_path / "folder/m.jpg"),
        str(tmp_path / "a.jpg"),
    ]


def test_hidden_and_system_files_are_passed_over_in_silence(tmp_path: Path) -> None:
    touch(
        tmp_path, "x.jpg", ".hidden.jpg", ".cache/y.jpg", "Thumbs.db", ".DS_Store", "desktop.ini",
        "__MACOSX/._x.jpg", "__MACOSX/x.jpg", "@eaDir/x.jpg", "._x.jpg",
    )  # fmt: skip
    walk = Walk([tmp_path])
    assert found(walk, tmp_path) == ["x.jpg"]
    assert walk.not_images.count == walk.unreadable.count == 0


def test_a_hidden_folder_that_is_given_itself_is_walked(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden/x.jpg")
    assert found(Walk([tmp_path / ".hidden"]), tmp_path) == [".hidden/x.jpg"]


def test_g4_temporary_files_of_an_attempt_are_no_sources(tmp_path: Path) -> None:
    left = [Path(one) for one in temporary_paths(str(tmp_path / "x.jpg"), quick_recipe(256), "ab-1-1")]
    for path in left:
        path.write_bytes(JPEG)
    for walk in (Walk([tmp_path]), Walk(left)):
        assert found(walk, tmp_path) == []
        assert walk.not_images.count == 0


def test_what_is_no_image_is_counted_and_listed(tmp_path: Path) -> None:
    touch(tmp_path, "x.jpg", "notes.txt", "sub/clip.mp4", content=b"text")
    walk = Walk([tmp_path])
    assert found(walk, tmp_path) == ["x.jpg"]
    assert walk.not_images.count == 2
    assert [one.path for one in walk.not_images.listed] == [
        str(tmp_path / "notes.txt"),
        str(tmp_path / "sub/clip.mp4"),
    ]
    assert walk.not_images.listed[0].sentence == f"{tmp_path}/notes.txt is not an image that can be read."


def test_the_list_of_what_is_left_out_ends_and_its_count_goes_on(tmp_path: Path) -> None:
    fill(tmp_path, [f"{number}.txt" for number in range(1_100)])
    walk = Walk([tmp_path])
    assert found(walk, tmp_path) == []
    assert walk.not_images.count == 1_100
    assert len(walk.not_images.listed) == 1_000


def test_a_file_given_directly_is_taken_by_its_first_bytes_when_its_name_says_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "photo", "photo.download")
    touch(tmp_path, "notes", content=b"text")
    walk = Walk([tmp_path / "photo", tmp_path / "photo.download", tmp_path / "notes"])
    assert found(walk, tmp_path) == ["photo", "photo.download"]
    assert [one.path for one in walk.not_images.listed] == [str(tmp_path / "notes")]


def test_every_file_given_directly_is_taken_when_asked(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", "folder/other.txt", "folder/x.jpg", content=b"text")
    walk = Walk([tmp_path / "notes.txt", tmp_path / "folder"], take_every_file=True)
    assert found(walk, tmp_path) == ["notes.txt", "folder/x.jpg"]
    assert walk.not_images.count == 1


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    walk = Walk([tmp_path / "gone.jpg"])
    assert found(walk, tmp_path) == []
    assert walk.unreadable.listed[0].sentence == f"There is no file {tmp_path}/gone.jpg."


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "real/x.jpg")
    (tmp_path / "real/up").symlink_to(tmp_path)
    (tmp_path / "real/self").symlink_to(".")
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "y.jpg").symlink_to(tmp_path / "real/x.jpg")
    walk = Walk([tmp_path, tmp_path / "real"])
    assert found(walk, tmp_path) == ["y.jpg", "again/x.jpg"]
    assert walk.unreadable.count == 0


def test_links_that_lead_nowhere_and_what_is_no_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "b.jpg").symlink_to("b.jpg")
    os.mkfifo(tmp_path / "c.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "d.jpg"))
        walk = Walk([tmp_path])
        assert found(walk, tmp_path) == []
    sentences = {one.path[-5:]: one.sentence for one in walk.unreadable.listed}
    assert sentences["a.jpg"].endswith("a.jpg leads nowhere.")
    assert "b.jpg" in sentences["b.jpg"]
    assert sentences["c.jpg"].endswith("is not a file.")
    assert walk.unreadable.count == 4
    fifo = Walk([tmp_path / "c.jpg"])
    assert found(fifo, tmp_path) == []
    assert fifo.not_images.count == 1


def test_a_folder_that_cannot_be_read_is_said_and_the_rest_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/x.jpg", "b/y.jpg")
    scandir = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    walk = Walk([tmp_path])
    assert found(walk, tmp_path) == ["b/y.jpg"]
    assert walk.unreadable.listed[0].sentence == f"The folder {tmp_path}/a cannot be read: Permission denied."


def test_names_that_are_no_unicode_are_found(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m.jpg"
    with open(raw, "wb") as file:
        file.write(JPEG)
    assert [path for batch in Walk([tmp_path]).batches() for path in batch] == [os.fsdecode(raw)]


def test_batches_begin_small_and_grow(tmp_path: Path) -> None:
    fill(tmp_path, [f"{number}.jpg" for number in range(3_100)])
    sizes = [len(batch) for batch in Walk([tmp_path]).batches()]
    assert sizes[0] == FIRST_BATCH
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) == LARGEST_BATCH
    assert sum(sizes) == 3_100


def test_a_folder_of_many_files_is_in_order_all_through(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(1_500)]
    fill(tmp_path, random.Random(2).sample(names, len(names)))
    assert found(Walk([tmp_path]), tmp_path) == names


def test_g13_a_folder_without_images_tells_that_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, [f"{number}.txt" for number in range(2_500)])
    now = iter(float(number) for number in range(1_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    walk = Walk([tmp_path])
    seen = [walk.seen for batch in walk.batches() if not batch]
    assert {1_000, 2_000} <= set(seen)
    assert seen[-1] == 2_500


def test_a_slow_walk_gives_out_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    now = iter(float(number) for number in range(1_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    assert [len(batch) for batch in Walk([tmp_path]).batches() if batch] == [1, 1, 1]


def test_a_walk_ends_when_it_is_stopped(tmp_path: Path) -> None:
    fill(tmp_path, [f"{number}.jpg" for number in range(300)])
    seen: list[int] = []
    for batch in Walk([tmp_path], stopped=lambda: len(seen) >= 2).batches():
        seen.append(len(batch))
    assert seen == [50, 200]
