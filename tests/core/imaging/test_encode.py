"""Encoding: options have their effect, limits are kept, and the same image gives the same bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.errors import CannotEncode
from core.formats import FORMATS, format_named
from core.imaging import encode as encoding
from core.imaging.encode import encode
from core.imaging.libvips import libvips
from core.imaging.metadata import Attached
from core.recipe import Output
from tests.core.imaging.pictures import decibels, photo

PLAIN = Attached()


def written(image: Image.Image, output: Output) -> bytes:
    assert output.format is not None
    chosen = format_named(output.format)
    assert chosen is not None
    return encode(image, chosen, output, PLAIN)[0]


def read(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.writable])
def test_each_format_is_written_as_itself_and_the_same_bytes_each_time(name: str) -> None:
    picture = photo(400, 300)
    content = written(picture, Output("o", format=name))
    assert read(content).format == name.upper()
    assert decibels(read(content).convert("RGB"), picture) > 27
    assert written(photo(400, 300), Output("o", format=name)) == content


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_a_lower_quality_is_smaller(name: str) -> None:
    sizes = [len(written(photo(200, 150), Output("o", format=name, quality=one))) for one in (20, 60, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("name", "mode"),
    [("png", "RGB"), ("png", "RGBA"), ("png", "L"), ("png", "LA"), ("tiff", "RGBA"), ("webp", "RGBA")],
)
def test_lossless_means_every_sample_comes_back(name: str, mode: str) -> None:
    picture = photo(400, 300)
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    picture = picture.convert(mode)
    back = read(written(picture, Output("o", format=name, lossless=True)))
    assert back.mode == mode
    assert back.tobytes() == picture.tobytes()


def test_the_usual_options_have_their_effect() -> None:
    picture = photo(200, 150)
    assert read(written(picture, Output("o", format="jpeg", progressive=True))).info["progressive"]
    assert "progressive" not in read(written(picture, Output("o", format="jpeg"))).info
    plain, tuned = (len(written(picture, Output("o", format="jpeg", optimize=one))) for one in (False, True))
    assert tuned < plain
    full, half = (
        read(written(picture, Output("o", format="jpeg", subsampling=one))).layer  # type: ignore[attr-defined]
        for one in ("4:4:4", "4:2:0")
    )
    assert (full[0][1:3], half[0][1:3]) == ((1, 1), (2, 2))
    for level, other in ((0, 1), (1, 9)):
        sizes = [len(written(picture, Output("o", format="png", compression=one))) for one in (level, other)]
        assert sizes[0] > sizes[1]
    for name, tag in (("none", 1), ("lzw", 5), ("deflate", 8), ("jpeg", 7)):
        content = written(picture, Output("o", format="tiff", tiff_compression=name))
        assert read(content).tag_v2[259] == tag  # type: ignore[attr-defined]
    quick, small = (len(written(picture, Output("o", format="webp", effort=one))) for one in (0, 10))
    assert small < quick


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_a_limit_in_bytes_is_kept_with_the_best_quality_that_fits(name: str) -> None:
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    free = len(written(picture, Output("o", format=name, quality=90)))
    limit = round(free * 0.7)
    chosen = format_named(name)
    assert chosen is not None
    content, size, notes = encode(
        picture, chosen, Output("o", format=name, quality=90, max_bytes=limit), PLAIN
    )
    assert limit * 0.8 < len(content) <= limit
    assert size == picture.size
    assert any("quality was lowered from 90" in note for note in notes)


def test_a_limit_that_no_quality_meets_makes_the_image_smaller_and_says_so() -> None:
    picture = Image.effect_noise((800, 600), 90).convert("RGB")
    chosen = format_named("jpeg")
    assert chosen is not None
    content, size, notes = encode(picture, chosen, Output("o", format="jpeg", max_bytes=9_000), PLAIN)
    assert len(content) <= 9_000
    assert size == read(content).size
    assert size[0] < 800
    assert any("reduced to" in note for note in notes)


def test_a_limit_that_is_met_anyway_changes_nothing() -> None:
    picture = photo(100, 80)
    assert written(picture, Output("o", format="jpeg", max_bytes=10**6)) == written(
        picture, Output("o", format="jpeg")
    )


def test_a_limit_needs_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0
    real = encoding._saved

    def counted(*given: object, **options: object) -> bytes:
        nonlocal tries
        tries += 1
        return real(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(encoding, "_saved", counted)
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    written(picture, Output("o", format="jpeg", quality=95, max_bytes=20_000))
    assert tries <= 16


def test_an_image_that_the_format_cannot_hold_is_refused() -> None:
    with pytest.raises(CannotEncode, match="16,383"):
        written(Image.new("RGB", (16_384, 2)), Output("o", format="webp"))


@pytest.mark.skipif(libvips() is None, reason="libvips is not installed")
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_of_libvips_is_the_image_that_pillow_writes(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photo(500, 400).convert(mode)
    by_vips = written(picture, Output("o", format="png"))
    monkeypatch.setattr(encoding, "libvips", lambda: None)
    by_pillow = written(picture, Output("o", format="png"))
    assert by_vips != by_pillow
    first, second = read(by_vips), read(by_pillow)
    assert (first.mode, first.tobytes()) == (second.mode, second.tobytes()) == (mode, picture.tobytes())
