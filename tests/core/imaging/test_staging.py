"""What another machine stages is published as if it had been made here: same bytes, names, and memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ImageQueueError
from core.executor import Done, Skipped, Task
from core.imaging.made import forget
from core.operations import Flip, Thumbnail
from core.recipe import Colour, Existing, Metadata, Output, Recipe, builtin_recipes, find_recipe
from tests.core.imaging.elsewhere import (
    JPEG,
    NOISE,
    OUT,
    SIZED,
    TWO,
    WAYS,
    again,
    here,
)
from tests.core.imaging.pictures import photo
from tests.core.imaging.samples import sample


def picture_of(base: Path) -> dict[str, object]:
    """All that a way has left, but the paths of the base itself: names, bytes, permissions, times, memory."""
    forget()
    found: dict[str, object] = {}
    for path in sorted(base.rglob("*")):
        if path.is_file() and not path.name.startswith(("made.sqlite3", "trash.lock")):
            content = path.read_bytes().replace(str(base).encode(), b"BASE")
            if path == base / "data" / "0.json":
                note = json.loads(content)
                original = note.get("original")
                note["original"] = original and [*original[:3], "inode", original[4]]
                content = json.dumps(note).encode()
            changed = path.stat().st_mtime_ns if path.stat().st_mtime < 1_700_000_000 else "now"
            found[str(path.relative_to(base))] = (content, path.stat().st_mode, changed)
        elif path.is_dir():
            found[str(path.relative_to(base))] = "folder"
    return found


def told(outcome: Done | Skipped | ImageQueueError, base: Path) -> str:
    return f"{type(outcome).__name__} {outcome}".replace(str(base), "BASE").replace(
        f"{base.parent}/way", "BASE"
    )


def run_all(
    base: Path,
    way: Callable[[Task], Done | Skipped],
    files: dict[str, bytes],
    tasks: list[Callable[[Path], Task]],
) -> tuple[list[str], dict[str, object]]:
    outcomes = []
    for name, content in files.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(1_500_000_000_000_000_000, 1_500_000_000_123_456_700))
    for make in tasks:
        try:
            outcomes.append(told(way(make(base)), base))
        except ImageQueueError as error:
            outcomes.append(told(error, base))
    return outcomes, picture_of(base)


STORIES: dict[str, tuple[dict[str, bytes], list[Callable[[Path], Task]]]] = {
    **{
        f"built-in {recipe.name}": ({"in/a.jpg": JPEG}, again("in/a.jpg", recipe.with_folder("/out")))
        for recipe in builtin_recipes()
        if not recipe.gather
    },
    **{
        f"format {kind}": ({f"in/a.{kind}": sample(kind, photo(64, 48))}, again(f"in/a.{kind}", OUT))
        for kind in (
            "png",
            "webp",
            "tiff",
            "gif",
            "bmp",
            "avif",
            "heic",
            "jxl",
            "psd",
            "raw",
            "svg",
            "pdf",
            "ico",
        )
    },
    "beside the source": ({"in/a.jpg": JPEG}, again("in/a.jpg", TWO)),
    "what is there is kept": ({"in/a.jpg": JPEG, "out/a-small.jpg": b"mine"}, again("in/a.jpg", OUT)),
    "all is there": (
        {"in/a.jpg": JPEG, "out/a-small.jpg": b"mine", "out/a-big.jpg": b"mine"},
        again("in/a.jpg", OUT),
    ),
    "numbered": (
        {"in/a.jpg": JPEG, "out/a-small.jpg": b"mine"},
        again("in/a.jpg", OUT.with_existing(Existing.NUMBER), 2, memory=""),
    ),
    "replaced": (
        {"in/a.jpg": JPEG, "out/a-small.jpg": b"mine"},
        again("in/a.jpg", OUT.with_existing(Existing.REPLACE)),
    ),
    "newer": (
        {"in/a.jpg": JPEG, "out/a-small.jpg": b"mine"},
        again("in/a.jpg", OUT.with_existing(Existing.NEWER)),
    ),
    "over its source": (
        {"in/a.jpg": JPEG},
        again("in/a.jpg", Recipe("r", (Output("o", template="{stem}"),), existing=Existing.REPLACE)),
    ),
    "made before": ({"in/a.jpg": JPEG}, again("in/a.jpg", OUT, 3)),
    "known by content": ({"in/a.jpg": JPEG}, again("in/a.jpg", OUT, 2, by_content=True)),
    "a second attempt": (
        {"in/a.jpg": JPEG},
        [*again("in/a.jpg", OUT, memory=""), *again("in/a.jpg", OUT, attempt=2)],
    ),
    "sizes in the names": (
        {"in/a.jpg": JPEG},
        again("in/a.jpg", Recipe("r", (SIZED,), folder="/out"), index=7, place=3),
    ),
    "the third of one name": ({"in/a.jpg": JPEG}, again("in/a.jpg", OUT, place=3)),
    "folders in the names": (
        {"in/a.jpg": JPEG},
        again("in/a.jpg", Recipe("r", (Output("o", template="{date:%Y}/{camera}/{stem}"),), folder="/out")),
    ),
    "a mirrored tree": (
        {"in/deep/a.jpg": JPEG},
        again("in/deep/a.jpg", replace(OUT, mirror=True), below="deep"),
    ),
    "smaller files only": (
        {"in/a.jpg": NOISE},
        again("in/a.jpg", Recipe("r", (Output("o", format="png"),), folder="/out", skip_larger=True)),
    ),
    "the smaller ones alone": (
        {"in/a.jpg": NOISE},
        again(
            "in/a.jpg",
            Recipe(
                "r",
                (Output("big", format="png"), Output("small", (Thumbnail(8),))),
                folder="/out",
                skip_larger=True,
            ),
        ),
    ),
    "times are kept": ({"in/a.jpg": JPEG}, again("in/a.jpg", replace(OUT, keep_times=True))),
    "its own bytes": (
        {"in/a.jpg": JPEG},
        again(
            "in/a.jpg",
            Recipe(
                "r",
                (Output("o"), Output("p", (Thumbnail(20),))),
                folder="/out",
                metadata=Metadata.KEEP,
                colour=Colour.KEEP,
            ),
        ),
    ),
    "one output twice": (
        {"in/a.jpg": JPEG},
        again(
            "in/a.jpg",
            Recipe(
                "r",
                (
                    Output("a", (Thumbnail(999),), template="{stem}-{width}"),
                    Output("b", (Thumbnail(998),), template="{stem}-{width}"),
                ),
                folder="/out",
            ),
        ),
    ),
    "pages": ({"in/a.tiff": sample("tiff", photo(40, 30))}, again("in/a.tiff", find_recipe("One PDF"))),
    "in place": (
        {"in/a.jpg": JPEG},
        again(
            "in/a.jpg",
            TWO_IN_PLACE := Recipe("r", (Output("o", (Thumbnail(20),)),), replace_original=True),
            2,
        ),
    ),
    "in place as another format": (
        {"in/a.png": sample("png", photo(64, 48))},
        again("in/a.png", replace(TWO_IN_PLACE, outputs=(Output("o", (Thumbnail(20),), "jpeg"),))),
    ),
    "in place and the same": (
        {"in/a.jpg": JPEG},
        again(
            "in/a.jpg",
            Recipe("r", (Output("o"),), replace_original=True, metadata=Metadata.KEEP, colour=Colour.KEEP),
        ),
    ),
    "no image": ({"in/a.jpg": b"no image"}, again("in/a.jpg", OUT)),
    "a damaged image": ({"in/a.jpg": JPEG[:900]}, again("in/a.jpg", OUT)),
    "no file": ({}, again("in/a.jpg", OUT)),
    "a file for a folder": ({"in/a.jpg": JPEG, "out": b""}, again("in/a.jpg", OUT)),
    "no name": (
        {"in/a.jpg": JPEG},
        again(
            "in/a.jpg",
            Recipe(
                "r",
                (
                    Output("a", (Thumbnail(999),), template="{stem}-{width}"),
                    Output("b", (Flip("horizontal"),), template="{stem}-{width}"),
                ),
                folder="/out",
            ),
        ),
    ),
}


@pytest.fixture(autouse=True)
def _a_trash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("send2trash.send2trash", os.unlink)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("story", STORIES)
def test_g6_what_is_staged_elsewhere_is_what_is_made_here(tmp_path: Path, story: str, way: str) -> None:
    files, tasks = STORIES[story]
    for name in ("one", "other"):
        (tmp_path / name / "base").mkdir(parents=True)
    expected = run_all(tmp_path / "one" / "base", here, files, tasks)
    found = run_all(tmp_path / "other" / "base", WAYS[way], files, tasks)
    assert found == expected
    assert not [name for name in found[1] if ".imagequeue" in name or "list" in name]
