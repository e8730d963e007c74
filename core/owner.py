"""Sees to it that one process owns a data folder, and passes other starts' requests on to that process (G14).

The ownership is a lock of the operating system on `owner.lock`: it ends with the process that holds it,
however that ends, so nothing stale can stand in the way. Beside it `owner.json`, readable by its user alone,
tells where the owner listens on this machine's loopback, and the key that both sides prove to know before
either says more. Requests and replies are JSON objects: what a stranger sends is at worst not understood.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from core.errors import Bug, ImageQueueError, QueueInUse, StoreUnusable
from core.settings import make_data_folder
from core.whole_file import write_whole

LOCK_NAME: Final = "owner.lock"
CARD_NAME: Final = "owner.json"

Request = Mapping[str, object]
Reply = Mapping[str, object]

log = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"
_GREETING: Final = b"image-queue-owner-1\n"
_NONCE: Final = 32  # bytes of a challenge; a proof has as many
_LARGEST: Final = 64 * 2**20  # bytes of a request or reply
_STRANGER: Final = 2.0  # seconds in which a caller must have proved that it knows the key
_PATIENCE: Final = 30.0  # seconds in which the rest of a request must have come
_CALLERS: Final = 32  # served at the same time; others wait
_LOCK_WAIT: Final = 0.3  # seconds: longer than another start holds the lock only to look
_RETRY: Final = 0.02  # seconds between two looks for an owner that is just starting


class Owner:
    """The ownership of one data folder. Made by `acquire`; ended by `release`, or with the process."""

    def __init__(self, data_dir: Path, lock: FileLock) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._key = secrets.token_bytes(32)
        self._listener = socket.create_server((_LOOPBACK, 0), backlog=128)
        self._room = threading.BoundedSemaphore(_CALLERS)
        self._thread: threading.Thread | None = None
        self._released = False

    @classmethod
    def acquire(cls, data_dir: Path) -> Owner:
        """Own the data folder, which is made when it is missing.

        Raises QueueInUse, its sentence naming the process that owns it, and StoreUnusable.
        """
        make_data_folder(data_dir)
        lock = FileLock(data_dir / LOCK_NAME, timeout=_LOCK_WAIT, mode=0o600, thread_local=False)
        try:
            lock.acquire(poll_interval=_RETRY)
        except Timeout:
            raise QueueInUse(in_use_sentence(data_dir)) from None
        except OSError as error:
            raise StoreUnusable(
                f"The data folder {data_dir} cannot be used: {error.strerror or error}."
            ) from error
        try:
            owner = cls(data_dir, lock)
            owner._write_card()
        except OSError as error:
            lock.release()
            raise StoreUnusable(
                f"The data folder {data_dir} cannot be used: {error.strerror or error}."
            ) from error
        return owner

    def _write_card(self) -> None:
        card = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "port": self._listener.getsockname()[1],
            "key": self._key.hex(),
        }
        write_whole(self._data_dir / CARD_NAME, json.dumps(card).encode())

    def serve(self, on_message: Callable[[Request], Reply]) -> None:
        """Answer requests from now on; those that came before were kept waiting.

        `on_message` is called in a thread of its own for each request, several at a time, and returns the
        reply. What it raises becomes a reply that is not ok, with its sentence.
        """
        assert self._thread is None, "serve is called once"
        self._thread = threading.Thread(
            target=self._accept, args=(on_message,), name="owner-listener", daemon=True
        )
        self._thread.start()

    def release(self) -> None:
        """Stop listening and give the data folder up. More calls do nothing."""
        if self._released:
            return
        self._released = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        if self._thread is not None:
            self._thread.join(timeout=1)
        with contextlib.suppress(OSError):
            (self._data_dir / CARD_NAME).unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Owner:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _accept(self, on_message: Callable[[Request], Reply]) -> None:
        while not self._released:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if not self._released:
                    time.sleep(_RETRY)  # out of file descriptors, for one: the next caller may be luckier
                continue
            self._room.acquire()
            try:
                threading.Thread(
                    target=self._answer, args=(connection, on_message), name="owner-caller", daemon=True
                ).start()
            except RuntimeError:  # no thread to be had
                connection.close()
                self._room.release()

    def _answer(self, connection: socket.socket, on_message: Callable[[Request], Reply]) -> None:
        try:
            with connection:
                wire = _Wire(connection, time.monotonic() + _STRANGER)
                challenge = secrets.token_bytes(_NONCE)
                wire.send(_GREETING + challenge)
                answer = wire.receive(2 * _NONCE)
                theirs, proof = answer[:_NONCE], answer[_NONCE:]
                if not hmac.compare_digest(proof, _proof(self._key, b"caller", challenge, theirs)):
                    return
                wire.send(_proof(self._key, b"owner", challenge, theirs))
                wire.deadline = time.monotonic() + _PATIENCE
                reply = _reply_to(wire.receive_object(), on_message)
                wire.deadline = time.monotonic() + _PATIENCE
                wire.send_object(reply)
        except (OSError, EOFError, ValueError, RecursionError) as error:
            log.debug("A caller was not understood: %r", error)
        finally:
            self._room.release()


def send_to_owner(data_dir: Path, message: Request, timeout: float = 10.0) -> Reply | None:
    """Send a request to the process that owns the data folder; returns its reply, or None without an owner.

    timeout: seconds to wait for an owner that is just starting, and again for its reply.
    Raises QueueInUse when there is an owner and it does not answer, or is on another machine.
    """
    deadline = time.monotonic() + timeout
    while is_owned(data_dir):
        card = _read_card(data_dir)
        if card is not None and card.host != socket.gethostname():
            raise QueueInUse(in_use_sentence(data_dir))
        connection = None if card is None else _connect(card)
        if card is not None and connection is not None:
            # A stranger here is a program that has the port of an owner that was killed: the new owner has
            # yet to say where it listens.
            with connection, contextlib.suppress(_StrangerError):
                try:
                    return _ask(connection, card, message, timeout)
                except (OSError, EOFError, ValueError) as error:
                    if not is_owned(data_dir):
                        return None  # it ended meanwhile
                    raise QueueInUse(in_use_sentence(data_dir) + " It did not answer in time.") from error
        if time.monotonic() >= deadline:
            raise QueueInUse(in_use_sentence(data_dir) + " It does not answer.")
        time.sleep(_RETRY)
    return None


def owner_pid(data_dir: Path) -> int | None:
    """Return the process id of the owner; None when nobody owns the data folder, 0 when it is not known."""
    if not is_owned(data_dir):
        return None
    card = _read_card(data_dir)
    return card.pid if card is not None else 0


def is_owned(data_dir: Path) -> bool:
    """Return whether a process owns the data folder now. Writes nothing but, for an instant, the lock."""
    path = data_dir / LOCK_NAME
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
    try:
        with lock:
            return False
    except Timeout:
        return True
    except OSError:
        return False  # not ours to lock: whoever tries to own it gets the sentence


def in_use_sentence(data_dir: Path) -> str:
    """Return the sentence that says who owns the data folder."""
    card = _read_card(data_dir)
    if card is None:
        return f"Another process is using the queue in {data_dir}."
    where = "" if card.host == socket.gethostname() else f" on {card.host}"
    return f"Process {card.pid}{where} is using the queue in {data_dir}."


@dataclass(frozen=True, slots=True)
class _Card:
    pid: int
    host: str
    port: int
    key: bytes


def _read_card(data_dir: Path) -> _Card | None:
    try:
        values = json.loads((data_dir / CARD_NAME).read_bytes())
        return _Card(
            int(values["pid"]), str(values["host"]), int(values["port"]), bytes.fromhex(values["key"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _StrangerError(Exception):
    """Who listens there does not know the key."""


def _connect(card: _Card) -> socket.socket | None:
    try:
        return socket.create_connection((_LOOPBACK, card.port), timeout=_STRANGER)
    except (OSError, OverflowError):
        return None


def _ask(connection: socket.socket, card: _Card, message: Request, timeout: float) -> Reply:
    wire = _Wire(connection, time.monotonic() + timeout)
    try:
        greeting = wire.receive(len(_GREETING) + _NONCE)
        if not greeting.startswith(_GREETING):
            raise _StrangerError
        challenge, own = greeting[len(_GREETING) :], secrets.token_bytes(_NONCE)
        wire.send(own + _proof(card.key, b"caller", challenge, own))
        if not hmac.compare_digest(wire.receive(_NONCE), _proof(card.key, b"owner", challenge, own)):
            raise _StrangerError
    except (ConnectionError, EOFError):
        raise _StrangerError from None
    wire.deadline = time.monotonic() + timeout
    wire.send_object(message)
    return wire.receive_object()


def _proof(key: bytes, side: bytes, challenge: bytes, answer: bytes) -> bytes:
    return hmac.digest(key, side + challenge + answer, hashlib.sha256)


def _reply_to(message: Request, on_message: Callable[[Request], Reply]) -> Reply:
    try:
        return on_message(message)
    except ImageQueueError as error:
        return {"ok": False, "code": error.code, "sentence": str(error)}
    except Exception as error:
        log.exception("A request could not be answered")
        return {"ok": False, "code": Bug.code, "sentence": f"Image Queue made a mistake: {error!r}."}


class _Wire:
    """Bytes and JSON objects over a socket, each read and write ended by one deadline (monotonic seconds)."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self.deadline = deadline

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the other side took too long")
        self._socket.settimeout(left)

    def send(self, content: bytes) -> None:
        self._wait()
        self._socket.sendall(content)

    def receive(self, length: int) -> bytes:
        parts, missing = [], length
        while missing:
            self._wait()
            part = self._socket.recv(min(missing, 2**20))
            if not part:
                raise EOFError("the other side hung up")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def send_object(self, value: Mapping[str, object]) -> None:
        # ASCII alone: names that are not Unicode stand as escapes and come back as they were.
        content = json.dumps(dict(value)).encode("ascii")
        if len(content) > _LARGEST:
            raise ValueError("the message is too large")
        self.send(struct.pack(">I", len(content)) + content)

    def receive_object(self) -> dict[str, object]:
        (length,) = struct.unpack(">I", self.receive(4))
        if length > _LARGEST:
            raise ValueError(f"a message of {length} bytes is refused")
        value = json.loads(self.receive(length))
        if not isinstance(value, dict):
            raise ValueError("a message is an object")
        return value
