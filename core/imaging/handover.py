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


def manifest_on_its_way(handover: str) -> object:
    """Return the manifest that the second part has left as JSON values, not looked at. Raises BadDelivery."""
    return _parsed(handover)


def for_the_last_part(ticket: object, manifest: object) -> str:
    """Return what the last part has to know; it looks at both.

    ticket: as the first part left it, manifest: as it came, whoever has kept them since. Raises BadDelivery
    for what is too long to be handed over.
    """
    handover = json.dumps({"ticket": ticket, "manifest": manifest})
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
