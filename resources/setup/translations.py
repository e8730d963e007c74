"""Makes the files of translations anew: reads the texts out of the code, and keeps what is translated.

Usage: python -m resources.setup.translations      (from the project's top folder; or `make translations`)

For each language it writes resources/translations/LANGUAGE.ts, which Qt Linguist and any editor open, and
LANGUAGE.qm, which the app reads. A new text is marked unfinished there, and until it is translated the app
says it in English; what is no longer in the code is dropped. What is the same gives the same bytes.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import PySide6

from gui.language import CORE, NAMES, RECIPES, WINDOW

TOP: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = TOP / "resources" / "translations"
LANGUAGES: Final = tuple(key for key in NAMES if key != "en")

_MARKS: Final = frozenset({"tr", "_tr", "_T", "translate", "QT_TRANSLATE_NOOP", "QT_TR_NOOP"})
"""The functions whose text is translated: the last of their arguments that is a text written out."""

_NOT_IN_WINDOW: Final = ("core/cli/", "core/owner_requests.py", "core/remote/worker.py")
"""Rooms of the core that speak to a terminal, or to another process, alone."""

_SENTENCE: Final = re.compile(r"(?=.*[A-Za-z]{2})(.* .*|[A-Z][a-z]+)\.")
"""What is taken for one in core/: some words, or one with a capital, and a full stop at the end."""

_OWN: Final = ("language",)  # has no meaning but that there is a translation

_PUT_TOGETHER: Final = (
    "{0} is damaged, or of a kind that cannot be read: {1}",
    "{0} has {1} × {2} pixels, {3} megapixels; the limit is {4}.",
    "{0} is there already",
    "{0} and {1} more are there already",
    "{0} and {1} more are there already.",
    " and {0} more",
    "was",
    "were",
    "is",
    "are",
    "read",
    "written",
    "frames",
    "scans",
)
"""Forms that the core's code puts together from parts, so that they stand nowhere as a whole."""


@dataclass
class Text:
    """One text of the code."""

    source: str
    files: list[str] = field(default_factory=list)  # in which it stands


class Unreadable(Exception):
    """A mark is around something that is no text written out, so it cannot be translated."""


