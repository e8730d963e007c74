"""The queue in a real window: paused and started, quit, killed, and started again."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.e2e.photos import assert_shows_the_photo, photo
from tests.e2e.polling import until
from tests.e2e.running_app import RunningApp, is_running

MANY = 80
pytestmark = pytest.mark.timeout(600)  # on a busy machine; what is stuck is found by the waiting itself


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of enough photos to be in the middle of them for some seconds."""
    folder = tmp_path / "many"
    first = photo(folder / "000.jpg", width=3600, height=2400, orientation=6)
    for number in range(1, MANY):
        shutil.copyfile(first, folder / f"{number:03}.jpg")
    return folder


def until_in_the_middle(app: RunningApp) -> None:
    """Wait until some are done and many are not."""
    until(lambda: app.counts()["done"] >= 4, "some jobs are done")
    assert app.counts()["done"] < MANY


def assert_all_are_made(app: RunningApp, folder: Path) -> None:
    """Fail unless each photo has both its outputs, whole, and no other file is there: no temporary one."""
    jobs = app.jobs()
    assert len(jobs) == MANY
    assert {job["state"] for job in jobs} == {"done"}
    outputs = [one for job in jobs for one in job["outputs"]]
    assert len(outputs) == len({one["path"] for one in outputs}) == 2 * MANY
    for one in outputs:
        size = (one["width"], one["height"])
        assert size in {(256, 171), (1920, 1280)}
        assert_shows_the_photo(Path(one["path"]), size)
    sources = {job["source"] for job in jobs}
    files = {str(path) for path in folder.rglob("*") if path.is_file()}
    assert files == sources | {one["path"] for one in outputs}


def until_gone(processes: Collection[int]) -> None:
    """Wait until none of these processes is left."""
    until(lambda: not [one for one in processes if is_running(one)], "its processes are gone", seconds=20)


def test_space_pauses_and_the_button_starts(app: RunningApp, many: Path) -> None:
    """G10 pause means pause: what ran comes to its end, nothing starts, until the button is pressed."""
    app.start(many)
    until_in_the_middle(app)
    app.start_or_pause(paused=True)
    until(lambda: app.counts()["running"] == 0, "what ran has come to its end")
    still = app.counts()
    assert still["queued"] > 0
    app.click("startPause")
    app.until_paused(False)
    assert app.counts()["queued"] <= still["queued"]
    app.until_done(MANY)
    assert_all_are_made(app, many)


def test_closing_in_the_middle_asks_and_the_next_start_goes_on(app: RunningApp, many: Path) -> None:
    """G3, G10: an orderly end puts back what did not finish, without counting an attempt."""
    app.start(many)
    until_in_the_middle(app)
    family = app.family()
    app.press("alt+F4")
    app.click("yes")
    assert app.wait() == 0
    until_gone(family)
    left = app.counts()
    assert left["running"] == 0
    assert 0 < left["done"] < MANY
    assert left["queued"] == MANY - left["done"]
    app.start()
    app.until_done(MANY)
    assert_all_are_made(app, many)
    assert {job["attempts"] for job in app.jobs()} == {1}
    app.press("alt+F4")
    assert app.wait() == 0, "with nothing to do it closes without a question"


def test_killed_in_the_middle_it_loses_nothing_and_leaves_nothing(app: RunningApp, many: Path) -> None:
    """G1, G3, G4, G7: after kill -9 all jobs come to their end, and no file or process is left over."""
    app.start(many)
    for further in (4, 16):
        until(lambda: app.counts()["done"] >= further, f"{further} jobs are done")  # noqa: B023
        family = app.family()
        assert len(family) > 4, "four workers run"
        app.kill()
        until_gone(family)
        before = app.counts()
        assert sum(before.values()) == MANY
        app.start()
    app.until_done(MANY)
    assert_all_are_made(app, many)


def test_the_system_can_end_it_in_order(app: RunningApp, many: Path) -> None:
    """G7, G10: at a log-out or a Ctrl+C nothing is asked; what runs gets its time, the rest stays."""
    app.start(many)
    until_in_the_middle(app)
    family = app.family()
    assert app.process is not None
    app.process.send_signal(signal.SIGTERM)
    assert app.wait() == 0
    until_gone(family)
    left = app.counts()
    assert left["running"] == 0
    assert left["queued"] == MANY - left["done"] > 0


def test_a_second_start_hands_its_paths_to_the_first(app: RunningApp, tmp_path: Path) -> None:
    """G14 one owner: the second process ends at once, and its photo is in the first one's window."""
    app.start(photo(tmp_path / "first.jpg"))
    app.until_done(1)
    second = app.second_start(photo(tmp_path / "second.jpg"))
    assert second == 0
    app.until_done(2)
    assert not app.has_ended()
    until(lambda: len(app.see("queueTable").rows) == 2, "both rows are in the window")
