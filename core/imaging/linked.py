"""Makes the outputs of what is at a link, which is downloaded first unless it is known to be the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from core.errors import BadRecipe, ImageQueueError
from core.executor import Skipped, Task
from core.imaging.made import recall
from core.imaging.receipt import digest_of
from core.links.download import Unchanged, download, version_told
from core.links.identity import UNKNOWN, Identity

T = TypeVar("T")
Report = Callable[[float], None]

_SHARE: Final = 0.5  # of a job's progress that the download is


def with_download(
    task: Task, recipe_hash: str, report: Report, make: Callable[[Task, Report, str, Identity], T]
) -> T | Skipped:
    """Download the link that is the task's source, and return what `make` makes of the file.

    What was made of the link before is up to date when the server says that nothing has changed, or sends the
    same bytes again. The file is kept for as long as another attempt may need it. Raises what `download` and
    `make` raise.
    """
    if not task.downloads or json.loads(task.recipe).get("folder") is None:
        raise BadRecipe("folder takes an absolute path for a link: there is nothing beside it.")
    folder = Path(task.downloads)
    made: T | Skipped
    record = recall(task.memory, task.source, recipe_hash) if task.memory and task.attempt == 1 else None
    known = record.identity if record is not None and record.settled() else UNKNOWN
    try:
        path = download(task.source, folder, lambda part: report(part * _SHARE), known=known)
        made = make(
            replace(task, source=str(path)),
            lambda part: report(_SHARE + part * (1 - _SHARE)),
            task.source,
            replace(version_told(folder), content=digest_of(path)),
        )
    except Unchanged:
        assert record is not None, "nothing else is asked for"
        made = Skipped(record.reason(), record.size)
    except ImageQueueError as error:
        if not error.retryable:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return made
