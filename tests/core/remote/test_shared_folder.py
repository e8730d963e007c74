"""Shared folders that cannot be, or that would be taken for one another, are refused with a sentence."""

from __future__ import annotations

import pytest

from core.errors import BadUsage
from core.remote.shared_folder import SharedFolder, shared_from


def test_folders_come_from_tables() -> None:
    assert shared_from([{"name": "photos", "path": "/mnt/photos/"}]) == (
        SharedFolder("photos", "/mnt/photos"),
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("photos", "takes a list"),
        ([{"name": "photos"}], "a name and a path"),
        ([{"name": 3, "path": "/a"}], "which are texts"),
        ([{"name": "my photos", "path": "/a"}], "up to 40 letters"),
        ([{"name": "-x", "path": "/a"}], "up to 40 letters"),
        ([{"name": "a=b", "path": "/a"}], "up to 40 letters"),
        ([{"name": "a", "path": "photos"}], "a takes the absolute path"),
        ([{"name": "a", "path": "//"}], "not a whole disk"),
        ([{"name": "a", "path": "/x"}, {"name": "A", "path": "/y"}], "have the name A"),
        ([{"name": "a", "path": "/x"}, {"name": "b", "path": "/x"}], "a and b are one inside"),
        ([{"name": "a", "path": "/x/y"}, {"name": "b", "path": "/x"}], "a and b are one inside"),
    ],
)
def test_what_cannot_be_says_why(value: object, why: str) -> None:
    with pytest.raises(BadUsage, match=why):
        shared_from(value)


def test_folders_of_one_beginning_stand_beside_each_other() -> None:
    two = [{"name": "a", "path": "/mnt/x"}, {"name": "b", "path": "/mnt/xy"}]
    assert len(shared_from(two)) == 2
