"""A queue file says what was waiting, and one that is no such file is refused in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import core.transfer.queue_file as queue_file
from core.errors import BadQueueFile, ImageQueueError, NoSuchFile, NotWritable
from core.recipe import builtin_recipes
from core.store_moving import MovedJob
from core.transfer.queue_file import QueueFileWriter, read_queue_file

RECIPES = builtin_recipes()
HEAD = {"imagequeue": 1, "separator": "/"}
RECIPE = {"recipe": 1, "body": json.loads(RECIPES[0].to_json())}
JOB = {"source": "/a/b.jpg", "recipe": 1}


def body(recipe: int) -> str:
    return RECIPES[recipe].to_json()


def written(path: Path, *lines: object) -> Path:
    """A file of these lines, whose end counts its jobs."""
    jobs = sum(isinstance(one, dict) and "source" in one for one in lines)
    said = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in (*lines, {"end": jobs})]
    path.write_bytes(b"\n".join(said) + b"\n")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    jobs = [
        MovedJob("/photos/ä\n\udcff.jpg", 5, -7, True, 2, 3, 9, 4),
        MovedJob("https://example.org/a.jpg", 2),
        MovedJob("/photos/b.jpg", 5, 2**31 - 1),
    ]
    writer = QueueFileWriter(tmp_path / "a.imagequeue", body)
    writer.add(jobs[:2])
    writer.add(jobs[2:])
    assert not (tmp_path / "a.imagequeue").exists()
    writer.finish()
    writer.close()
    found = read_queue_file(tmp_path / "a.imagequeue")
    assert [one._replace(recipe=0) for one in found.jobs] == [one._replace(recipe=0) for one in jobs]
    assert [one.recipe for one in found.jobs] == [0, 1, 0]
    assert found.recipes == [json.loads(body(5)), json.loads(body(2))]
    assert found.separator == os.sep
    assert os.listdir(tmp_path) == ["a.imagequeue"]
    assert (tmp_path / "a.imagequeue").read_bytes().isascii()


def test_a_file_that_was_not_finished_leaves_nothing_and_keeps_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("earlier")
    writer = QueueFileWriter(tmp_path / "a", body)
    writer.add([MovedJob("/a.jpg", 0)])
    writer.close()
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "earlier"
    with pytest.raises(NotWritable):
        QueueFileWriter(tmp_path / "gone" / "a", body)


def test_what_a_job_leaves_out_has_its_usual_value(tmp_path: Path) -> None:
    found = read_queue_file(written(tmp_path / "a", HEAD, RECIPE, JOB))
    assert found.jobs == [MovedJob("/a/b.jpg", 0)]


BAD: dict[str, tuple[object, ...]] = {
    "not ours": ({"hello": 1},),
    "an image": (b"\x89PNG\r\n\x1a\n",),
    "a list": ([1],),
    "a newer version": (HEAD | {"imagequeue": 2}, RECIPE, JOB),
    "a version that is no number": (HEAD | {"imagequeue": True},),
    "no separator": (HEAD | {"separator": ":"}, RECIPE, JOB),
    "deep": (HEAD, b"[" * 200_000),
    "deep in a recipe": (HEAD, b'{"recipe":1,"body":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001),
    "a long line": (HEAD, b'{"source":"/' + b"a" * 2**20 + b'","recipe":1}'),
    "a huge number": (HEAD, RECIPE, b'{"source":"/a","recipe":1,"priority":' + b"9" * 10_000 + b"}"),
    "a NUL": (HEAD, RECIPE, JOB | {"source": "/a\0b.jpg"}),
    "half a character": (HEAD, RECIPE, JOB | {"source": "/a\ud800.jpg"}),
    "a relative path": (HEAD, RECIPE, JOB | {"source": "a.jpg"}),
    "a way up": (HEAD, RECIPE, JOB | {"source": "/a/../../etc/b.jpg"}),
    "no path": (HEAD, RECIPE, JOB | {"source": 7}),
    "a bad link": (HEAD, RECIPE, JOB | {"source": "http://a b"}),
    "no recipe": (HEAD, JOB),
    "an unknown recipe": (HEAD, RECIPE, JOB | {"recipe": 2}),
    "a recipe twice": (HEAD, RECIPE, RECIPE, JOB),
    "a recipe of text": (HEAD, RECIPE | {"body": "x"}, JOB),
    "a priority of text": (HEAD, RECIPE, JOB | {"priority": "1"}),
    "a priority beyond": (HEAD, RECIPE, JOB | {"priority": 2**31 + 1}),
    "retries beyond": (HEAD, RECIPE, JOB | {"max_retries": 1_001}),
    "a fraction": (HEAD, RECIPE, JOB | {"attempts": 1.5}),
    "held by text": (HEAD, RECIPE, JOB | {"held": "no"}),
    "a field more": (HEAD, RECIPE, JOB | {"run": "rm"}),
    "text behind": (HEAD, RECIPE, JOB, {"end": 1}, JOB),
    "a wrong count": (HEAD, RECIPE, JOB, {"end": 7}),
    "nothing that is known": (HEAD, RECIPE, {"x": 1}),
}


@pytest.mark.parametrize("lines", BAD.values(), ids=BAD.keys())
def test_what_is_no_queue_file_is_refused_in_a_sentence(tmp_path: Path, lines: tuple[object, ...]) -> None:
    with pytest.raises(BadQueueFile) as raised:
        read_queue_file(written(tmp_path / "a", *lines))
    sentence = str(raised.value)
    assert sentence.startswith(str(tmp_path / "a"))
    assert sentence.endswith(".")
    assert len(sentence) < 300


@pytest.mark.parametrize("cut", [0, 1, 20, -1, -12, -40])
def test_one_that_was_cut_off_anywhere_is_refused(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "a", HEAD, RECIPE, JOB, JOB | {"source": "/a/c.jpg"})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadQueueFile):
        read_queue_file(path)


def test_too_many_jobs_recipes_or_bytes_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a", HEAD, RECIPE, JOB, JOB, JOB)
    for name, limit in (("MAX_JOBS", 2), ("MAX_RECIPES", 0), ("_MAX_BYTES", 50)):
        with monkeypatch.context() as patch:
            patch.setattr(queue_file, name, limit)
            with pytest.raises(BadQueueFile):
                read_queue_file(path)
    assert len(read_queue_file(path).jobs) == 3


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "nul\0"):
        with pytest.raises(BadQueueFile):
            read_queue_file(tmp_path / name)
    with pytest.raises(BadQueueFile):
        read_queue_file(Path("/dev/zero"))
    with pytest.raises(NoSuchFile):
        read_queue_file(tmp_path / "gone")
    assert issubclass(BadQueueFile, ImageQueueError)
