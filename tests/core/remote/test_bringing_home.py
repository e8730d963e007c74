"""What comes from a machine that has made something else than it says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadDelivery
from core.executor import Failed, Stopped, Task
from core.recipe import quick_recipe
from core.remote.errands import Errands
from core.remote.everywhere import Everywhere
from core.slots import ProcessSlots

OUTPUT = {
    "name": "output", "format": "jpeg", "bytes": 5, "width": 1, "height": 1, "pages": 1, "digest": "0" * 32,
}  # fmt: skip
MADE: dict[str, dict[str, object]] = {
    "nothing": {},
    "no list": {"manifest": 5},
    "no outputs": {"manifest": {"tag": "store-1-1", "outputs": [], "notes": []}},
    "an absurd name": {
        "manifest": {"tag": "store-1-1", "outputs": [OUTPUT | {"name": "x" * 10**6}], "notes": []}
    },
    "far too much": {"manifest": {"tag": "store-1-1", "outputs": [OUTPUT], "notes": ["\u0416" * 1_000] * 50}},
}


def test_g15_it_costs_the_attempt_and_no_more(tmp_path: Path) -> None:
    recipe = quick_recipe(None, "64", "jpeg", None).with_folder(tmp_path / "out").to_json()
    task = Task(1, 1, str(tmp_path / "a.jpg"), recipe, temp_tag="store-1-1")

    async def main() -> None:
        everywhere = Everywhere(ProcessSlots(memory_limit=None), tmp_path / "data")
        everywhere._errands = errands = Errands(None, lambda _job, _fraction: None)
        await errands.start()
        for said, made in MADE.items():
            for given in (task, replace(task, staging=str(tmp_path / "came"))):
                message = made | ({"contents": ["aaaa"]} if given.staging else {})
                outcome = await everywhere._bring_home(given, "ticket", message)
                assert isinstance(outcome, Failed), said
                assert (outcome.error.code, outcome.error.retryable) == (BadDelivery.code, True), said
                assert len(outcome.error.message) < 1_000, said
        await errands.close()

    asyncio.run(main())
    assert not (tmp_path / "came").exists()


def test_g11_one_that_is_cancelled_while_it_is_unpacked_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = quick_recipe(None, "64", "jpeg", None).with_folder(tmp_path / "out").to_json()
    task = Task(1, 1, str(tmp_path / "a.jpg"), recipe, temp_tag="store-1-1", staging=str(tmp_path / "came"))

    def unpack(*_: object) -> object:
        (tmp_path / "came").mkdir()
        return {}

    monkeypatch.setattr("core.imaging.delivery.unpacked", unpack)

    async def main() -> None:
        everywhere = Everywhere(ProcessSlots(memory_limit=None), tmp_path / "data")
        everywhere._errands = Errands(None, lambda _job, _fraction: None)
        assert await everywhere._bring_home(task, "ticket", {}, lambda: True) == Stopped()

    asyncio.run(main())
    assert not (tmp_path / "came").exists()
