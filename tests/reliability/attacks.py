"""The attacks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from tests.brokers import BROKERS
from tests.reliability.attack import Attack
from tests.reliability.brokers import Brokers
from tests.reliability.clock import Time
from tests.reliability.disk import Disk
from tests.reliability.images import Images
from tests.reliability.kill import Kill
from tests.reliability.load import Load
from tests.reliability.store import Store
from tests.reliability.workers import Workers

ATTACKS: Final[tuple[Attack, ...]] = (
    *(Kill(), Workers(), Disk(), Store(), Time(), Images(), Load()),
    *map(Brokers, BROKERS),
)


def why_not(attack: Attack) -> str:
    """Return why an attack cannot be run on this machine, a sentence; "" when it can."""
    return attack.why_not() if isinstance(attack, Brokers) else ""
