"""Make pictures of every state of the window: `python -m tests.pictures FOLDER [LOOK...]`.

Each look (dark, at twice the size, with long texts, from right to left ...) is a process with a screen of its
own, and gets a folder of pictures and one sheet that shows them all side by side. Without a LOOK, all.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from tests.e2e.screen import Screen, missing_programs

ROOT: Final = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1366, 800  # of the screen at 100 %: a usual small one
TILE: Final = 900  # pixels: the width of a picture on a sheet


@dataclass(frozen=True)
class Look:
    """How the window looks in one run."""

    scheme: str = "light"
    scale: int = 1
    texts: str = "plain"  # or twice, mirrored, or the key of a language
    font: int = 100  # per cent of the usual size


LOOKS: Final = {
    "light": Look(),
    "dark": Look(scheme="dark"),
    "light-200": Look(scale=2),
    "dark-200": Look(scheme="dark", scale=2),
    "long": Look(texts="twice"),
    "right-to-left": Look(texts="mirrored"),
    "right-to-left-dark": Look(scheme="dark", texts="mirrored"),
    "large-font": Look(font=160),
    "german": Look(texts="de"),
    "german-dark": Look(scheme="dark", texts="de"),
    "french": Look(texts="fr"),
    "chinese": Look(texts="zh_CN"),  # where the system has letters for it
}


def make(name: str, folder: Path) -> str:
    """Make the pictures of one look and their sheet; returns what went wrong, or ""."""
    look, target = LOOKS[name], folder / name
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as work,
        Screen(Path(work), width=WIDTH * look.scale, height=HEIGHT * look.scale, framed=True) as screen,
    ):
        command = [sys.executable, "-m", "tests.pictures.scenes", str(target), str(Path(work) / "home"),
                   look.scheme, look.texts, str(look.font)]  # fmt: skip
        env = {**screen.env, "QT_SCALE_FACTOR": str(look.scale)}
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
        )
    sheet(sorted(target.glob("*.png")), folder / f"{name}.png")
    return f"{name}: {done.stdout}{done.stderr}" if done.returncode else ""


def sheet(pictures: list[Path], target: Path) -> None:
    """Put pictures side by side, three in a row, each under its name."""
    tiles = []
    for path in pictures:
        with Image.open(path) as picture:
            tile = picture.convert("RGB").resize((TILE, TILE * picture.height // picture.width))
        framed = Image.new("RGB", (TILE + 12, tile.height + 34), "white")
        framed.paste(tile, (6, 28))
        ImageDraw.Draw(framed).text((8, 6), path.stem, fill="black", font_size=16)
        tiles.append(framed)
    if not tiles:
        return
    width, height, rows = tiles[0].width, max(tile.height for tile in tiles), -(-len(tiles) // 3)
    whole = Image.new("RGB", (3 * width, rows * height), "white")
    for place, tile in enumerate(tiles):
        whole.paste(tile, (place % 3 * width, place // 3 * height))
    whole.save(target)


def main(folder: str = "pictures", *names: str) -> int:
    """Make the looks of these names, two at a time, and say where they are."""
    missing = missing_programs()
    if missing:
        print(f"pictures: these programs are missing: {', '.join(missing)}", file=sys.stderr)
        return 2
    unknown = [name for name in names if name not in LOOKS]
    if unknown:
        print(f"pictures: no such look: {', '.join(unknown)}; there are {', '.join(LOOKS)}", file=sys.stderr)
        return 2
    target = Path(folder)
    with ThreadPoolExecutor(2) as two:
        problems = [said for said in two.map(lambda name: make(name, target), names or LOOKS) if said]
    print("\n".join([*problems, f"pictures: they are in {target.resolve()}"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
