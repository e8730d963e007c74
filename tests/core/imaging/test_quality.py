"""Quality by a limit in bytes and by a look: met, bounded, and from one decode."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from core.formats import format_named
from core.imaging import decode, writers
from core.imaging import encode as encoding
from core.imaging.encode import encode
from core.imaging.likeness import SAME, likeness
from core.imaging.metadata import Attached
from core.imaging.quality import jpeg_tables, within
from core.operations import Resize
from core.recipe import Output, Recipe
from tests.core.imaging.pictures import done, encoded, opened, photo


def grainy(width: int = 480, height: int = 360) -> Image.Image:
    """A picture with soft parts and grain, whose files grow evenly with the quality, like those of photos."""
    noise = Image.frombytes("L", (width, height), random.Random(7).randbytes(width * height))
    grain = noise.filter(ImageFilter.GaussianBlur(0.7)).convert("RGB")
    return Image.blend(photo(width, height), grain, 0.4)


def size_at(picture: Image.Image, name: str, quality: int) -> int:
    chosen = format_named(name)
    assert chosen is not None
    return len(encode(picture, chosen, Output("o", format=name, quality=quality), Attached())[0])


@pytest.mark.parametrize("part", [0.9, 0.6, 0.4])
@pytest.mark.parametrize(("name", "close"), [("jpeg", 0.97), ("webp", 0.92), ("avif", 0.9)])
def test_a_limit_is_met_within_three_per_cent_by_few_files(
    name: str, close: float, part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WebP and AVIF have steps of quality that change the size by up to an eighth; half of that is filled."""
    picture = grainy()
    limit = round(size_at(picture, name, 90) * part)
    made: list[int] = []
    real = writers.saved

    def counted(*given: object, **options: object) -> bytes:
        made.append(1)
        return real(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(encoding, "saved", counted)
    chosen = format_named(name)
    assert chosen is not None
    output = Output("o", format=name, quality=90, max_bytes=limit)
    content, size, notes = encode(picture, chosen, output, Attached())
    assert limit * close <= len(content) <= limit
    assert size == picture.size
    assert len(notes) == 1
    assert len(made) <= (10 if name == "jpeg" else 20)
    assert encode(picture, chosen, output, Attached())[0] == content, "G6: the same bytes again"


def test_a_limit_below_every_quality_is_met_within_three_per_cent_by_a_smaller_image() -> None:
    picture = grainy()
    chosen = format_named("jpeg")
    assert chosen is not None
    for limit in (6_000, 3_000):
        output = Output("o", format="jpeg", max_bytes=limit)
        content, size, _ = encode(picture, chosen, output, Attached())
        assert limit * 0.97 <= len(content) <= limit
        assert size[0] < picture.width
        assert abs(size[0] / size[1] - 4 / 3) < 0.05


def test_a_limit_holds_for_a_source_whose_format_has_no_quality(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(grainy(), "PNG"))
    limit = round(source.stat().st_size * 0.3)
    outcome = done(source, Recipe("r", (Output("o", max_bytes=limit, template="{width}-{height}"),)))
    (one,) = outcome.outputs
    assert limit * 0.97 <= one.bytes <= limit
    assert Path(one.path).name == f"{one.width}-{one.height}.png"
    assert one.width < 480
    assert outcome.notes == (
        f"The image was reduced to {one.width} × {one.height} pixels to stay within {limit:,} bytes.",
    )


def test_a_search_decodes_the_source_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(grainy(), "JPEG", quality=95))
    loads: list[object] = []

    def load(*given: object, **options: object) -> Image.Image:
        loads.append(given)
        return decode.load(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("core.imaging.making.load", load)
    outputs = (
        Output("small", (Resize(width=300),), "jpeg", max_bytes=9_000),
        Output("same", (), "jpeg", look="same"),
    )
    done(source, Recipe("r", outputs))
    assert len(loads) == 1


def test_the_search_is_bounded_whatever_the_sizes_do() -> None:
    for size_of in (lambda at: 1000, lambda at: 100 if at < 77.7 else 5000, lambda at: int(2 ** (at / 4))):
        made: list[float] = []

        def tried(at: float, size_of: object = size_of, made: list[float] = made) -> bytes:
            made.append(at)
            assert callable(size_of)
            return bytes(size_of(at))

        best, _ = within(tried, 35, 95, 999, 0.1)
        assert len(made) <= 10
        assert best is None or len(best[1]) <= 999


def test_tables_between_two_qualities_lie_between_theirs() -> None:
    picture = grainy()

    def saved(**options: object) -> bytes:
        file = io.BytesIO()
        picture.save(file, "JPEG", **options)
        return file.getvalue()

    for quality in (50, 85, 97):
        assert saved(qtables=jpeg_tables(quality)) == saved(quality=quality)
    assert len(saved(quality=85)) < len(saved(qtables=jpeg_tables(85.5))) < len(saved(quality=86))


# -- the look ---------------------------------------------------------------------------------------------


def test_likeness_is_that_of_the_paper_on_known_pictures() -> None:
    picture = grainy()
    assert likeness(picture, picture) == 1
    flat, brighter = Image.new("L", (64, 64), 100), Image.new("L", (64, 64), 110)
    # Without structure only the means differ: (2 x 100 x 110 + C1) / (100^2 + 110^2 + C1), C1 = 6.5025.
    assert likeness(flat, brighter) == pytest.approx(22_006.5025 / 22_106.5025, abs=0.0006)
    soft = [likeness(picture, picture.filter(ImageFilter.GaussianBlur(radius))) for radius in (0.5, 1, 2)]
    assert soft == sorted(soft, reverse=True)
    assert soft[0] < 0.99


def test_likeness_is_that_of_the_worst_part() -> None:
    picture = grainy(800, 600)
    spoiled = picture.copy()
    spoiled.paste(picture.crop((0, 0, 200, 200)).filter(ImageFilter.GaussianBlur(3)), (0, 0))
    assert likeness(picture, spoiled) < 0.8, "though the rest of it is the same"


def test_likeness_takes_any_size_and_mode_and_reads_large_pictures_in_strips() -> None:
    for size in ((1, 1), (3, 900), (900, 3), (7, 8), (16, 1037)):
        for mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
            picture = (
                photo(max(size[0], 3), max(size[1], 3))
                .resize(size)
                .convert("RGB")
                .convert({"LA": "L"}.get(mode, mode))
                .convert(mode)
            )
            assert likeness(picture, picture) == 1
    tall = photo(64, 1500)
    spoiled = tall.copy()
    spoiled.paste((0, 0, 0), (0, 1400, 64, 1500))
    assert likeness(tall, spoiled) < 0.8


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_a_look_takes_the_lowest_quality_at_which_no_difference_can_be_seen(
    tmp_path: Path, name: str
) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(grainy(320, 240), "PNG"))
    outcome = done(source, Recipe("r", (Output("o", format=name, look="same"),)))
    (note,) = outcome.notes
    quality = int(note.split()[1])
    picture = opened(source)
    assert likeness(picture, opened(outcome.outputs[0].path)) >= SAME
    lower = done(source, Recipe("r", (Output("p", format=name, quality=quality - 1),)))
    assert likeness(picture, opened(lower.outputs[0].path)) < SAME
    assert 40 < quality < 98


def test_a_look_has_no_effect_where_the_format_loses_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(photo(40, 30), "PNG"))
    outcome = done(source, Recipe("r", (Output("o", look="same"),)))
    assert outcome.notes == ()
    assert opened(outcome.outputs[0].path).tobytes() == photo(40, 30).tobytes()