def texts_of_window() -> dict[str, Text]:
    """Return the texts that gui/ marks for translation. Raises Unreadable."""
    found: dict[str, Text] = {}
    for name, tree in _modules("gui"):
        passed_on = _inside_marks(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in _MARKS:
                for text in _marked(name, node, passed_on):
                    _add(found, text, name)
    return found


def texts_of_recipes() -> dict[str, Text]:
    """Return the names and the descriptions of the built-in recipes."""
    found: dict[str, Text] = {}
    for path in sorted((TOP / "resources" / "recipes").glob("*.toml")):
        recipe, name = tomllib.loads(path.read_text("utf-8")), path.relative_to(TOP).as_posix()
        for part in ("name", "description"):
            _add(found, recipe[part], name)
    return found


def sentences_of_core() -> dict[str, Text]:
    """Return the forms of the sentences in core/: {0}, {1} ... for the values, and other braces doubled."""
    found: dict[str, Text] = {}
    for name, tree in _modules("core"):
        if name.startswith(_NOT_IN_WINDOW):
            continue
        for form in _sentences(tree):
            _add(found, form, name)
    for text in (*_PUT_TOGETHER, *_OWN):
        _add(found, text, "resources/setup/translations.py")
    return found


@cache
def all_texts() -> dict[str, dict[str, Text]]:
    """Return all texts by their context, read once."""
    return {WINDOW: texts_of_window(), CORE: sentences_of_core(), RECIPES: texts_of_recipes()}


def _modules(folder: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((TOP / folder).rglob("*.py")):
        yield path.relative_to(TOP).as_posix(), ast.parse(path.read_text("utf-8"))


def _add(found: dict[str, Text], source: str, name: str) -> None:
    text = found.setdefault(source, Text(source))
    if name not in text.files:
        text.files.append(name)


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _inside_marks(tree: ast.Module) -> frozenset[int]:
    """Return the calls, by their identity, inside the marks themselves: they pass on what was marked."""
    return frozenset(
        id(call)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name in _MARKS
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
    )


def _marked(name: str, node: ast.Call, passed_on: frozenset[int]) -> list[str]:
    arguments = [one for one in node.args if not isinstance(one, ast.Starred)]
    if any(isinstance(one, ast.Name) and one.id == "CORE" for one in arguments):
        return []  # a sentence of the core, read out there
    if called(node) in ("tr", "_tr"):
        arguments = arguments[:1]
    texts = _written(arguments[-1]) if arguments else []
    if texts or id(node) in passed_on:
        return texts
    if called(node) == "translate":  # of a text that another mark is around, where it is written
        return []
    raise Unreadable(f"{name}:{node.lineno}: {ast.unparse(node)} marks no text that is written out")


def _written(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        both = [_written(node.body), _written(node.orelse)]
        return [*both[0], *both[1]] if all(both) else []
    return []


def _sentences(tree: ast.Module) -> Iterator[str]:
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed.update(id(part) for one in ast.walk(node) if one is not node for part in [one])
        elif isinstance(node, ast.Call) and called(node) in ("compile", "execute"):
            passed.update(id(one) for one in node.args)
    for node in ast.walk(tree):
        if id(node) in passed or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        form = _form(node).strip()
        if _SENTENCE.fullmatch(form):
            yield form


def _form(node: ast.Constant | ast.JoinedStr) -> str:
    parts, number = "", 0
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        if isinstance(part, ast.Constant):
            parts += part.value.replace("{", "{{").replace("}", "}}") if isinstance(part.value, str) else ""
        else:
            parts += f"{{{number}}}"
            number += 1
    return parts


# -- the files --------------------------------------------------------------------------------------------


def read(language: str) -> dict[tuple[str, str], str]:
    """Return what is translated by context and source; nothing for what is not finished."""
    path = FOLDER / f"{language}.ts"
    if not path.exists():
        return {}
    known = {}
    for context in ElementTree.parse(path).getroot().iter("context"):  # noqa: S314 (our own file)
        for message in context.iter("message"):
            said = message.find("translation")
            if said is not None and said.get("type") is None and said.text:
                known[(context.findtext("name", ""), message.findtext("source", ""))] = said.text
    return known


def contents(language: str, known: dict[tuple[str, str], str]) -> str:
    """Return the .ts file of a language, from what is translated."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!DOCTYPE TS>",
        f'<TS version="2.1" language="{language}" sourcelanguage="en">',
    ]
    for context, texts in all_texts().items():
        lines += ["<context>", f"    <name>{context}</name>"]
        for text in texts.values():
            said = known.get((context, text.source), "")
            lines.append("    <message>")
            lines += [f'        <location filename="../../{name}"/>' for name in text.files]
            lines.append(f"        <source>{escape(text.source)}</source>")
            mark = "" if said else ' type="unfinished"'
            lines.append(f"        <translation{mark}>{escape(said)}</translation>")
            lines.append("    </message>")
        lines.append("</context>")
    return "\n".join([*lines, "</TS>", ""])


def forms_text() -> str:
    """Return the file of forms by which the window tells the core's sentences, one a line."""
    return "".join(f"{form}\n" for form in all_texts()[CORE] if form not in _OWN)


def compiled(source: Path, target: Path) -> None:
    """Compile a .ts file to a .qm file, with Qt's own program out of PySide6's package."""
    program = Path(PySide6.__file__).parent / ("lrelease.exe" if sys.platform == "win32" else "lrelease")
    subprocess.run([program, "-silent", str(source), "-qm", str(target)], check=True)


def main() -> int:
    """Write all files, and say what is still to be translated; returns 1 while something is."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "sentences.txt").write_text(forms_text(), "utf-8", newline="\n")
    left = 0
    for language in LANGUAGES:
        source = FOLDER / f"{language}.ts"
        source.write_text(contents(language, read(language)), "utf-8", newline="\n")
        compiled(source, source.with_suffix(".qm"))
        total, done = sum(map(len, all_texts().values())), len(read(language))
        left += total - done
        print(f"{NAMES[language]}: {done} of {total} texts are translated")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
