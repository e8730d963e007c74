"""Puts what was made in the place of its original, which goes to the trash.

The order is what keeps both: the new file is written aside, read back and synced; its receipt, which says
where everything is, is synced; only then does the original go to the trash, and the new file gets its name.
Whoever finds the receipt after a crash can tell how far it came, and end it; see core.imaging.receipt.
"""

# ruff: noqa: PTH101, PTH114, PTH116, PTH118, PTH119, PTH120, PTH122

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

from core.errors import BadName, FileBusy, NoOriginal, NotWritable, TrashFailed, from_os_error
from core.executor import Done, Task
from core.formats import Format
from core.imaging.made import Record, recall, remember, remember_as
from core.imaging.naming import final_name, numbered, remove_files
from core.imaging.placing import give_name, sync_folder
from core.imaging.publish import Made, Place, Published, has_bytes, named, place, write_aside
from core.imaging.receipt import Original, write_receipt
from core.imaging.trash import move_to_trash
from core.job import OutputFile
from core.links.address import is_link
from core.recipe import Existing, Output, Recipe

_MOST_NUMBERS: Final = 10_000
_OTHERS: Final = {Existing.REPLACE: Existing.NUMBER, Existing.NEWER: Existing.KEEP}
"""A file that has the new name and is not the original is never replaced: it may be another source."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of an output that was to replace its original."""

    published: Published
    notes: tuple[str, ...] = ()


def check_original(task: Task) -> None:
    """Raise NoOriginal for a source that is no file of the user's own."""
    name = _shown(task.source)
    if task.downloads or is_link(task.source):
        raise NoOriginal(f"{name} comes from a link: there is no original to replace. {_INSTEAD}")
    if task.memory and task.source.startswith(os.path.join(os.path.dirname(task.memory), "")):
        raise NoOriginal(f"{name} is no file of yours: there is no original to replace. {_INSTEAD}")
    if os.path.islink(task.source):
        raise NoOriginal(f"{name} is a link to another file, which is not replaced. {_INSTEAD}")


_INSTEAD: Final = "Choose another place for what is made."


def known_in_place(task: Task, recipe_hash: str) -> Record | None:
    """Return what is known of the source, also where it was given before by way of another folder's link."""
    found = recall(task.memory, task.source, recipe_hash)
    real = os.path.realpath(task.source)
    return recall(task.memory, real, recipe_hash) if found is None and real != task.source else found


def made_of_what_is_gone(task: Task, recipe: Recipe) -> Done | None:
    """Return what an earlier attempt made of a source that it put into the trash; None when it did not."""
    if not (recipe.replace_original and task.attempt > 1 and task.memory):
        return None
    record = recall(task.memory, _gone(task.source), recipe.id_hash)
    if record is None or os.path.lexists(task.source) or not record.unchanged():
        return None
    files = []
    for path, size, _ in record.files:
        with Image.open(path) as image:
            files.append(OutputFile(path, size, *image.size, recipe.outputs[0].name))
    return Done(tuple(files), record.size)


def _gone(source: str) -> str:
    """Return under which name it is remembered that a source was replaced by a file of another name."""
    return f"{source}\0gone"


def name_in_place(task: Task, output: Output, chosen: Format) -> str:
    """Return the file name of what replaces the original: its own, with the suffix of another format."""
    name = os.path.basename(task.source)
    if os.path.splitext(name)[1].lower() in chosen.suffixes:
        return name
    return final_name(task.source, replace(output, template="{stem}"), chosen.suffix, place=task.place)


def is_kept(file_name: str, task: Task, existing: Existing) -> bool:
    """Return whether another file has the name, and is to be kept: then nothing can be made."""
    path = os.path.join(os.path.dirname(task.source), file_name)
    existing = _OTHERS.get(existing, existing)
    return path != task.source and existing is Existing.KEEP and os.path.lexists(path)


def foreseen(file_name: str, chosen: Format, task: Task, existing: Existing) -> Place | None:
    """Return where the output would go as it is now; None when another file is kept."""
    if file_name == os.path.basename(task.source):
        return Place(task.source, replaces=True)
    existing = _OTHERS.get(existing, existing)
    return place(file_name, chosen.suffix, os.path.dirname(task.source), existing, task.source)


def put_in_place(
    one: Made,
    task: Task,
    temporary: str,
    existing: Existing,
    times: tuple[int, int] | None,
    status: os.stat_result,
    recipe_hash: str,
) -> Replaced:
    """Publish an output in the place of its original, and put that into the trash.

    status: what the original was when it was opened; one that was changed since is left alone. An output of
    another name stands beside its original when that cannot go to the trash, which a note says.

    Raises FileBusy when the original was changed, TrashFailed when it cannot go to the trash and its name is
    needed, BadName, or what `from_os_error` gives. The original is in its place then, or, when what was made
    could not get its name, in the trash, with what was made beside it.
    """
    folder = os.path.dirname(task.source)
    try:
        if one.file_name == os.path.basename(task.source):
            return _over(one, task, temporary, times, status, recipe_hash)
        return _beside(one, task, temporary, existing, times, status, recipe_hash)
    except OSError as error:
        raise from_os_error(named(error, folder), writing=True) from error


