"""Small real images to attack with: a batch of many kinds, some of them broken."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Final

from PIL import Image

from core.operations import Resize, Thumbnail
from core.recipe import Existing, Output, Recipe

BROKEN: Final = "broken"
"""What the names of sources begin with that no attempt can make anything of."""

_KINDS: Final = (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif"), ("BMP", "bmp"))
_BROKEN_EVERY: Final = 12


def picture(seed: int, side: int = 48) -> Image.Image:
    """Return an image that no other seed gives: a gradient, and a stripe of noise."""
    rng = random.Random(seed)
    base = Image.linear_gradient("L").resize((side, side * 3 // 4))
    image = Image.merge("RGB", (base, base.rotate(180), Image.new("L", base.size, seed % 256)))
    image.paste(Image.frombytes("RGB", (side, 4), rng.randbytes(side * 12)), (0, seed % (side // 2)))
    return image


def encoded(seed: int, kind: str, side: int = 48) -> bytes:
    """Return such an image as a file of this kind."""
    file = io.BytesIO()
    picture(seed, side).save(file, kind)
    return file.getvalue()


def batch(folder: Path, count: int, seed: int, side: int = 48) -> list[str]:
    """Write so many sources of mixed kinds, every twelfth of them broken; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        kind, suffix = _KINDS[number % len(_KINDS)]
        name, content = f"image-{seed}-{number}", encoded(seed * 1_000 + number, kind, side)
        if number % _BROKEN_EVERY == 5:
            name = f"{BROKEN}-{seed}-{number}"
            content = (b"This is no image.\n" * 9, content[: len(content) // 2], b"")[number % 3]
        path = folder / f"{name}.{suffix}"
        path.write_bytes(content)
        paths.append(str(path))
    return paths


def recipe(folder: Path) -> Recipe:
    """Return a recipe of two small outputs in a folder, which never numbers or replaces."""
    return Recipe(
        "Attack",
        (
            Output("thumbnail", (Thumbnail(16),), format="jpeg"),
            Output("resized", (Resize(32, 32),), format="png"),
        ),
        folder=str(folder),
        existing=Existing.KEEP,
    )
