"""What all tests share: a platform for Qt, loops for coroutines, and a run where nothing may be skipped."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

# Parts of the window are tested without a screen; tests/e2e starts the real window on a screen of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# What a test tries is the same at each run: a run that fails has found what the last change broke.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

NO_SKIPS = os.environ.get("IMAGEQUEUE_NO_SKIPS", "") not in ("", "0")

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)

RunOnLoop: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end on a loop and returns its result."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be skipped, make a failure of each skip and of each expected failure."""
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that is skipped as a whole."""
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report: _Report) -> _Report:
    if NO_SKIPS and (report.skipped or hasattr(report, "wasxfail")):
        why = getattr(report, "wasxfail", None) or report.longrepr
        report.outcome = "failed"
        report.longrepr = f"IMAGEQUEUE_NO_SKIPS is set, and this was skipped or expected to fail: {why}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    return report


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what stays to the end: a third of a window's test was its reading."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_test_touches_the_users_own_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEQUEUE_DATA_DIR", str(tmp_path / "default-data-dir"))


@pytest.fixture
def run_on_qasync(qapp: QApplication) -> RunOnLoop:
    """Run a coroutine on qasync's loop, on Qt's application."""
    import PySide6.QtWidgets  # noqa: F401  # first, or qasync may pick another binding
    from qasync import QEventLoop

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        qapp.setQuitOnLastWindowClosed(False)  # as the app does: closing a window must not end the loop
        try:
            with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
                return runner.run(coroutine)
        finally:
            del runner
            gc.collect()  # here, as a loop's timers must not be collected by another thread later

    return run


@pytest.fixture(params=["asyncio", "qasync"])
def run_on_loop(request: pytest.FixtureRequest) -> RunOnLoop:
    """Run a coroutine on asyncio's own loop, and in a second test on qasync's."""
    if request.param == "asyncio":
        return asyncio.run
    on_qasync: RunOnLoop = request.getfixturevalue("run_on_qasync")
    return on_qasync
