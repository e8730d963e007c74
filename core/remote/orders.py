"""What a machine is told of an attempt, as JSON: the task, how its source comes, and where its outputs go.

A source comes as a place in a shared folder or as bytes, and so do the outputs go. A machine takes no path of
another one: each has to be a place in a shared folder, which is looked up there.
"""

# ruff: noqa: PTH117, PTH118, PTH119, PTH120

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from core.executor import Task
from core.imaging.naming import remove_files, target_folder, temporary_name
from core.links.address import is_link, safe_name
from core.recipe import Recipe
from core.remote.shares import Outside, Place, Shares, Token
from core.wire import BadMessage, task_from_wire, task_to_wire

PROTOCOL: Final = 2
"""What orders and replies are written in; a machine that knows another one leaves them alone."""

LARGEST_CARRIED: Final = 16 << 20
"""Bytes of a source that travels with its order."""

Order = dict[str, Any]


class NotCarried(Exception):
    """An attempt that this machine cannot run; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the files of one attempt travel."""

    source: Place | None  # None: as bytes
    target: Place | None  # None: as bytes
    paths: Mapping[str, Place]  # the files that its recipe names

    def shares(self) -> frozenset[str]:
        """Return the names of the shared folders that it takes."""
        return frozenset(
            place.share for place in (self.source, self.target, *self.paths.values()) if place is not None
        )

    def as_bytes(self) -> Way | None:
        """Return the same without shared folders; None when it has none, or the recipe needs one."""
        return Way(None, None, {}) if self.shares() and not self.paths else None


def way_of(task: Task, shares: Shares) -> Way | None:
    """Return how an attempt can travel best; None when it has to stay on this machine.

    What stays: links, gathered sources, and recipes that name a file outside the shared folders.
    """
    recipe = Recipe.from_json(task.recipe)
    if is_link(task.source) or task.downloads or recipe.gather:
        return None
    paths = {}
    for path in _paths_in(task.recipe):
        place = shares.place_of(path)
        if place is None:
            return None
        paths[path] = place
    target = shares.place_of(target_folder(task.source, recipe, task.below))
    return Way(shares.place_of(task.source), target, paths)


def order_of(task: Task, way: Way, tokens: Mapping[str, Token], reply_to: str, ticket: str = "") -> Order:
    """Return the order of an attempt; reads a source that travels as bytes. Raises OSError and NotCarried.

    ticket: comes back with what is made of it, for an owner that has been started anew since.
    """
    told = replace(
        task, recipe=_without_folder(task.recipe), source=os.path.basename(task.source), receipt="",
        downloads="", memory="", below="", handover="", staging="",
    )  # fmt: skip
    order: Order = {
        "protocol": PROTOCOL,
        "task": task_to_wire(told),
        "reply_to": reply_to,
        "ticket": ticket,
        "paths": {path: _place_to_wire(place) for path, place in way.paths.items()},
        "tokens": {name: [tokens[name].name, tokens[name].content] for name in sorted(way.shares())},
        "target": None if way.target is None else _place_to_wire(way.target),
    }
    if way.source is not None:
        order["source"] = _place_to_wire(way.source)
    else:
        with Path(task.source).open("rb") as file:
            status, content = os.fstat(file.fileno()), file.read(LARGEST_CARRIED + 1)
        if len(content) > LARGEST_CARRIED:
            raise NotCarried("The file has become too large to travel.")
        order["bytes"] = base64.b64encode(content).decode("ascii")
        order["times"] = [status.st_atime_ns, status.st_mtime_ns]
    return order


def remove_staged(replies: Iterable[Mapping[str, Any]], shares: Shares) -> None:
    """Remove what attempts that are over have staged in a shared folder, as their machines say in replies."""
    for reply in replies:
        with suppress(Exception):  # it came as bytes, or is no reply
            number = len(reply["made"]["manifest"]["outputs"])
            _remove(str(reply["id"]), reply["target"], number, shares)


def remove_left(order: Order, shares: Shares) -> None:
    """Remove what an attempt has left in the shared folder that its outputs were to go to."""
    with suppress(Exception):  # they go as bytes, or it is no order
        number = len(json.loads(order["task"]["recipe"])["outputs"])
        _remove(str(order["task"]["temp_tag"]), order["target"], number, shares)


def _remove(flight: str, target: object, number: int, shares: Shares) -> None:
    folder = shares.path_of(_place_of(target))
    remove_files(
        os.path.join(folder, temporary_name(flight, place)) for place in range(1, min(number, 1_000) + 1)
    )


# -- at the machine ---------------------------------------------------------------------------------------


def reply_to_of(order: object) -> tuple[str, str]:
    """Return the id of an order's attempt and where its replies go. Raises BadMessage."""
    match order:
        case {"protocol": int(), "reply_to": str(queue), "task": {"temp_tag": str(flight)}}:
            return flight, queue
    raise BadMessage(f"{order!r:.200} is no order")


