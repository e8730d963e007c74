"""The window saves a report of all images."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BAD
from tests.gui.stage import staged


def test_a_report_is_saved_where_the_dialog_says(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: BAD, start=True) as stage:
            await stage.add(3)
            await stage.queue.drained()
            stage.window.actions_.save_report.trigger()
            dialog = stage.part(QFileDialog, "reportDialog")
            dialog.fileSelected.emit(str(tmp_path / "r.json"))
            dialog.reject()
            notice = stage.window.notice
            await until(
                lambda: notice._text.text() == f"Saved a report of 3 images to {tmp_path / 'r.json'}."
            )
            assert len(json.loads((tmp_path / "r.json").read_text())["jobs"]) == 3
            await stage.window.batch_report.save(tmp_path / "named")
            assert (tmp_path / "named.csv").is_file()

    run_on_qasync(story())
