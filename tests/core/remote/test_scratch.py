"""What a worker has on the way is removed at its end, also when that was sudden."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.remote.scratch import scratch_folder

HOLD = """\
import sys
from core.remote.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "image").write_bytes(b"on the way")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_worker_left_is_removed_by_the_next_and_nothing_of_one_that_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "another's").mkdir()
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lives:
        assert lives.stdout is not None
        alive = Path(lives.stdout.readline().strip())
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dies:
            assert dies.stdout is not None
            left = Path(dies.stdout.readline().strip())
            dies.kill()
        assert (left / "image").exists()
        with scratch_folder() as mine:
            assert set(tmp_path.iterdir()) == {tmp_path / "another's", alive, mine}
            assert (alive / "image").exists()
        assert not mine.exists()
        assert lives.stdin is not None
        lives.stdin.close()
    assert {one.name for one in tmp_path.iterdir()} == {"another's"}
