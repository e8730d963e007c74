"""What the owner's machine does for attempts that are made elsewhere goes on while one of them hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.executor import Done, Stopped, Task
from core.recipe import quick_recipe
from core.remote.errands import Errands, _Room
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


def test_g11_what_waits_for_its_turn_is_cancelled_at_once_and_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.remote.errands.WORK", "tests.core.remote.held_work:stalling")
    recipe = quick_recipe(None, "64", "jpeg", None).with_folder(tmp_path / "out").to_json()
    tasks = []
    for number in range(6):
        (tmp_path / f"stalls-{number}.jpg").write_bytes(JPEG)
        path = str(tmp_path / f"stalls-{number}.jpg")
        tasks.append(Task(number, 1, path, recipe, temp_tag=str(number), receipt=f"{tmp_path}/{number}.json"))

    async def main() -> None:
        errands = Errands(None, lambda _job, _fraction: None)
        looks = [asyncio.create_task(errands.look(task)) for task in tasks[:3]]
        makes = [asyncio.create_task(errands.make(task)) for task in tasks[3:]]
        await errands.start()
        await asyncio.sleep(0.2)
        for task in (tasks[2], tasks[5], tasks[1], tasks[4]):
            errands.cancel(task)
        async with asyncio.timeout(5):
            assert await asyncio.gather(*looks[1:], *makes[1:]) == [Stopped()] * 4
        assert not looks[0].done()
        assert not makes[0].done()
        waits = asyncio.create_task(errands.make(tasks[1]))
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await errands.close()
            assert list(await asyncio.gather(looks[0], makes[0], waits)) == [Stopped()] * 3
            assert await errands.look(tasks[2]) == await errands.make(tasks[3]) == Stopped()

    asyncio.run(main())


def test_a_cancel_that_comes_as_a_slot_is_given_is_heard(tmp_path: Path) -> None:
    async def main() -> None:
        room = _Room()
        turn = asyncio.create_task(room.enter("a"))
        await asyncio.sleep(0)
        room.leave(7)
        room.forget("a")
        assert await turn is None
        assert await room.enter("b") == 7
        room.leave(7)
        assert await room.enter("a") == 7, "it is forgotten once"

    asyncio.run(main())


def test_what_waits_for_a_slot_that_cannot_be_started_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("core.slots.ProcessSlots.resize", none)

    async def main() -> None:
        errands = Errands(None, lambda _job, _fraction: None)
        await errands.start()
        task = Task(1, 1, str(tmp_path / "a.jpg"), "{}", temp_tag="a")
        for _ in range(2):
            with pytest.raises(RuntimeError, match="new thread"):
                async with asyncio.timeout(20):
                    await errands.make(task)
        monkeypatch.undo()
        await errands.close()

    asyncio.run(main())
