"""Opening and loading: bad files end in errors of the family, and the two ways of loading agree."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from core.errors import (
    DamagedImage,
    InputFault,
    NoSuchFile,
    NotAnImage,
    NotReadable,
    TooLarge,
)
from core.imaging import decode
from core.imaging.decode import MAX_PIXELS, load, max_pixels, open_source
from core.imaging.libvips import libvips
from tests.core.imaging.pictures import decibels, encoded, photo

SAMPLES: dict[str, tuple[str, dict[str, object]]] = {
    "jpg": ("JPEG", {"quality": 90}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"quality": 90}),
    "gif": ("GIF", {}),
    "tif": ("TIFF", {"compression": "tiff_lzw"}),
    "bmp": ("BMP", {}),
    "avif": ("AVIF", {"speed": 10}),
    "jp2": ("JPEG2000", {}),
    "ppm": ("PPM", {}),
    "qoi": ("QOI", {}),
}


def sample(folder: Path, suffix: str, size: tuple[int, int] = (120, 90)) -> Path:
    kind, options = SAMPLES[suffix]
    path = folder / f"sample.{suffix}"
    path.write_bytes(encoded(photo(*size), kind, **options))
    return path


def loaded(path: Path, size: tuple[int, int] | None = None, *, fast: bool = True) -> Image.Image:
    with open_source(str(path)) as source:
        image = load(source, size, fast=fast)
        image.load()
        return image.convert("RGB")


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
def test_each_format_is_read(tmp_path: Path, suffix: str) -> None:
    image = loaded(sample(tmp_path, suffix))
    assert image.size == (120, 90)
    assert decibels(image, photo(120, 90)) > 25


def test_a_format_outside_the_list_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(photo(10, 10), "PCX"))
    with pytest.raises(NotAnImage):
        open_source(str(path))


def test_text_and_nothing_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    for content in (b"", b"hello, this is no image " * 20, b"\0" * 5000):
        path.write_bytes(content)
        with pytest.raises(NotAnImage):
            open_source(str(path))


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile):
        open_source(str(tmp_path / "none.jpg"))
    with pytest.raises(NotAnImage, match="folder"):
        open_source(str(tmp_path))
    with pytest.raises(NotAnImage):
        open_source("a\0b.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_g15_a_pipe_or_a_device_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(NotAnImage, match="pipe"):
        open_source(str(pipe))
    with pytest.raises(NotAnImage, match="device"):
        open_source("/dev/zero")


def test_a_file_that_must_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sample(tmp_path, "jpg")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("core.imaging.decode.os.open", refuse)
    with pytest.raises(NotReadable):
        open_source(str(path))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tif", "bmp", "avif"])
@pytest.mark.parametrize("size", [None, (1000, 750), (250, 188)])
def test_a_file_that_is_cut_off_is_damaged(tmp_path: Path, suffix: str, size: tuple[int, int] | None) -> None:
    path = sample(tmp_path, suffix, (1600, 1200))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    with pytest.raises((DamagedImage, NotAnImage)):
        loaded(path, size)


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
def test_whatever_is_wrong_with_a_file_the_error_is_of_the_family(tmp_path: Path, suffix: str) -> None:
    path = sample(tmp_path, suffix, (40, 30))
    content = path.read_bytes()
    chance = random.Random(suffix)
    for _ in range(120):
        broken = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(min(len(broken), 400))] = chance.randrange(256)
        path.write_bytes(broken)
        with contextlib.suppress(InputFault):
            loaded(path, chance.choice([None, (20, 15)]))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("content", [png_header(50_000, 50_000), webp_header(16_000, 60_000)])
def test_g15_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(content)
    with pytest.raises(TooLarge, match="limit is 300"):
        open_source(str(path))


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_a_webp_for_which_there_is_no_memory_is_not_called_damaged(tmp_path: Path) -> None:
    path = sample(tmp_path, "webp", (4000, 2500))
    code = (
        "import pathlib, resource, sys\n"
        "from core.imaging.decode import open_source\n"
        "used = int(pathlib.Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 30_000_000,) * 2)\n"
        "try: open_source(sys.argv[1])\n"
        "except MemoryError: print('no memory')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "no memory"


def test_g15_the_limit_on_pixels_is_exact_and_can_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [sample(tmp_path, suffix) for suffix in ("png", "webp", "jpg")]
    monkeypatch.setenv("IMAGEQUEUE_MAX_PIXELS", str(120 * 90))
    for path in paths:
        open_source(str(path)).file.close()
    monkeypatch.setenv("IMAGEQUEUE_MAX_PIXELS", str(120 * 90 - 1))
    for path in paths:
        with pytest.raises(TooLarge):
            open_source(str(path))
    for nonsense in ("", "0", "-1", "many", "1e9"):
        monkeypatch.setenv("IMAGEQUEUE_MAX_PIXELS", nonsense)
        assert max_pixels() == MAX_PIXELS


needs_libvips = pytest.mark.skipif(libvips() is None, reason="libvips is not installed")


@needs_libvips
@pytest.mark.parametrize(
    ("suffix", "mode", "size"),
    [
        ("jpg", "RGB", (1280, 960)),
        ("jpg", "RGB", (700, 525)),
        ("jpg", "L", (900, 675)),
        ("png", "RGB", (800, 600)),
        ("png", "L", (800, 600)),
        ("png", "RGBA", (800, 600)),
        ("png", "LA", (800, 600)),
        ("webp", "RGB", (800, 600)),
        ("webp", "RGBA", (800, 600)),
        ("tif", "RGB", (800, 600)),
        ("tif", "L", (800, 600)),
    ],
)
@pytest.mark.parametrize("fast", [True, False])
def test_both_ways_of_loading_give_the_same_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, mode: str, size: tuple[int, int], fast: bool
) -> None:
    """Within 40 dB, and 34 dB where a JPEG shrinks while it is decoded: its own encoding costs more."""
    picture = photo(1600, 1200)
    if "A" in mode:
        picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    path = tmp_path / f"a.{suffix}"
    kind, options = SAMPLES[suffix]
    path.write_bytes(encoded(picture.convert(mode), kind, **options))

    def at_size() -> Image.Image:
        with open_source(str(path)) as source:
            image = load(source, size, fast=fast)
            image.load()
            return image.resize(size, Image.Resampling.LANCZOS)

    with open_source(str(path)) as source:
        shrink = decode._shrink(source, size) if fast else 1
        assert decode._way(source, size, shrink) is not None, "libvips was to be used here"
    by_vips = at_size()
    monkeypatch.setattr(decode, "libvips", lambda: None)
    by_pillow = at_size()
    assert by_vips.mode == by_pillow.mode == mode
    assert decibels(by_vips, by_pillow) > (34 if fast and suffix == "jpg" else 40)


@needs_libvips
def test_what_is_small_to_resize_is_left_to_pillow(tmp_path: Path) -> None:
    with open_source(str(sample(tmp_path, "jpg", (1600, 1200)))) as source:
        assert decode._way(source, (200, 150), 8) is None
        assert decode._way(source, (200, 150), 1) is not None
        assert decode._way(source, (1500, 1125), 1) is not None


def test_an_animation_is_known_by_its_frames_and_loaded_by_its_first(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with open_source(str(path)) as source:
        assert (source.frames, source.notes) == (2, ())
        assert load(source, None, fast=True).convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_pages_are_counted_and_the_first_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.new("L", (20, 20), grey) for grey in (10, 20, 30)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with open_source(str(path)) as source:
        assert (source.pages, source.notes) == (3, ())
        assert load(source, None, fast=True).getpixel((5, 5)) == 10
