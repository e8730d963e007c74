"""What the README shows is so."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

from core.errors import ImageQueueError
from core.operations import KINDS
from core.recipe import builtin_recipes, parse_toml
from tests.core.test_errors import family

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_recipe_that_it_shows_is_one() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    recipe = parse_toml(text, beside=ROOT)
    assert recipe.outputs[0].template == "{stem}-{width}x{height}"


def test_it_lists_the_built_in_recipes() -> None:
    table = README.partition("## Recipes")[2].partition("Your own")[0]
    listed = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[2:]
    assert [name.strip() for name in listed] == [recipe.name for recipe in builtin_recipes()]


def test_it_lists_every_operation_with_its_fields_and_their_defaults() -> None:
    table = README.partition("### Operations")[2].partition("Scaling is by")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]*) ?\|$", table, re.MULTILINE)
    assert [name for name, _ in rows] == list(KINDS)
    for name, said in rows:
        known = fields(KINDS[name])
        assert re.findall(r"`([a-z_]+)`", said) == [one.name for one in known], name
        for one in known:
            if one.default is not None and one.default is not MISSING:
                shown = str(one.default).lower() if isinstance(one.default, bool) else str(one.default)
                assert re.search(rf"`{one.name}`[^`]*\({re.escape(shown)}\)", said), f"{name}.{one.name}"


def test_it_names_the_pythons_that_the_package_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "Python 3.11, 3.12 or 3.13" in README


def test_the_picture_is_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).stat().st_size > 10_000


def test_it_lists_every_error_with_its_meaning() -> None:
    table = README.partition("## Errors")[2].partition("## Figures")[0]
    listed = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| (yes)? *\|", table, re.MULTILINE)
    assert listed == [
        (one.code, str(one.__doc__).splitlines()[0].rstrip("."), "yes" if one.retryable else "")
        for one in family(ImageQueueError)
    ]
