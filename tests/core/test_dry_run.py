"""A dry run foretells what a run does, leaves nothing behind, and can be stopped."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from core.dry_run import DryRun, Foreseen, Would
from core.executor import Done
from core.imaging.process import process
from core.intake.wanted import Wanted
from core.recipe import Existing, Recipe, quick_recipe
from core.settings import Settings
from tests.core.imaging.pictures import photo, task_for
from tests.core.intake.test_archives import zipped


@pytest.fixture(autouse=True)
def folder_for_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        photo(400 + 40 * number, 300).save(folder / f"{number}.jpg", quality=92)
    (folder / "bad.png").write_bytes(b"no picture")
    return folder


def everything(folder: Path) -> dict[str, int]:
    return {str(one.relative_to(folder)): one.stat().st_mtime_ns for one in sorted(folder.rglob("*"))}


def foretold(
    data_dir: Path, paths: list[Path], recipe: Recipe, **options: bool
) -> tuple[DryRun, list[Foreseen]]:
    async def story() -> tuple[DryRun, list[Foreseen]]:
        run = DryRun(data_dir, Settings(), workers=2, timeout=60, by_content=False)
        async with run:
            wanted = Wanted(archives=options.get("archives", False))
            await run.look([str(path) for path in paths], recipe, wanted=wanted)
            await run.weigh()
            return run, [row async for row in run.rows()]

    return asyncio.run(story())


def test_the_sizes_that_it_tells_are_close_to_those_of_a_run(
    photos: Path, tmp_path: Path, folder_for_temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.estimate.spread_out.__defaults__", (3,))
    recipe, before = quick_recipe(128, "300").with_folder(tmp_path / "out"), everything(photos)
    run, rows = foretold(tmp_path / "data", [photos], recipe)
    assert everything(photos) == before
    assert not (tmp_path / "out").exists()
    assert list(folder_for_temporary.iterdir()) == []
    assert [row.would for row in rows] == [Would.WRITE] * 6 + [Would.FAIL]
    assert (run.totals.sampled, run.totals.files, run.totals.unsized, run.totals.fail) == (3, 12, 0, 1)
    truth = 0
    for row in rows[:6]:
        outcome = process(task_for(row.source, recipe), lambda _: None)
        assert isinstance(outcome, Done)
        for file, made in zip(row.files, outcome.outputs, strict=True):
            assert (file.path, file.width, file.height) == (made.path, made.width, made.height)
            assert file.bytes == pytest.approx(made.bytes, rel=0.3)
            truth += made.bytes
    assert run.totals.bytes == pytest.approx(truth, rel=0.1)
    assert 0 < run.totals.margin < run.totals.bytes / 2


def test_files_that_are_their_sources_again_are_told_to_the_byte(photos: Path, tmp_path: Path) -> None:
    recipe = quick_recipe(4_000).with_folder(tmp_path / "out")
    run, rows = foretold(tmp_path / "data", [photos / "0.jpg"], recipe)
    assert run.totals.sampled in (0, 1)
    outcome = process(task_for(photos / "0.jpg", recipe), lambda _: None)
    assert isinstance(outcome, Done)
    assert [file.bytes for file in rows[0].files] == [one.bytes for one in outcome.outputs]
    assert run.totals.margin == 0


def test_links_archives_and_what_would_be_replaced_are_told(photos: Path, tmp_path: Path) -> None:
    zipped(photos / "more.zip", {"in.jpg": (photos / "0.jpg").read_bytes()})
    Image.new("RGB", (8, 8)).save(photos / "1-thumbnail.jpg")
    recipe = quick_recipe(16).with_existing(Existing.REPLACE)
    run, rows = foretold(tmp_path / "data", [photos, Path("https://h/a.jpg")], recipe, archives=True)
    assert run.totals.replaced == 1
    (made,) = [row for row in rows if row.source.endswith("in.jpg")]
    assert made.files[0].path == str(photos / "more" / "in-thumbnail.jpg")


def test_stopping_it_tells_what_was_looked_at(
    photos: Path, tmp_path: Path, folder_for_temporary: Path
) -> None:
    async def story() -> None:
        run, stop = (
            DryRun(tmp_path / "data", Settings(), workers=1, timeout=60, by_content=False),
            asyncio.Event(),
        )
        async with run:
            await run.look(
                [str(photos)], quick_recipe(16), wanted=Wanted(), stopped=stop,
                on_progress=lambda done, _: stop.set() if done >= 2 else None,
            )  # fmt: skip
            rows = [row async for row in run.rows()]
            assert 2 <= len(rows) <= 7
            assert run.totals.found == 7
            await run.weigh(stop)

    asyncio.run(story())
    assert list(folder_for_temporary.iterdir()) == []


def test_cancelling_it_leaves_nothing_behind(
    photos: Path, tmp_path: Path, folder_for_temporary: Path
) -> None:
    async def story() -> None:
        reached = asyncio.Event()

        async def run() -> None:
            async with DryRun(tmp_path / "data", Settings(), workers=1, timeout=60, by_content=False) as one:
                await one.look(
                    [str(photos)], quick_recipe(16), wanted=Wanted(), on_progress=lambda *_: reached.set()
                )
                await asyncio.Event().wait()

        task = asyncio.create_task(run())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert list(folder_for_temporary.iterdir()) == []
