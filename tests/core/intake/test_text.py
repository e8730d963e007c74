"""Paths and links are found in what people paste."""

from __future__ import annotations

import os

import pytest

from core.intake.text import sources_of_text


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
        ("https://example.org/a.jpg#top", ["https://example.org/a.jpg"]),
        ("HTTPS://example.org/a.jpg", ["https://example.org/a.jpg"]),
        (
            "/photos/a.jpg\nhttp://h/b.jpg http://h/c.jpg",
            ["/photos/a.jpg", "http://h/b.jpg", "http://h/c.jpg"],
        ),
        ("Look at http://h/b.jpg, and (http://h/c.jpg).", ["http://h/b.jpg", "http://h/c.jpg"]),
        ("[b](http://h/b_(1).jpg) <http://h/c.jpg>", ["http://h/b_(1).jpg", "http://h/c.jpg"]),
        ("/photos/http://no/link.jpg", ["/photos/http:/no/link.jpg"]),
        ("http:///nowhere.jpg ftp://h/a.jpg http://h:99999/a.jpg javascript:alert(1)", []),
        ("# a comment\nphotos/relative.jpg\nhello world", []),
        ("/photos/my\\ trip/a.jpg /photos/b.jpg", ["/photos/my trip/a.jpg", "/photos/b.jpg"]),
        (
            "/photos/a.jpg\t/photos/b.jpg\t12 MB\thttp://h/c.jpg",
            ["/photos/a.jpg", "/photos/b.jpg", "http://h/c.jpg"],
        ),
        ("file://[broken", []),
        ("", []),
    ],
)
def test_paths_and_links_are_found(text: str, paths: list[str]) -> None:
    assert sources_of_text(text) == paths


def test_a_tilde_is_the_home_folder() -> None:
    assert sources_of_text("~/a.jpg") == [os.path.join(os.path.expanduser("~"), "a.jpg")]
    assert sources_of_text("~nobody-of-that-name/a.jpg") == []
