"""Brokers for tests: a real rabbitmq-server and a real redis-server, on free ports of this machine alone.

Each is an ordinary child process with a folder of its own. It is gone, with all that it started, when its
`with` statement ends or when this process does, however that comes about.

Measured on two cores, from the start to the first answer: rabbitmq-server 2.3 s, of which two are the
processor's (3.4 s with all of its plugins to look through), redis-server 0.03 s.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import pytest

from core.guard import Guard

USER: Final = "queue"
PASSWORD: Final = "a secret/with@signs"
"""What the brokers ask for; a password that has to be quoted, and must not be seen anywhere."""

_START: Final = 60.0  # seconds until a broker that does not answer is given up
_LOOK_EVERY: Final = 0.02  # seconds
_HOW: Final = "`resources/setup/prepare brokers` installs it"
_RABBITMQ: Final = ("/usr/lib/rabbitmq/bin/rabbitmq-server",)
"""Where the server's own script is: Debian's in /usr/sbin changes to another user first, and wants root."""


class Broker(ABC):
    """One broker, for a `with` statement; it may be killed, frozen, and started again on the same data."""

    kind: str

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []  # the broker itself is the last
        self._guard: Guard | None = None

    @staticmethod
    @abstractmethod
    def why_not() -> str:
        """Return what is missing on this machine, a sentence; "" when it can be started."""

    @property
    def url(self) -> str:
        """The address with the password in it."""
        return self.url_at(self.port)

    @abstractmethod
    def url_at(self, port: int) -> str:
        """Return the address by way of another port, such as a relay's."""

    @property
    def pid(self) -> int:
        """The process that is the broker."""
        return self._processes[-1].pid

    def __enter__(self) -> Self:
        self._guard = Guard()
        try:
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @abstractmethod
    def start(self) -> None:
        """Start it on what it has kept, and wait until it answers."""

    def kill(self) -> None:
        """Kill it as a power cut would; what it has on the disk stays."""
        self._end(self._processes.pop())

    def freeze(self) -> None:
        """Let it stand still: its connections stay, and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def said(self) -> str:
        """Return the end of what it printed, for the message of a failure."""
        return "\n".join(
            path.read_text(encoding="utf-8", errors="replace")[-3_000:] for path in self.folder.glob("*.out")
        )

    def _run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        assert self._guard is not None, "use it in a `with` statement"
        with (self.folder / f"{Path(command[0]).name}.out").open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        self._guard.watch(process.pid)
        self._processes.append(process)
        return process

    def _answers(self, process: subprocess.Popen[bytes], said: bytes, wanted: bytes) -> bool:
        """Wait until it answers what is said to it with what is wanted; False when it ends before."""
        deadline = time.monotonic() + _START
        while process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5.0) as line:
                line.sendall(said)
                heard = b""
                while chunk := line.recv(1_024):
                    heard += chunk
                    if wanted in heard:
                        return True
            assert time.monotonic() < deadline, f"{self.kind} does not answer: {self.said()}"
            time.sleep(_LOOK_EVERY)
        return False

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._guard is not None:
            self._guard.forget(process.pid)

    def _close(self) -> None:
        while self._processes:
            self._end(self._processes.pop())
        if self._guard is not None:
            self._guard.close()
            self._guard = None


class RabbitMQ(Broker):
    """A node of RabbitMQ without plugins, with an epmd of its own."""

    kind = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._names, self._distribution = free_port(), free_port()  # of epmd, and of Erlang's own protocol
        self._all_plugins = False

    @staticmethod
    def why_not() -> str:
        """Return what is missing here; see `Broker.why_not`."""
        missing = [name for name in ("erl", "epmd") if shutil.which(name) is None]
        if _script() is None:
            missing.insert(0, "rabbitmq-server")
        return f"{', '.join(missing)} not found: {_HOW}" if missing else ""

    def url_at(self, port: int) -> str:
        """Return the address by way of a port; see `Broker.url_at`."""
        return f"amqp://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}//"

    def start(self) -> None:
        """Start it, and wait until it answers; see `Broker.start`."""
        if not self._processes:
            self._prepare()
            self._run(["epmd", "-port", str(self._names), "-address", "127.0.0.1"])
        if not self._started():
            self._all_plugins = True  # of a version whose core needs more of them
            self._lay_out()
            assert self._started(), f"RabbitMQ has ended: {self.said()}"

    def _started(self) -> bool:
        command = [str(self.folder / "server" / "sbin" / "rabbitmq-server")]
        process = self._run(command, self._environment())
        if self._answers(process, b"AMQP\0\0\x09\x01", b"RabbitMQ"):
            return True
        self._end(self._processes.pop())
        return False

    def _prepare(self) -> None:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text("of-a-test", encoding="ascii")
            cookie.chmod(0o400)
        (self.folder / "enabled_plugins").write_text("[].\n", encoding="ascii")
        (self.folder / "rabbitmq.conf").write_text(self.configuration(), encoding="ascii")
        self._lay_out()

    def configuration(self) -> str:
        """Return what it is told of how to be."""
        return (
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"default_user = {USER}\n"
            f"default_pass = {PASSWORD}\n"
            "disk_free_limit.absolute = 1MB\n"  # a nearly full disk is not what is tested
            "log.file.level = warning\n"
        )

    def _lay_out(self) -> None:
        """Lay out the server by links, with few plugins: to look through all takes a third of a start."""
        script = _script()
        assert script is not None, self.why_not()
        server = self.folder / "server"
        shutil.rmtree(server, ignore_errors=True)
        home = script.resolve().parents[1]
        for name in ("sbin", "plugins"):
            (server / name).mkdir(parents=True)
            for path in (home / name).iterdir():
                if name == "sbin" or self._all_plugins or not _is_extra(path.name):
                    (server / name / path.name).symlink_to(path)

    def _environment(self) -> dict[str, str]:
        folder, server = self.folder, self.folder / "server"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SCRIPTS_DIR": str(server / "sbin"),
            "RABBITMQ_PLUGINS_DIR": str(server / "plugins"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_NODENAME": "imagequeue@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the server, and is not its parent
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -sname imagequeue@localhost"
            " -kernel inet_dist_use_interface {127,0,0,1}",
        }


class Redis(Broker):
    """A Redis that keeps what it was told before it answers."""

    kind = "redis"

    @staticmethod
    def why_not() -> str:
        """Return what is missing here; see `Broker.why_not`."""
        return "" if shutil.which("redis-server") else f"redis-server not found: {_HOW}"

    def url_at(self, port: int) -> str:
        """Return the address by way of a port; see `Broker.url_at`."""
        return f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers; see `Broker.start`."""
        (self.folder / "redis.conf").write_text(self.configuration(), encoding="ascii")
        process = self._run(["redis-server", str(self.folder / "redis.conf")])
        said = f'AUTH "{PASSWORD}"\r\nPING\r\n'.encode()
        assert self._answers(process, said, b"+PONG"), f"Redis has ended: {self.said()}"

    def configuration(self) -> str:
        """Return what it is told of how to be."""
        return (
            f'bind 127.0.0.1\nport {self.port}\nrequirepass "{PASSWORD}"\n'
            f'dir "{self.folder}"\nsave ""\nappendonly yes\nappendfsync always\n'
        )


BROKERS: Final[dict[str, type[Broker]]] = {one.kind: one for one in (RabbitMQ, Redis)}


def free_port() -> int:
    """Return a port of this machine that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def broker_in(kind: str, folder: Path) -> Broker:
    """Return a broker of this kind, not started yet; skip the test where it is not installed."""
    why = BROKERS[kind].why_not()
    if why:
        pytest.skip(why)
    return BROKERS[kind](folder)


def _script() -> Path | None:
    """Return the script that starts RabbitMQ, as far as it is here."""
    on_path = shutil.which("rabbitmq-server")
    for name in (*_RABBITMQ, *([on_path] if on_path else [])):
        path = Path(name)
        if path.is_file() and (path.resolve().parents[1] / "plugins").is_dir():
            return path
    return None


def _is_extra(plugin: str) -> bool:
    return plugin.startswith("rabbitmq_") and not plugin.startswith("rabbitmq_prelaunch")
