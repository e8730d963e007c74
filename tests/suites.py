"""Walks folders of test images that were made elsewhere: `python -m tests.suites DIR...`.

Without a folder it walks the one that IMAGEQUEUE_SUITES names. Each file has to end as done, or as a failure
with a sentence; a crashed worker, an attempt out of time or memory, or a mistake of ours makes the exit
status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from core.executor import Done, Failed, Task
from core.imaging.decode import load, open_source
from core.imaging.upright import set_upright
from core.operations import Thumbnail
from core.recipe import Existing, Output, Recipe
from core.slots import ProcessSlots
from tests.core.imaging.pictures import decibels

VARIABLE: Final = "IMAGEQUEUE_SUITES"

_TURNED: Final = re.compile(
    r"(?P<name>.*(?:orientation|landscape|portrait))_(?P<number>[1-8])(?P<suffix>\.\w+)", re.IGNORECASE
)
_ALIKE: Final = 22.0  # decibels
_SLOTS: Final = 2
_SECONDS: Final = 60.0  # for one file
_MEMORY: Final = 2 * 2**30  # bytes for one file
_OURS: Final = frozenset(
    {"bug", "worker-crashed", "timed-out", "out-of-memory", "format-unavailable", "error"}
)
_OUTPUTS: Final = (
    Output("thumbnail", (Thumbnail(64),), "png"),
    Output("whole", (), None),
    Output("web", (), "webp", effort=0),
)


async def walk(folders: Sequence[Path], target: Path) -> tuple[Counter[str], list[str]]:
    """Work on every file below the folders.

    Returns how many ended in which way, and what was said: faults begin with an exclamation mark.
    """
    files = sorted(one for folder in folders for one in folder.rglob("*") if one.is_file())
    recipe = Recipe("suites", _OUTPUTS, folder=str(target), existing=Existing.NUMBER).to_json()
    counts: Counter[str] = Counter()
    said: list[str] = []
    left = iter(enumerate(files, 1))
    slots = ProcessSlots(memory_limit=_MEMORY)
    await slots.start(_SLOTS, lambda _job, _fraction: None)

    async def work(slot: int) -> None:
        for number, file in left:
            task = Task(number, 1, str(file), recipe, index=number, temp_tag=f"t{number}", timeout=_SECONDS)
            outcome = await slots.run(slot, task)
            match outcome:
                case Done():
                    counts["done"] += 1
                case Failed(error):
                    counts[error.code] += 1
                    fault = error.code in _OURS or not error.message.endswith((".", "!"))
                    details = f"\n{error.details}" if fault else ""
                    said.append(f"{'!' * fault}{file}: {error.code}: {error.message}{details}")
                case _:
                    said.append(f"!{file}: {outcome}")

    try:
        await asyncio.gather(*(work(slot) for slot in range(_SLOTS)))
    finally:
        await slots.close()
    return counts, said


def turned_alike(folders: Sequence[Path]) -> tuple[int, list[str]]:
    """Compare images that differ by their orientation alone, named as `a_1.jpg` to `a_8.jpg` are.

    Returns how many there were, and which come out unlike the one of the lowest number.
    """
    groups: dict[tuple[Path, str, str], dict[int, Path]] = {}
    for file in sorted(one for folder in folders for one in folder.rglob("*")):
        match = _TURNED.fullmatch(file.name)
        if match is not None:
            group = groups.setdefault((file.parent, match["name"], match["suffix"].lower()), {})
            group[int(match["number"])] = file
    compared, unlike = 0, []
    for group in groups.values():
        upright = {number: _upright(file) for number, file in group.items()}
        first = upright[min(upright)]
        for number, picture in upright.items():
            compared += 1
            if picture.size != first.size or decibels(picture, first) < _ALIKE:
                unlike.append(str(group[number]))
    return compared, unlike


def _upright(file: Path) -> Image.Image:
    with open_source(str(file)) as source:
        whole = set_upright(load(source, None, fast=True), source.carried.orientation).convert("RGB")
    return whole.resize((max(1, whole.width // 4), max(1, whole.height // 4)), Image.Resampling.BOX)


def main(argv: Sequence[str] | None = None) -> int:
    """Walk, and print how the files ended; 1 when one of them ended in a fault, or there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--failures", action="store_true", help="also print what is said of bad files")
    options = parser.parse_args(argv)
    folders = options.folders
    if not folders and os.environ.get(VARIABLE):
        folders = [Path(os.environ[VARIABLE])]
    if not folders:
        parser.error(f"give a folder, or name one in {VARIABLE}")
    with tempfile.TemporaryDirectory() as target:
        counts, said = asyncio.run(walk(folders, Path(target)))
    compared, unlike = turned_alike(folders)
    said += [f"!{one}: it comes out unlike those of other orientations" for one in unlike]
    faults = [one for one in said if one.startswith("!")]
    for one in said if options.failures else faults:
        sys.stdout.write(f"{one}\n")
    told = ", ".join(f"{number} {how}" for how, number in counts.most_common())
    sys.stdout.write(
        f"{counts.total()} files: {told or 'none'}; {compared} in orientations; {len(faults)} faults\n"
    )
    return int(bool(faults) or not counts)


if __name__ == "__main__":
    raise SystemExit(main())
