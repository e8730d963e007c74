"""The jobs of another machine are dropped onto the window, found in another folder here, and made."""

from __future__ import annotations

from pathlib import Path

from core.recipe import builtin_recipes
from core.store_moving import MovedJob
from core.transfer.queue_file import QueueFileWriter
from tests.e2e.dragging import Drag
from tests.e2e.photos import assert_shows_the_photo, photo
from tests.e2e.polling import until
from tests.e2e.running_app import RunningApp
from tests.e2e.screen import Screen


def test_a_dropped_file_of_jobs_is_mapped_and_made(app: RunningApp, screen: Screen, tmp_path: Path) -> None:
    """All or nothing, and not before it was accepted; G5: beside the sources as they are here."""
    photos = tmp_path / "here"
    for name in ("a", "b"):
        photo(photos / f"{name}.jpg", width=600, height=400)
    writer = QueueFileWriter(tmp_path / "shoot.imagequeue", lambda _: builtin_recipes()[2].to_json())
    writer.add([MovedJob(f"/elsewhere/shoot/{name}.jpg", 0, priority=10) for name in ("a", "b", "lost")])
    writer.finish()
    writer.close()
    app.start()
    with Drag(screen, [tmp_path / "shoot.imagequeue"]) as drag:
        drag.move(*app.see("mainWindow").centre)
        app.until_lit("dropZoneNormal", drag)
        assert drag.drop() == "CopyAction"
    until(lambda: "3 are missing." in app.see("importState").text, "the dialog has looked for the images")
    app.click("importFolder1")
    screen.key("ctrl+a")
    screen.xdotool("type", "--clearmodifiers", str(photos))
    until(lambda: app.see("importState").text == "2 of 3 images are here. 1 is missing.", "two are found")
    assert app.counts()["queued"] == app.counts()["done"] == 0
    app.click("importAccept")
    app.until_done(2)
    jobs = app.jobs()
    assert {(job["source"], job["priority"]) for job in jobs} == {
        (f"{photos}/a.jpg", 10), (f"{photos}/b.jpg", 10),
    }  # fmt: skip
    for job in jobs:
        assert_shows_the_photo(Path(job["outputs"][0]["path"]), (256, 171))
