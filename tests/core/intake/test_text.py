"""Paths are found in what people paste."""

from __future__ import annotations

import os

import pytest

from core.intake.text import paths_of_text


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/photos/a b.jpg", ["/photos/a b.jpg"]),
        ("  /photos/a.jpg  \r\n\r\n/photos/b.jpg\n", ["/photos/a.jpg", "/photos/b.jpg"]),
        ('"/photos/a b.jpg"', ["/photos/a b.jpg"]),
        ("'/photos/a.jpg' '/photos/it'\\''s.jpg'", ["/photos/a.jpg", "/photos/it's.jpg"]),
        ('"/photos/no end.jpg', ["/photos/no end.jpg"]),
        ("file:///photos/a%20b%23c.jpg", ["/photos/a b#c.jpg"]),
        ("file:///photos/a#1.jpg\nfile:///photos/b?2.jpg", ["/photos/a#1.jpg", "/photos/b?2.jpg"]),
        ("FILE://localhost/photos/%C3%A4.jpg", ["/photos/ä.jpg"]),
        ("file:/photos/short.jpg", ["/photos/short.jpg"]),
        ("file:///photos/caf%E9.jpg", ["/photos/caf\udce9.jpg"]),
        ("copy\nfile:///photos/a.jpg\nfile:///photos/b.jpg", ["/photos/a.jpg", "/photos/b.jpg"]),
        ("file:///photos/a.jpg\0file:///photos/b.jpg", ["/photos/a.jpg", "/photos/b.jpg"]),
        ("/photos/../photos/./a.jpg\n/photos/a.jpg", ["/photos/a.jpg"]),
        ("file://elsewhere/share/a.jpg", []),
        ("file:///photos/zero%00.jpg", []),
        ("https://example.org/a.jpg", []),
        ("# a comment\nphotos/relative.jpg\nhello world", []),
        ("file://[broken", []),
        ("", []),
    ],
)
def test_paths_are_found(text: str, paths: list[str]) -> None:
    assert paths_of_text(text) == paths


def test_a_tilde_is_the_home_folder() -> None:
    assert paths_of_text("~/a.jpg") == [os.path.join(os.path.expanduser("~"), "a.jpg")]
    assert paths_of_text("~nobody-of-that-name/a.jpg") == []
