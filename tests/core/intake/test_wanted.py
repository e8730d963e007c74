"""What of folders is left out: by patterns, formats and size; what is given by itself is always taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadUsage
from core.intake.adding import add_paths
from core.intake.paths import Walk
from core.intake.wanted import Wanted, bytes_from, bytes_text
from core.recipe import quick_recipe
from core.settings import Settings
from tests.core.intake.test_adding import Recorder
from tests.core.intake.test_paths import found, touch


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["a.jpg", "b.png", "drafts/c.jpg", "keep/drafts/d.jpg"]),
        (Wanted(ignore=("*.png",)), ["a.jpg", "drafts/c.jpg", "keep/drafts/d.jpg"]),
        (Wanted(ignore=("/drafts/",)), ["a.jpg", "b.png", "keep/drafts/d.jpg"]),
        (Wanted(ignore=("drafts/",)), ["a.jpg", "b.png"]),
        (Wanted(ignore=("*.jpg", "!/a.jpg")), ["a.jpg", "b.png"]),
        (Wanted(only_formats=("png",)), ["b.png"]),
        (Wanted(min_bytes=50), ["drafts/c.jpg"]),
        (
            Wanted(("*.png",), hidden=True),
            [".e.jpg", "a.jpg", ".f/g.jpg", "drafts/c.jpg", "keep/drafts/d.jpg"],
        ),
    ],
)
def test_a_folder_gives_what_is_wanted(tmp_path: Path, wanted: Wanted, names: list[str]) -> None:
    touch(tmp_path, "a.jpg", "b.png", "keep/drafts/d.jpg", ".e.jpg", ".f/g.jpg", ".imagequeue-1.jpg")
    touch(tmp_path, "drafts/c.jpg", content=b"x" * 50)
    assert found(Walk([tmp_path], wanted=wanted), tmp_path) == names


def test_what_is_given_by_itself_is_taken_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, "f/a.jpg", "f/b.png", "f/c.png", "d.png")
    summary = asyncio.run(
        add_paths(
            Recorder(), [tmp_path / "f", tmp_path / "d.png"], quick_recipe(8), wanted=Wanted(("*.png",))
        )
    )
    assert summary.sentence() == "Added 2, 2 are left out."
    assert {Path(one.path).name for one in summary.left_out} == {"b.png", "c.png"}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"ignore": "*.png"}, "ignore takes a list"),
        ({"ignore": ("a\nb",)}, "one line"),
        ({"ignore": (1,)}, "ignore takes a list"),
        ({"ignore": ("!",)}, "ignore takes patterns"),
        ({"only_formats": ("docx",)}, "only_formats takes some of"),
        ({"min_bytes": -1}, "min_bytes takes"),
        ({"min_bytes": True}, "min_bytes takes"),
    ],
)
def test_a_value_that_cannot_be_is_named(values: dict[str, object], names: str) -> None:
    with pytest.raises(BadUsage, match=names):
        Wanted(**values)  # type: ignore[arg-type]
    with pytest.raises(BadUsage, match=names):
        Settings(**values)  # type: ignore[arg-type]


@given(st.integers(0, 2**50))
def test_a_size_is_written_as_it_is_read(number: int) -> None:
    assert bytes_from(bytes_text(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("500", 500), ("20k", 20_000), ("1.5 MB", 1_500_000), ("2gb", 2 * 10**9), ("0.1k", 100)],
)
def test_a_size_is_read_in_units_of_a_thousand(text: str, number: int) -> None:
    assert bytes_from(text) == number


@pytest.mark.parametrize("text", ["", "k", "-1", "1,5M", "2kk", "1e3", "NaN", "1" * 30])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(BadUsage, match="such as 500, 20k"):
        bytes_from(text)


def test_a_choice_is_true_or_false() -> None:
    for build in (Wanted, Settings):
        for values in ({"hidden": 1}, {"archives": "no"}):
            named = values if build is Wanted else {
                {"hidden": "take_hidden", "archives": "open_archives"}[name]: value
                for name, value in values.items()
            }  # fmt: skip
            with pytest.raises(BadUsage, match="true or false"):
                build(**named)


def test_the_settings_keep_it(tmp_path: Path) -> None:
    settings = Settings(
        ignore=("*.tmp.png",), only_formats=("jpeg", "png"), min_bytes=1_000, take_hidden=True,
        open_archives=True,
    )  # fmt: skip
    settings.save(tmp_path)
    assert Settings.load(tmp_path) == settings
    assert Settings.load(tmp_path).wanted() == Wanted(("*.tmp.png",), ("jpeg", "png"), 1_000, True, True)
