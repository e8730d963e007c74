"""What would only lose is not written anew, and what would be larger than its source is not written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from core.errors import DamagedImage
from core.executor import Skipped
from core.imaging.libvips import libvips
from core.operations import AutoOrient, Crop, Dpi, Flip, Profile, Resize, SetMetadata, Thumbnail
from core.recipe import Colour, Metadata, Output, Recipe
from tests.core.imaging.pictures import done, encoded, names_in, opened, photo, run
from tests.core.imaging.test_colour import P3

KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "GIF": "gif", "AVIF": "avif"}


def written(folder: Path, kind: str, picture: Image.Image | None = None, **options: object) -> Path:
    path = folder / f"a.{KINDS[kind]}"
    path.write_bytes(encoded(picture if picture is not None else photo(120, 90), kind, **options))
    return path


def stays(source: Path, output: Output, **fields: object) -> bool:
    outcome = done(source, Recipe("r", (output,), folder=str(source.parent / "out"), **fields))  # type: ignore[arg-type]
    same = Path(outcome.outputs[0].path).read_bytes() == source.read_bytes()
    Path(outcome.outputs[0].path).unlink()
    return same


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_of_the_source_are_kept_when_nothing_would_change(tmp_path: Path, kind: str) -> None:
    source = written(tmp_path, kind)
    for operations in ((), (Resize(width=500),), (Thumbnail(120), AutoOrient()), (Crop(ratio="4:3"),)):
        assert stays(source, Output("o", operations))
    outcome = done(source, Recipe("r", (Output("o", (), None, "{width}x{height}"),)))
    assert [(one.width, one.height) for one in outcome.outputs] == [(120, 90)]
    assert (tmp_path / f"120x90.{KINDS[kind]}").read_bytes() == source.read_bytes()


def test_an_animation_that_would_not_change_is_kept_with_all_its_frames(tmp_path: Path) -> None:
    frames = [photo(60, 40), photo(60, 40).rotate(180), photo(60, 40).rotate(90)]
    source = written(tmp_path, "GIF", frames[0], save_all=True, append_images=frames[1:], duration=50)
    assert stays(source, Output("o"))
    assert not stays(source, Output("o", animate=False))
    assert not stays(source, Output("o", (Resize(width=30),)))


def test_colours_of_sixteen_bits_that_would_not_change_are_kept_without_a_word(tmp_path: Path) -> None:
    vips = libvips()
    if vips is None:
        pytest.skip("libvips, which writes colours of 16 bits, is not installed")
    source = tmp_path / "a.png"
    samples = vips.Image.new_from_memory(photo(40, 30).tobytes(), 40, 30, 3, "uchar") * 257
    source.write_bytes(bytes(samples.cast("ushort").copy(interpretation="rgb16").pngsave_buffer(bitdepth=16)))
    assert stays(source, Output("o"))
    assert done(source, Recipe("r", (Output("p"),))).notes == ()


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        (Output("o", (Flip("vertical"),)), {}),
        (Output("o", (Resize(width=100),)), {}),
        (Output("o", (Crop(trim=3),)), {}),
        (Output("o", (SetMetadata(author="Me"),)), {}),
        (Output("o", (Dpi(300),)), {}),
        (Output("o", (Profile("display-p3"),)), {}),
        (Output("o", quality=95), {}),
        (Output("o", look="same"), {}),
        (Output("o", format="jpeg", progressive=True), {}),
        (Output("o", format="png"), {}),
        (Output("o", max_bytes=1_000), {}),
        (Output("o"), {"metadata": Metadata.STRIP}),
        (Output("o"), {"metadata": Metadata.NO_LOCATION}),
    ],
)
def test_whatever_is_asked_for_is_done(tmp_path: Path, output: Output, fields: dict[str, object]) -> None:
    assert not stays(written(tmp_path, "JPEG", quality=80), output, **fields)


def test_a_limit_that_the_source_keeps_changes_nothing(tmp_path: Path) -> None:
    source = written(tmp_path, "JPEG")
    assert stays(source, Output("o", max_bytes=source.stat().st_size))


def test_colours_and_orientation_count(tmp_path: Path) -> None:
    wide = written(tmp_path, "PNG", icc_profile=P3)
    assert not stays(wide, Output("o"))
    assert stays(wide, Output("o"), colour=Colour.KEEP)
    cmyk = written(tmp_path, "JPEG", photo(60, 40).convert("CMYK"))
    assert not stays(cmyk, Output("o"))
    assert stays(cmyk, Output("o"), colour=Colour.KEEP)
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 3
    for kind in ("JPEG", "TIFF", "WEBP"):
        assert not stays(written(tmp_path, kind, exif=tags.tobytes()), Output("o")), kind
    tags[ExifTags.Base.Orientation] = 1
    assert stays(written(tmp_path, "JPEG", exif=tags.tobytes()), Output("o"))


def test_a_damaged_source_fails_all_the_same(tmp_path: Path) -> None:
    for kind in ("JPEG", "PNG", "GIF"):
        source = written(tmp_path, kind, photo(400, 300))
        source.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3])
        with pytest.raises(DamagedImage):
            run(source, Recipe("r", (Output("o"),)))


def test_a_result_that_is_larger_is_skipped_with_its_reason_and_nothing_is_written(tmp_path: Path) -> None:
    source = written(tmp_path, "JPEG", quality=40)
    folder = tmp_path / "out"
    recipe = Recipe("r", (Output("o", quality=95),), folder=str(folder), skip_larger=True)
    outcome = run(source, recipe)
    size = len(encoded(photo(120, 90), "JPEG", quality=40))
    assert isinstance(outcome, Skipped)
    assert outcome.source_bytes == size
    assert outcome.reason.startswith("a-o.jpg would be larger than its source: ")
    assert outcome.reason.endswith(f" bytes instead of {size:,}.")
    assert names_in(tmp_path) == {"a.jpg"}


def test_of_several_outputs_only_the_larger_ones_are_left_out(tmp_path: Path) -> None:
    source = written(tmp_path, "JPEG", quality=40)
    outputs = (Output("small", (Thumbnail(20),)), Output("large", quality=95), Output("same"))
    outcome = done(source, Recipe("r", outputs, skip_larger=True))
    assert [one.name for one in outcome.outputs] == ["small", "same"]
    assert len(outcome.notes) == 1
    assert outcome.notes[0].startswith("a-large.jpg would be larger")
    assert names_in(tmp_path) == {"a.jpg", "a-small.jpg", "a-same.jpg"}
    assert len(done(source, Recipe("s", outputs[1:2])).outputs) == 1, "only when it is asked for"
    assert opened(tmp_path / "a-large.jpg").size == (120, 90)
