"""A broker's address is understood or says why not, and parts from its password for good."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadUsage
from core.hidden import without_passwords
from core.remote.address import parse_address


@pytest.mark.parametrize(
    ("typed", "text", "whole"),
    [
        ("amqp://Rabbit", "amqp://rabbit/", "amqp://rabbit/"),
        ("amqp://ann:s3cret@rabbit:5672//", "amqp://ann@rabbit/%2F", "amqp://ann:s3cret@rabbit/%2F"),
        (" amqp://ann:a@b:c?d@rabbit:5673/v ", "amqp://ann@rabbit:5673/v",
         "amqp://ann:a%40b%3Ac%3Fd@rabbit:5673/v"),
        ("amqp://ann:a%2Fb@rabbit", "amqp://ann@rabbit/", "amqp://ann:a%2Fb@rabbit/"),
        ("redis://:s3cret@10.0.0.7/2", "redis://10.0.0.7/2", "redis://:s3cret@10.0.0.7/2"),
        ("amqp://[::1]:5673", "amqp://[::1]:5673/", "amqp://[::1]:5673/"),
        ("rediss://r?ssl_ca_certs=/etc/ca.pem", "rediss://r/?ssl_ca_certs=/etc/ca.pem",
         "rediss://r/?ssl_ca_certs=/etc/ca.pem"),
    ],
)  # fmt: skip
def test_an_address_is_read_and_written(typed: str, text: str, whole: str) -> None:
    address = parse_address(typed)
    assert (str(address), address.in_full()) == (text, whole)
    assert parse_address(whole) == address
    assert parse_address(text) == address.without_password()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("rabbit:5672", "begins with amqp://"),
        ("http://rabbit", "begins with amqp://"),
        ("amqp://", "names no machine"),
        ("amqp://ann:s3cret@", "names no machine"),
        ("amqp://ann:s3cret@a!b", "no machine that can be"),
        ("amqp://rabbit:0", "a port from 1 to 65535"),
        ("amqp://rabbit:s3cret", "a port from 1 to 65535"),
        ("amqp://:s3cret@rabbit", "needs a user"),
        ("amqp://ann:s3/cret@rabbit", "/ is written %2F"),
        ("amqp://ann:s@3/cret@rabbit", "/ is written %2F"),
        ("amqp://ann:s3 cret@rabbit", "a space"),
        ("redis://r/photos", "the number of a database"),
        ("amqp://rabbit?ssl_cert_reqs=none", "only with amqps://"),
        ("amqps://rabbit?password=s3cret", "takes only ssl_ca_certs"),
        ("amqps://rabbit?ssl_cert_reqs=maybe", "required or none"),
        ("amqps://rabbit?ssl_check_hostname=perhaps", "true or false"),
        ("amqps://rabbit?ssl_ca_certs", "name=value"),
    ],
)
def test_what_cannot_be_says_why_without_the_password(typed: str, why: str) -> None:
    with pytest.raises(BadUsage, match=why.replace("?", r"\?")) as caught:
        parse_address(typed)
    for part in ("s3cret", "cret@", "s@3"):
        assert part not in str(caught.value)


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20))
def test_no_text_of_an_address_has_its_password(password: str) -> None:
    """Whatever its signs are: only the whole text has it, out of which it is hidden."""
    bare = parse_address("amqp://ann@rabbit/v")
    address = bare.with_password(password)
    assert parse_address(address.in_full()).password == password
    assert (str(address), repr(address)) == (str(bare), repr(bare))
    assert without_passwords(address.in_full()) == "amqp://ann:***@rabbit/v"


def test_tls_checks_the_brokers_name_unless_it_is_told_not_to() -> None:
    """By itself kombu leaves out the name for AMQP, and all of it for Redis."""
    url, options = parse_address("amqps://ann:s3cret@rabbit/?ssl_ca_certs=/etc/ca.pem").for_kombu()
    assert url == "amqps://ann:s3cret@rabbit/"
    assert options == {
        "ca_certs": "/etc/ca.pem", "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "rabbit",
    }  # fmt: skip
    _, options = parse_address("rediss://r").for_kombu()
    assert options == {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    _, options = parse_address("rediss://r?ssl_check_hostname=false").for_kombu()
    assert options == {"ssl_cert_reqs": "required", "ssl_check_hostname": False}
    _, options = parse_address("amqps://r?ssl_cert_reqs=none").for_kombu()
    assert options == {"cert_reqs": ssl.CERT_NONE}
    assert parse_address("redis://r").for_kombu() == ("redis://r/", None)
