"""Runs commands as a shell would, in this process and in others."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import core.cli.run
import core.slots
from core.cli import main
from core.cli.reading import reading
from core.status import JobQuery
from tests.core.cli.start import slots

ROOT = Path(__file__).parents[3]


@dataclass
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Ended]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("IMAGEQUEUE_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def command(data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(core.cli.run, "ProcessSlots", slots)

    def call(*argv: str | Path) -> Ended:
        capsys.readouterr()
        status = main([str(one) for one in argv])
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return call


@pytest.fixture
def real_work(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `command` do its work in worker processes, as the app does."""
    monkeypatch.setattr(core.cli.run, "ProcessSlots", core.slots.ProcessSlots)


@contextlib.contextmanager
def started(
    data_dir: Path, *argv: str | Path, module: str = "tests.core.cli.start"
) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, which is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, argv), "--data-dir", str(data_dir)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def states(data_dir: Path) -> list[str]:
    """The states of all jobs, by their ids."""
    with reading(data_dir) as reader:
        return [] if reader is None else [str(job.state) for job in reader.jobs(reader.find(JobQuery()))]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until what the process does has come about."""
    end = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
