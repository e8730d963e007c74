"""The real recipe editor on a photo, edited from within as by hands, and timed.

Run as a program: `python -m tests.benchmarks.edited PHOTO FOLDER` prints for each recipe a line of JSON with
the seconds from the last key to the preview with its exact size on the screen, for several edits, and to the
first size that is told. `rows` runs it alone, and beside four busy programs that yield as the workers do.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from qasync import QEventLoop

from core.preview import Previewer
from core.recipe.draft import read_draft
from core.recipe.shelf import Kept, new_path, write_kept
from gui.recipes.editor import RecipeEditor
from gui.recipes.shelf import RecipeShelf
from gui.tasks import Tasks
from gui.theme import apply_theme
from tests.benchmarks.photos import photos
from tests.benchmarks.row import Row
from tests.core.clocks import until

RECIPES: Final = {
    "1920 px JPEG": ("jpeg", "width = 1920, height = 1920"),
    "2048 px WebP": ("webp", "width = 2048, height = 2048"),
    "2048 px AVIF": ("avif", "width = 2048, height = 2048"),
}
EDITS: Final = 8  # of each; the first one warms up
BUSY: Final = 4  # programs beside it, in the place of workers with jobs
TARGET: Final = 0.5  # seconds
_PATIENCE: Final = 60.0  # seconds
_SPIN: Final = "import os\nos.nice(19)\nwhile True: sum(range(10_000))"


def keep(folder: Path, name: str) -> str:
    """Put a recipe of one output onto the shelf in a data folder; returns its key."""
    chosen, box = RECIPES[name]
    text = (
        f'name = "{name}"\n[[outputs]]\nname = "copy"\nformat = "{chosen}"\nquality = 70\n'
        f'template = "{{stem}}-copy"\noperations = [{{ do = "resize", {box} }}]\n'
    )
    path = new_path(folder, name, ())
    write_kept(Kept(path, read_draft(text)))
    return path


async def measured(editor: RecipeEditor) -> tuple[list[float], list[float]]:
    """Type another quality some times; the seconds to each exact size, and to the first that is told."""
    pane = editor.preview
    exact, first = [], []
    for number in range(EDITS):
        line = editor.form.controls["quality"].main
        assert isinstance(line, QLineEdit)
        before = pane.weight.text()
        line.selectAll()
        QTest.keyClicks(line, str(61 + 3 * number))
        began, told = time.perf_counter(), 0.0
        while not pane.weight.isEnabled() or pane.weight.text() == before:
            await asyncio.sleep(0.002)
            if not told and pane.weight.text() != before and any(map(str.isdigit, pane.weight.text())):
                told = time.perf_counter() - began
            assert time.perf_counter() - began < _PATIENCE, pane.trouble.text()
        pane.comparison.repaint()
        exact.append(time.perf_counter() - began)
        first.append(told or exact[-1])
        await asyncio.sleep(0.2)
    return exact[1:], first[1:]


async def drive(photo: str, folder: Path) -> None:
    """Open the editor on each recipe in turn, and print what is measured."""
    tasks = Tasks()
    keys = {name: keep(folder, name) for name in RECIPES}
    for name, key in keys.items():
        shelf = RecipeShelf(folder, tasks)
        await shelf.read()
        previewer = Previewer(folder)
        window = QWidget()
        editor = RecipeEditor(window, shelf, previewer, tasks, lambda key=key: key, lambda: [photo])  # type: ignore[misc]
        editor.show()
        await until(lambda facts=editor.preview.facts: bool(facts.text()), _PATIENCE)  # type: ignore[misc]
        exact, first = await measured(editor)
        print(json.dumps({"what": name, "exact": exact, "first": first}), flush=True)
        editor.close()
        await previewer.close()
        await shelf.close()
    await tasks.end()


def rows(env: dict[str, str], folder: Path) -> Iterator[Row]:
    """How soon an edit of a recipe is seen on a photo of twelve megapixels, with its size in bytes."""
    photo = photos(folder / "photo", 1).paths[0]
    for beside, number in (("", 0), (", four workers busy", BUSY)):
        with ExitStack() as stack:
            for _ in range(number):
                spinning = subprocess.Popen([sys.executable, "-c", _SPIN])
                stack.callback(spinning.wait)
                stack.callback(spinning.kill)
            arguments = [str(photo), str(folder / f"beside-{number}")]
            printed = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.edited", *arguments],
                env=env, check=True, text=True, stdout=subprocess.PIPE,
            ).stdout  # fmt: skip
        for line in map(json.loads, printed.splitlines()):
            exact, first = (sorted(line[one])[len(line[one]) // 2] for one in ("exact", "first"))
            more = f", {first:.2f} s to an estimate" if first < exact - 0.05 else ""
            what = f"from an edit to its preview, 12 MP to {line['what']}{beside}"
            yield Row(what, f"{exact:.2f} s{more}", f"{TARGET:g} s", first <= TARGET)


def main() -> None:
    """See the top."""
    app = QApplication(sys.argv[:1])
    apply_theme(app)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        runner.run(drive(sys.argv[1], Path(sys.argv[2])))


if __name__ == "__main__":
    main()
