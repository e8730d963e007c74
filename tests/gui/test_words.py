"""Numbers, sizes, times and names are said the way people read them."""

from __future__ import annotations

import pytest

from core.job import JobState
from gui import words


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (3_140_000, "3.1 MB"),
     (250_000_000, "250 MB"), (1_200_000_000, "1.2 GB")],
)  # fmt: skip
def test_sizes(number: int | None, text: str) -> None:
    assert words.size(number) == text


@pytest.mark.parametrize(
    ("before", "after", "text"), [(100, 28, "72 %"), (100, 112, "\u221212 %"), (0, 5, ""), (None, 5, "")]
)
def test_what_was_saved(before: int | None, after: int | None, text: str) -> None:
    assert words.saved(before, after) == text


@pytest.mark.parametrize(
    ("number", "text"), [(None, ""), (0.321, "0.32 s"), (1.44, "1.4 s"), (14.2, "14 s"), (185, "3 min 05 s")]
)
def test_durations(number: float | None, text: str) -> None:
    assert words.seconds(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(3, "a few seconds left"), (42, "about 40 s left"), (300, "about 5 min left")]
)
def test_a_time_left_is_as_coarse_as_it_is_uncertain(number: float, text: str) -> None:
    assert words.time_left(number) == text


def test_priorities_have_names_and_other_numbers_show_themselves() -> None:
    assert [words.priority(number) for number in (10, 0, -10, 3)] == ["High", "Normal", "Low", "+3"]


def test_every_state_has_a_word_of_its_own() -> None:
    assert len({words.state(state) for state in JobState}) == len(JobState)


def test_names_that_no_font_can_show_are_shown_all_the_same() -> None:
    assert words.name_of(b"/p/caf\xe9.jpg".decode("utf-8", "surrogateescape")) == "caf\ufffd.jpg"
    assert words.name_of("/data/gathered/1a2b/Album.gathered") == "Album (several images)"
    assert words.shown("line\nbreak\x1b[31m") == "line\ufffdbreak\ufffd[31m"


@pytest.mark.parametrize(
    ("sentence", "text"),
    [("a.jpg is empty.", "Empty."), ("a.jpg could not be read: gone.", "Could not be read: gone."),
     ("a.jpg.png is there already.", "a.jpg.png is there already."), ("Disk full.", "Disk full.")],
)  # fmt: skip
def test_a_name_that_is_shown_already_is_not_said_again(sentence: str, text: str) -> None:
    assert words.without_name(sentence, "a.jpg") == text


def test_a_name_that_looks_like_markup_is_none_in_a_tool_tip() -> None:
    assert words.tip("/p/a & b.jpg") == "/p/a & b.jpg"
    assert words.tip("/p/<b>x</b>.jpg") == "<span>/p/&lt;b&gt;x&lt;/b&gt;.jpg</span>"
