"""Makes one source of all that is added together, for a recipe that gathers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from core.formats import format_named
from core.gathered import write_list
from core.intake.batches import Batch
from core.intake.paths import Walk
from core.recipe import Recipe

_LINKS: Final = "links"


def gathered(
    batches: Iterator[Batch], recipe: Recipe, walk: Walk, folder: Path, stopped: Callable[[], bool]
) -> Iterator[Batch]:
    """Yield empty batches while there are more, and last one whose source is the list of all their sources.

    It writes to the disk: iterate in a thread. folder: for the list. The file made of it is named for the
    folder that the images share, or else for the first of them, and lies beside that. Links are refused: a
    part that has still to come is none that a file can be made of.
    """
    sources: list[str] = []
    home = ""
    for batch in batches:
        if batch.came_from == _LINKS:
            for link in batch.sources:
                said = f"{link[:120]} is a link, which cannot become a page: save it first."
                walk.unreadable.add(link, said)
        else:
            home = home or batch.home
            sources += batch.sources
        yield Batch([])
    if not sources or stopped():
        return
    name = _name_of(sources)
    home = home or str(Path(sources[0]).parent)
    made = _made_before(sources, name, recipe.folder or home, recipe)
    for path in made if len(made) < len(sources) else ():
        walk.results.add(path, f"{Path(path).name} was made of the others.")
        sources.remove(path)
    images = f"these {len(sources):,} images" if len(sources) > 1 else "this image"
    yield Batch([write_list(folder, name, sources)], images, home)


def _name_of(sources: list[str]) -> str:
    first = Path(sources[0])
    together = len(sources) > 1 and len({str(Path(one).parent) for one in sources}) == 1
    return first.parent.name if together and first.parent.name else first.stem


def _made_before(sources: list[str], name: str, folder: str, recipe: Recipe) -> list[str]:
    """Return those of the sources that this recipe has made of the others, by their names."""
    formats = [one for output in recipe.outputs if (one := format_named(output.format or "")) is not None]
    suffixes = "|".join(re.escape(one.suffix) for one in formats)
    names = re.compile(rf"{re.escape(name)}(-\d+)?({suffixes})")
    return [one for one in sources if str(Path(one).parent) == folder and names.fullmatch(Path(one).name)]
