"""What the parts of an attempt that runs elsewhere hand over to each other; see `core.imaging.staging`.

It is JSON in `Task.handover` and `Done.handover`. Nothing here imports an imaging library: the queue uses it
in its own process.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import Final

from core.imaging.manifest import Manifest, bad, manifest_from_wire, manifest_to_wire

_LONGEST: Final = 300_000  # characters; it is quoted on its way, too, where a line has a limit

LOOK: Final = "look"
"""What is handed over to the first part, which only looks."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a source was like when its attempt was sent away."""

    bytes: int
    changed: int  # nanoseconds since the epoch
    content: str = ""  # its digest, where that tells whether it has changed


def ticket_to_handover(ticket: Ticket) -> str:
    """Return a ticket as the first part leaves it."""
    return json.dumps(astuple(ticket))


def manifest_to_handover(manifest: Manifest) -> str:
    """Return a manifest as the second part leaves it."""
    return json.dumps(manifest_to_wire(manifest))


def manifest_of_handover(handover: str, tag: str) -> Manifest:
    """Return the manifest of the attempt `tag` that the second part has left. Raises BadDelivery."""
    return manifest_from_wire(_parsed(handover), tag)


def for_the_last_part(ticket: object, manifest: Manifest) -> str:
    """Return what the last part has to know. ticket: as the first one left it, whoever has kept it since.

    Raises BadDelivery for what is too long to be handed over.
    """
    handover = json.dumps({"ticket": ticket, "manifest": manifest_to_wire(manifest)})
    if len(handover) > _LONGEST:
        raise bad(f"what it says takes {len(handover):,} characters")
    return handover


def read_by_the_last_part(handover: str, tag: str) -> tuple[Ticket, Manifest]:
    """Return what `for_the_last_part` was given, for the attempt `tag`. Raises BadDelivery."""
    match _parsed(handover):
        case {"ticket": str(ticket), "manifest": manifest}:
            match _parsed(ticket):
                case [int(size), int(changed), str(content)]:
                    return Ticket(size, changed, content), manifest_from_wire(manifest, tag)
    raise bad("it is not known what was sent to it")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad(f"what it says is no JSON ({error})") from error
