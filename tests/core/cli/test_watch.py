"""`imagequeue watch` runs until it is stopped, and takes what arrives."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.core.cli.conftest import Command, started, states, wait_for


def test_it_takes_what_is_there_and_what_arrives_until_stopped(photos: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    (photos / "a.jpg").write_bytes(b"1")
    with started(data_dir, "watch", photos, "--priority", "high") as process:
        wait_for(lambda: states(data_dir) == ["done"], process)
        (photos / "b.jpg").write_bytes(b"2")
        wait_for(lambda: states(data_dir) == ["done", "done"], process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert f"{photos}: Watching." in err
    assert "Stopped watching, with 0 left in the queue." in err


def test_only_folders_can_be_watched(command: Command, photos: Path) -> None:
    (photos / "a.jpg").touch()
    ended = command("watch", photos / "a.jpg")
    assert ended.status == 2
    assert "Only folders can be watched" in ended.err
