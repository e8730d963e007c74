"""What the tests of the recipe editor share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunOnLoop
from tests.gui.recipes.scene import Story, scene


@pytest.fixture
def act(run_on_qasync: RunOnLoop, tmp_path: Path) -> Callable[[Story], None]:
    """Play a story in the editor on an empty shelf; nothing may fail unheard."""

    def play(story: Story) -> None:
        async def whole() -> None:
            async with scene(tmp_path) as stage:
                await story(stage)
                assert stage.failures == []

        run_on_qasync(whole())

    return play
