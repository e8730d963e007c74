"""The command line makes real images where PySide6 cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.core.cli.conftest import ROOT

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "qasync"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from core.cli import main
status = main(sys.argv[1:])
assert not {"PySide6", "PIL", "pyvips", "httpx"} & set(sys.modules), "the app loaded what only workers need"
sys.exit(status)
"""


def test_a_run_without_qt_makes_thumbnails_and_copies(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    Image.linear_gradient("L").resize((2400, 1600)).convert("RGB").save(photos / "a.jpg", quality=90)
    (photos / "notes.txt").write_text("hello")
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, "run", "--json", photos, photos / "notes.txt", "-o", out,
         "--workers", "1", "--data-dir", tmp_path / "data"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    *jobs, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert summary["summary"]["done"] == summary["summary"]["failed"] == 1
    made = next(job for job in jobs if job["state"] == "done")
    assert sorted((one["width"], one["height"]) for one in made["outputs"]) == [(256, 171), (1920, 1280)]
    for one in made["outputs"]:
        with Image.open(one["path"]) as image:
            assert image.size == (one["width"], one["height"])
    failed = next(job for job in jobs if job["state"] == "failed")
    assert failed["error"]["code"] == "not-an-image"
