"""Holds what libvips does in Pillow's place to what Pillow does."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from core.imaging import transform
from core.imaging.libvips import libvips, read_by_vips, shrunk_by_vips
from core.imaging.plan import Scale
from core.imaging.transform import perform
from tests.core.imaging.pictures import photo

pytestmark = pytest.mark.skipif(libvips() is None, reason="libvips is not installed")


def scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return perform(picture, (Scale(size),), picture.size, background="#ffffff", fast=True)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(600, 450), (300, 225), (799, 200)])
def test_both_ways_of_scaling_differ_by_less_than_a_level_on_average(
    mode: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(800, 600).convert(mode)
    by_vips = scaled(picture, size)
    monkeypatch.setattr(transform, "shrunk_by_vips", lambda *_: None)
    by_pillow = scaled(picture, size)
    assert by_vips.size == by_pillow.size == size
    difference = ImageStat.Stat(ImageChops.difference(by_vips, by_pillow))
    assert max(difference.mean) < 1
    assert by_vips.tobytes() != by_pillow.tobytes(), "libvips was to be used here"


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(1920, 1440), (1922, 1281), (1920, 1279)])  # 1279 is prime
def test_both_ways_of_scaling_by_much_differ_by_less_than_a_level_on_average(
    mode: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(*size).convert(mode)
    by_vips = scaled(picture, (256, 192))
    monkeypatch.setattr(transform, "shrunk_by_vips", lambda *_: None)
    by_pillow = scaled(picture, (256, 192))
    assert by_vips.size == by_pillow.size == (256, 192)
    assert max(ImageStat.Stat(ImageChops.difference(by_vips, by_pillow)).mean) < 1
    assert (by_vips.tobytes() == by_pillow.tobytes()) == (size[1] == 1279), "the prime alone is Pillow's"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_small_image_gets_the_very_pixels_that_a_large_one_gets(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(433, 289).convert(mode)
    in_this_thread = shrunk_by_vips(picture, (256, 171))
    monkeypatch.setattr("core.imaging.libvips._SMALL", 0)
    by_threads = shrunk_by_vips(picture, (256, 171))
    assert in_this_thread is not None
    assert by_threads is not None
    assert in_this_thread.tobytes() == by_threads.tobytes()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "CMYK", "I;16", "P"])
def test_what_libvips_is_not_for_is_left_to_pillow(mode: str) -> None:
    picture = photo(800, 600).convert("L").convert("I").convert(mode) if mode == "I;16" else None
    assert shrunk_by_vips(picture or photo(800, 600).convert(mode), (300, 200)) is None


def content_of(kind: str) -> bytes:
    file = io.BytesIO()
    photo(800, 600).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_g4_a_file_that_lost_its_end_or_was_changed_is_not_taken_for_whole(kind: str) -> None:
    content = content_of(kind)
    assert read_by_vips(content, kind)
    assert not read_by_vips(content[: len(content) // 2], kind)
    assert not read_by_vips(content[:-20], kind)
    damaged = bytearray(content)
    damaged[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
    assert kind == "WEBP" or not read_by_vips(bytes(damaged), kind), "a PNG has checksums"


def test_other_formats_are_left_to_pillow() -> None:
    assert not read_by_vips(content_of("JPEG"), "JPEG")
