"""A dry run says what a run would do, and leaves everything as it is."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from core.cli import main
from tests.core.cli.conftest import Command


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(one.relative_to(folder)): (one.stat().st_size, one.stat().st_mtime_ns)
        for one in sorted(folder.rglob("*"))
        if "default-data-dir" not in str(one)
    }


@pytest.fixture
def folder(photos: Path) -> Path:
    for name in ("a.png", "b.png", "b.bmp"):
        Image.new("RGB", (40, 30)).save(photos / name)
    (photos / "a-thumbnail.png").write_bytes(b"mine")
    (photos / "bad.jpg").write_bytes(b"no picture")
    return photos


def test_it_tells_what_would_become_of_each_image_and_writes_nothing(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    before = everything(tmp_path)
    ended = command(
        "run", "--dry-run", "--json", "--thumbnail", "16", "--workers", "1",
        folder / "a.png", folder / "b.png", folder / "b.bmp", folder / "bad.jpg", "http://photos.invalid/l.png",
    )  # fmt: skip
    assert ended.status == 1
    *jobs, summary = ended.objects
    found = {Path(str(job["source"])).name: job for job in jobs}
    assert {name: job["would"] for name, job in found.items()} == {
        "a.png": "skip", "b.png": "write", "b.bmp": "write", "bad.jpg": "fail", "l.png": "write",
    }  # fmt: skip
    assert found["a.png"]["reason"] == "a-thumbnail.png is there already."
    assert found["b.png"]["outputs"] == [
        {
            "path": str(folder / "b-thumbnail.png"), "width": 16, "height": 12,
            "name": "thumbnail", "replaces": False, "bytes": 74,
        }
    ]  # fmt: skip
    assert str(folder / "b-2-thumbnail.") in str(found["b.bmp"]["outputs"])
    assert found["bad.jpg"]["error"]["code"] == "not-an-image"  # type: ignore[index]
    files = [file for job in jobs for file in cast("list[dict[str, int]]", job["outputs"])]
    assert summary == {
        "summary": {
            "write": 3, "skip": 1, "fail": 1, "files": 2, "replaced": 0, "numbered": 1,
            "bytes": sum(file["bytes"] for file in files), "margin": 0, "unsized": 0, "sampled": 2,
        }
    }  # fmt: skip
    assert everything(tmp_path) == before


def test_it_says_so_in_sentences_too_and_what_would_be_replaced(command: Command, folder: Path) -> None:
    (folder / "bad.jpg").unlink()
    ended = command(
        "run", "--dry-run", "--thumbnail", "16", "--existing", "replace", folder, "--workers", "1"
    )
    assert ended.status == 0, ended.err
    assert f"replace  {folder / 'a-thumbnail.png'}  (16 × 12, about 74 B, of {folder / 'a.png'})" in ended.out
    assert (
        "Nothing was written. A run would write 2 new files and replace 1 file, of 3 images; skip 0, "
        "and fail at 0.\nTogether they would have about "
    ) in ended.out
    assert ended.out.endswith(", as 3 images made in memory tell.\n")


def test_what_a_run_has_made_is_known_to_be_up_to_date(
    folder: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--thumbnail", "16", str(folder / "b.png"), "--workers", "1"]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main([*arguments, "--dry-run"]) == 0
    assert "Up to date: b-thumbnail.png was made of it before" in capsys.readouterr().out
    assert main([*arguments, "--dry-run", "--force"]) == 0
    assert f"replace  {folder / 'b-thumbnail.png'}" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "1 skipped" in capsys.readouterr().out
    assert main([*arguments, "--force"]) == 0
    assert "1 done" in capsys.readouterr().out


def test_without_a_path_there_is_nothing_to_foresee(command: Command) -> None:
    ended = command("run", "--dry-run")
    assert ended.status == 2
    assert "--dry-run needs a PATH" in ended.err


def test_a_name_cannot_play_on_the_terminal(command: Command, photos: Path) -> None:
    Image.new("RGB", (40, 30)).save(photos / "a\x1b[2J\nb.png")
    (photos / "bad\x1b[2J.jpg").write_bytes(b"no picture")
    ended = command("run", "--dry-run", "--thumbnail", "16", photos)
    assert "a\\x1b[2J\\nb-thumbnail.png" in ended.out
    assert "bad\\x1b[2J.jpg" in ended.out
    assert "\x1b" not in ended.out
