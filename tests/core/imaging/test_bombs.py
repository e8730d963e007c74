"""What would take hours to decode, or hides where a decoder finds it first, is refused before that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import TooLarge
from core.imaging import decode
from core.imaging.decode import open_source
from core.imaging.readers.sizes import frames_in
from tests.core.imaging.pictures import encoded, photo
from tests.reliability.claims import icon_of_many
from tests.reliability.packed import black_png, gif_of_frames, jpeg_of_scans


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(TooLarge) as caught:
        open_source(str(path)).__exit__(None, None, None)
    return str(caught.value)


def test_a_picture_far_down_the_list_of_an_icon_is_measured_too(tmp_path: Path) -> None:
    icon = icon_of_many(black_png(60_000, 60_000, bytes(100)), 1_000)
    assert refused(tmp_path / "a.ico", icon).startswith("a.ico has 60000 × 60000 pixels")


def test_a_jpeg_whose_scans_would_take_hours_is_refused_and_a_common_one_is_not(tmp_path: Path) -> None:
    said = refused(tmp_path / "a.jpg", jpeg_of_scans(8_000, 300))
    assert said == (
        "a.jpg has 301 scans of 8000 × 8000 pixels, 19,264 megapixels to decode; the limit is 12,000."
    )
    (tmp_path / "b.jpg").write_bytes(encoded(photo(900, 700), "JPEG", progressive=True))
    with open_source(str(tmp_path / "b.jpg")) as source:
        source.header.load()


def test_a_gif_with_frames_without_end_is_refused_before_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "_frames_of", lambda _: pytest.fail("they were counted"))
    said = refused(tmp_path / "a.gif", gif_of_frames(64, 64, 60_000))
    assert re.fullmatch(r"a\.gif has at least \d\d,\d\d\d frames; the limit is 20,000\.", said)


def test_the_frames_of_a_gif_are_estimated(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(gif_of_frames(3, 2, 50))
    with path.open("rb") as file:
        file.seek(7)
        assert 50 <= frames_in(file) <= 100
        assert file.tell() == 7
    with open_source(str(path)) as source:
        assert source.frames == 50
