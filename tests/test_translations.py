"""Every text of the window is translated into every language, and the files are those of the code."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from core.settings import LANGUAGES as CHOICES
from gui.language import NAMES
from resources.setup import translations
from resources.setup.translations import FOLDER, LANGUAGES, TOP

PLACEHOLDER = re.compile(r"\{[^{}]*\}|%\d|%n")
MNEMONIC = re.compile(r"&(?=\w)")

each_language = pytest.mark.parametrize("language", LANGUAGES)


def test_the_languages_of_the_settings_are_those_of_the_window() -> None:
    assert ("system", *NAMES) == CHOICES


@each_language
def test_no_text_is_missed(language: str) -> None:
    known = translations.read(language)
    wanted = {(context, text) for context, texts in translations.all_texts().items() for text in texts}
    assert not wanted - set(known), "run `make translations`, and translate what is unfinished"


@each_language
def test_the_files_are_those_of_the_code(language: str, tmp_path: Path) -> None:
    source = FOLDER / f"{language}.ts"
    known = translations.read(language)
    assert source.read_text("utf-8") == translations.contents(language, known), "run `make translations`"
    translations.compiled(source, tmp_path / "made.qm")
    made, kept = (tmp_path / "made.qm").read_bytes(), source.with_suffix(".qm").read_bytes()
    assert made == kept, "run `make translations`"


def test_the_forms_of_sentences_are_those_of_the_code() -> None:
    assert (FOLDER / "sentences.txt").read_text("utf-8") == translations.forms_text()


@each_language
def test_a_translation_has_the_same_values_and_a_key_where_the_text_has_one(language: str) -> None:
    wrong = []
    for (context, text), said in translations.read(language).items():
        if Counter(PLACEHOLDER.findall(text)) != Counter(PLACEHOLDER.findall(said)):
            wrong.append(f"values of {context}: {text!r} and {said!r}")
        if len(MNEMONIC.findall(text)) != len(MNEMONIC.findall(said)):
            wrong.append(f"key of {text!r} and {said!r}")
        if ("…" in text) != ("…" in said) or text.count("\n") != said.count("\n"):
            wrong.append(f"end or lines of {text!r} and {said!r}")
    assert not wrong


SHOWING = {
    "QAction",
    "QCheckBox",
    "QGroupBox",
    "QLabel",
    "QMenu",
    "QPushButton",
    "QRadioButton",
    "addAction",
    "addMenu",
    "addTab",
    "confirm",
    "setAccessibleDescription",
    "setAccessibleName",
    "setPlaceholderText",
    "setStatusTip",
    "setSuffix",
    "setText",
    "setTitle",
    "setToolTip",
    "setWindowTitle",
    "tell",
}
DATA = ("*.tmp.jpg\n", "windowName")  # an example in the words of another program; a name


def test_nothing_is_shown_that_is_not_marked_for_translation() -> None:
    bare = []
    for path in sorted((TOP / "gui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and translations.called(node) in SHOWING:
                bare += [
                    f"{path.name}:{node.lineno}: {one.value!r}"
                    for one in node.args
                    if isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                    and re.search(r"[a-z]{2}.* |^[A-Z][a-z]", one.value)
                    and not one.value.startswith(DATA)
                ]
    assert not bare
