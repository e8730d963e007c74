"""What is known of the broker and of the machines behind it: plain data for people to see.

A machine is one `imagequeue worker`, which has some slots. This module needs no broker and none of its
libraries, so that the window can always import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from psygnal import SignalInstance


class Link(StrEnum):
    """How the broker is reached."""

    OFF = "off"  # no broker is set
    MISSING = "missing"  # one is set, but what is needed for it is not installed
    CONNECTING = "connecting"  # the first try is under way
    CONNECTED = "connected"
    AWAY = "away"  # it was lost or was never there; it is tried again by itself
    REFUSED = "refused"  # it is there and does not let us in; it is tried again when the setting changes


@dataclass(frozen=True, slots=True)
class Machine:
    """One `imagequeue worker`, as it last said."""

    name: str  # of the host, with a number where several run on it
    slots: int
    running: int  # attempts of all queues that it has at the moment
    done: int  # attempts that it has ended since it was started
    rate: float  # attempts a second that it has ended over the last minute
    seen: float  # seconds since it was last heard of
    version: str  # of Image Queue there
    folders: Mapping[str, str] = field(default_factory=dict)
    """For each shared folder that is set here, by its name: "" when it is the same there, else a sentence."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The broker and all machines that were heard of in the last minute, ordered by name."""

    link: Link = Link.OFF
    sentence: str = ""  # what keeps the broker from being used, and what to do; "" when nothing does
    machines: tuple[Machine, ...] = ()

    @property
    def slots(self) -> int:
        """The slots that attempts can be given to now: 0 unless connected."""
        return sum(one.slots for one in self.machines) if self.link is Link.CONNECTED else 0


class TellsCluster(Protocol):
    """What knows of the machines, for the window."""

    @property
    def cluster(self) -> Cluster:
        """What is known now."""

    @property
    def cluster_changed(self) -> SignalInstance:
        """Tells the new Cluster, about once a second while something changes."""
