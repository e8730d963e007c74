"""A screen for the whole session, and an app for each test."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.running_app import RunningApp
from tests.e2e.screen import Screen, missing_programs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell, with a failure, what the screen showed, and which window had the keyboard."""
    report = yield
    screen = getattr(item, "funcargs", {}).get("screen")
    if report.failed and screen is not None:
        report.sections.append(("The screen", screen.described()))
    return report


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A screen with a window manager, for all tests of the session."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: `make test` installs what is needed")
    with Screen(tmp_path_factory.mktemp("screen")) as shown:
        yield shown


@pytest.fixture
def app(screen: Screen, tmp_path: Path) -> Iterator[RunningApp]:
    """The app, not started yet, with a data folder of its own. What it still runs is killed at the end."""
    running = RunningApp(screen, tmp_path)
    yield running
    if not running.has_ended():
        running.kill()
    assert "Traceback" not in running.log(), running.log()
