"""The attacks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from tests.reliability.attack import Attack
from tests.reliability.kill import Kill
from tests.reliability.store import Store

ATTACKS: Final[tuple[Attack, ...]] = (Kill(), Store())
