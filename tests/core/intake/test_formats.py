"""What is taken for an image, by name and by first bytes."""

from __future__ import annotations

import pytest
from PIL import Image

from core.formats import FORMATS
from core.intake.formats import HEAD, begins_like_image, named_like_image
from tests.core.imaging.samples import sample


@pytest.mark.parametrize("name", [f"a{suffix}" for one in FORMATS for suffix in one.suffixes])
def test_every_suffix_that_can_be_read_is_taken_in_any_case_of_letters(name: str) -> None:
    assert named_like_image(name)
    assert named_like_image(f"archive.tar{name.upper()}")


@pytest.mark.parametrize("name", ["notes.txt", "jpg", "a.jpg.part", "a.", "", "photo.jpg~", "a. jpg"])
def test_other_names_are_not(name: str) -> None:
    assert not named_like_image(name)


@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.name != "tga"])
def test_the_first_bytes_of_every_format_that_can_be_read_are_known(name: str) -> None:
    """But for TGA, which has no signature."""
    assert begins_like_image(sample(name, Image.new("RGB", (16, 16), "red"))[:HEAD])


@pytest.mark.parametrize("head", [b"II\x2a\0\0\0\0\0CR", b"FUJIFILMCCD-RAW ", b"\0\0\0\x18ftypcrx \0\0\0\1"])
def test_camera_raw_is_known_by_its_first_bytes(head: bytes) -> None:
    assert begins_like_image(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"PK\x03\x04",
        b"<?xml version",
        b"<html>",
        b"P9 1 1",
        b"\0\0\0\x20ftypmp42\0\0\0\0isom",
        b"\0\0\0\x20ftypM4V \0\0\0\0M4V xavi",
    ],
)
def test_other_first_bytes_are_not(head: bytes) -> None:
    assert not begins_like_image(head)