def _over(
    one: Made, task: Task, temporary: str, times: tuple[int, int] | None, status: os.stat_result, recipe: str
) -> Replaced:
    """Replace an original by a file of the same name."""
    final = task.source
    try:
        _prepare(one, task, temporary, final, times, status, recipe)
        _check_unchanged(task.source, status)
        _to_trash(task, status)
    except Exception:
        remove_files((temporary,))  # the original is as it was
        raise
    # From here on the temporary file is all there is of the output: it stays until it has its name.
    for number in range(1, _MOST_NUMBERS):
        path = os.path.join(
            os.path.dirname(final), numbered(one.file_name, os.path.splitext(final)[1], number)
        )
        try:
            if number > 1:  # in the meantime somebody else has put a file there
                _note(one, task, temporary, path, status)
            if not give_name(temporary, path, replacing=False):
                continue
        except OSError as error:
            raise NotWritable(
                f"{_shown(final)} is in the trash, and what was made of it could not get its name "
                f"({error.strerror}): it is kept as {temporary}."
            ) from error
        remove_files((temporary,))
        sync_folder(os.path.dirname(path))
        return Replaced(Published((_file_of(one, path),), ()))
    raise BadName(f"There are too many files named like {one.file_name}; what was made is {temporary}.")


def _beside(
    one: Made, task: Task, temporary: str, existing: Existing, times: tuple[int, int] | None,
    status: os.stat_result, recipe: str,
) -> Replaced:  # fmt: skip
    """Replace an original by a file of another name, which is there before the original goes."""
    folder, existing = os.path.dirname(task.source), _OTHERS.get(existing, existing)
    digest = one.digest
    own = os.path.join(folder, one.file_name)
    final: str | None = own if task.attempt > 1 and has_bytes(own, one.content, digest) else None
    try:
        while final is None:
            found = place(one.file_name, one.format.suffix, folder, existing, task.source)
            if found is None:
                return Replaced(Published((), (one.file_name,)))
            _prepare(one, task, temporary, found.path, times, status, recipe)
            if give_name(temporary, found.path, replacing=False):
                final = found.path
        sync_folder(folder)
        made = Replaced(Published((_file_of(one, final),), ()))
        try:
            _check_unchanged(task.source, status)
            _to_trash(task, status)
        except (FileBusy, TrashFailed) as error:
            return replace(made, notes=(str(error),))
        sync_folder(folder)
        if task.memory:  # for an app that ends before the queue has noted it, while the receipt is another's
            stamp = status.st_size, status.st_mtime_ns
            remember(task.memory, _gone(task.source), recipe, stamp, made.published.files)
        return made
    finally:
        remove_files((temporary,))


def _prepare(
    one: Made, task: Task, temporary: str, final: str, times: tuple[int, int] | None,
    status: os.stat_result, recipe: str,
) -> None:  # fmt: skip
    """Write the new file aside, and note all that is needed to end what comes after, and synced."""
    write_aside(one, temporary, times)
    with suppress(OSError):
        os.chmod(temporary, stat.S_IMODE(status.st_mode) & 0o777)
    sync_folder(os.path.dirname(final))
    if task.memory:  # before it has its name, so that no crash lets it be taken for a new source
        for path in dict.fromkeys((final, os.path.realpath(final))):
            remember_as(task.memory, path, recipe, os.stat(temporary))
    _note(one, task, temporary, final, status)


def _note(one: Made, task: Task, temporary: str, final: str, status: os.stat_result) -> None:
    if task.receipt:
        original = Original(task.source, status.st_size, status.st_mtime_ns, status.st_ino, temporary)
        files = [(_file_of(one, final), one.digest)]
        write_receipt(task.receipt, task.temp_tag, files, replacing=False, original=original)


def _check_unchanged(path: str, status: os.stat_result) -> None:
    if not _is_there(path, status):
        raise FileBusy(f"{_shown(path)} was changed while it was worked on, and was not replaced.")


def _is_there(path: str, status: os.stat_result) -> bool:
    """Return whether a file is at its path as it was."""
    return Original(path, status.st_size, status.st_mtime_ns, status.st_ino, "").is_there()


def _to_trash(task: Task, status: os.stat_result) -> None:
    """Put the original into the trash. Raises TrashFailed when it is still there afterwards."""
    beside = os.path.dirname(task.receipt) if task.receipt else tempfile.gettempdir()
    why, cause = "", None
    try:
        move_to_trash(task.source, beside)
    except Exception as error:
        cause = error
        said = error.strerror if isinstance(error, OSError) else None
        why = f" ({(said or str(error) or type(error).__name__).rstrip('.')})"
    if _is_there(task.source, status):
        name = _shown(task.source)
        raise TrashFailed(f"{name} could not be moved to the trash{why}, and stays as it is.") from cause


def _file_of(one: Made, path: str) -> OutputFile:
    return OutputFile(path, len(one.content), *one.size, one.name)


def _shown(path: str) -> str:
    return os.path.basename(path).encode("utf-8", "replace").decode("utf-8")
