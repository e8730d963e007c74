"""What is taken for an image, by name and by first bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.formats import FORMATS
from core.intake.formats import HEAD, begins_like_image, named_like_image


@pytest.mark.parametrize("name", [f"a{suffix}" for one in FORMATS for suffix in one.suffixes])
def test_every_suffix_that_can_be_read_is_taken_in_any_case_of_letters(name: str) -> None:
    assert named_like_image(name)
    assert named_like_image(f"archive.tar{name.upper()}")


@pytest.mark.parametrize(
    "name", ["notes.txt", "jpg", "a.jpg.part", "a.", "", "photo.jpg~", "a.svg", "a. jpg"]
)
def test_other_names_are_not(name: str) -> None:
    assert not named_like_image(name)


@pytest.mark.parametrize("name", [one.pillow for one in FORMATS])
def test_the_first_bytes_of_every_format_that_can_be_read_are_known(name: str) -> None:
    content = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(content, name)
    assert begins_like_image(content.getvalue()[:HEAD])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<svg ",
        b"P9 1 1",
        b"\0\0\0\x20ftypmp42\0\0\0\0isom",
        b"\0\0\0\x20ftypM4V \0\0\0\0M4V xavi",
    ],
)
def test_other_first_bytes_are_not(head: bytes) -> None:
    assert not begins_like_image(head)
