"""A server on the loopback that speaks HTTP/2 alone, over TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamReset, WindowUpdated


@dataclass
class Http2Server:
    """Gives one file at every path, or what is left of it from the byte that is asked for."""

    content: bytes
    cut_at: int | None = None  # bytes after which the connection ends, once
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    def link(self, path: str = "/photo.png") -> str:
        return f"https://localhost:{self.port}{path}"


@contextlib.contextmanager
def serving_http2(context: ssl.SSLContext, content: bytes) -> Iterator[Http2Server]:
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    server = Http2Server(content, port=listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def listen() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=_answer, args=(server, context, plain), daemon=True)
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=listen, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(10)


def _answer(server: Http2Server, context: ssl.SSLContext, plain: socket.socket) -> None:
    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as line:
        assert line.selected_alpn_protocol() == "h2"
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        left: dict[int, bytes] = {}
        line.sendall(connection.data_to_send())
        while part := line.recv(65_536):
            for event in connection.receive_data(part):
                if isinstance(event, RequestReceived):
                    headers = {_text(name): _text(value) for name, value in event.headers}
                    server.asked.append(headers)
                    start = int(headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
                    whole = len(server.content)
                    answer = [(":status", "206" if start else "200"), ("etag", '"one"')]
                    answer.append(("content-length", str(whole - start)))
                    if start:
                        answer.append(("content-range", f"bytes {start}-{whole - 1}/{whole}"))
                    connection.send_headers(event.stream_id, answer)
                    left[event.stream_id] = server.content[start : server.cut_at]
                elif isinstance(event, StreamReset):
                    left.pop(event.stream_id, None)
                elif isinstance(event, WindowUpdated):
                    pass  # more of the file may go, below
            for stream, content in list(left.items()):
                left[stream] = _send(connection, stream, content)
                if not left[stream]:
                    if server.cut_at is not None:
                        server.cut_at = None
                        line.sendall(connection.data_to_send())
                        return
                    connection.end_stream(stream)
                    del left[stream]
            line.sendall(connection.data_to_send())


def _send(connection: H2Connection, stream: int, content: bytes) -> bytes:
    """Send as much as the other side takes just now; returns the rest."""
    while content:
        size = min(connection.local_flow_control_window(stream), connection.max_outbound_frame_size)
        if size <= 0:
            break
        connection.send_data(stream, content[:size])
        content = content[size:]
    return content


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("ascii")
