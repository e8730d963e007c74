"""Machines that are made up, and a keyring that is none."""

from __future__ import annotations

from psygnal import Signal

from core.remote.cluster import Cluster, Link, Machine
from core.remote.keys import NOT_KEPT, Keys

TWO = (
    Machine("darkroom", 8, 5, 12_480, 9.25, 0.4, "0.1.0", {"photos": ""}),
    Machine(
        "studio-mac", 4, 4, 311, 4.5, 21.0, "0.1.0",
        {"photos": "It has no shared folder photos: start it with --share photos=FOLDER."},
    ),
)  # fmt: skip
"""Two of them: one whose folder is the same, and one without it that was not heard of for a while."""


class MadeUp:
    """Tells of machines what a test says."""

    cluster_changed = Signal(Cluster)

    def __init__(self, cluster: Cluster | None = None) -> None:
        self.cluster = cluster or Cluster()

    def become(self, link: Link, sentence: str = "", machines: tuple[Machine, ...] = ()) -> None:
        """Let this be what is known from now on."""
        self.cluster = Cluster(link, sentence, machines)
        self.cluster_changed.emit(self.cluster)


class KeysInMemory(Keys):
    """Keeps passwords for as long as a test runs; `broken`, as where there is no keyring."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__({})
        self.broken = broken
        self.kept: dict[str, str] = {}

    async def find(self, broker: str) -> str:
        return self._of_run.get(broker, self.kept.get(broker, ""))

    async def keep(self, broker: str, password: str) -> str:
        self.remember(broker, password)
        if self.broken:
            return NOT_KEPT
        self.kept[broker] = password
        return ""
