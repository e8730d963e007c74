"""Pictures that the tests make for themselves, and how to run a recipe on them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from core.executor import Done, Skipped, Task
from core.imaging.process import process
from core.recipe import Output, Recipe

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 30), (30, 30, 220), (220, 220, 30)


def photo(width: int, height: int) -> Image.Image:
    """A picture with soft and hard parts, in RGB."""
    size = (width, height)
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    round_ = Image.radial_gradient("L").resize(size)
    picture = Image.merge("RGB", (across, down, round_))
    stripes = Image.new("RGB", size)
    for left in range(0, width, 24):
        stripes.paste((255, 255, 255), (left, 0, left + 12, height))
    part = (width // 3, height // 3, width // 2, height // 2)
    picture.paste(stripes.crop(part), part[:2])
    return picture


def quarters(width: int, height: int) -> Image.Image:
    """Four corners that cannot be taken for each other: red, green above blue, yellow."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(YELLOW, (width // 2, height // 2, width, height))
    return picture


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters: above left, above right, below left, below right."""
    rgb = picture.convert("RGB")
    x, y = rgb.width // 4, rgb.height // 4
    points = (
        (x, y),
        (rgb.width - 1 - x, y),
        (x, rgb.height - 1 - y),
        (rgb.width - 1 - x, rgb.height - 1 - y),
    )
    found = (rgb.getpixel(point) for point in points)
    return [one for one in found if isinstance(one, tuple)]


def near(first: tuple[int, ...], second: tuple[int, ...], within: int) -> bool:
    return len(first) == len(second) and all(abs(a - b) <= within for a, b in zip(first, second, strict=True))


def decibels(first: Image.Image, second: Image.Image) -> float:
    """How alike two pictures are: the peak signal to noise ratio in dB over all channels."""
    assert (first.mode, first.size) == (second.mode, second.size)
    squares = ImageStat.Stat(ImageChops.difference(first, second)).sum2
    mean = sum(squares) / (first.width * first.height * len(squares))
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def task_for(source: Path | str, recipe: Recipe, **fields: object) -> Task:
    values: dict[str, object] = {"job_id": 1, "attempt": 1, "temp_tag": "tag", **fields}
    return Task(source=str(source), recipe=recipe.to_json(), **values)  # type: ignore[arg-type]


def run(
    source: Path | str, recipe: Recipe, report: Callable[[float], None] = lambda _: None, **fields: object
) -> Done | Skipped:
    return process(task_for(source, recipe, **fields), report)


def done(source: Path | str, recipe: Recipe, **fields: object) -> Done:
    outcome = process(task_for(source, recipe, **fields), lambda _: None)
    assert isinstance(outcome, Done), outcome
    return outcome


def made(source: Path | str, output: Output, **fields: object) -> Image.Image:
    """The picture that one output makes of a source, decoded."""
    outcome = done(source, Recipe("test", (output,), **fields))  # type: ignore[arg-type]
    return opened(outcome.outputs[0].path)


def opened(path: Path | str) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}
