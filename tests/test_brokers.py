"""The brokers that other tests need: they keep what they were told, and leave nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kombu import Connection

from tests.brokers import BROKERS, Broker, broker_in
from tests.core.processes import is_gone, until

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """\
import sys, time
from pathlib import Path
from kombu import Connection
from tests.brokers import BROKERS
from tests.test_brokers import put
with BROKERS[sys.argv[1]](Path(sys.argv[2])) as broker:
    put(broker, "kept")
    print("started", flush=True)
    time.sleep(600)
"""


def put(broker: Broker, word: str) -> None:
    options = {"confirm_publish": True} if broker.kind == "rabbitmq" else {}
    with Connection(broker.url, transport_options=options) as line, line.SimpleQueue("words") as queue:
        queue.put(word)


def take(broker: Broker) -> object:
    with Connection(broker.url) as line, line.SimpleQueue("words") as queue:
        message = queue.get(timeout=20)
        message.ack()
        return message.payload


def of_folder(folder: Path) -> list[int]:
    """The processes that work in a folder or below, or were told of it, which helpers of helpers are."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                inside = str(folder) in f"{(entry / 'cwd').readlink()}\0{(entry / 'environ').read_text()}"
            except (OSError, UnicodeDecodeError):
                continue
            if inside:
                found.append(int(entry.name))
    return found


def listening(pids: list[int]) -> set[str]:
    """The addresses at which processes listen, in the hexadecimal words of /proc/net."""
    sockets = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            sockets.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    return {words[1].partition(":")[0] for words in lines if words[3] == "0A" and words[9] in sockets}


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize("kind", BROKERS)
def test_a_broker_ends_with_its_test_and_keeps_what_it_was_told(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    broker = broker_in(kind, folder)
    command = [sys.executable, "-c", PROGRAM, kind, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as test:
        try:
            assert test.stdout is not None
            assert test.stdout.readline() == "started\n"
            helpers = of_folder(folder)
            assert len(helpers) >= (4 if kind == "rabbitmq" else 1)
            # 127.0.0.1 and ::1
            assert listening(helpers) <= {"0100007F", "00000000000000000000000001000000"}
        finally:
            test.kill()
    until(lambda: all(is_gone(pid) for pid in helpers))
    with broker:
        assert take(broker) == "kept"
        helpers = of_folder(folder)
    until(lambda: all(is_gone(pid) for pid in helpers))
