"""A real window with a real worker behind a real broker: shown, used, lost, and found again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.remote.address import parse_address
from core.settings import Settings
from tests.brokers import Broker, broker_in
from tests.e2e.photos import photo
from tests.e2e.polling import until
from tests.e2e.running_app import ROOT, RunningApp

PHOTOS = 12
pytestmark = pytest.mark.timeout(600)  # on a busy machine; what is stuck is found by the waiting itself


def start_worker(app: RunningApp, broker: Broker) -> subprocess.Popen[bytes]:
    """Start a worker as a person does, with the password where no other program reads it."""
    command = [sys.executable, "-m", "core.cli", "worker", "--name", "darkroom", "--slots", "1"]
    env = {**app.env, "IMAGEQUEUE_BROKER": broker.url}
    with (app.folder / "worker.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)


def until_link_says(app: RunningApp, text: str) -> None:
    until(lambda: app.see("machinesLink").text == text, f"the window says {text!r}")


def test_a_machine_works_for_the_window_and_a_broker_that_is_away_is_said(
    app: RunningApp, tmp_path: Path
) -> None:
    """The settings name the broker, and its password comes by the variable, as where there is no keyring."""
    for number in range(PHOTOS):
        photo(tmp_path / "photos" / f"{number:02}.jpg", width=1800, seed=number)
    with broker_in("redis", tmp_path / "broker") as broker:
        address = parse_address(broker.url)
        Settings(workers=1, broker=str(address.without_password())).save(app.data_dir)
        app.variables["IMAGEQUEUE_BROKER"] = broker.url
        worker = start_worker(app, broker)
        try:
            app.start()
            until_link_says(app, "1 machine")
            assert app.second_start(tmp_path / "photos") == 0
            app.until_done(PHOTOS)
            app.click("machinesLink")
            (row,) = until(lambda: app.see("machinesList").rows, "the machine is listed")
            assert row[0] == "darkroom"
            until(lambda: int(app.see("machinesList").rows[0][3]) > 0, "it has made some")
            broker.kill()
            until_link_says(app, "The broker is away")
            assert "This computer goes on alone." in app.see("noticeText").text
            assert "This computer goes on alone." in app.see("machinesState").text
            broker.start()
            until_link_says(app, "1 machine")
            until(
                lambda: not [one for one in app.widgets() if one.name == "noticeText"], "the notice is gone"
            )
            app.press("ctrl+q")
            assert app.wait() == 0
        finally:
            worker.terminate()
            worker.wait()
        for path in (*app.data_dir.rglob("*"), app.folder / "app.log", app.folder / "worker.log"):
            assert path.is_dir() or address.password.encode() not in path.read_bytes(), path
