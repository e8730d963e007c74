"""Pages: of a document all are kept where the output can, and several images become one file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from core.errors import BadName, BadRecipe, NoSuchFile, NotAnImage, ReadFailed, TooLarge
from core.executor import Skipped
from core.gathered import read_list, write_list
from core.imaging import making
from core.imaging.process import foresee
from core.operations import Rotate, Thumbnail
from core.recipe import Colour, Existing, Output, Recipe
from tests.core.imaging.pictures import BLUE, GREEN, RED, done, encoded, names_in, near, photo, run, task_for
from tests.core.imaging.samples import heic

COLOURS = (RED, GREEN, BLUE)
SIZES = ((120, 80), (60, 90), (200, 40))


def pages() -> list[Image.Image]:
    return [Image.new("RGB", size, colour) for size, colour in zip(SIZES, COLOURS, strict=True)]


def document(path: Path, kind: str = "TIFF", **options: object) -> Path:
    first, *rest = pages()
    first.save(path, kind, save_all=True, append_images=rest, **options)
    return path


def seen(path: str) -> list[tuple[tuple[int, int], tuple[int, ...]]]:
    """The size of each page, and the colour in its middle."""
    found = []
    if path.endswith(".pdf"):
        with pypdfium2.PdfDocument(path) as opened:
            for page in opened:
                size = tuple(round(one * 150 / 72) for one in page.get_size())
                picture = page.render(scale=150 / 72, rev_byteorder=True).to_pil().convert("RGB")
                found.append((size, picture.getpixel((picture.width // 2, picture.height // 2))))
        return found
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            picture = image.convert("RGB")
            found.append((picture.size, picture.getpixel((picture.width // 2, picture.height // 2))))
    return found


def assert_all_there(path: str, sizes: tuple[tuple[int, int], ...] = SIZES) -> None:
    found = seen(path)
    assert [size for size, _ in found] == list(sizes)
    for (_, colour), wanted in zip(found, COLOURS, strict=True):
        assert near(colour, wanted, 6)


@pytest.mark.parametrize("kind", ["tiff", "pdf"])
@pytest.mark.parametrize("source", ["TIFF", "PDF"])
def test_a_document_keeps_its_pages_each_of_its_size(tmp_path: Path, source: str, kind: str) -> None:
    path = document(tmp_path / f"in.{source.lower()}", source, resolution=150)
    outcome = done(path, Recipe("r", (Output("o", (), kind),)))
    assert_all_there(outcome.outputs[0].path)
    assert (outcome.outputs[0].width, outcome.outputs[0].height) == SIZES[0]
    assert outcome.notes == ()


def test_each_page_goes_through_the_operations_by_itself(tmp_path: Path) -> None:
    path = document(tmp_path / "in.tif")
    output = Output("o", (Thumbnail(60), Rotate(90)), "tiff")
    assert_all_there(done(path, Recipe("r", (output,))).outputs[0].path, ((40, 60), (60, 40), (12, 60)))


def test_large_pages_are_shrunk_each_from_its_own_pixels(tmp_path: Path) -> None:
    first, *rest = [Image.new("RGB", (1000, 800), colour) for colour in COLOURS]  # which libvips loads
    path = tmp_path / "in.tif"
    first.save(path, save_all=True, append_images=rest)
    made = done(path, Recipe("r", (Output("o", (Thumbnail(500),), "tiff"),))).outputs[0].path
    assert_all_there(made, ((500, 400),) * 3)


def test_an_output_for_one_image_gets_the_first_page_with_a_note(tmp_path: Path) -> None:
    path = document(tmp_path / "in.tif")
    outcome = done(path, Recipe("r", (Output("a", (), "jpeg"), Output("b", (), "tiff"))))
    assert_all_there(outcome.outputs[1].path)
    assert near(seen(outcome.outputs[0].path)[0][1], RED, 6)
    assert outcome.notes == ("Only the first of 3 pages was used.",)
    alone = done(path, Recipe("s", (Output("c", (), "tiff", animate=False),)))
    assert len(seen(alone.outputs[0].path)) == 1


def test_the_images_of_a_heic_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "in.heic"
    path.write_bytes(heic(pages()[0], append_images=pages()[1:]))
    assert len(seen(done(path, Recipe("r", (Output("o", (), "pdf"),))).outputs[0].path)) == 3


def test_what_the_first_page_carries_is_kept_and_the_other_pages_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    path = document(tmp_path / "in.tif", exif=exif)
    outcome = done(path, Recipe("r", (Output("o", (), "tiff"),)))
    assert_all_there(outcome.outputs[0].path)
    with Image.open(outcome.outputs[0].path) as image:
        assert image.getexif()[0x010E] == "a description"


def test_pages_keep_their_own_colour_profiles_where_colours_are_kept(tmp_path: Path) -> None:
    profile = (Path(__file__).parent / "none").name.encode()  # any bytes: they are carried, not read
    path = tmp_path / "in.tif"
    first, second, third = pages()
    third.info["icc_profile"] = profile
    first.save(path, save_all=True, append_images=[second, third])
    made = done(path, Recipe("r", (Output("o", (), "tiff"),), colour=Colour.KEEP)).outputs[0].path
    with Image.open(made) as image:
        assert image.info.get("icc_profile") is None
        image.seek(2)
        assert image.info["icc_profile"] == profile


def test_g4_a_document_that_lacks_a_page_gets_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = document(tmp_path / "in.tif")
    short = encoded(pages()[0], "TIFF", save_all=True, append_images=pages()[1:2])
    monkeypatch.setattr(making, "encode_pages", lambda *_: (short, ()))
    with pytest.raises(ReadFailed, match="cannot be read back"):
        done(path, Recipe("r", (Output("o", (), "tiff"),)))
    assert names_in(tmp_path) == {"in.tif"}


def test_a_size_limit_holds_for_the_whole_document(tmp_path: Path) -> None:
    first, *rest = [photo(400, 300), photo(300, 400), photo(500, 100)]
    path = tmp_path / "in.tif"
    first.save(path, save_all=True, append_images=rest)
    whole = done(path, Recipe("r", (Output("o", (), "pdf", quality=95),))).outputs[0].bytes
    small = done(path, Recipe("s", (Output("p", (), "pdf", quality=95, max_bytes=whole * 2 // 3),)))
    assert small.outputs[0].bytes <= whole * 2 // 3
    assert len(seen(small.outputs[0].path)) == 3
    assert "quality was lowered" in small.notes[0]


def test_g6_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    path = document(tmp_path / "in.tif")
    made = [
        Path(done(path, Recipe(name, (Output(name, (), kind),))).outputs[0].path).read_bytes()
        for kind in ("pdf", "tiff")
        for name in (f"{kind}1", f"{kind}2")
    ]
    assert made[0] == made[1]
    assert made[2] == made[3]


def test_a_page_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = document(tmp_path / "in.tif")
    monkeypatch.setenv("IMAGEQUEUE_MAX_PIXELS", "9700")
    Image.new("RGB", (120, 80)).save(tmp_path / "b.tif", save_all=True, append_images=[photo(120, 90)])
    with pytest.raises(TooLarge, match="Page 2"):  # the first has 9,600 and fits
        done(tmp_path / "b.tif", Recipe("r", (Output("o", (), "tiff"),)))
    assert_all_there(done(path, Recipe("r", (Output("o", (), "tiff"),))).outputs[0].path)


# -- several images in one file ---------------------------------------------------------------------------

GATHER = Recipe("g", (Output("o", (), "pdf", template="{stem}"),), gather=True)


def three(folder: Path) -> list[str]:
    folder.mkdir()
    for number, page in enumerate(pages()):
        page.save(folder / f"{number}.png")
    return [str(folder / f"{number}.png") for number in range(3)]


@pytest.mark.parametrize("kind", ["tiff", "pdf"])
def test_several_images_become_the_pages_of_one_file(tmp_path: Path, kind: str) -> None:
    paths = three(tmp_path / "in")
    source = write_list(tmp_path / "lists", "Album", paths)
    recipe = Recipe(
        "g", (Output("o", (), kind, template="{stem}"),), gather=True, folder=str(tmp_path / "out")
    )
    outcome = done(source, recipe)
    assert Path(outcome.outputs[0].path).stem == "Album"
    assert_all_there(outcome.outputs[0].path)
    assert outcome.source_bytes == sum(Path(one).stat().st_size for one in paths)


def test_a_document_among_the_images_gives_all_its_pages_and_photos_are_set_upright(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    photo(90, 60).save(tmp_path / "a.jpg", exif=turned)
    document(tmp_path / "b.tif")
    source = write_list(tmp_path / "lists", "all", [str(tmp_path / "a.jpg"), str(tmp_path / "b.tif")])
    found = seen(done(source, GATHER.with_folder(tmp_path / "out")).outputs[0].path)
    assert [size for size, _ in found] == [(60, 90), *SIZES]


def test_a_missing_image_of_a_list_fails_with_its_name_before_anything_is_made(tmp_path: Path) -> None:
    paths = three(tmp_path / "in")
    Path(paths[1]).unlink()
    with pytest.raises(NoSuchFile, match=r"1\.png"):
        done(write_list(tmp_path / "lists", "a", paths), GATHER.with_folder(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_g4_an_image_of_a_list_is_never_replaced_by_what_is_made_of_it(tmp_path: Path) -> None:
    path = document(tmp_path / "Album.tif")
    before = path.read_bytes()
    source = write_list(tmp_path / "lists", "Album", [str(path), *three(tmp_path / "in")])
    recipe = Recipe(
        "g", (Output("o", (), "tiff", template="{stem}"),), gather=True, existing=Existing.REPLACE
    )
    with pytest.raises(BadName, match="the source itself"):
        done(source, recipe.with_folder(tmp_path))
    assert path.read_bytes() == before


def test_what_is_gathered_is_made_again_when_one_of_its_images_has_changed(tmp_path: Path) -> None:
    paths = three(tmp_path / "in")
    recipe = GATHER.with_folder(tmp_path / "out").with_existing(Existing.REPLACE)
    memory = str(tmp_path / "made.sqlite3")
    source = write_list(tmp_path / "lists", "a", paths)
    done(source, recipe, memory=memory)
    again = run(source, recipe, memory=memory)
    assert isinstance(again, Skipped)
    assert again.reason.startswith("Up to date")
    Image.new("RGB", (50, 50), BLUE).save(paths[1])
    done(source, recipe, memory=memory)


def test_what_was_gathered_is_replaced_when_one_of_its_images_is_newer(tmp_path: Path) -> None:
    paths = three(tmp_path / "in")
    source = write_list(tmp_path / "lists", "a", paths)
    recipe = GATHER.with_folder(tmp_path / "out").with_existing(Existing.NEWER)
    made = done(source, recipe).outputs[0]
    assert isinstance(run(source, recipe), Skipped)
    stamp = Path(made.path).stat().st_mtime_ns + 10**9
    os.utime(paths[2], ns=(stamp, stamp))
    assert done(source, recipe).outputs[0].path == made.path


def test_a_list_is_read_by_a_recipe_that_gathers_alone_and_never_from_the_network(tmp_path: Path) -> None:
    source = write_list(tmp_path / "lists", "a", three(tmp_path / "in"))
    with pytest.raises(NotAnImage):
        done(source, Recipe("r", (Output("o", (), "pdf"),)))
    with pytest.raises(NotAnImage):
        done(source, GATHER, downloads=str(tmp_path / "downloads"))


def test_one_image_is_a_file_of_one_page(tmp_path: Path) -> None:
    path = three(tmp_path / "in")[0]
    assert len(seen(done(path, GATHER).outputs[0].path)) == 1


def test_the_same_list_has_one_path_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    names = ["/a/b.png", "/a/\udcff.png"]
    path = write_list(tmp_path, "n", names)
    assert write_list(tmp_path, "n", names) == path
    assert read_list(path) == names
    Path(path).write_bytes(Path(path).read_bytes()[:-4])
    with pytest.raises(NotAnImage):
        done(path, GATHER)
    Path(path).write_text(json.dumps({"imagequeue gathers": 3}), encoding="ascii")
    assert read_list(path) is None


def test_a_look_ahead_tells_of_the_one_file(tmp_path: Path) -> None:
    source = write_list(tmp_path / "lists", "a", three(tmp_path / "in"))
    outcome = foresee(task_for(source, GATHER.with_folder(tmp_path / "out")), lambda _: None)
    assert not isinstance(outcome, Skipped)
    assert [Path(one.path).name for one in outcome.outputs] == ["a.pdf"]


def test_gathering_takes_formats_with_pages() -> None:
    with pytest.raises(BadRecipe, match="gather takes outputs in pdf or tiff"):
        Recipe("g", (Output("o", (), "jpeg"),), gather=True)
    assert "gather" not in Recipe("r", (Output("o"),)).to_json()
