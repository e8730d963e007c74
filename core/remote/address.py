"""Addresses of brokers: read, checked, and parted from their password, which is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from core.errors import BadUsage

SCHEMES: Final = MappingProxyType({"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379})
"""The schemes, each with its usual port."""

TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
"""What an address may say after its question mark: files' paths, "required" or "none", "true" or "false"."""

_FORM: Final = "amqp://user@machine"
_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+(%\w+)?\]")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is. Its text has no password."""

    scheme: str
    host: str  # a name, or a number; an IPv6 one in its brackets
    port: int  # the usual one where none was given
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""  # the virtual host of RabbitMQ, "" for the usual one; the number of Redis's database
    options: Mapping[str, str] = field(default_factory=dict)  # of TLS_OPTIONS

    def __str__(self) -> str:
        return self._text(f"{quote(self.user, safe='')}@" if self.user else "")

    @property
    def is_redis(self) -> bool:
        """Whether the broker is Redis; otherwise it speaks AMQP, as RabbitMQ does."""
        return self.scheme.startswith("redis")

    @property
    def is_encrypted(self) -> bool:
        """Whether what is sent to the broker is encrypted."""
        return self.scheme in ("amqps", "rediss")

    @property
    def is_here(self) -> bool:
        """Whether the broker is on this machine, so that nothing goes over a network."""
        return self.host in ("localhost", "[::1]") or self.host.startswith("127.")

    def with_password(self, password: str) -> Address:
        """Return the same address with this password. Raises BadUsage where it has no user and needs one."""
        return _checked(replace(self, password=password))

    def without_password(self) -> Address:
        """Return the same address with no password."""
        return replace(self, password="")

    def in_full(self) -> str:
        """Return the whole text, with the password: for the keeper of passwords and a library alone."""
        given = quote(self.user, safe="")
        if self.password:
            given += f":{quote(self.password, safe='')}"
        return self._text(f"{given}@" if given else "")

    def for_kombu(self) -> tuple[str, dict[str, Any] | None]:
        """Return what kombu's Connection takes: its address with the password, and its `ssl`.

        An encrypted connection checks the broker's certificate and its name, unless the options say
        otherwise: by themselves kombu and py-amqp leave out the name for AMQP, and all of it for Redis.
        """
        url = replace(self, options={}).in_full()
        if not self.is_encrypted:
            return url, None
        given = dict(self.options)
        lax = given.pop("ssl_cert_reqs", "required") == "none"
        by_name = not lax and given.pop("ssl_check_hostname", "true") != "false"
        given.pop("ssl_check_hostname", None)
        if self.is_redis:
            return url, {**given, "ssl_cert_reqs": "none" if lax else "required",
                         "ssl_check_hostname": by_name}  # fmt: skip
        from ssl import CERT_NONE, CERT_REQUIRED

        host = self.host.strip("[]") if by_name else None
        files = {name.removeprefix("ssl_"): path for name, path in given.items()}
        return url, {**files, "cert_reqs": CERT_NONE if lax else CERT_REQUIRED,
                     **({"server_hostname": host} if host else {})}  # fmt: skip

    def _text(self, given: str) -> str:
        port = "" if self.port == SCHEMES[self.scheme] else f":{self.port}"
        query = f"?{urlencode(self.options, safe='/')}" if self.options else ""
        return f"{self.scheme}://{given}{self.host}{port}/{quote(self.path, safe='')}{query}"


def parse_address(text: str) -> Address:
    """Return the address of a broker, out of what a person typed, where a password may have any sign.

    Raises BadUsage, whose sentence says what is wrong and never holds a part of the text that could be a
    password.
    """
    text = text.strip()
    scheme, parted, rest = text.partition("://")
    scheme = scheme.lower()
    if not parted or scheme not in SCHEMES:
        raise BadUsage("The URL of the broker begins with amqp://, amqps://, redis:// or rediss://.")
    if any(sign.isspace() or not sign.isprintable() for sign in text):
        raise BadUsage("The URL of the broker has a space or a sign in it that no URL has.")
    given, rest = _parted(rest)
    rest, _, query = rest.partition("?")
    host, _, path = rest.partition("/")
    user, _, password = given.partition(":")
    host, port = _host_and_port(host, SCHEMES[scheme])
    return _checked(
        Address(scheme, host, port, unquote(user), unquote(password), unquote(path), _options(query))
    )


def _parted(rest: str) -> tuple[str, str]:
    """Return the user with the password, and all behind them; what could be either is refused."""
    before, slash, behind = rest.partition("/")
    if "@" in behind:
        raise BadUsage(
            "The URL of the broker has an @ behind its first slash: in a user, a password or a path, @ is"
            " written %40, and / is written %2F."
        )
    given, _, host = before.rpartition("@")
    return given, host + slash + behind


def _host_and_port(text: str, usual: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        host, port = text, ""
    if not host:
        raise BadUsage(f"The URL of the broker names no machine: {_FORM} is the least that it takes.")
    if not _HOST.fullmatch(host):
        raise BadUsage(f"The URL of the broker names no machine that can be: {_FORM} is its form.")
    if not port and not colon:
        return host.lower(), usual
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 2**16):
        raise BadUsage("The URL of the broker takes a port from 1 to 65535 after the machine.")
    return host.lower(), int(port)


def _options(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise BadUsage("The URL of the broker takes name=value after its question mark.") from None


def _checked(address: Address) -> Address:
    if address.password and not address.user and not address.is_redis:
        raise BadUsage("The password of a broker needs a user: amqp://user:password@machine.")
    if address.is_redis and address.path and not (address.path.isascii() and address.path.isdecimal()):
        raise BadUsage(
            "The URL of a Redis takes the number of a database at its end, as in redis://machine/0."
        )
    if address.options and not address.is_encrypted:
        raise BadUsage("The URL of the broker takes options of TLS only with amqps:// or rediss://.")
    if set(address.options) - set(TLS_OPTIONS):
        raise BadUsage(f"The URL of the broker takes only {', '.join(TLS_OPTIONS)} after its question mark.")
    if address.options.get("ssl_cert_reqs", "none") not in ("required", "none"):
        raise BadUsage("The URL of the broker takes ssl_cert_reqs as required or none.")
    if address.options.get("ssl_check_hostname", "true") not in ("true", "false"):
        raise BadUsage("The URL of the broker takes ssl_check_hostname as true or false.")
    return address
