"""A preview tells the truth about the file that would be made, and an outdated one never comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.executor import Done, Failed, Outcome, Task
from core.imaging import decode
from core.imaging.pixels import ABOUT, AFTER, BEFORE, ESTIMATED, Picture, read_picture, write_picture
from core.imaging.preview import MOST_SIDE, preview
from core.imaging.process import process
from core.job import JobError, OutputFile
from core.operations import Crop, Resize
from core.preview import Preview, Previewer, alone
from core.recipe import Output, Recipe, builtin_recipes, find_recipe
from tests.core.clocks import until
from tests.core.imaging.pictures import photo
from tests.core.processors import ByHand

WEB = find_recipe("Web")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    photo(640, 480).save(path, quality=95)
    return path


def asked(source: Path, recipe: Recipe, folder: Path) -> Task:
    folder.mkdir(exist_ok=True)
    return Task(1, 1, str(source), recipe.to_json(), downloads=str(folder))


@pytest.mark.parametrize("recipe", builtin_recipes(), ids=lambda one: one.name)
def test_the_size_and_the_name_are_those_of_the_file_that_is_made(
    source: Path, tmp_path: Path, recipe: Recipe
) -> None:
    for number, output in enumerate(recipe.outputs):
        task = asked(source, alone(recipe, number), tmp_path / "preview")
        done = preview(task, lambda _: None)
        (foreseen,) = done.outputs
        target = recipe.with_folder(tmp_path / f"out-{number}")
        made = process(Task(2, 1, str(source), target.to_json()), lambda _: None)
        assert isinstance(made, Done)
        (file,) = [one for one in made.outputs if one.name == output.name]
        assert foreseen.path == Path(file.path).name
        if len(recipe.outputs) == 1:
            assert foreseen.bytes == file.bytes
        else:  # scaled from the decode that the largest one needs: not the same to the last byte
            assert foreseen.bytes == pytest.approx(file.bytes, rel=0.05)
        assert (foreseen.width, foreseen.height) == (file.width, file.height)
        assert (done.width, done.height, done.source_bytes) == (640, 480, source.stat().st_size)
    assert sorted(one.name for one in source.parent.iterdir() if one.suffix == ".jpg") == ["photo.jpg"]


def test_both_pictures_are_shown_and_no_larger_than_a_screen_needs(tmp_path: Path) -> None:
    source = tmp_path / "large.png"
    Image.new("RGB", (3000, 1500), "#c08040").save(source)
    recipe = Recipe("Crop", (Output("a", (Crop(ratio="1:1"),), "webp"),))
    preview(asked(source, recipe, tmp_path / "preview"), lambda _: None)
    before, after = (read_picture(tmp_path / "preview" / one) for one in (BEFORE, AFTER))
    assert (before.width, before.height) == (MOST_SIDE, MOST_SIDE // 2)
    assert (after.width, after.height) == (1500, 1500)
    assert before.pixels[:4] == bytes.fromhex("c08040ff")
    assert len(after.pixels) == 4 * 1500 * 1500


def test_another_source_is_shown_as_itself(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 30), "#ff0000").save(other)
    for path, size in ((source, (640, 480)), (other, (40, 30)), (source, (640, 480))):
        preview(asked(path, WEB, tmp_path / "preview"), lambda _: None)
        before = read_picture(tmp_path / "preview" / BEFORE)
        assert (before.width, before.height) == size


def test_one_output_is_shown_whatever_the_recipe_does_with_its_files() -> None:
    recipe = replace(find_recipe("Web set"), skip_larger=True).with_folder("/somewhere")
    chosen = alone(recipe, 2)
    assert [one.name for one in chosen.outputs] == ["512"]
    assert chosen.folder is None
    assert not chosen.skip_larger


@pytest.mark.parametrize("name", ["png", "avif"])
def test_what_takes_long_is_estimated_first(tmp_path: Path, name: str) -> None:
    source = tmp_path / "large.png"
    noise = [Image.effect_noise((1600, 1000), 60) for _ in "RGB"]  # everywhere as much to encode
    Image.merge("RGB", noise).save(source)
    output = Output("large", (Resize(percent=90),), name, effort=1 if name == "avif" else None)
    recipe = Recipe("Large", (output,))
    reported: list[float] = []
    done = preview(asked(source, recipe, tmp_path / "preview"), reported.append)
    about = int((tmp_path / "preview" / ABOUT).read_text(encoding="ascii"))
    assert ESTIMATED in reported
    assert about == pytest.approx(done.outputs[0].bytes, rel=0.2)


def test_what_is_soon_made_is_not_estimated(source: Path, tmp_path: Path) -> None:
    preview(asked(source, find_recipe("Archive"), tmp_path / "preview"), lambda _: None)
    assert not (tmp_path / "preview" / ABOUT).exists()


def made_by(folder: Path) -> Done:
    for name in (BEFORE, AFTER):
        write_picture(folder / name, Picture(1, 1, b"abcd"))
    return Done((OutputFile("photo-web.webp", 123, 10, 20, "web"),), 456, 30, 40, ("A note.",))


def test_the_newest_wish_alone_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        hand = ByHand()
        previewer = Previewer(tmp_path, processor=hand)
        wishes = [asyncio.ensure_future(previewer.make("/a.jpg", WEB)) for _ in range(3)]
        await until(lambda: bool(hand.tasks))
        assert hand.tasks[0].job_id == 3  # the two before were outdated when there was a worker
        late = asyncio.ensure_future(previewer.make("/b.jpg", WEB))
        await until(lambda: hand.order == [3, 4])  # it did not wait for the third, which nobody ends
        hand.end(0, made_by(tmp_path / "preview"))
        assert await late == Preview(
            "photo-web.webp", 123, 10, 20, 456, 30, 40,
            Picture(1, 1, b"abcd"), Picture(1, 1, b"abcd"), ("A note.",),
        )  # fmt: skip
        assert await asyncio.gather(*wishes) == [None, None, None]
        assert hand.most_at_once == 1
        await previewer.close()
        assert hand.closed
        assert not (tmp_path / "preview").exists()
        assert await previewer.make("/a.jpg", WEB) is None

    asyncio.run(story())


def test_one_that_is_outdated_when_it_is_ready_is_not_shown(tmp_path: Path) -> None:
    async def story() -> None:
        hand = ByHand()
        previewer = Previewer(tmp_path, processor=hand)
        early = asyncio.ensure_future(previewer.make("/a.jpg", WEB))
        await until(lambda: hand.order == [1])
        late = asyncio.ensure_future(previewer.make("/b.jpg", WEB))
        await asyncio.sleep(0)  # the wish is made, and the first one is still given its time
        hand.end(0, made_by(tmp_path / "preview"))
        assert await early is None
        await until(lambda: hand.order == [1, 2])
        hand.end(0, made_by(tmp_path / "preview"))
        assert isinstance(await late, Preview)
        await previewer.close()

    asyncio.run(story())


def test_an_estimate_is_told_while_it_is_the_newest_wish(tmp_path: Path) -> None:
    async def story() -> None:
        hand = ByHand()
        previewer = Previewer(tmp_path, processor=hand)
        told: list[int] = []
        wish = asyncio.ensure_future(previewer.make("/a.jpg", WEB, on_about=told.append))
        await until(lambda: bool(hand.tasks))
        (tmp_path / "preview" / ABOUT).write_text("360000", encoding="ascii")
        hand.on_progress(1, 0.3)
        hand.on_progress(0, ESTIMATED)  # of an earlier one
        hand.on_progress(1, ESTIMATED)
        await until(lambda: told == [360_000])
        hand.end(0, made_by(tmp_path / "preview"))
        assert isinstance(await wish, Preview)
        await previewer.close()
        assert told == [360_000]

    asyncio.run(story())


def test_no_worker_is_started_before_the_first_wish_and_the_end_waits_for_none(tmp_path: Path) -> None:
    async def story() -> None:
        hand = ByHand()
        previewer = Previewer(tmp_path, processor=hand)
        assert hand.slots == 0
        wish = asyncio.ensure_future(previewer.make("/a.jpg", WEB))
        await until(lambda: bool(hand.tasks))
        assert hand.slots == 1
        await previewer.close()
        assert await wish is None

    asyncio.run(story())


def test_why_there_is_nothing_to_see_is_told(tmp_path: Path) -> None:
    error = JobError("not-an-image", "It is not an image.")

    def script(task: Task) -> Outcome:
        return Failed(error)

    async def story() -> None:
        previewer = Previewer(tmp_path, processor=ByHand(script))
        assert await previewer.make("/a.jpg", WEB) == error
        await previewer.close()
        (tmp_path / "preview").write_text("a file is in the way", encoding="utf-8")
        found = await Previewer(tmp_path, processor=ByHand(script)).make("/a.jpg", WEB)
        assert isinstance(found, JobError)
        assert found.code == "io-error"

    asyncio.run(story())


def test_a_worker_of_its_own_makes_it(source: Path, tmp_path: Path) -> None:
    recipe = Recipe("Small", (Output("small", (Resize(width=64),), "png"),))

    async def story() -> None:
        previewer = Previewer(tmp_path)
        found = await previewer.make(str(source), recipe)
        assert isinstance(found, Preview)
        assert (found.file_name, found.width, found.height) == ("photo-small.png", 64, 48)
        assert (found.after.width, found.after.height) == (64, 48)
        await previewer.close()

    asyncio.run(story())


def test_what_is_edited_again_is_decoded_once_and_has_the_same_bytes(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0
    load = decode._load

    def counted(source: decode.Source, size: tuple[int, int] | None, *, fast: bool) -> Image.Image:
        nonlocal times
        times += 1
        return load(source, size, fast=fast)

    monkeypatch.setattr(decode, "_load", counted)
    folder = tmp_path / "preview"

    def made_at(quality: int) -> bytes:
        outputs = (replace(WEB.outputs[0], quality=quality),)
        preview(asked(source, alone(replace(WEB, outputs=outputs), 0), folder), lambda _: None)
        return (folder / "made.webp").read_bytes()

    first = made_at(70)
    before = times
    assert made_at(40) != first
    assert made_at(70) == first
    assert times == before + 2  # of the two results, which are decoded to be shown
    photo(320, 200).save(source)  # another picture at the same place
    assert made_at(70) != first
    assert times > before + 4
