"""A server on the loopback that answers as a test says, byte by byte, well or badly."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[["Request"], None]


@dataclass
class Request:
    """What was asked, and the socket to answer on."""

    path: str
    headers: dict[str, str]
    socket: socket.socket
    ended: threading.Event

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def reply(self, body: bytes = b"", status: str = "200 OK", length: str = "", **headers: str) -> None:
        """Send an answer; `length` is what it says, which may be a lie."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {length or len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)


@dataclass
class Server:
    """Answers each path by a function; what was asked is kept."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    def link(self, path: str = "/photo.png") -> str:
        return f"{self.scheme}://localhost:{self.port}{path}"


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server; all its connections end with it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(port=listener.getsockname()[1], scheme="https" if tls else "http")
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65_536)
                if not part:
                    return
                head += part
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in lines if line)
            headers = {name.lower(): value for name, _, value in pairs}
            request = Request(first.split(" ")[1], headers, connection, ended)
            server.asked.append(request)
            known = server.answers.get(request.path.partition("?")[0], nothing_there)
            known(request)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=answer, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=listen, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)
        for thread in threads:
            thread.join(10)


def file_of(content: bytes, tag: str = '"one"', **headers: str) -> Answer:
    """Answer with a file, or from the byte that is asked for."""

    def answer(request: Request) -> None:
        start = _start_of(request)
        if start and request.headers.get("if-range") == tag:
            whole = len(content)
            request.reply(
                content[start:], "206 Partial Content",
                Content_Range=f"bytes {start}-{whole - 1}/{whole}", ETag=tag, **headers,
            )  # fmt: skip
        else:
            request.reply(content, ETag=tag, **headers)

    return answer


def cut_at(content: bytes, at: int, then: Answer, tag: str = '"one"') -> Answer:
    """Promise a file and end the connection after `at` bytes; from the second time on answer well."""
    cut = iter([True])

    def answer(request: Request) -> None:
        if next(cut, False):
            request.reply(content[:at], length=str(len(content)), ETag=tag)
        else:
            then(request)

    return answer


def nothing_there(request: Request) -> None:
    """Answer that there is nothing."""
    request.reply(status="404 Not Found")


def redirect_to(target: str) -> Answer:
    """Answer that it is elsewhere."""
    return lambda request: request.reply(status="302 Found", Location=target)


def _start_of(request: Request) -> int:
    return int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
