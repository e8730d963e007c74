"""A task from its source to its outputs: the recipes as they come, odd sources, and what is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from core.errors import BadName, BadRecipe, CannotEncode, InputFault, TooLarge
from core.executor import Skipped
from core.imaging import decode
from core.imaging.decode import Source, load, open_source
from core.operations import Crop, Flip, Resize, Rotate, Thumbnail
from core.recipe import Output, Recipe, builtin_recipes, find_recipe
from tests.core.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    decibels,
    done,
    encoded,
    made,
    names_in,
    near,
    opened,
    photo,
    quarters,
    run,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(photo(2400, 1800), "JPEG", quality=92))
    return path


def test_the_default_recipe_makes_a_thumbnail_and_a_copy_from_one_decode(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed: list[object] = []

    def load(opened_source: Source, size: tuple[int, int] | None, *, fast: bool) -> Image.Image:
        needed.append(size)
        return decode.load(opened_source, size, fast=fast)

    monkeypatch.setattr("core.imaging.making.load", load)
    outcome = done(source, builtin_recipes()[0])
    assert [(Path(one.path).name, one.width, one.height) for one in outcome.outputs] == [
        ("a-thumbnail.jpg", 256, 192),
        ("a-resized.jpg", 1920, 1440),
    ]
    assert needed == [(1920, 1440)]
    assert (outcome.width, outcome.height, outcome.source_bytes) == (2400, 1800, source.stat().st_size)
    for one in outcome.outputs:
        expected = photo(2400, 1800).resize((one.width, one.height), Image.Resampling.LANCZOS)
        assert decibels(opened(one.path), expected) > 30


@pytest.mark.parametrize("recipe", builtin_recipes(), ids=lambda one: one.name)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_each_built_in_recipe_works_as_it_comes(tmp_path: Path, recipe: Recipe, kind: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(photo(300, 200), kind))
    outcome = done(path, recipe.with_folder(tmp_path / "out"))
    assert len(outcome.outputs) == len(recipe.outputs)
    assert names_in(tmp_path / "out") == {Path(one.path).name for one in outcome.outputs}
    for one in outcome.outputs:
        with open_source(one.path) as source:
            picture = load(source, source.size, fast=True).convert("RGB").resize((one.width, one.height))
        assert decibels(picture, photo(300, 200).resize((one.width, one.height))) > (
            15 if kind == "GIF" else 22
        )


def test_the_email_recipe_stays_under_one_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(Image.effect_noise((2000, 1500), 80).convert("RGB"), "JPEG", quality=95))
    outcome = done(path, find_recipe("Email"))
    assert outcome.outputs[0].bytes < 1_000_000
    assert outcome.notes


def test_the_archive_recipe_keeps_every_pixel_or_refuses(tmp_path: Path) -> None:
    recipe = find_recipe("Archive")
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        path = tmp_path / f"{mode.replace(';', '')}.png"
        picture = photo(64, 48).convert(mode) if mode != "I;16" else Image.new("I;16", (64, 48), 40_001)
        path.write_bytes(encoded(picture, "PNG"))
        result = opened(done(path, recipe).outputs[0].path)
        assert (result.mode, result.tobytes()) == (mode, picture.tobytes())
    cmyk = tmp_path / "cmyk.jpg"
    cmyk.write_bytes(encoded(photo(64, 48).convert("CMYK"), "JPEG"))
    with pytest.raises(CannotEncode, match="CMYK"):
        run(cmyk, recipe)


def test_the_format_follows_the_source_where_it_can_be_written(tmp_path: Path) -> None:
    recipe = Recipe("r", (Output("o"),))
    transparent = photo(40, 30)
    transparent.putalpha(100)
    for kind, picture, suffix in (
        ("WEBP", photo(40, 30), ".webp"),
        ("TIFF", photo(40, 30), ".tif"),
        ("BMP", photo(40, 30), ".jpg"),
        ("QOI", transparent, ".png"),
    ):
        path = tmp_path / f"{kind}.any"
        path.write_bytes(encoded(picture, kind))
        assert Path(done(path, recipe).outputs[0].path).name == f"{kind}-o{suffix}"


def test_transparency_is_kept_or_laid_on_the_background(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((*RED, 255), (20, 0, 40, 40))
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture, "PNG"))
    for kind in ("png", "webp", "avif", "tiff"):
        assert made(path, Output("o", format=kind)).convert("RGBA").getpixel((5, 5))[3] < 3  # type: ignore[index]
    flat = made(path, Output("o", format="jpeg", quality=95), background="#0000ff")
    assert near(flat.getpixel((5, 20)), (0, 0, 255), 4)  # type: ignore[arg-type]
    assert near(flat.getpixel((35, 20)), RED, 4)  # type: ignore[arg-type]


def test_operations_run_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(quarters(80, 40), "PNG"))
    one = made(path, Output("one", (Crop(0, 0, 40, 40), Rotate(90), Flip("horizontal"), Resize(width=20))))
    assert one.size == (20, 20)
    assert corners(one) == [RED, BLUE, RED, BLUE]
    two = made(path, Output("two", (Resize(width=20), Rotate(90), Thumbnail(8, fill=True))))
    assert two.size == (8, 8)
    assert all(near(a, b, 30) for a, b in zip(corners(two), [BLUE, RED, YELLOW, GREEN], strict=True))


@pytest.mark.parametrize(
    "operations", [(Thumbnail(300, 100, fill=True),), (Crop(ratio="1:1"), Resize(width=200)), (Rotate(90),)]
)
@pytest.mark.parametrize("fast", [True, False])
def test_a_shrunk_load_gives_the_picture_that_a_full_one_gives(
    source: Path, operations: tuple[Thumbnail | Crop | Resize | Rotate, ...], fast: bool
) -> None:
    result = made(source, Output("o", operations, "png"), fast=fast)
    expected = opened(source).convert("RGB")
    for operation in operations:
        match operation:
            case Thumbnail():
                expected = expected.resize((300, 225), Image.Resampling.LANCZOS).crop((0, 62, 300, 162))
            case Crop():
                expected = expected.crop((300, 0, 2100, 1800))
            case Resize():
                expected = expected.resize((200, 200), Image.Resampling.LANCZOS)
            case Rotate():
                expected = expected.transpose(Image.Transpose.ROTATE_270)
    assert result.size == expected.size
    assert decibels(result, expected) > 33


def test_progress_rises_from_the_beginning_to_the_end(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.imaging.process._QUIET", 0.0)
    told: list[float] = []
    run(source, builtin_recipes()[0], told.append)
    assert told == sorted(told)
    assert len(told) >= 5
    assert told[-1] == 1.0
    assert all(0 < one <= 1 for one in told)


def test_what_is_soon_done_is_not_told_of_on_the_way(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.imaging.process._QUIET", 60.0)
    told: list[float] = []
    run(source, builtin_recipes()[0], told.append)
    assert told == []


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bit_grey_stays_so_however_much_it_shrinks(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(encoded(Image.new(mode, (900, 600), 40_001), "TIFF"))
    small = made(path, Output("o", (Thumbnail(30),), "png"))
    assert (small.mode, small.size, small.getpixel((9, 9))) == ("I;16", (30, 20), 40_001)


def test_names_that_are_not_valid_text_work(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9 \n.jpg"
    with open(path, "wb") as file:
        file.write(encoded(photo(40, 30), "JPEG"))
    outcome = done(os.fsdecode(path), Recipe("r", (Output("o"),)))
    assert os.path.exists(os.fsencode(tmp_path) + b"/caf\xe9 \n-o.jpg")
    assert os.fsencode(outcome.outputs[0].path).endswith(b"caf\xe9 \n-o.jpg")


def test_g15_a_hostile_name_stays_in_the_target_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("..jpg", "...jpg", "-rf *.jpg", "con.jpg", "~root.jpg", "a\\..\\b.jpg", "{stem}.jpg"):
        (folder / name).write_bytes(encoded(photo(20, 15), "JPEG"))
        outcome = done(folder / name, Recipe("r", (Output("o"),), folder=str(tmp_path / "out")))
        assert Path(outcome.outputs[0].path).parent == tmp_path / "out"
    assert names_in(tmp_path) == {"in", "out"}
    assert len(names_in(tmp_path / "out")) == 7


def test_g15_an_output_that_would_be_enormous_is_refused(source: Path) -> None:
    with pytest.raises(TooLarge, match="would need"):
        run(source, Recipe("r", (Output("o", (Resize(width=90_000, enlarge=True),)),)))


def test_outputs_that_would_share_a_name_are_made_once_when_they_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(photo(300, 200), "JPEG"))
    outputs = [Output(f"w{side}", (Resize(width=side),), None, "{stem}-{width}") for side in (1000, 500, 100)]
    outcome = done(path, Recipe("r", tuple(outputs)))
    assert [Path(one.path).name for one in outcome.outputs] == ["a-300.jpg", "a-100.jpg"]
    assert outcome.notes == ("w500 is the same as w1000 here, and was made once.",)
    clash = [Output("one", (Flip("vertical"),), None, "{width}"), Output("two", (), None, "{width}")]
    with pytest.raises(BadName, match="one and two"):
        run(path, Recipe("r", tuple(clash)))


def test_the_place_in_the_queue_and_the_index_are_part_of_the_name(source: Path) -> None:
    recipe = Recipe("r", (Output("o", (Thumbnail(20),), None, "{index}-{stem}-{output}"),))
    assert Path(done(source, recipe, place=2, index=7).outputs[0].path).name == "7-a-2-o.jpg"


def test_a_second_run_is_skipped_with_its_reason(source: Path) -> None:
    recipe = Recipe("r", (Output("o", (Thumbnail(20),)),))
    done(source, recipe)
    outcome = run(source, recipe)
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "a-o.jpg is there already."


def test_bad_files_fail_with_an_error_of_the_family_and_leave_nothing(tmp_path: Path) -> None:
    good = encoded(photo(200, 150), "JPEG")
    for number, content in enumerate((b"", b"text", good[:100], good[:2000], b"\xff\xd8\xff" + bytes(500))):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(content)
        with pytest.raises(InputFault):
            run(path, Recipe("r", (Output("o"),)))
    assert names_in(tmp_path) == {f"{number}.jpg" for number in range(5)}


def test_a_crop_outside_the_image_fails_that_job(source: Path) -> None:
    with pytest.raises(BadRecipe, match="2400 × 1800"):
        run(source, Recipe("r", (Output("o", (Crop(5000, 0, 10, 10),)),)))


def test_everything_works_without_libvips(source: Path, tmp_path: Path) -> None:
    """In a process of its own, in which pyvips cannot be imported."""
    code = (
        "import sys; sys.modules['pyvips'] = None\n"
        "from core.imaging.process import process, warm\n"
        "from core.recipe import quick_recipe\n"
        "from core.executor import Task\n"
        "warm()\n"
        "for kind in ('jpeg', 'png', 'webp', 'tiff'):\n"
        "    recipe = quick_recipe(256, '1920', kind).with_folder(sys.argv[2] + kind)\n"
        "    print([(o.width, o.height) for o in process("
        "Task(1, 1, sys.argv[1], recipe.to_json()), lambda _: None).outputs])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(source), str(tmp_path / "out-")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["[(256, 192), (1920, 1440)]"] * 4


def test_a_worker_that_is_warm_imports_nothing_more_for_a_job(source: Path) -> None:
    code = (
        "import sys\n"
        "from core.imaging.process import process, warm\n"
        "from core.recipe import find_recipe\n"
        "from core.executor import Task\n"
        "warm(); before = set(sys.modules)\n"
        "process(Task(1, 1, sys.argv[1], find_recipe('Web').to_json()), lambda _: None)\n"
        "print(sorted(n for n in set(sys.modules) - before if n.startswith(('PIL', 'pyvips', 'core'))))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(source)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
