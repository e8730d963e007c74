"""What the owner's machine does for attempts that are made elsewhere goes on while one of them hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.executor import Done, Stopped, Task
from core.recipe import quick_recipe
from core.remote.errands import Errands
from tests.core.imaging.elsewhere import JPEG


def test_g7_a_look_into_a_folder_that_does_not_answer_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.remote.errands.WORK", "tests.core.remote.held_work:stalling")
    recipe = quick_recipe(None, "64", "jpeg", None).with_folder(tmp_path / "out").to_json()
    for name in ("stalls-1.jpg", "stalls-2.jpg", "a.jpg"):
        (tmp_path / name).write_bytes(JPEG)

    def task(name: str) -> Task:
        return Task(1, 1, str(tmp_path / name), recipe, temp_tag=name, receipt=str(tmp_path / f"{name}.json"))

    async def main() -> None:
        errands = Errands(None, lambda _job, _fraction: None)
        await errands.start()
        stalled = [asyncio.create_task(errands.look(task(f"stalls-{number}.jpg"))) for number in (1, 2)]
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            found = await errands.look(task("a.jpg"))
        assert isinstance(found, Done)
        assert found.handover
        assert not any(one.done() for one in stalled)
        errands.cancel(task("stalls-1.jpg"))
        async with asyncio.timeout(30):
            assert await stalled[0] == Stopped()
        await errands.close()
        await asyncio.gather(*stalled)

    asyncio.run(main())
