"""One process owns a data folder, and hears what other starts ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import owner as owner_module
from core.errors import BadUsage, QueueInUse, StoreUnusable
from core.owner import CARD_NAME, LOCK_NAME, Owner, Reply, Request, is_owned, owner_pid, send_to_owner

HOLD = """
import sys
from pathlib import Path
from core.owner import Owner
owner = Owner.acquire(Path(sys.argv[1]))
owner.serve(lambda message: {"ok": True, "echo": message["paths"]})
print("owned", flush=True)
sys.stdin.read()
owner.release()
"""

RACE = """
import sys
from pathlib import Path
from core.errors import QueueInUse
from core.owner import Owner, send_to_owner
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    owner = Owner.acquire(folder)
    owner.serve(lambda message: {"ok": True})
    print("won", flush=True)
    sys.stdin.readline()
    owner.release()
except QueueInUse as error:
    reply = send_to_owner(folder, {"do": "open", "paths": []})
    print("lost", reply, flush=True)
"""


@contextlib.contextmanager
def python(script: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()


@contextlib.contextmanager
def serving(folder: Path, answer: Callable[[Request], Reply] | None = None) -> Iterator[list[Request]]:
    heard: list[Request] = []

    def hear(message: Request) -> Reply:
        heard.append(message)
        return {"ok": True, "count": len(heard)} if answer is None else answer(message)

    with Owner.acquire(folder) as owner:
        owner.serve(hear)
        yield heard


def test_g14_a_second_process_is_refused_with_the_firsts_pid_and_its_paths_reach_the_first(
    tmp_path: Path,
) -> None:
    with python(HOLD, tmp_path) as first:
        assert said(first) == "owned"
        with pytest.raises(QueueInUse, match=f"Process {first.pid} is using the queue"):
            Owner.acquire(tmp_path)
        assert owner_pid(tmp_path) == first.pid
        paths = ["/photos/caf\udce9.jpg", "/photos/☕ \x1b[31m.png", "/" + "x" * 100_000]
        assert send_to_owner(tmp_path, {"do": "open", "paths": paths}) == {"ok": True, "echo": paths}


def test_g14_two_starts_at_once_have_exactly_one_winner(tmp_path: Path) -> None:
    with python(RACE, tmp_path) as first, python(RACE, tmp_path) as second:
        assert said(first) == said(second) == "ready"
        tell(first, "\n")
        tell(second, "\n")
        ends = sorted([said(first), said(second)])
        assert ends == ["lost {'ok': True}", "won"]


def test_g14_nothing_of_a_killed_owner_stands_in_the_way(tmp_path: Path) -> None:
    with python(HOLD, tmp_path) as first:
        assert said(first) == "owned"
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert (tmp_path / CARD_NAME).exists()
        assert (tmp_path / LOCK_NAME).exists()
        assert owner_pid(tmp_path) is None
        assert send_to_owner(tmp_path, {"do": "open"}) is None
        with Owner.acquire(tmp_path):
            assert owner_pid(tmp_path) == os.getpid()


def test_nobody_owns_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert send_to_owner(tmp_path / "missing", {"do": "open"}) is None
    assert not is_owned(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_a_released_folder_can_be_owned_again(tmp_path: Path) -> None:
    owner = Owner.acquire(tmp_path)
    assert is_owned(tmp_path)
    owner.release()
    owner.release()
    assert not is_owned(tmp_path)
    assert not (tmp_path / CARD_NAME).exists()
    Owner.acquire(tmp_path).release()


def test_the_key_is_readable_by_its_user_alone(tmp_path: Path) -> None:
    with Owner.acquire(tmp_path / "new"):
        assert stat.S_IMODE((tmp_path / "new" / CARD_NAME).stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_request_sent_before_the_owner_listens_is_answered_when_it_does(tmp_path: Path) -> None:
    with Owner.acquire(tmp_path) as owner:
        replies: list[Reply | None] = []
        early = threading.Thread(target=lambda: replies.append(send_to_owner(tmp_path, {"do": "open"})))
        early.start()
        owner.serve(lambda message: {"ok": True, "heard": message["do"]})
        early.join(timeout=10)
        assert replies == [{"ok": True, "heard": "open"}]


def test_what_the_owner_cannot_do_comes_back_as_a_sentence(tmp_path: Path) -> None:
    def refuse(message: Request) -> Reply:
        if message.get("do") == "nonsense":
            raise BadUsage("There is nothing called nonsense.")
        raise KeyError("ids")

    with serving(tmp_path, refuse):
        reply = send_to_owner(tmp_path, {"do": "nonsense"})
        assert reply == {"ok": False, "code": "bad-usage", "sentence": "There is nothing called nonsense."}
        reply = send_to_owner(tmp_path, {"do": "retry"})
        assert reply is not None
        assert reply["code"] == "bug"


def address(folder: Path) -> tuple[str, int]:
    return "127.0.0.1", json.loads((folder / CARD_NAME).read_text())["port"]


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n" + b"x" * 64, b"\xff" * 1_000_000, b""], ids=["http", "much", "nothing"]
)
def test_a_stranger_learns_nothing_and_hurts_nothing(tmp_path: Path, junk: bytes) -> None:
    with serving(tmp_path) as heard:
        with socket.create_connection(address(tmp_path), timeout=10) as stranger:
            with contextlib.suppress(OSError):  # it may be hung up on in the middle
                stranger.sendall(junk)
                stranger.shutdown(socket.SHUT_WR)
            assert len(read_to_end(stranger)) <= len(owner_module._GREETING) + 32
        assert heard == []
        assert send_to_owner(tmp_path, {"do": "open"}) == {"ok": True, "count": 1}


def test_a_caller_with_the_wrong_key_is_hung_up_on(tmp_path: Path) -> None:
    with serving(tmp_path) as heard:
        card = json.loads((tmp_path / CARD_NAME).read_text())
        other = tmp_path / "other"
        with Owner.acquire(other):
            (other / CARD_NAME).write_text(json.dumps(card | {"key": "00" * 32}))
            with pytest.raises(QueueInUse, match="does not answer"):
                send_to_owner(other, {"do": "open"}, timeout=0.1)
        assert heard == []


def test_silent_strangers_do_not_keep_a_caller_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "_STRANGER", 0.1)
    with serving(tmp_path) as heard, contextlib.ExitStack() as strangers:
        for _ in range(40):
            strangers.enter_context(socket.create_connection(address(tmp_path)))
        assert send_to_owner(tmp_path, {"do": "open"}) == {"ok": True, "count": 1}
        assert len(heard) == 1


@pytest.mark.parametrize(
    "body",
    [b"[1, 2]", b"{", b"\xff", b"[" * 100_000, None],
    ids=["a list", "cut off", "no text", "deep", "huge"],
)
def test_a_message_that_is_no_object_or_is_huge_is_refused(tmp_path: Path, body: bytes | None) -> None:
    """Even one who knows the key cannot make the owner read on without end."""
    with serving(tmp_path) as heard:
        card = owner_module._read_card(tmp_path)
        assert card is not None
        with socket.create_connection(address(tmp_path), timeout=10) as caller:
            wire = owner_module._Wire(caller, time.monotonic() + 10)
            challenge = wire.receive(len(owner_module._GREETING) + 32)[-32:]
            wire.send(b"n" * 32 + owner_module._proof(card.key, b"caller", challenge, b"n" * 32))
            wire.receive(32)
            wire.send(struct.pack(">I", 2**32 - 1 if body is None else len(body)) + (body or b""))
            assert read_to_end(caller) == b""
        assert heard == []
        assert send_to_owner(tmp_path, {"do": "open"}) == {"ok": True, "count": 1}


def test_a_program_on_the_port_of_a_killed_owner_is_told_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter, Owner.acquire(tmp_path) as owner:
        card = json.loads((tmp_path / CARD_NAME).read_text())
        stale = card | {"port": squatter.getsockname()[1], "key": "11" * 32}
        (tmp_path / CARD_NAME).write_text(json.dumps(stale))
        owner.serve(lambda message: {"ok": True})
        got: list[bytes] = []

        def squat() -> None:
            connection, _ = squatter.accept()
            with connection:
                connection.sendall(owner_module._GREETING + b"c" * 32 + b"?" * 32)
                (tmp_path / CARD_NAME).write_text(json.dumps(card))
                got.append(read_to_end(connection))

        thread = threading.Thread(target=squat)
        thread.start()
        assert send_to_owner(tmp_path, {"do": "open", "paths": ["/secret"]}) == {"ok": True}
        thread.join(timeout=10)
        assert b"secret" not in got[0]
        assert len(got[0]) == 64


def test_an_owner_on_another_machine_is_named(tmp_path: Path) -> None:
    with Owner.acquire(tmp_path):
        card = json.loads((tmp_path / CARD_NAME).read_text())
        (tmp_path / CARD_NAME).write_text(json.dumps(card | {"host": "elsewhere", "pid": 7}))
        with pytest.raises(QueueInUse, match="Process 7 on elsewhere"):
            send_to_owner(tmp_path, {"do": "open"})


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"pid": 1, "host": 2, "port": "x", "key": 4}']
)
def test_a_damaged_card_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CARD_NAME).write_bytes(content)
    assert send_to_owner(tmp_path, {"do": "open"}) is None
    with Owner.acquire(tmp_path):
        (tmp_path / CARD_NAME).write_bytes(content)
        assert owner_pid(tmp_path) == 0
        with pytest.raises(QueueInUse, match="Another process"):
            send_to_owner(tmp_path, {"do": "open"}, timeout=0.05)


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="not a folder"):
        Owner.acquire(tmp_path / "file")
    (tmp_path / "odd" / LOCK_NAME).mkdir(parents=True)
    with pytest.raises(StoreUnusable, match="cannot be used"):
        Owner.acquire(tmp_path / "odd")
