"""Animations: kept where both formats hold them, each frame through the same operations."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from core.errors import CannotEncode, DamagedImage, TooLarge
from core.imaging import writers
from core.operations import Rotate, Thumbnail
from core.recipe import Colour, Metadata, Output, Recipe
from tests.core.imaging.pictures import BLUE, GREEN, RED, YELLOW, corners, done, near, opened, quarters

DURATIONS = [100, 250, 40]
COLOURS = [RED, GREEN, BLUE, YELLOW]


def animation(kind: str, *, loop: int | None = 3, transparent: bool = False, **options: object) -> bytes:
    """Three frames, each a quarter turn on from the one before."""
    first = quarters(40, 40).convert("RGBA")
    if transparent:
        first.paste((0, 0, 0, 0), (15, 15, 25, 25))
    frames = [first, first.transpose(Image.Transpose.ROTATE_270), first.transpose(Image.Transpose.ROTATE_180)]
    if loop is not None:
        options["loop"] = loop
    if kind == "WEBP":
        options["lossless"] = True
    if kind == "GIF":
        options["disposal"] = 2
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=DURATIONS, **options)
    return file.getvalue()


def frames_of(path: str) -> tuple[list[Image.Image], list[int], int | None]:
    with Image.open(path) as image:
        frames, durations = [], []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            image.load()
            frames.append(image.convert("RGBA"))
            durations.append(round(image.info["duration"]))
        return frames, durations, image.info.get("loop")


def maker_of(path: str) -> object:
    with Image.open(path) as image:
        return image.getexif().get(0x010F)


def made(
    folder: Path, content: bytes, *outputs: Output, **fields: object
) -> tuple[list[str], tuple[str, ...]]:
    (folder / "a").write_bytes(content)
    outcome = done(folder / "a", Recipe("r", outputs, **fields))  # type: ignore[arg-type]
    return [one.path for one in outcome.outputs], outcome.notes


@pytest.mark.parametrize("target", ["gif", "webp", "png"])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("transparent", [False, True])
def test_an_animation_stays_one_with_its_times_and_each_frame_goes_through_the_operations(
    tmp_path: Path, kind: str, target: str, transparent: bool
) -> None:
    output = Output("o", (Thumbnail(20), Rotate(90)), target)
    paths, notes = made(tmp_path, animation(kind, transparent=transparent), output)
    frames, durations, loop = frames_of(paths[0])
    assert notes == ()
    assert durations == DURATIONS
    assert loop == 3 + (kind == "GIF") - (target == "gif"), "a GIF counts the times after the first"
    turned = [BLUE, RED, YELLOW, GREEN], [YELLOW, BLUE, GREEN, RED], [GREEN, YELLOW, RED, BLUE]
    for frame, expected in zip(frames, turned, strict=True):
        assert frame.size == (20, 20)
        assert all(near(*pair, 40) for pair in zip(corners(frame), expected, strict=True))
        assert (frame.getpixel((10, 10))[3] < 40) is transparent  # type: ignore[index]


@pytest.mark.parametrize("transparent", [False, True])
def test_an_avif_stays_an_animation_and_runs_without_an_end(tmp_path: Path, transparent: bool) -> None:
    first, notes = made(
        tmp_path, animation("WEBP", loop=0, transparent=transparent), Output("o", (Thumbnail(20),), "avif")
    )
    assert notes == ()
    again, _ = made(tmp_path, Path(first[0]).read_bytes(), Output("p", (Rotate(90),), "avif", quality=90))
    for path, expected in ((first[0], [RED, GREEN, BLUE, YELLOW]), (again[0], [BLUE, RED, YELLOW, GREEN])):
        frames, durations, _ = frames_of(path)
        assert durations == DURATIONS
        assert all(near(*pair, 60) for pair in zip(corners(frames[0]), expected, strict=True))
        assert (frames[0].getpixel((10, 10))[3] < 60) is transparent  # type: ignore[index]
    _, notes = made(tmp_path, animation("GIF", loop=3), Output("q", (), "avif"))
    assert "without an end" in notes[0]


@pytest.mark.parametrize("target", ["gif", "webp", "png"])
@pytest.mark.parametrize(("loop", "plays"), [(0, 0), (None, 1)])
def test_without_an_end_and_once_are_kept(tmp_path: Path, target: str, loop: int | None, plays: int) -> None:
    paths, _ = made(tmp_path, animation("GIF", loop=loop), Output("o", (), target))
    found = frames_of(paths[0])[2]
    assert found == (None if target == "gif" and plays == 1 else plays)


def test_a_format_without_animations_gets_the_first_frame_and_a_note(tmp_path: Path) -> None:
    outputs = (
        Output("one", (), "jpeg", quality=95),
        Output("two", (), "gif"),
        Output("three", (), "png", animate=False),
    )
    paths, notes = made(tmp_path, animation("GIF"), *outputs)
    assert notes == ("The animation was reduced to its first frame.",)
    assert [Path(one).suffix for one in paths] == [".jpg", ".gif", ".png"]
    assert all(near(*pair, 8) for pair in zip(corners(opened(paths[0])), COLOURS, strict=True))
    assert len(frames_of(paths[1])[0]) == 3
    with Image.open(paths[2]) as image:
        assert not getattr(image, "is_animated", False)


def test_an_animation_without_a_format_stays_what_it_is(tmp_path: Path) -> None:
    for kind, suffix in (("GIF", ".gif"), ("WEBP", ".webp"), ("PNG", ".png")):
        folder = tmp_path / kind
        folder.mkdir()
        paths, _ = made(folder, animation(kind), Output("o", (Thumbnail(20),)))
        assert Path(paths[0]).suffix == suffix
        assert frames_of(paths[0])[1] == DURATIONS


def test_the_still_image_before_an_animated_png_is_no_frame_of_it(tmp_path: Path) -> None:
    content = animation("PNG", default_image=True)
    paths, _ = made(tmp_path, content, Output("o", (), "webp", lossless=True))
    assert len(frames_of(paths[0])[0]) == 2


def test_the_same_animation_gives_the_same_bytes(tmp_path: Path) -> None:
    outputs = [Output(one, (Thumbnail(20),), one) for one in ("gif", "webp", "png")]
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        found.append([Path(one).read_bytes() for one in made(folder, animation("GIF"), *outputs)[0]])
    assert found[0] == found[1]


def test_a_gif_of_pillow_runs_in_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "libvips", lambda: None)
    paths, _ = made(tmp_path, animation("WEBP", transparent=True), Output("o", (), "gif"))
    frames, durations, loop = frames_of(paths[0])
    assert (len(frames), durations, loop) == (3, DURATIONS, 2)
    assert frames[1].getpixel((20, 20))[3] == 0  # type: ignore[index]


def test_an_animation_keeps_its_metadata_and_colours_where_the_format_can(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    content = animation("WEBP", exif=exif.tobytes())
    outputs = Output("w", (), "webp"), Output("p", (), "png"), Output("g", (), "gif")
    paths, notes = made(tmp_path, content, *outputs, colour=Colour.KEEP)
    assert [maker_of(one) for one in paths] == ["Maker", "Maker", None]
    assert notes == ("The metadata was left out: GIF has no place for it.",)
    folder = tmp_path / "stripped"
    folder.mkdir()
    assert maker_of(made(folder, content, *outputs, metadata=Metadata.STRIP)[0][0]) is None


def test_a_limit_in_bytes_lowers_the_quality_of_an_animation(tmp_path: Path) -> None:
    file = io.BytesIO()
    noise = [Image.effect_noise((80, 60), 60 + number).convert("RGB") for number in range(3)]
    noise[0].save(file, "WEBP", save_all=True, append_images=noise[1:], lossless=True)
    free = Path(made(tmp_path, file.getvalue(), Output("o", (), "webp", quality=90))[0][0]).stat().st_size
    limit = round(free * 0.7)
    paths, notes = made(tmp_path, file.getvalue(), Output("p", (), "webp", quality=90, max_bytes=limit))
    assert Path(paths[0]).stat().st_size <= limit
    assert any("quality was lowered from 90" in one for one in notes)
    with pytest.raises(CannotEncode, match="as small as 1,000"):
        made(tmp_path, file.getvalue(), Output("q", (), "webp", max_bytes=1_000))


def test_g15_frames_that_would_take_too_much_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEQUEUE_MAX_PIXELS", str(40 * 40 * 3 * 2 - 1))
    with pytest.raises(TooLarge, match="3 frames of 40 × 40"):
        made(tmp_path, animation("GIF"), Output("o", (), "gif"))
    assert made(tmp_path, animation("GIF"), Output("o", (), "jpeg"))[0]


def gif_with_second_frame(width: int, height: int) -> bytes:
    """A GIF of 8 x 8 whose second frame says another size, to be cleared after it was shown."""
    content = animation("GIF", loop=None)
    block = b"\x2c" + bytes(4) + (40).to_bytes(2, "little") * 2
    first = content.index(block)
    second = content.index(b"\x2c", first + 400)
    while content[second + 5 : second + 9] != (40).to_bytes(2, "little") * 2:
        second = content.index(b"\x2c", second + 1)
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return content[: second + 5] + size + content[second + 9 :]


def test_g15_a_frame_that_claims_a_size_of_its_own_is_cut_or_refused(tmp_path: Path) -> None:
    with pytest.raises((TooLarge, DamagedImage)):
        made(tmp_path, gif_with_second_frame(65_000, 65_000), Output("o", (), "webp"))
    with pytest.raises(DamagedImage):  # its pixels end before the frame does, which is found on the way
        made(tmp_path, gif_with_second_frame(60, 40), Output("o", (), "webp"))


def test_an_animation_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    content = animation("WEBP")
    with pytest.raises(DamagedImage):
        made(tmp_path, content[: len(content) - 40], Output("o", (), "webp"))


def test_progress_rises_while_frames_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.imaging.process import process
    from tests.core.imaging.pictures import task_for

    monkeypatch.setattr("core.imaging.process._QUIET", 0.0)
    (tmp_path / "a.gif").write_bytes(animation("GIF"))
    told: list[float] = []
    recipe = Recipe("r", (Output("g", (), "gif"), Output("j", (), "jpeg")))
    process(task_for(tmp_path / "a.gif", recipe), told.append)
    assert told[-1] == 1
    assert len(told) >= 6
