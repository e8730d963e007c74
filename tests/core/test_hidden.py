"""No password is left in a text that others may read."""

from __future__ import annotations

import pytest

from core.errors import describe
from core.hidden import without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amqp://ann:s3cret@host/v", "amqp://ann:***@host/v"),
        ("lost amqps://ann:s3/cr@t?#@host:5671//, again", "lost amqps://ann:***@host:5671//, again"),
        ("redis://:s3cret@host:6379/0", "redis://:***@host:6379/0"),
        ("amqp://ann:s'3<\"cret@host", "amqp://ann:***@host"),
        ("'rediss://ann:s3cret@host' and amqp://b:other@c", "'rediss://ann:***@host' and amqp://b:***@c"),
        ("https://ann:s3cret@example.org/a@b", "https://ann:***@example.org/a@b"),
        ("redis://host/0?password=s3cret&x=1", "redis://host/0?password=***&x=1"),
        ("{'userid': 'ann', 'password': 's3 cret'}", "{'userid': 'ann', 'password': ***}"),
        ("Connection(password=s3cret, port=1)", "Connection(password=***, port=1)"),
        ("amqp://host:5672/v and a@b", "amqp://host:5672/v and a@b"),
        ("https://example.org:8080/@ann/x", "https://example.org:8080/@ann/x"),
        ("The password is wrong: compass: north", "The password is wrong: compass: north"),
    ],
)
def test_passwords_are_hidden_and_all_else_stays(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_no_error_tells_a_password() -> None:
    """Whatever a library raises: neither its sentence nor its traceback has one."""
    try:
        raise RuntimeError("cannot reach amqp://ann:s3cret@host/")
    except RuntimeError as error:
        told = describe(error)
    assert "s3cret" not in told.message + told.details
    assert "amqp://ann:***@host/" in told.message
