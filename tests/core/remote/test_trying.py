"""A try says what a real broker says; TLS holds against one that only seems to be the broker."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from kombu import Connection

from core.remote.address import Address, parse_address
from core.remote.cluster import Link
from core.remote.trying import try_broker
from tests.brokers import BROKERS, Broker, RabbitMQ, Redis, broker_in, free_port

NAME = "localhost"  # that the certificate is for; the number of this machine is another one to it


class _Encrypted(Broker):
    """A broker that answers on a second port by TLS, with a certificate of an authority of its own."""

    def certify(self) -> tuple[Path, Path, Path]:
        """Write the authority, the certificate and its key, and choose the port."""
        self.tls_port = free_port()
        authority = trustme.CA()
        issued = authority.issue_cert(NAME)
        paths = tuple(self.folder / f"{name}.pem" for name in ("authority", "certificate", "key"))
        authority.cert_pem.write_to_path(paths[0])
        issued.cert_chain_pems[0].write_to_path(paths[1])
        issued.private_key_pem.write_to_path(paths[2])
        return paths[0], paths[1], paths[2]

    def encrypted(self, host: str, options: str = "") -> Address:
        """Return the address by TLS."""
        plain = parse_address(self.url)
        url = (
            plain.in_full()
            .replace("://", "s://")
            .replace(f"127.0.0.1:{self.port}", f"{host}:{self.tls_port}")
        )
        return parse_address(url + options)

    @property
    def authority(self) -> str:
        """The option that names the authority."""
        return f"?ssl_ca_certs={self.folder / 'authority.pem'}"


class EncryptedRedis(_Encrypted, Redis):
    """Redis by TLS."""

    def configuration(self) -> str:
        authority, certificate, key = self.certify()
        return super().configuration() + (
            f'tls-port {self.tls_port}\ntls-auth-clients no\ntls-ca-cert-file "{authority}"\n'
            f'tls-cert-file "{certificate}"\ntls-key-file "{key}"\n'
        )


class EncryptedRabbitMQ(_Encrypted, RabbitMQ):
    """RabbitMQ by TLS."""

    def configuration(self) -> str:
        authority, certificate, key = self.certify()
        return super().configuration() + (
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\nssl_options.verify = verify_none\n"
            f"ssl_options.cacertfile = {authority}\nssl_options.certfile = {certificate}\n"
            f"ssl_options.keyfile = {key}\n"
        )


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Encrypted]:
    broker_in(request.param, tmp_path_factory.mktemp("plain"))  # or it is skipped
    kind = EncryptedRedis if request.param == "redis" else EncryptedRabbitMQ
    with kind(tmp_path_factory.mktemp("broker")) as started:
        yield started


def tried(address: Address) -> tuple[Link, str]:
    return asyncio.run(try_broker(address.in_full()))


def test_it_lets_us_in_or_says_why_not(broker: _Encrypted) -> None:
    address = parse_address(broker.url)
    assert tried(address) == (Link.CONNECTED, "The broker answers.")
    assert tried(address.with_password("another")) == (
        Link.REFUSED, "127.0.0.1 does not accept this user and password.",
    )  # fmt: skip
    elsewhere = parse_address(broker.url.rstrip("0/") + "/77")
    link, sentence = tried(elsewhere)
    assert link is Link.REFUSED
    assert "77" in sentence
    if address.is_redis:
        assert tried(address.without_password()) == (Link.REFUSED, "127.0.0.1 wants a password.")


def test_it_has_to_show_that_it_is_the_one_that_the_url_names(broker: _Encrypted) -> None:
    known = broker.encrypted(NAME, broker.authority)
    assert tried(known) == (Link.CONNECTED, "The broker answers.")
    stranger = broker.encrypted(NAME)
    another = broker.encrypted("127.0.0.1", broker.authority)
    for address in (stranger, another):
        link, sentence = tried(address)
        assert link is Link.REFUSED
        assert sentence.startswith(f"{address.host} cannot show that it is {address.host}: ")
    for options in ("&ssl_check_hostname=false", "&ssl_cert_reqs=none"):
        lax = broker.encrypted("127.0.0.1", broker.authority + options)
        assert tried(lax) == (Link.CONNECTED, "The broker answers.")
    plain = parse_address(str(known).replace("s://", "://").partition("?")[0]).with_password(known.password)
    assert tried(plain)[0] is not Link.CONNECTED


def test_what_the_queue_itself_connects_by_is_as_strict(broker: _Encrypted) -> None:
    def connect(address: Address) -> None:
        url, options = address.for_kombu()
        with Connection(url, ssl=options or False, connect_timeout=5) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
            connection.default_channel.close()

    connect(broker.encrypted(NAME, broker.authority))
    for address in (broker.encrypted(NAME), broker.encrypted("127.0.0.1", broker.authority)):
        with pytest.raises(Exception, match="certificate verify failed") as caught:
            connect(address)
        assert isinstance(caught.value, ssl.SSLCertVerificationError) or "SSL" in str(caught.value)
