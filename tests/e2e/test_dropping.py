"""Photos are dropped onto the window from another program, and their copies are on the disk."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.e2e.dragging import Drag
from tests.e2e.photos import assert_shows_the_photo, photo
from tests.e2e.polling import until
from tests.e2e.running_app import RunningApp
from tests.e2e.screen import Screen


def outputs_of(app: RunningApp) -> dict[str, dict[str, Path]]:
    """By the name of each source: its outputs, by the names that the recipe gives them."""
    made = {}
    for job in app.jobs():
        made[Path(job["source"]).name] = {one["name"]: Path(one["path"]) for one in job["outputs"]}
    return made


def assert_nothing_else_is_in(folder: Path, app: RunningApp) -> None:
    """Fail unless the folder holds the sources and the outputs of all jobs, and not one file more."""
    expected = {Path(job["source"]) for job in app.jobs()}
    expected |= {path for made in outputs_of(app).values() for path in made.values()}
    assert {path for path in folder.rglob("*") if path.is_file()} == expected


def test_a_folder_dropped_anywhere_becomes_thumbnails_and_resized_copies(
    app: RunningApp, screen: Screen, tmp_path: Path
) -> None:
    """Sideways photos, a portrait and a small one, in a folder within a folder; G4: no file more is there."""
    folder = tmp_path / "Holiday in Łódź 2026"
    photo(folder / "wide.jpg", width=2400, height=1600)
    photo(folder / "turned.jpg", width=1600, height=2400, orientation=6)
    photo(folder / "days" / "day one.JPG", width=2400, height=1600, orientation=3)
    photo(folder / "small.jpg", width=200, height=100, orientation=8)
    app.start()
    with Drag(screen, [folder]) as drag:
        drag.move(*app.see("mainWindow").centre)
        app.until_lit("dropZoneNormal", drag)
        assert drag.drop() == "CopyAction"
    app.until_done(4)
    made = outputs_of(app)
    for name, thumbnail, resized in (
        ("wide.jpg", (256, 171), (1920, 1280)),
        ("turned.jpg", (171, 256), (1280, 1920)),
        ("day one.JPG", (256, 171), (1920, 1280)),
        ("small.jpg", (200, 100), (200, 100)),
    ):
        assert_shows_the_photo(made[name]["thumbnail"], thumbnail)
        assert_shows_the_photo(made[name]["resized"], resized)
    assert {job["priority"] for job in app.jobs()} == {0}
    assert_nothing_else_is_in(folder, app)


def test_photos_dropped_on_the_high_zone_run_before_what_was_there(
    app: RunningApp, screen: Screen, tmp_path: Path
) -> None:
    """G8: higher priority first, in the order of their attempts."""
    waiting = [photo(tmp_path / "waiting" / f"{number}.jpg", seed=number) for number in range(12)]
    urgent = [photo(tmp_path / "urgent" / f"{number}.jpg", seed=number) for number in range(3)]
    app.start()
    app.start_or_pause(paused=True)
    for paths, zone in ((waiting, "dropZoneNormal"), (urgent, "dropZoneHigh")):
        with Drag(screen, paths) as drag:
            drag.move(*app.see("mainWindow").centre)
            app.until_lit("dropZoneNormal", drag)
            drag.move(*app.see(zone).centre)
            app.until_lit(zone, drag)
            assert drag.drop() == "CopyAction"
        expected = len(waiting) + (len(urgent) if paths is urgent else 0)
        until(lambda: app.counts()["queued"] == expected, f"{expected} jobs wait")  # noqa: B023
    app.start_or_pause(paused=False)
    app.until_done(len(waiting) + len(urgent))
    priority = {job["source"]: job["priority"] for job in app.jobs()}
    assert {priority[str(path)] for path in urgent} == {10}
    assert {priority[str(path)] for path in waiting} == {0}


def test_a_recipe_dropped_on_the_window_makes_what_is_dropped_next(
    app: RunningApp, screen: Screen, tmp_path: Path
) -> None:
    recipe = tmp_path / "shop.toml"
    recipe.write_text(
        'name = "Shop"\n[[outputs]]\nname = "square"\nformat = "png"\n'
        'operations = [{ do = "crop", ratio = "1:1" }, { do = "blur", radius = 9, off = true },'
        ' { do = "thumbnail", width = 64 }]\n',
        encoding="utf-8",
    )
    source = photo(tmp_path / "photos" / "wide.jpg", width=300, height=200)
    app.start()
    for path in (recipe, source):
        with Drag(screen, [path]) as drag:
            drag.move(*app.see("mainWindow").centre)
            app.until_lit("dropZoneNormal", drag)
            assert drag.drop() == "CopyAction"
        until((app.data_dir / "recipes" / "shop.toml").exists, "the recipe is kept")
    app.until_done(1)
    (job,) = app.jobs()
    assert job["recipe"] == "Shop"
    with Image.open(outputs_of(app)["wide.jpg"]["square"]) as made:
        assert (made.format, made.size) == ("PNG", (64, 64))
    assert recipe.exists()
