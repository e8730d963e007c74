"""What must be right in every picture: upright, grey if it was, of any size, and the same bytes again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from core.errors import CannotEncode
from core.executor import Done
from core.operations import (
    Adjust,
    Blur,
    Border,
    Crop,
    Dpi,
    Flip,
    Grey,
    Operation,
    Profile,
    Resize,
    Rotate,
    SetMetadata,
    Sharpen,
    Thumbnail,
    Watermark,
)
from core.recipe import Existing, Output, Recipe
from tests.core.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    done,
    encoded,
    made,
    near,
    opened,
    photo,
    quarters,
    run,
)

STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera stores an upright picture under each EXIF orientation."""

UPRIGHT = [RED, GREEN, BLUE, YELLOW]
TURNED = [BLUE, RED, YELLOW, GREEN]  # by 90 degrees clockwise


@pytest.mark.parametrize(
    ("operations", "size", "expected"),
    [
        ((), (96, 64), UPRIGHT),
        ((Thumbnail(48),), (48, 32), UPRIGHT),
        ((Thumbnail(24, fill=True),), (24, 24), UPRIGHT),
        ((Rotate(90),), (64, 96), TURNED),
        ((Rotate(90), Thumbnail(48)), (32, 48), TURNED),
        ((Thumbnail(48), Rotate(90)), (32, 48), TURNED),
        ((Crop(48, 0, 48, 64),), (48, 64), [GREEN, GREEN, YELLOW, YELLOW]),
        ((Resize(48, 48, mode="pad"), Border(2)), (52, 52), UPRIGHT),
    ],
)
@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_is_upright_before_anything_is_done(
    tmp_path: Path,
    kind: str,
    orientation: int,
    operations: tuple[Operation, ...],
    size: tuple[int, int],
    expected: list[tuple[int, int, int]],
) -> None:
    how = STORED[orientation]
    stored = quarters(96, 64) if how is None else quarters(96, 64).transpose(how)
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    options: dict[str, object] = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}
    source = tmp_path / "a"
    source.write_bytes(encoded(stored, kind, exif=tags.tobytes(), **options))
    result = made(source, Output("o", operations, "png"))
    assert result.size == size
    found = corners(result)
    assert all(near(one, other, 40) for one, other in zip(found, expected, strict=True)), found
    assert result.getexif().get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_large_photo_is_upright_also_when_it_is_loaded_smaller(tmp_path: Path, orientation: int) -> None:
    how = STORED[orientation]
    assert how is not None
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(quarters(1800, 1200).transpose(how), "JPEG", exif=tags.tobytes()))
    for side in (64, 700):
        result = made(source, Output(f"{side}", (Resize(width=side), Rotate(90)), "png"))
        assert result.size == (round(side * 2 / 3), side)
        assert all(near(one, other, 12) for one, other in zip(corners(result), TURNED, strict=True))


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
@pytest.mark.parametrize(
    "operations",
    [(), (Resize(width=50),), (Rotate(30),), (Blur(1), Sharpen(), Adjust(20, 20, 20), Border(2))],
)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff"])
def test_grey_stays_grey(tmp_path: Path, kind: str, operations: tuple[Operation, ...], mode: str) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(photo(120, 90).convert(mode), "PNG"))
    result = made(source, Output("o", operations, kind))
    if kind not in ("webp", "avif"):  # which are read in colour
        assert result.mode in ("L", "LA", "1")
    for _, colour in result.convert("RGB").getcolors(100_000) or []:
        assert isinstance(colour, tuple)
        assert max(colour) - min(colour) <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 30_000), (30_000, 1), (65_535, 2), (3, 5)])
@pytest.mark.parametrize(
    "operations",
    [
        (),
        (Thumbnail(64),),
        (Thumbnail(8, fill=True),),
        (Resize(32, 32, mode="pad"), Sharpen(), Blur(1)),
        (Crop(ratio="1:1", around="attention"), Grey()),
        (Crop(trim=0), Resize(megapixels=0.0001), Adjust(10, 10, 10)),
        (Thumbnail(64), Watermark("x"), Border(percent=10), Rotate(90)),
    ],
)
def test_odd_sizes_go_through_every_kind_of_operation(
    tmp_path: Path, operations: tuple[Operation, ...], size: tuple[int, int]
) -> None:
    source = tmp_path / "a.png"
    picture = Image.new("RGB", size, RED)
    picture.putpixel((size[0] // 2, size[1] // 2), GREEN)
    source.write_bytes(encoded(picture, "PNG"))
    outcome = run(
        source, Recipe("r", (Output("o", operations, "png"), Output("t", (Thumbnail(16),), "jpeg")))
    )
    assert isinstance(outcome, Done)
    for one in outcome.outputs:
        assert opened(one.path).size == (one.width, one.height)
    if not operations:
        assert (outcome.outputs[0].width, outcome.outputs[0].height) == size


def test_a_format_that_cannot_hold_such_a_side_says_so(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(encoded(Image.new("RGB", (65_535, 2), RED), "PNG"))
    for kind, most in (("jpeg", "65,500"), ("webp", "16,383")):
        with pytest.raises(CannotEncode, match=f"at most {most} pixels"):
            run(source, Recipe("r", (Output("o", format=kind),)))


def everything(folder: Path) -> Recipe:
    mark = folder / "mark.png"
    mark.write_bytes(encoded(quarters(20, 20), "PNG"))
    operations = (
        *(
            Crop(trim=2),
            Crop(ratio="3:2", around="attention"),
            Resize(300, 200, mode="pad", background="#123456"),
        ),
        *(Rotate(7.5), Flip("horizontal"), Border(percent=3, colour="transparent"), Blur(0.7), Sharpen()),
        *(Adjust(10, 10, 10), Watermark("© Anna", tiled=True), Watermark(image=str(mark), place="top")),
        *(Profile("display-p3"), SetMetadata("no-location", copyright="©", author="Anna"), Dpi(300)),
    )
    outputs = [Output(kind, operations, kind) for kind in ("jpeg", "png", "webp", "avif", "tiff")]
    outputs += [Output("look", operations, "jpeg", look="same")]
    outputs += [Output("limit", (Resize(width=400), *operations[8:]), "webp", max_bytes=9_000)]
    return Recipe("everything", tuple(outputs), existing=Existing.REPLACE)


def test_g6_the_same_source_and_recipe_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photo(700, 500), "JPEG", quality=92))
    recipe = everything(tmp_path)
    here = [hashlib.sha256(Path(one.path).read_bytes()).hexdigest() for one in done(source, recipe).outputs]
    code = (
        "import sys, hashlib\n"
        "from pathlib import Path\n"
        "from core.imaging.process import process\n"
        "from core.executor import Task\n"
        "outcome = process(Task(1, 1, sys.argv[1], sys.argv[2], temp_tag='other'), lambda _: None)\n"
        "for one in outcome.outputs:\n"
        "    print(hashlib.sha256(Path(one.path).read_bytes()).hexdigest())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(source), recipe.to_json()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == here
    assert len(here) == 7
