"""Every error has a code of its own and a sentence, and each is in the one place where they are listed."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import errors
from core.errors import ImageQueueError, describe, from_os_error

CORE = Path(errors.__file__).parent


def family(root: type[ImageQueueError]) -> Iterator[type[ImageQueueError]]:
    """The members that have a code of their own; the others are only branches."""
    for member in root.__subclasses__():
        if "code" in vars(member):
            yield member
        yield from family(member)


MEMBERS = list(family(ImageQueueError))
CODES = [one.code for one in MEMBERS]


def test_no_two_have_the_same_code() -> None:
    assert len(set(CODES)) == len(CODES) > 20


@pytest.mark.parametrize("member", MEMBERS)
def test_g12_each_is_in_one_file_with_a_sentence_and_becomes_data(member: type[ImageQueueError]) -> None:
    assert member.__module__ == errors.__name__
    assert member.__doc__
    assert member.__doc__.splitlines()[0].endswith(".")
    error = member("What happened, in a sentence.").as_job_error()
    assert (error.code, error.message) == (member.code, "What happened, in a sentence.")
    assert error.retryable is member.retryable


def test_each_code_that_is_written_out_in_core_is_one_of_the_family() -> None:
    written = {
        node.args[0].value
        for file in CORE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "JobError"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert written <= {*CODES, ""}


@pytest.mark.parametrize("writing", [True, False])
@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_whatever_the_system_says_becomes_a_sentence(number: int, writing: bool) -> None:
    error = from_os_error(OSError(number, os.strerror(number), "/photos/a.jpg"), writing=writing)
    assert error.code in CODES
    assert str(error).endswith(".")


def test_what_is_not_of_the_family_is_our_mistake_with_its_traceback() -> None:
    try:
        raise KeyError("surprise")
    except KeyError as error:
        described = describe(error)
    assert described.code == "bug"
    assert not described.retryable
    assert "test_errors.py" in described.details
