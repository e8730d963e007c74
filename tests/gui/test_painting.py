"""The window waits for no other threads when it paints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, os, sys
from pathlib import Path
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QColor
from gui.painting import paint_in_one_thread

app = QGuiApplication(["x", "-platform", "offscreen"])
if sys.argv[1] == "one":
    paint_in_one_thread()
picture = QImage(1000, 1000, QImage.Format.Format_ARGB32_Premultiplied)
painter = QPainter(picture)
painter.setRenderHint(QPainter.RenderHint.Antialiasing)
painter.setBrush(QColor(10, 20, 30, 40))
painter.drawEllipse(picture.rect())
painter.end()
names = [(one / "comm").read_text().strip() for one in Path("/proc/self/task").iterdir()]
print(json.dumps([sum("ool" in name for name in names), "QT_NO_GUI_THREADPOOL" in os.environ]), flush=True)
os._exit(0)
"""


def pooled(how: str) -> list[object]:
    """How many threads of a pool a large shape has begun, and whether the variable is there afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, cwd=ROOT, check=True
    )
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads by /proc")
def test_a_large_shape_is_filled_in_one_thread_and_what_is_started_hears_nothing_of_it() -> None:
    assert pooled("one") == [0, False]
    assert pooled("many") != [0, False], "Qt shares nothing out any more: it needs no telling"
