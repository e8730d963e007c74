"""Makes the outputs of a source on another machine than the one that publishes them.

An attempt that runs elsewhere has three parts, each of which hands over what the last has to know. The owner
of the queue asks `needed`, which ends it at once where nothing is to be made, and hands over what the source
is like: the ticket. A worker runs `stage`: it makes the outputs as `process` does, writes them aside, synced
and checked, and hands over a manifest. The owner runs `finish_staged` with both, which is `process` itself
but for the making. So a worker gives no file its name, knows neither what is in the target folder nor what
was made before, and one that was given up and wakes again changes nothing.

Staged files lie in the target folder under the temporary names of the attempt, where the worker can write
there; else they travel as bytes: see core.imaging.delivery.
"""

# ruff: noqa: PTH112, PTH118, PTH120

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace

from core.errors import FileBusy, NotWritable, from_os_error
from core.executor import Done, Skipped, Task
from core.formats import format_named
from core.imaging.arrival import delivered
from core.imaging.decode import Source, open_source, shown, status_of
from core.imaging.delivery import drop_delivery, staged_paths
from core.imaging.handover import Ticket, manifest_to_handover, read_by_the_last_part, ticket_to_handover
from core.imaging.made import recall
from core.imaging.making import OPENED
from core.imaging.manifest import manifest_of
from core.imaging.naming import final_name, remove_files, target_folder
from core.imaging.prepared import OF_THE_SOURCE, Work, prepared
from core.imaging.process import Begun, Report, begun, made_for, process_file, quiet_at_first, warm
from core.imaging.publish import Made, make_folder, named, write_aside
from core.imaging.receipt import digest_of, finish_replacing, is_noted, published
from core.job import OutputFile
from core.links.identity import Identity
from core.recipe import Output, Recipe
from core.recipe.templates import fields_of

__all__ = "finish_staged", "needed", "stage", "warm"


# -- before -----------------------------------------------------------------------------------------------


def needed(task: Task, report: Report) -> Done | Skipped:  # noqa: ARG001 (it is soon done)
    """Return what an attempt comes to when nothing has to be made for it, else `Done` without outputs.

    `source_bytes` is how much has to travel where no folder is shared, and the handover is the ticket: what
    the source is like, for `finish_staged`. Raises what `process` raises before it decodes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        surely = _surely_needed(task)
        if surely is not None:
            return surely
        with begun(task) as begin:
            if not isinstance(begin, Begun):
                return begin
            if not begin.recipe.skip_larger:
                make_folder(begin.folder)  # so that one that cannot be written costs no journey
            return _needed(Ticket(*begin.source.stamp, begin.identity.content))


def _needed(ticket: Ticket) -> Done:
    return Done((), ticket.bytes, handover=ticket_to_handover(ticket))


def _surely_needed(task: Task) -> Done | None:
    """Return what `needed` does where that is known without a look into the source, which costs more.

    So it is for a source of which nothing is remembered, when an output has a name that nobody has yet in a
    folder that is there.
    """
    recipe = Recipe.from_json(task.recipe)
    if recipe.replace_original or (task.memory and recall(task.memory, task.source, recipe.id_hash)):
        return None
    folder = target_folder(task.source, recipe, task.below)
    if not os.path.isdir(folder) or not any(_is_new(one, task, folder) for one in recipe.outputs):
        return None
    status = status_of(task.source)
    content = digest_of(task.source) if task.by_content and task.memory else ""
    return _needed(Ticket(status.st_size, status.st_mtime_ns, content))


def _is_new(output: Output, task: Task, folder: str) -> bool:
    """Return whether an output will have a name that nobody has; False where its source has to tell that."""
    chosen = format_named(output.format) if output.format is not None else None
    if chosen is None or fields_of(output.template) & OF_THE_SOURCE:
        return False
    name = final_name(task.source, output, chosen.suffix, place=task.place, index=task.index)
    return not os.path.lexists(os.path.join(folder, name))


# -- at the worker ----------------------------------------------------------------------------------------


def stage(task: Task, report: Report) -> Done | Skipped:
    """Make the outputs of a file, and write them aside; nothing gets its name.

    They go to `task.staging`, or the target folder, under the temporary names of the attempt, and the
    handover is the manifest of them. What is there is not looked at, a link is not downloaded and a list of
    files is not followed: the owner has done that or has not sent it. Raises what `process` raises; the files
    are gone then.
    """
    late = quiet_at_first(report)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn of odd files, to nobody
        temporaries = staged_paths(task)
        folder = os.path.dirname(temporaries[0])
        with open_source(task.source) as source:
            late(OPENED)
            _, works, _, recipe = prepared(task, source, Recipe.from_json(task.recipe), None)
            made_now = made_for(folder, works, source, task, recipe, late)
            if isinstance(made_now, Skipped):
                return made_now
            made, notes = made_now
            temporaries = temporaries[: len(made)]
            _write(made, temporaries)
            files = tuple(
                OutputFile(path, len(one.content), *one.size, one.name)
                for one, path in zip(made, temporaries, strict=True)
            )
            handover = manifest_to_handover(manifest_of(task.temp_tag, made, notes))
            return Done(files, source.stamp[0], *source.size, handover=handover)


def _write(made: Sequence[Made], temporaries: Sequence[str]) -> None:
    try:
        for one, temporary in zip(made, temporaries, strict=True):
            write_aside(one, temporary, None, read_back=False)  # its owner does: see `delivered`
    except OSError as error:
        remove_files(temporaries)
        raise from_os_error(named(error, os.path.dirname(temporaries[0])), writing=True) from error
    except BaseException:
        remove_files(temporaries)
        raise


# -- after ------------------------------------------------------------------------------------------------


def finish_staged(task: Task, report: Report) -> Done | Skipped:  # noqa: ARG001 (it is soon done)
    """Publish what a worker has staged, exactly as `process` would have published it.

    task: with what `for_the_last_part` gives handed over. The staged files are gone afterwards. One that was
    killed in the middle may be called again for the same attempt, and ends what it had begun. Raises what
    `process` raises, FileBusy when the source was changed meanwhile, and BadDelivery for what is not there or
    not as the manifest says: then nothing was published.
    """
    left: list[str] = []
    try:
        noted = is_noted(task.receipt, task.temp_tag)
        if noted and not finish_replacing(task.receipt, task.temp_tag):
            raise NotWritable(
                f"{shown(task.source)} is in the trash, and what was made of it has no name yet."
            )
        left = [] if task.staging else staged_paths(task)
        files = published(task.receipt, task.temp_tag) if noted else None
        if files is not None:
            return Done(files)
        if noted:  # some may have their names: they are this job's own
            task = replace(task, attempt=task.attempt + 1)
        sent, manifest = read_by_the_last_part(task.handover, task.temp_tag)

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
            outcome = process_file(task, lambda _: None, identity=Identity(sent.content), making=making)
        left = [] if task.staging else staged_paths(task)
        return outcome
    finally:
        remove_files(left)
        drop_delivery(task)
