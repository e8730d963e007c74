"""A small file is written so that a crash leaves the old one or the new one, and nothing else for long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.whole_file import write_whole

ROOT = Path(__file__).parents[2]
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from core.whole_file import write_whole
setattr(os, sys.argv[2], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
write_whole(Path(sys.argv[1]), b"new")
"""


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_g4_a_kill_leaves_the_old_file_and_the_next_writing_leaves_nothing_beside_it(
    tmp_path: Path, step: str
) -> None:
    path = tmp_path / "owner.json"
    write_whole(path, b"old")
    for _ in range(3):
        killed = subprocess.run([sys.executable, "-c", KILLED_AT, str(path), step], cwd=ROOT, check=False)
        assert killed.returncode == -9
    assert path.read_bytes() == b"old"
    write_whole(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["owner.json"]


def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "owner.json"
    write_whole(path, b"a key")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    (tmp_path / ".owner.json.new").symlink_to(other)
    write_whole(tmp_path / "owner.json", b"a key")
    assert other.read_bytes() == b"mine"
