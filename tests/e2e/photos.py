"""Photos made by arithmetic, whose pixels are known wherever they are looked at."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

CORNERS = ((200, 40, 40), (40, 180, 60), (50, 70, 210), (220, 200, 60))
"""Colours of the quarters of a photo that is seen upright: top left, top right, bottom left, bottom right."""

# How a photo that is seen upright lies in the file, by its EXIF orientation (Exif 2.32, tag 274).
_AS_STORED = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def photo(path: Path, *, width: int = 1200, height: int = 800, orientation: int = 1, seed: int = 0) -> Path:
    """Write a photo of four coloured quarters, `width` by `height` pixels as it is seen upright.

    `orientation` is the EXIF orientation that it is stored with. `seed` makes files that differ in bytes.
    """
    upright = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS):
        left, top = (number % 2) * (width // 2), (number // 2) * (height // 2)
        upright.paste(colour, (left, top, left + width // 2, top + height // 2))
    upright.putpixel((0, 0), (seed % 256, seed // 256 % 256, 0))
    turn = _AS_STORED[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    stored.save(path, quality=92, exif=exif, comment=str(seed).encode())
    return path


def assert_shows_the_photo(path: Path, size: tuple[int, int], *, tolerance: int = 14) -> None:
    """Fail unless the file is an image of this size that shows a photo of `photo`, upright."""
    with Image.open(path) as image:
        image.load()
        assert image.size == size, f"{path.name} is {image.size}"
        assert image.getexif().get(0x0112, 1) == 1, f"{path.name} is still marked as turned"
        seen = image.convert("RGB")
    width, height = size
    for number, colour in enumerate(CORNERS):
        place = (width * (1 + 2 * (number % 2)) // 4, height * (1 + 2 * (number // 2)) // 4)
        found = seen.getpixel(place)
        assert isinstance(found, tuple)
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= tolerance, (
            path.name,
            place,
            found,
        )
