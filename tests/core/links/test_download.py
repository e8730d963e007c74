"""What is at a link comes in whole and within its limits, or a sentence says why not."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from core.errors import (
    BadLink,
    DiskFull,
    ImageQueueError,
    LinkRefused,
    LinkTooLarge,
    LinkTooSlow,
    NetworkFailed,
    NoSuchLink,
    PageNotImage,
    ServerFailed,
    UntrustedServer,
)
from core.links.download import Limits
from tests.core.links.conftest import Fetch
from tests.core.links.server import Request, Server, cut_at, file_of, redirect_to, serving


def test_a_file_comes_in_whole_with_its_name_its_time_and_its_progress(
    server: Server, fetch: Fetch, png: bytes
) -> None:
    server.answers["/a/holiday%20photo.png"] = file_of(
        png, Content_Type="image/png", Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT"
    )
    path = fetch(server.link("/a/holiday%20photo.png"))
    assert path == fetch.folder / "holiday photo.png"
    assert path.read_bytes() == png
    assert path.stat().st_mtime == 1_445_412_480
    assert fetch.told == sorted(fetch.told)
    assert fetch.told[-1] == 1.0


def test_what_is_there_whole_is_not_asked_for_again(server: Server, fetch: Fetch, png: bytes) -> None:
    server.answers["/photo.png"] = file_of(png)
    assert fetch(server.link()) == fetch(server.link())
    assert len(server.asked) == 1


def test_g9_a_connection_cut_at_every_tenth_byte_is_gone_on_with(
    server: Server, fetch: Fetch, png: bytes
) -> None:
    for at in range(0, len(png), 10):
        path = f"/{at}.png"
        server.answers[path] = cut_at(png, at, file_of(png))
        one = Fetch(fetch.folder / str(at))
        with pytest.raises(NetworkFailed, match="could not be downloaded") as caught:
            one(server.link(path))
        assert caught.value.retryable
        assert one(server.link(path)).read_bytes() == png
        assert server.asked[-1].headers.get("range") == (f"bytes={at}-" if at else None)


def test_a_file_that_was_changed_meanwhile_is_begun_anew(server: Server, fetch: Fetch, png: bytes) -> None:
    server.answers["/photo.png"] = cut_at(b"x" * 400, 200, file_of(png, tag='"two"'))
    with pytest.raises(NetworkFailed):
        fetch(server.link())
    assert fetch(server.link()).read_bytes() == png


@pytest.mark.parametrize("status", ["416 Range Not Satisfiable", "206 Partial Content"])
def test_a_server_that_cannot_go_on_is_asked_for_all(
    server: Server, fetch: Fetch, png: bytes, status: str
) -> None:
    def answer(request: Request) -> None:
        if "range" in request.headers:
            request.reply(png[5:], status, Content_Range=f"bytes 5-{len(png) - 1}/{len(png)}")
        else:
            request.reply(png)

    server.answers["/photo.png"] = cut_at(png, 100, answer)
    with pytest.raises(NetworkFailed):
        fetch(server.link())
    assert fetch(server.link()).read_bytes() == png


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ('attachment; filename="../../../evil.png"', "evil-photo.png"),
        (r'attachment; filename="..\\..\\evil.png"', "evil-photo.png"),
        ("attachment; filename*=UTF-8''%2e%2e%2fsun%C3%A4%2epng", "sunä-photo.png"),
        ('attachment; filename=".."', "photo.png"),
        ('attachment; filename="/etc/passwd"', "passwd-photo"),
        ('attachment; filename="PHOTO.jpg"', "photo.jpg"),
        ('attachment; filename=".note"', "note-photo"),
        ("nonsense;;;=", "photo.png"),
    ],
)
def test_g15_a_name_from_outside_never_leaves_the_folder(
    server: Server, fetch: Fetch, png: bytes, given: str, name: str
) -> None:
    server.answers["/photo.png"] = file_of(png, Content_Disposition=given)
    path = fetch(server.link())
    assert path == fetch.folder / name
    assert path.read_bytes() == png


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://localhost/a.png", "data:image/png,x", "http://[bad/"]
)
def test_g15_a_link_reaches_only_http_and_https(server: Server, fetch: Fetch, target: str) -> None:
    server.answers["/photo.png"] = redirect_to(target)
    with pytest.raises(BadLink, match="only http and https are followed"):
        fetch(server.link())


def test_redirects_are_followed_to_the_file_whose_link_gives_the_name(
    server: Server, fetch: Fetch, png: bytes
) -> None:
    server.answers["/photo.png"] = redirect_to("/store/77?key=a b")
    server.answers["/store/77"] = file_of(png)
    assert fetch(server.link()) == fetch.folder / "photo.png"


def test_redirects_in_a_circle_end_at_once(server: Server, fetch: Fetch) -> None:
    server.answers["/photo.png"] = redirect_to("/b")
    server.answers["/b"] = redirect_to("/photo.png")
    with pytest.raises(BadLink, match="in a circle"):
        fetch(server.link())
    assert len(server.asked) == 2


def test_redirects_without_end_end_at_their_limit(server: Server, fetch: Fetch) -> None:
    def further(request: Request) -> None:
        request.reply(status="307 Temporary Redirect", Location=f"/photo.png?{len(server.asked)}")

    server.answers["/photo.png"] = further
    fetch.limits = Limits(redirects=4)
    with pytest.raises(BadLink, match="more than 4 times"):
        fetch(server.link())
    assert len(server.asked) == 5


def without_end(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while not request.ended.is_set():
        request.send(b"x" * 10_000)


def test_a_body_without_end_ends_at_the_limit_of_bytes(server: Server, fetch: Fetch) -> None:
    server.answers["/photo.png"] = without_end
    fetch.limits = Limits(bytes=3 * 2**20)
    with pytest.raises(LinkTooLarge, match="has more than 3 MB"):
        fetch(server.link())
    assert sum(one.stat().st_size for one in fetch.folder.iterdir()) < 3 * 2**20 + 1_000


def test_a_length_beyond_the_limit_is_refused_before_the_body(server: Server, fetch: Fetch) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(length=str(10**12))
    with pytest.raises(LinkTooLarge):
        fetch(server.link())


def drop_by_drop(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not request.ended.wait(0.02):
        request.send(b"x")


def test_a_slow_body_ends_at_the_limit_of_time(server: Server, fetch: Fetch) -> None:
    server.answers["/photo.png"] = drop_by_drop
    fetch.limits = Limits(seconds=0.2)
    with pytest.raises(LinkTooSlow, match=r"took longer than 0\.2 seconds") as caught:
        fetch(server.link())
    assert caught.value.retryable


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_a_server_that_falls_silent_is_left(server: Server, fetch: Fetch, begins: bytes) -> None:
    def silent(request: Request) -> None:
        request.send(begins)
        request.ended.wait(10)

    server.answers["/photo.png"] = silent
    fetch.limits = Limits(silence=0.2)
    with pytest.raises(LinkTooSlow, match="does not answer in time"):
        fetch(server.link())


def test_a_length_that_is_too_long_by_a_lie_is_a_cut_connection(
    server: Server, fetch: Fetch, png: bytes
) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(png, length=str(len(png) + 1))
    with pytest.raises(NetworkFailed):
        fetch(server.link())


def test_a_length_that_is_too_short_by_a_lie_gives_that_much_and_no_more(
    server: Server, fetch: Fetch, png: bytes
) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(png, length="100")
    assert fetch(server.link()).read_bytes() == png[:100]  # which the decoder then calls damaged


def test_a_bomb_that_is_packed_for_the_way_ends_at_the_limit_of_bytes(server: Server, fetch: Fetch) -> None:
    bomb = gzip.compress(bytes(20 * 2**20))
    server.answers["/photo.png"] = lambda request: request.reply(bomb, Content_Encoding="gzip")
    fetch.limits = Limits(bytes=2**20)
    with pytest.raises(LinkTooLarge, match="has more than 1 MB"):
        fetch(server.link())
    assert sum(one.stat().st_size for one in fetch.folder.iterdir()) < 2**20 + 1_000


def test_a_head_without_end_is_a_network_error(server: Server, fetch: Fetch) -> None:
    def endless(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\n")
        while not request.ended.is_set():
            request.send(b"X-More: " + b"x" * 10_000 + b"\r\n")

    server.answers["/photo.png"] = endless
    with pytest.raises(NetworkFailed):
        fetch(server.link())


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "image/png", ""])
def test_a_page_where_an_image_was_promised_names_its_images(server: Server, fetch: Fetch, kind: str) -> None:
    page = b"<!DOCTYPE html><html><img src='/one.png'><a href='two.jpg'>two</a><a href='three.html'>no</a>"
    server.answers["/gallery/"] = lambda request: request.reply(page, Content_Type=kind)
    with pytest.raises(PageNotImage, match="is a page, not an image; it names 2 images") as caught:
        fetch(server.link("/gallery/"))
    links = [server.link("/one.png"), server.link("/gallery/two.jpg")]
    assert caught.value.as_job_error().details.splitlines() == links


def test_a_page_without_end_is_looked_through_to_its_limit(server: Server, fetch: Fetch) -> None:
    def page(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while not request.ended.is_set():
            request.send(b"<p>" * 1_000)

    server.answers["/photo.png"] = page
    fetch.limits = Limits(page_bytes=100_000)
    with pytest.raises(PageNotImage, match="names no image"):
        fetch(server.link())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", NoSuchLink),
        ("410 Gone", NoSuchLink),
        ("403 Forbidden", LinkRefused),
        ("204 No Content", LinkRefused),
        ("429 Too Many Requests", ServerFailed),
        ("500 Internal Server Error", ServerFailed),
        ("503 Service Unavailable", ServerFailed),
    ],
)
def test_g9_what_a_server_says_is_tried_again_where_that_can_help(
    server: Server, fetch: Fetch, status: str, kind: type[ImageQueueError]
) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(b"no", status)
    with pytest.raises(kind, match=status.partition(" ")[0]) as caught:
        fetch(server.link())
    assert caught.value.retryable is (kind is ServerFailed)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", 120),
        ("Wed, 21 Oct 2015 07:29:30 GMT", 90),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
        ("9" * 400, 86_400),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
    ],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_g9_a_server_that_asks_to_be_left_alone_is_heard(
    server: Server, fetch: Fetch, status: str, asked: str, wait: int
) -> None:
    server.answers["/photo.png"] = lambda request: request.reply(
        b"", status, Retry_After=asked, Date="Wed, 21 Oct 2015 07:28:00 GMT"
    )
    with pytest.raises(ServerFailed) as caught:
        fetch(server.link())
    assert caught.value.as_job_error().wait == wait
    assert ("It asks to be left alone for" in str(caught.value)) is bool(wait)


def test_nobody_listening_is_a_network_error(fetch: Fetch) -> None:
    with serving() as gone:
        pass
    with pytest.raises(NetworkFailed):
        fetch(gone.link())


def test_an_answer_that_is_no_http_is_a_network_error(server: Server, fetch: Fetch) -> None:
    server.answers["/photo.png"] = lambda request: request.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    with pytest.raises(NetworkFailed):
        fetch(server.link())


def test_a_certificate_that_nobody_vouches_for_is_refused(fetch: Fetch, png: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with serving(context) as server:
        server.answers["/photo.png"] = file_of(png)
        with pytest.raises(UntrustedServer, match="cannot show that it is what it says") as caught:
            fetch(server.link())
        assert not server.asked
        assert not caught.value.retryable


def test_a_certificate_for_another_server_is_refused(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("photos.invalid").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(context) as server, pytest.raises(UntrustedServer, match="localhost"):
        fetch(server.link())


def test_a_server_that_speaks_plainly_where_a_certificate_was_promised_is_not_trusted(fetch: Fetch) -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(UntrustedServer, match="cannot show that it is what it says"):
            fetch(f"https://localhost:{listener.getsockname()[1]}/photo.png")
        thread.join(10)


def test_a_certificate_that_the_environment_vouches_for_is_taken(
    fetch: Fetch, png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(context) as server:
        server.answers["/photo.png"] = file_of(png)
        assert fetch(server.link()).read_bytes() == png


def test_a_proxy_of_the_environment_is_used(
    server: Server, fetch: Fetch, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.link(""))
    server.answers["http://photos.invalid/a.png"] = file_of(png)
    assert fetch("http://photos.invalid/a.png").read_bytes() == png


def test_a_proxy_that_cannot_be_is_said(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "gopher://nowhere")
    with pytest.raises(NetworkFailed, match="proxy"):
        fetch("http://photos.invalid/a.png")


def test_a_full_disk_is_said_as_such(
    server: Server, fetch: Fetch, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/photo.png"] = file_of(png)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        fetch(server.link())
