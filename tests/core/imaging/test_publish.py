"""Publishing: whole or not at all, never over what is there, and harmless when it is done again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import BadName, DiskFull, EnvironmentFault, FileBusy, NotWritable, ReadFailed
from core.executor import Done, Skipped
from core.imaging.receipt import published
from core.operations import Thumbnail
from core.recipe import Existing, Output, Recipe
from tests.core.imaging.pictures import done, encoded, names_in, opened, photo, run

RECIPE = Recipe("r", (Output("small", (Thumbnail(20),)), Output("big", (Thumbnail(60),))))
NAMES = {"a-small.jpg", "a-big.jpg"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(encoded(photo(120, 90), "JPEG"))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def failing(monkeypatch: pytest.MonkeyPatch, name: str, error: OSError, on: int = 1) -> None:
    """Let the n-th call of a function of `os` in the publishing fail."""
    real: Callable[..., object] = getattr(os, name)
    calls = 0

    def fail(*given: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == on:
            raise error
        return real(*given, **options)

    monkeypatch.setattr(f"core.imaging.publish.os.{name}", fail)


def test_g4_outputs_are_there_whole_and_nothing_else_is_left(source: Path, out: Path) -> None:
    before = source.read_bytes()
    outcome = done(source, RECIPE.with_folder(out))
    assert names_in(out) == NAMES
    assert [(Path(one.path).name, one.width, one.height, one.name) for one in outcome.outputs] == [
        ("a-small.jpg", 20, 15, "small"),
        ("a-big.jpg", 60, 45, "big"),
    ]
    for one in outcome.outputs:
        assert opened(one.path).size == (one.width, one.height)
        assert Path(one.path).stat().st_size == one.bytes
    assert source.read_bytes() == before
    assert names_in(source.parent) == {"a.jpg"}


@pytest.mark.parametrize("call", ["open", "fsync", "link"])
@pytest.mark.parametrize("on", [1, 2])
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, NotWritable),
        (errno.EACCES, NotWritable),
        (errno.EIO, ReadFailed),
        (errno.EBUSY, FileBusy),
    ],
)
def test_g4_an_error_while_writing_leaves_no_temporary_and_no_torn_file(
    source: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    on: int,
    number: int,
    expected: type[EnvironmentFault],
) -> None:
    out.mkdir()
    # Opening the source is the first use of os.open, its second reader is not needed for a small image.
    shift = 1 if call == "open" else 0
    failing(monkeypatch, call, OSError(number, os.strerror(number)), on + shift)
    with pytest.raises(expected) as caught:
        run(source, RECIPE.with_folder(out))
    assert ".imagequeue" not in str(caught.value)
    for name in names_in(out):
        assert name in NAMES
        opened(out / name)


def test_g4_everything_is_synced_before_it_gets_its_name_and_the_folder_after(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_link = os.fsync, os.link

    def sync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        real_sync(descriptor)

    def link(one: str, other: str) -> None:
        steps.append("name")
        real_link(one, other)

    monkeypatch.setattr("core.imaging.publish.os.fsync", sync)
    monkeypatch.setattr("core.imaging.publish.os.link", link)
    done(source, RECIPE.with_folder(out))
    assert steps == ["file", "file", "name", "name", "folder"]


def test_g4_what_does_not_come_back_from_the_disk_as_written_is_not_published(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: real(self)[:-1] + b"?")
    with pytest.raises(ReadFailed, match="read back"):
        run(source, RECIPE.with_folder(out))
    assert names_in(out) == set()


def test_g4_a_damaged_encoding_is_not_published(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
        return encoded(photo(20, 15), "JPEG")[:300], (20, 15), ()

    monkeypatch.setattr("core.imaging.making.encode", torn)
    with pytest.raises(ReadFailed, match="cannot be read back"):
        run(source, RECIPE.with_folder(out))
    assert names_in(out) == set()


def test_g5_a_file_that_is_there_is_kept_and_nothing_is_decoded_for_it(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.mkdir()
    for name in NAMES:
        (out / name).write_bytes(b"mine")
    monkeypatch.setattr("core.imaging.making.load", None)  # decoding would raise
    outcome = run(source, RECIPE.with_folder(out))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "a-small.jpg and 1 more are there already."
    assert outcome.source_bytes == source.stat().st_size
    assert {(out / name).read_bytes() for name in NAMES} == {b"mine"}


def test_g5_only_what_is_missing_is_made(source: Path, out: Path) -> None:
    out.mkdir()
    (out / "a-small.jpg").write_bytes(b"mine")
    outcome = done(source, RECIPE.with_folder(out))
    assert [one.name for one in outcome.outputs] == ["big"]
    assert outcome.notes == ("a-small.jpg is there already and was kept.",)
    assert (out / "a-small.jpg").read_bytes() == b"mine"


def test_g5_a_number_is_given_and_what_is_there_stays(source: Path, out: Path) -> None:
    recipe = RECIPE.with_folder(out).with_existing(Existing.NUMBER)
    paths = [[Path(one.path).name for one in done(source, recipe).outputs] for _ in range(3)]
    assert paths == [[f"a-{name}{number}.jpg" for name in ("small", "big")] for number in ("", "-2", "-3")]


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_g5_only_what_is_older_than_its_source_is_replaced_when_that_is_asked(
    source: Path, out: Path, hours: int
) -> None:
    out.mkdir()
    for name in NAMES:
        (out / name).write_bytes(b"old")
        os.utime(out / name, (1_700_000_000, 1_700_000_000))
    changed = 1_700_000_000 + hours * 3600
    os.utime(source, (changed, changed))
    outcome = run(source, RECIPE.with_folder(out).with_existing(Existing.NEWER))
    if hours > 0:
        assert isinstance(outcome, Done)
        assert opened(out / "a-small.jpg").size == (20, 15)
    else:
        assert isinstance(outcome, Skipped)
        assert outcome.reason == "a-small.jpg and 1 more are there already, and the source is not newer."
        assert {(out / name).read_bytes() for name in NAMES} == {b"old"}


def test_g5_of_several_outputs_only_the_older_ones_are_replaced(source: Path, out: Path) -> None:
    out.mkdir()
    for name, at in (("a-small.jpg", 1_700_000_000), ("a-big.jpg", 1_900_000_000)):
        (out / name).write_bytes(b"there")
        os.utime(out / name, (at, at))
    os.utime(source, (1_800_000_000, 1_800_000_000))
    outcome = done(source, RECIPE.with_folder(out).with_existing(Existing.NEWER))
    assert [one.name for one in outcome.outputs] == ["small"]
    assert outcome.notes == ("a-big.jpg is there already and was kept.",)
    assert (out / "a-big.jpg").read_bytes() == b"there"


def test_a_template_with_folders_makes_them_below_the_target_folder(source: Path, out: Path) -> None:
    os.utime(source, (1_700_000_000, 1_700_000_000))
    year = datetime.fromtimestamp(1_700_000_000).strftime("%Y")
    recipe = Recipe("r", (Output("o", template="{date:%Y}/{camera}/{stem}"),), folder=str(out))
    (made,) = done(source, recipe).outputs
    assert made.path == str(out / year / "unknown" / "a.jpg")
    assert names_in(out) == {year}
    (out / "blocked").write_bytes(b"a file")
    blocked = Recipe("r", (Output("o", template="blocked/{stem}"),), folder=str(out))
    with pytest.raises(NotWritable):
        run(source, blocked)
    assert names_in(out) == {year, "blocked"}


def test_g5_a_file_is_replaced_only_when_asked(source: Path, out: Path) -> None:
    out.mkdir()
    (out / "a-small.jpg").write_bytes(b"old")
    done(source, RECIPE.with_folder(out).with_existing(Existing.REPLACE))
    assert names_in(out) == NAMES
    assert opened(out / "a-small.jpg").size == (20, 15)


@pytest.mark.parametrize("existing", [Existing.KEEP, Existing.NUMBER])
@pytest.mark.parametrize("links", [True, False])
def test_g5_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing, links: bool
) -> None:
    real = os.link

    def link(one: str, other: str) -> None:
        if other.endswith("a-small.jpg") and not os.path.exists(other):
            Path(other).write_bytes(b"mine")
        if not links:
            raise OSError(errno.EPERM, "no links here")
        real(one, other)

    monkeypatch.setattr("core.imaging.publish.os.link", link)
    receipt = out.parent / "receipt.json"
    outcome = done(source, RECIPE.with_folder(out).with_existing(existing), receipt=str(receipt))
    assert (out / "a-small.jpg").read_bytes() == b"mine"
    numbered = {"a-small-2.jpg"} if existing is Existing.NUMBER else set()
    assert names_in(out) == NAMES | numbered
    assert {Path(one.path).name for one in outcome.outputs} == {"a-big.jpg"} | numbered


def test_g5_a_file_system_without_links_is_served_too(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: str) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("core.imaging.publish.os.link", link)
    done(source, RECIPE.with_folder(out))
    assert names_in(out) == NAMES


def test_g6_the_same_job_again_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    contents = []
    for folder in ("one", "two"):
        outcome = done(source, RECIPE.with_folder(tmp_path / folder))
        contents.append([Path(one.path).read_bytes() for one in outcome.outputs])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("existing", list(Existing))
def test_g6_a_second_attempt_takes_what_the_first_had_published_for_its_own(
    source: Path, out: Path, existing: Existing
) -> None:
    recipe = RECIPE.with_folder(out).with_existing(existing)
    first = done(source, recipe)
    (out / "a-big.jpg").unlink()  # as if the worker had died between the two
    second = done(source, recipe, attempt=2, temp_tag="other")
    assert second.outputs == first.outputs
    assert names_in(out) == NAMES


def test_g6_a_second_attempt_keeps_what_somebody_else_has_put_there(source: Path, out: Path) -> None:
    out.mkdir()
    for name in NAMES:
        (out / name).write_bytes(b"mine")
    assert isinstance(run(source, RECIPE.with_folder(out), attempt=2), Skipped)
    assert {(out / name).read_bytes() for name in NAMES} == {b"mine"}


def test_g6_the_receipt_tells_whether_all_was_published(source: Path, out: Path, tmp_path: Path) -> None:
    receipt = str(tmp_path / "receipt.json")
    outcome = done(source, RECIPE.with_folder(out), receipt=receipt)
    assert published(receipt, "tag") == outcome.outputs
    assert published(receipt, "another") is None
    (out / "a-big.jpg").write_bytes(b"changed")
    assert published(receipt, "tag") is None


def test_g6_the_receipt_is_there_before_the_first_name(
    source: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = tmp_path / "receipt.json"
    failing(monkeypatch, "link", OSError(errno.EIO, "broken"))
    with pytest.raises(ReadFailed):
        run(source, RECIPE.with_folder(out), receipt=str(receipt))
    assert receipt.exists()
    assert published(str(receipt), "tag") is None


@pytest.mark.parametrize("existing", list(Existing))
def test_g4_the_source_is_never_its_own_output(source: Path, existing: Existing) -> None:
    before = source.read_bytes()
    recipe = Recipe("r", (Output("o", (Thumbnail(20),), template="{stem}"),), existing=existing)
    if existing is Existing.REPLACE:
        with pytest.raises(BadName, match="the source itself"):
            run(source, recipe)
    else:
        outcome = run(source, recipe, attempt=2)
        assert isinstance(outcome, Done if existing is Existing.NUMBER else Skipped)
    assert source.read_bytes() == before


def test_g4_a_source_is_known_by_another_name_too(source: Path, out: Path) -> None:
    out.mkdir()
    (out / "a-o.jpg").symlink_to(source)
    os.link(source, out / "a-p.jpg")
    for name in ("o", "p"):
        recipe = Recipe("r", (Output(name),), folder=str(out), existing=Existing.REPLACE)
        with pytest.raises(BadName):
            run(source, recipe)


def test_a_folder_is_made_when_it_is_missing_and_cannot_be_a_file(source: Path, tmp_path: Path) -> None:
    done(source, RECIPE.with_folder(tmp_path / "deep" / "deeper"))
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotWritable):
            run(source, RECIPE.with_folder(folder))
    assert (tmp_path / "file").read_bytes() == b""


def test_a_folder_in_the_place_of_an_output_is_not_replaced(source: Path, out: Path) -> None:
    (out / "a-small.jpg").mkdir(parents=True)
    with pytest.raises(EnvironmentFault):
        run(source, RECIPE.with_folder(out).with_existing(Existing.REPLACE))
    assert names_in(out) == {"a-small.jpg"}


def test_files_get_the_usual_permissions(source: Path, out: Path) -> None:
    mask = os.umask(0o027)
    try:
        outcome = done(source, RECIPE.with_folder(out))
    finally:
        os.umask(mask)
    assert {Path(one.path).stat().st_mode & 0o777 for one in outcome.outputs} == {0o640}


@pytest.mark.parametrize("keep", [True, False])
def test_file_times_are_kept_when_asked(source: Path, out: Path, keep: bool) -> None:
    os.utime(source, (1_000_000_000, 1_100_000_000))
    recipe = Recipe("r", (Output("o"),), folder=str(out), keep_times=keep)
    changed = Path(done(source, recipe).outputs[0].path).stat().st_mtime
    assert (changed == 1_100_000_000) is keep