def for_a_slot(order: Order, shares: Shares, scratch: Path, number: int) -> Task:
    """Return an order as the task of a slot, for `opened`, with this number as its job; reads nothing.

    scratch: a new folder for what travels as bytes. Raises NotCarried for one of another version, and for
    what is no order.
    """
    if order["protocol"] != PROTOCOL:
        raise NotCarried("The machine has another version of Image Queue.")
    try:
        handed = {
            "roots": shares.roots, "scratch": str(scratch), "source": order.get("source"),
            "target": order["target"], "paths": order["paths"], "tokens": order["tokens"],
        }  # fmt: skip
        if not isinstance(order["ticket"], str):
            raise TypeError("the ticket is no text")
        return replace(
            task_from_wire(order["task"]), job_id=number, receipt="", downloads="", memory="", below="",
            handover=json.dumps(handed), staging="" if order["target"] else str(_staging_in(scratch)),
        )  # fmt: skip
    except (BadMessage, KeyError, TypeError, ValueError) as error:
        raise _not_understood(error) from error


def arrive(order: Order, scratch: Path) -> None:
    """Write what travelled as bytes into `scratch`, which is made. Raises NotCarried and OSError."""
    try:
        content = base64.b64decode(order["bytes"], validate=True)
        accessed, changed = order["times"]
        source = _source_in(scratch, order["task"]["source"])
        scratch.mkdir(mode=0o700, parents=True)
        source.write_bytes(content)
        os.utime(source, ns=(int(accessed), int(changed)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        raise _not_understood(error) from error


def opened(task: Task) -> Task:
    """Return what `for_a_slot` gave as it can be run here, for `core.imaging.staging.stage`.

    Raises NotCarried for what cannot be run here: with a shared folder that is not the same here, or with a
    path that is in none. Raises OSError.
    """
    try:
        handed = json.loads(task.handover)
        shares, scratch = Shares(handed["roots"]), Path(handed["scratch"])
        for name, (file, content) in dict(handed["tokens"]).items():
            sentence = shares.check(str(name), Token(str(file), str(content)))
            if sentence:
                raise NotCarried(sentence)
        paths = {str(path): shares.path_of(_place_of(place)) for path, place in handed["paths"].items()}
        target = "" if task.staging else shares.path_of(_place_of(handed["target"]))
        recipe, replaces = _recipe_here(task.recipe, target, tuple(paths.items()))
        if handed["source"] is not None:
            source = shares.path_of(_place_of(handed["source"]))
        else:
            source = str(_source_in(scratch, task.source))
        if task.staging:
            Path(task.staging).mkdir(mode=0o700, parents=True)
        elif replaces and os.path.normpath(os.path.dirname(source)) != os.path.normpath(target):
            raise NotCarried("The original is not where its output is to go.")
    except (Outside, BadMessage) as error:
        raise NotCarried(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_understood(error) from error
    return replace(task, source=source, recipe=recipe, handover="")


def _not_understood(error: Exception) -> NotCarried:
    return NotCarried(f"The order was not understood: {error!r:.200}")


def _source_in(scratch: Path, name: str) -> Path:
    return scratch / (safe_name(name) or "source")


def _staging_in(scratch: Path) -> Path:
    return scratch / "staged"


@lru_cache(maxsize=8)
def _without_folder(recipe: str) -> str:
    """Return a recipe without the folder that its outputs go to."""
    told = json.loads(recipe)
    told["folder"], told["mirror"] = None, False
    return json.dumps(told)


@lru_cache(maxsize=8)
def _paths_in(recipe: str) -> frozenset[str]:
    """Return the files that the operations of a recipe name: every value that is an absolute path."""
    found: set[str] = set()
    for output in json.loads(recipe).get("outputs", ()):
        for operation in output.get("operations", ()):
            found |= {
                value for value in operation.values() if isinstance(value, str) and os.path.isabs(value)
            }
    return frozenset(found)


@lru_cache(maxsize=32)
def _recipe_here(told: str, target: str, pairs: tuple[tuple[str, str], ...]) -> tuple[str, bool]:
    """Return a recipe as it is followed here, and whether it replaces the original.

    target: the path of the folder that its outputs go to, "" where they travel as bytes. pairs: the files
    that it names, and their paths here. Raises NotCarried, and what the parsing of a wrong recipe raises.
    """
    recipe, paths = json.loads(told), dict(pairs)
    for output in recipe["outputs"]:
        for operation in output.get("operations", ()):
            for name, value in operation.items():
                if isinstance(value, str) and value in paths:
                    operation[name] = paths[value]
    replaces = bool(recipe.get("replace_original"))
    if target and not replaces:
        recipe["folder"] = target
    text = Recipe.from_json(json.dumps(recipe)).to_json()
    if any(path not in paths.values() for path in _paths_in(text)):
        raise NotCarried("The recipe names a file that is in no shared folder.")
    return text, replaces


def _place_to_wire(place: Place) -> list[str]:
    return [place.share, place.path]


def _place_of(value: object) -> Place:
    match value:
        case [str(share), str(path)]:
            return Place(share, path)
    raise BadMessage(f"{value!r:.200} is no place in a shared folder")
