"""Messages: what goes through comes out the same, and what is no message is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.executor import Done, Failed, Outcome, Skipped, Stopped, Task
from core.job import JobError, OutputFile
from core.wire import (
    LONGEST_LINE,
    BadMessage,
    from_line,
    outcome_from_wire,
    outcome_to_wire,
    progress_from_wire,
    task_from_wire,
    task_to_wire,
    to_line,
)

text = st.text(st.characters(), max_size=50)  # lone surrogates too: that is how odd bytes in names look
number = st.integers(0, 2**48 - 1)
optional_number = st.none() | number
tasks = st.builds(Task, number, number, text, text, number, number, text, text, st.none() | st.floats(0, 1e9))
files = st.builds(OutputFile, text, number, number, number, text)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(
        Done,
        st.lists(files, max_size=3).map(tuple),
        *(optional_number,) * 3,
        st.lists(text, max_size=3).map(tuple),
    ),
    st.builds(Skipped, text, optional_number),
    st.builds(Failed, st.builds(JobError, text, text, st.booleans(), text, st.floats(0, 1e9))),
    st.just(Stopped()),
)


@given(tasks)
def test_a_task_comes_out_as_it_went_in(task: Task) -> None:
    line = to_line(task_to_wire(task))
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert task_from_wire(from_line(line)) == task


@given(outcomes)
def test_an_outcome_comes_out_as_it_went_in(outcome: Outcome) -> None:
    assert outcome_from_wire(from_line(to_line(outcome_to_wire(outcome)))) == outcome


def test_texts_that_are_far_too_long_are_cut_and_the_end_of_the_details_is_kept() -> None:
    error = JobError("bug", "m" * 100_000, False, "d" * 100_000 + "the end")
    outcome = outcome_from_wire(outcome_to_wire(Failed(error)))
    assert isinstance(outcome, Failed)
    assert len(outcome.error.message) == 4_000
    assert len(outcome.error.details) == 32_000
    assert outcome.error.details.endswith("the end")


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"nothing", b"[]\n", b"1\n", b'{"a":', b"\xff\n", b"[" * 100_000, b" " * (LONGEST_LINE + 1)],
)
def test_a_line_that_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(BadMessage):
        from_line(line)


GOOD: dict[str, Any] = outcome_to_wire(Done((OutputFile("/a", 1, 2, 3, "b"),), 1, 2, 3, ("note",)))


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": None},
        {"outcome": "finished"},
        {"outcome": ["done"]},
        {"outputs": None},
        {"outputs": {}},
        {"outputs": [["/a", 1, 2, 3]]},
        {"outputs": [["/a", -1, 2, 3, "b"]]},
        {"outputs": [["/a", 1, 2**63, 3, "b"]]},
        {"outputs": [["/a", 1, 2.5, 3, "b"]]},
        {"outputs": [[None, 1, 2, 3, "b"]]},
        {"source_bytes": "1"},
        {"source_bytes": True},
        {"width": -1},
        {"height": 1.5},
        {"notes": [1]},
        {"notes": "note"},
    ],
)
def test_an_outcome_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    outcome_from_wire(GOOD)
    with pytest.raises(BadMessage):
        outcome_from_wire(GOOD | change)


@pytest.mark.parametrize(
    "change", [{"code": 1}, {"retryable": 1}, {"message": None}, {"details": []}, {"wait": -1}]
)
def test_an_error_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    good = outcome_to_wire(Failed(JobError("bug", "sentence")))
    with pytest.raises(BadMessage):
        outcome_from_wire(good | change)


@pytest.mark.parametrize(
    "change", [{"job_id": "1"}, {"source": None}, {"timeout": -1}, {"timeout": "1"}, {"place": 1.0}]
)
def test_a_task_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    good = task_to_wire(Task(1, 1, "/a.jpg", "{}"))
    assert task_from_wire(good) == Task(1, 1, "/a.jpg", "{}")
    with pytest.raises(BadMessage):
        task_from_wire(good | change)


def test_progress_is_a_fraction_or_another_message() -> None:
    assert progress_from_wire({"progress": 0.5}) == 0.5
    assert progress_from_wire({"outcome": "done"}) is None
    for wrong in (None, -0.1, 1.1, "1", float("nan"), True):
        with pytest.raises(BadMessage):
            progress_from_wire({"progress": wrong})


def test_what_is_no_outcome_has_no_message() -> None:
    with pytest.raises(TypeError):
        outcome_to_wire({"outcome": "done"})  # type: ignore[arg-type]
