"""Looks at what another machine has staged, before anything gets its name."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from core.executor import Task
from core.imaging.decode import Source, format_of
from core.imaging.delivery import content_of, staged_paths
from core.imaging.manifest import Manifest, bad
from core.imaging.prepared import Work, name_of
from core.imaging.publish import Made
from core.imaging.readers import open_image
from core.recipe import Recipe


def delivered(
    manifest: Manifest, works: Sequence[Work], source: Source, task: Task, recipe: Recipe
) -> list[Made]:
    """Return what was staged for these works, in their order, each looked at: its bytes, format and size.

    Raises BadDelivery for what is not there, was not asked for, or is not what the manifest says.
    """
    wanted = {work.output.name: work for work in works}
    order = list(wanted)
    names = [one.name for one in manifest.outputs]
    missing = len(works) - len(names)
    if not set(names) <= set(order) or names != sorted(names, key=order.index):
        raise bad(f"it made {names!r:.200} of {order!r:.200}")
    if missing and not recipe.skip_larger:
        raise bad(f"it made {len(names)} of {len(works)} outputs")
    made = []
    for one, path in zip(manifest.outputs, staged_paths(task), strict=False):
        work = wanted[one.name]
        if one.format != work.format.name:
            raise bad(f"it made {one.name!r:.80} as {one.format!r:.80}")
        (content, inode), size = content_of(path, one), (one.width, one.height)
        name = name_of(work, size, task, source)
        aside = "" if task.staging else path
        made.append(Made(one.name, name, work.format, content, size, one.pages, aside, one.digest, inode))
        _check_header(made[-1])
    return made


def _check_header(one: Made) -> None:
    """Look whether it begins like the image that it should be; its maker has decoded it to its end."""
    try:
        with open_image(BytesIO(one.content), one.file_name, lambda _width, _height: None) as image:
            found = format_of(image), one.size if one.format.drawn else image.size
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise bad(f"{one.name!r:.80} is no image") from error
    if found != (one.format, one.size):
        raise bad(f"{one.name!r:.80} is another image than it says")
