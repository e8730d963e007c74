"""Test images made elsewhere: none of them crashes a worker, or meets a mistake of ours."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from PIL import Image

from core.formats import FORMATS
from tests.core.imaging.pictures import photo
from tests.core.imaging.samples import sample
from tests.suites import VARIABLE, main, turned_alike, walk

BACK = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""What of Pillow's transpositions makes a stored image of an upright one, by its EXIF orientation."""


def generated(folder: Path) -> Path:
    """A few whole files, cut ones and nonsense, for a machine without a suite."""
    folder.mkdir()
    for one in FORMATS:
        content = sample(one.name, photo(40, 30))
        (folder / f"whole{one.suffix}").write_bytes(content)
        (folder / f"cut{one.suffix}").write_bytes(content[: len(content) // 3])
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    return folder


@pytest.mark.timeout(1_800)
def test_every_file_of_a_suite_ends_as_done_or_with_a_sentence(tmp_path: Path) -> None:
    """The folder that IMAGEQUEUE_SUITES names; without it, one that is made here."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else generated(tmp_path / "suite")
    counts, said = asyncio.run(walk([folder], tmp_path / "out"))
    assert [one for one in said if one.startswith("!")] == []
    assert counts["done"] >= (1 if named else len(FORMATS))


def test_images_of_a_suite_that_differ_by_their_orientation_alone_come_out_alike(tmp_path: Path) -> None:
    named = os.environ.get(VARIABLE)
    if named:
        compared, unlike = turned_alike([Path(named)])
        assert unlike == []
        assert compared
        return
    turns = {1: None, **{number: Image.Transpose(how) for number, how in BACK.items()}}
    for number, how in turns.items():
        exif = Image.Exif()
        exif[0x0112] = number
        picture = photo(80, 60) if how is None else photo(80, 60).transpose(how)
        picture.save(tmp_path / f"Landscape_{number}.jpg", exif=exif)
    assert turned_alike([tmp_path]) == (8, [])
    photo(60, 80).save(tmp_path / "Landscape_3.jpg", exif=exif)  # not what its number says
    assert turned_alike([tmp_path]) == (8, [str(tmp_path / "Landscape_3.jpg")])


def test_the_command_says_what_it_walked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "a.png").write_bytes(b"no image")
    assert main([str(tmp_path / "suite"), "--failures"]) == 0
    told = capsys.readouterr().out
    assert "a.png: not-an-image:" in told
    assert told.endswith("1 files: 1 not-an-image; 0 in orientations; 0 faults\n")
