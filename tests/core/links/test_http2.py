"""A server that speaks HTTP/2 is spoken to in HTTP/2."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from core.errors import NetworkFailed
from tests.core.links.conftest import Fetch
from tests.core.links.http2_server import Http2Server, serving_http2


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http2Server]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1_200  # more than one window of 65,535 bytes
    with serving_http2(context, content) as server:
        yield server


def test_a_file_comes_in_whole_by_http2(server: Http2Server, fetch: Fetch) -> None:
    assert fetch(server.link()).read_bytes() == server.content
    assert [one[":path"] for one in server.asked] == ["/photo.png"]
    assert fetch.told == sorted(fetch.told)


def test_g9_a_file_that_is_cut_off_in_http2_is_gone_on_with(server: Http2Server, fetch: Fetch) -> None:
    server.cut_at = 100_000
    with pytest.raises(NetworkFailed):
        fetch(server.link())
    come = (fetch.folder / ".part").stat().st_size
    assert 0 < come <= 100_000
    assert fetch(server.link()).read_bytes() == server.content
    assert server.asked[-1]["range"] == f"bytes={come}-"
