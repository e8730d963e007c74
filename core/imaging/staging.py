"""Makes the outputs of a source on another machine than the one that publishes them.

An attempt that runs elsewhere has three parts. The owner of the queue asks `needed`, which ends it at once
where nothing is to be made, and notes what the source is like. A worker runs `stage`: it makes the outputs as
`process` does, and writes them aside, synced and checked, with a manifest in place of a receipt. The owner
runs `finish_staged`, which is `process` itself but for the making. So a worker gives no file its name, knows
neither what is in the target folder nor what was made before, and one that was given up and wakes again
changes nothing.

Staged files lie in the target folder under the temporary names of the attempt, where the worker can write
there; else they travel as bytes: see core.imaging.delivery.
"""

# ruff: noqa: PTH120, PTH122

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from core.errors import FileBusy, NotWritable, from_os_error
from core.executor import Done, Skipped, Task
from core.imaging.arrival import delivered
from core.imaging.decode import Source, open_source, shown
from core.imaging.delivery import drop_delivery, staged_paths
from core.imaging.making import OPENED
from core.imaging.manifest import bad, manifest_of, read_manifest, write_manifest
from core.imaging.naming import remove_files
from core.imaging.prepared import Work, prepared
from core.imaging.process import Begun, Report, begun, made_for, process_file, warm
from core.imaging.publish import Made, make_folder, named, write_aside
from core.imaging.receipt import finish_replacing, is_noted, published
from core.job import OutputFile
from core.links.identity import Identity
from core.recipe import Recipe

__all__ = "finish_staged", "needed", "stage", "warm"


# -- before -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What a source was like when its attempt was sent away."""

    tag: str
    bytes: int
    changed: int  # nanoseconds since the epoch
    content: str = ""  # its digest, where that tells whether it has changed


def needed(task: Task, report: Report) -> Done | Skipped:  # noqa: ARG001 (it is soon done)
    """Return what an attempt comes to when nothing has to be made for it, else `Done` without outputs.

    `source_bytes` is how much has to travel where no folder is shared. What the source is like is noted
    beside the receipt, for `finish_staged`. Raises what `process` raises before it decodes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with begun(task) as begin:
            if not isinstance(begin, Begun):
                return begin
            if not begin.recipe.skip_larger:
                make_folder(begin.folder)  # so that one that cannot be written costs no journey
            ticket = _Ticket(task.temp_tag, *begin.source.stamp, begin.identity.content)
            Path(_ticket_of(task)).write_text(json.dumps(astuple(ticket)), encoding="ascii")
            return Done((), begin.source.stamp[0], *begin.source.size)


def _ticket_of(task: Task) -> str:
    assert task.receipt, "an attempt that runs elsewhere has a receipt"
    return os.path.splitext(task.receipt)[0] + ".sent"


def _read_ticket(task: Task) -> _Ticket:
    try:
        ticket = _Ticket(*json.loads(Path(_ticket_of(task)).read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError) as error:
        raise bad("it is not known what was sent to it") from error
    if ticket.tag != task.temp_tag:
        raise bad("it is of an attempt that has ended")
    return ticket


# -- at the worker ----------------------------------------------------------------------------------------


def stage(task: Task, report: Report) -> Done | Skipped:
    """Make the outputs of a file, and write them aside with a manifest; nothing gets its name.

    They go to `task.staging`, or the target folder, under the temporary names of the attempt. What is there
    is not looked at, a link is not downloaded and a list of files is not followed: the owner has done that or
    has not sent it. Raises what `process` raises; the files are gone then.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn of odd files, to nobody
        temporaries = staged_paths(task)
        folder = os.path.dirname(temporaries[0])
        with open_source(task.source) as source:
            report(OPENED)
            _, works, _, recipe = prepared(task, source, Recipe.from_json(task.recipe), None)
            made_now = made_for(folder, works, source, task, recipe, report)
            if isinstance(made_now, Skipped):
                return made_now
            made, notes = made_now
            temporaries = temporaries[: len(made)]
            _write(task, made, temporaries, notes)
            report(1.0)
            files = tuple(
                OutputFile(path, len(one.content), *one.size, one.name)
                for one, path in zip(made, temporaries, strict=True)
            )
            return Done(files, source.stamp[0], *source.size, tuple(notes))


def _write(task: Task, made: Sequence[Made], temporaries: Sequence[str], notes: Sequence[str]) -> None:
    try:
        for one, temporary in zip(made, temporaries, strict=True):
            write_aside(one, temporary, None)
        write_manifest(task.manifest, manifest_of(task.temp_tag, made, notes))
    except OSError as error:
        remove_files(temporaries)
        raise from_os_error(named(error, os.path.dirname(temporaries[0])), writing=True) from error
    except BaseException:
        remove_files(temporaries)
        raise


# -- after ------------------------------------------------------------------------------------------------


def finish_staged(task: Task, report: Report) -> Done | Skipped:
    """Publish what a worker has staged, exactly as `process` would have published it.

    The staged files and the manifest are gone afterwards. One that was killed in the middle may be called
    again for the same attempt, and ends what it had begun. Raises what `process` raises, FileBusy when the
    source was changed meanwhile, and BadDelivery for what is not there or not as the manifest says: then
    nothing was published.
    """
    left: list[str] = []
    try:
        if not finish_replacing(task.receipt, task.temp_tag):
            raise NotWritable(
                f"{shown(task.source)} is in the trash, and what was made of it has no name yet."
            )
        left = [] if task.staging else staged_paths(task)
        files = published(task.receipt, task.temp_tag)
        if files is not None:
            return Done(files)
        if is_noted(task.receipt, task.temp_tag):  # some may have their names: they are this job's own
            task = replace(task, attempt=task.attempt + 1)
        manifest = read_manifest(task.manifest, task.temp_tag)
        sent = _read_ticket(task)

        def making(
            works: Sequence[Work], source: Source, _task: Task, recipe: Recipe, _report: Report
        ) -> tuple[list[Made], list[str]]:
            nonlocal left
            if source.stamp != (sent.bytes, sent.changed):
                raise FileBusy(f"{shown(task.source)} was changed while it was worked on.")
            made = delivered(manifest, works, source, task, recipe)
            if recipe.replace_original:
                left = []  # from here on it may be all there is, and is kept or removed where that is known
            return made, list(manifest.notes)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = process_file(task, report, identity=Identity(sent.content), making=making)
        left = [] if task.staging else staged_paths(task)
        return outcome
    finally:
        remove_files(left)
        drop_delivery(task)
