"""Names that say when and with what an image was taken."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from core.recipe import Output, Recipe
from tests.core.imaging.pictures import done, encoded, photo

_CHANGED = 1_700_000_000


def exif_of(model: str | None, taken: str | None) -> bytes:
    made = Image.Exif()
    if model is not None:
        made[0x0110] = model
    if taken is not None:
        made.get_ifd(0x8769)[0x9003] = taken
    return made.tobytes()


def name_of(folder: Path, template: str, exif: bytes | None, kind: str = "JPEG") -> str:
    source = folder / f"IMG_1.{kind.lower()}"
    options = {} if exif is None else {"exif": exif}
    source.write_bytes(encoded(photo(24, 16), kind, **options))
    os.utime(source, (_CHANGED, _CHANGED))
    recipe = Recipe("r", (Output("o", format="jpeg", template=template),), folder=str(folder / "out"))
    (made,) = done(source, recipe).outputs
    return os.path.relpath(made.path, folder / "out")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_date_and_the_camera_of_an_image_get_into_its_name(tmp_path: Path, kind: str) -> None:
    exif = exif_of("EOS R5", "2026:11:25 10:31:05")
    name = name_of(tmp_path, "{date}_{time}_{date:%Y%m%d}_{camera}_{stem}", exif, kind)
    assert name == "2026-11-25_10-31-05_20261125_EOS R5_IMG_1.jpg"


def test_a_date_may_make_folders(tmp_path: Path) -> None:
    exif = exif_of(None, "2026:11:25 10:31:05")
    assert name_of(tmp_path, "{date:%Y/%m}/{stem}", exif) == "2026/11/IMG_1.jpg"


@pytest.mark.parametrize(
    "taken", [None, "", "0000:00:00 00:00:00", "2026:02:31 00:00:00", "yesterday", "x" * 5000]
)
def test_without_a_date_that_can_be_one_it_is_when_the_file_was_changed(
    tmp_path: Path, taken: str | None
) -> None:
    changed = datetime.fromtimestamp(_CHANGED).strftime("%Y-%m-%d")
    assert name_of(tmp_path, "{date}-{stem}", exif_of("m", taken)) == f"{changed}-IMG_1.jpg"


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (None, "unknown"),
        ("", "unknown"),
        ("..", "unknown"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b", "a_b"),
        ("X\x1b[31mPro\nII", "X[31mPro II"),
        ("  many   spaces ", "many spaces"),
        ("DSC: <1>", "DSC_ _1_"),
        ("NUL", "_NUL"),
        ("m" * 200, "m" * 60),
    ],
)
def test_g15_what_a_file_says_of_its_camera_stays_one_harmless_part_of_a_name(
    tmp_path: Path, model: str | None, shown: str
) -> None:
    assert name_of(tmp_path, "{camera}-{stem}", exif_of(model, None)) == f"{shown}-IMG_1.jpg"


def test_broken_exif_costs_the_date_and_not_the_job(tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    assert name_of(tmp_path, "{camera}", broken) == "unknown.jpg"
