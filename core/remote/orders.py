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
from collections.abc import Mapping
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


def remove_staged(reply: Mapping[str, Any], shares: Shares) -> None:
    """Remove what an attempt that is over has staged in a shared folder, as its machine says in a reply."""
    try:
        flight, folder = str(reply["id"]), shares.path_of(_place_of(reply["target"]))
        number = len(reply["made"]["manifest"]["outputs"])
    except (Outside, BadMessage, KeyError, TypeError):
        return  # it came as bytes, or is no reply
    remove_files(
        os.path.join(folder, temporary_name(flight, place)) for place in range(1, min(number, 1_000) + 1)
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """An order as it is run here."""

    task: Task  # for `core.imaging.staging.stage`
    ticket: str  # to be given back
    reply_to: str


def reply_to_of(order: object) -> tuple[str, str]:
    """Return the id of an order's attempt and where its replies go. Raises BadMessage."""
    match order:
        case {"protocol": int(), "reply_to": str(queue), "task": {"temp_tag": str(flight)}}:
            return flight, queue
    raise BadMessage(f"{order!r:.200} is no order")


def opened(order: Order, shares: Shares, scratch: Path) -> Opened:
    """Return an order as it can be run here; `scratch` is a new folder for what travels as bytes.

    Raises NotCarried for what cannot be run here: of another version, or with a shared folder that is not
    the same here, or with a path that is in none. Raises OSError.
    """
    if order["protocol"] != PROTOCOL:
        raise NotCarried("The machine has another version of Image Queue.")
    try:
        task, ticket = task_from_wire(order["task"]), str(order["ticket"])
        for name, (file, content) in dict(order["tokens"]).items():
            sentence = shares.check(str(name), Token(str(file), str(content)))
            if sentence:
                raise NotCarried(sentence)
        paths = {str(path): shares.path_of(_place_of(place)) for path, place in order["paths"].items()}
        recipe = _with_paths(json.loads(task.recipe), paths)
        if order.get("source") is None or order["target"] is None:
            scratch.mkdir(mode=0o700, parents=True)
        if order.get("source") is not None:
            source = shares.path_of(_place_of(order["source"]))
        else:
            source = str(scratch / (safe_name(task.source) or "source"))
            Path(source).write_bytes(base64.b64decode(order["bytes"], validate=True))
            accessed, changed = order["times"]
            os.utime(source, ns=(int(accessed), int(changed)))
        staging = ""
        if order["target"] is None:
            staging = str(scratch / "staged")
            Path(staging).mkdir(mode=0o700)
        else:
            target = shares.path_of(_place_of(order["target"]))
            if recipe.get("replace_original"):
                if os.path.normpath(os.path.dirname(source)) != os.path.normpath(target):
                    raise NotCarried("The original is not where its output is to go.")
            else:
                recipe["folder"] = target
        text = Recipe.from_json(json.dumps(recipe)).to_json()
        if any(path not in paths.values() for path in _paths_in(text)):
            raise NotCarried("The recipe names a file that is in no shared folder.")
    except (Outside, BadMessage) as error:
        raise NotCarried(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise NotCarried(f"The order was not understood: {error!r:.200}") from error
    return Opened(
        replace(
            task, source=source, recipe=text, receipt="", downloads="", memory="", below="", handover="",
            staging=staging,
        ),
        ticket, str(order["reply_to"]),
    )  # fmt: skip


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


def _with_paths(recipe: dict[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    for output in recipe["outputs"]:
        for operation in output.get("operations", ()):
            for name, value in operation.items():
                if isinstance(value, str) and value in paths:
                    operation[name] = paths[value]
    return recipe


def _place_to_wire(place: Place) -> list[str]:
    return [place.share, place.path]


def _place_of(value: object) -> Place:
    match value:
        case [str(share), str(path)]:
            return Place(share, path)
    raise BadMessage(f"{value!r:.200} is no place in a shared folder")
