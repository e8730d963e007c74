"""Paths of another machine are found here, whatever system it has."""

from __future__ import annotations

import os

import pytest

from core.errors import BadUsage
from core.transfer.mapping import Mapping, PathMap, path_map

posix = pytest.mark.skipif(os.sep != "/", reason="the paths here are POSIX ones")


@posix
@pytest.mark.parametrize(
    ("separator", "maps", "path", "expected"),
    [
        ("/", [], "/a/b/c.jpg", "/a/b/c.jpg"),
        ("/", [], "/a//./b/c.jpg", "/a/b/c.jpg"),
        ("/", [("/a", "/z")], "/a/b/c.jpg", "/z/b/c.jpg"),
        ("/", [("/a/", "/z/")], "/a/c.jpg", "/z/c.jpg"),
        ("/", [("/a", "/z")], "/ab/c.jpg", "/ab/c.jpg"),
        ("/", [("/A", "/z")], "/a/c.jpg", "/a/c.jpg"),
        ("/", [("/", "/z")], "/a/c.jpg", "/z/a/c.jpg"),
        ("/", [("/a", "/")], "/a/c.jpg", "/c.jpg"),
        ("/", [("/a", "/z"), ("/a/b", "/y")], "/a/b/c.jpg", "/y/c.jpg"),
        ("/", [("/a", "/z")], "/a/b\\c.jpg", "/z/b\\c.jpg"),
        ("\\", [], "C:\\a\\b.jpg", None),
        ("\\", [("C:\\", "/z")], "C:\\a\\b.jpg", "/z/a/b.jpg"),
        ("\\", [("c:/A", "/z")], "C:\\a\\B\\c.jpg", "/z/B/c.jpg"),
        ("\\", [("C:\\a", "/z")], "C:/a/b/c.jpg", "/z/b/c.jpg"),
        ("\\", [("C:\\a", "/z")], "D:\\a\\c.jpg", None),
        ("\\", [("\\\\nas\\photos", "/mnt")], "\\\\NAS\\photos\\2026\\c.jpg", "/mnt/2026/c.jpg"),
    ],
)
def test_a_path_is_found_in_the_folder_that_its_own_one_is_here(
    separator: str, maps: list[tuple[str, str]], path: str, expected: str | None
) -> None:
    assert Mapping([PathMap(*one) for one in maps], separator).here(path) == expected


@posix
@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("/a=/b", "/a", "/b"),
        ("D:\\x=/b/", "D:\\x", "/b"),
        ("/a=b=/c", "/a=b", "/c"),
        ("/a=/b=c", "/a", "/b=c"),
        ("/a=~", "/a", os.path.expanduser("~")),
    ],
)
def test_a_map_is_two_absolute_paths(text: str, old: str, new: str) -> None:
    assert path_map(text) == PathMap(old, new)


@pytest.mark.parametrize("text", ["", "=", "/a", "/a=", "=/b", "a=/b", "/a=b", "/a=/b\0"])
def test_what_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(BadUsage, match="takes OLD=NEW"):
        path_map(text)


def test_a_map_from_a_path_that_the_other_system_has_not_is_refused() -> None:
    with pytest.raises(BadUsage, match="no absolute path on the machine"):
        Mapping([PathMap("C:\\a", "/z")], "/")
