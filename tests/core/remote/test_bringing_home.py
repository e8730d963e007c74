"""What comes from a machine that has made something else than it says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from core.errors import BadDelivery
from core.executor import Failed, Task
from core.imaging.naming import temporary_name
from core.recipe import quick_recipe
from core.remote.errands import Errands
from core.remote.everywhere import Everywhere
from core.slots import ProcessSlots
from tests.core.remote.scene import until


def test_g4_what_a_machine_that_lies_has_left_in_a_shared_folder_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    recipe = quick_recipe(None, "64", "jpeg", None).with_folder(out).to_json()
    task = Task(1, 1, str(tmp_path / "a.jpg"), recipe, temp_tag="store-1-1")
    left, others = out / temporary_name("store-1-1", 1), out / temporary_name("store-2-1", 1)

    async def main() -> None:
        everywhere = Everywhere(ProcessSlots(memory_limit=None), tmp_path / "data")
        everywhere._errands = Errands(None, lambda _job, _fraction: None)  # there is nothing for them to do
        for message in ({}, {"manifest": {"tag": "store-1-1", "outputs": [], "notes": []}}):
            for path in (left, others):
                path.write_bytes(b"half")
            outcome = await everywhere._bring_home(task, "", message)
            assert isinstance(outcome, Failed)
            assert outcome.error.code == BadDelivery.code
            await until(lambda: not left.exists(), "it is removed")
            assert others.exists()
        carried = replace(task, staging=str(tmp_path / "came"))
        assert isinstance(await everywhere._bring_home(carried, "", {"manifest": {}}), Failed)
        await until(lambda: not Path(carried.staging).exists(), "what came as bytes is gone")

    asyncio.run(main())
