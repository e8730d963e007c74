"""The language that the window speaks: which there are, which is taken, and where its texts come from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

NAMES: Final = {"en": "English", "de": "Deutsch", "fr": "Français", "zh_CN": "简体中文"}
"""The languages by their keys, each called as those call it who speak it. The code itself is in English."""

WINDOW: Final = "window"
CORE: Final = "core"
RECIPES: Final = "recipe-names"
"""The contexts in the files of translations: texts of the window, sentences of the core, built-in recipes."""


def language_for(chosen: str, wanted: Sequence[str]) -> str:
    """Return the key of the language to speak.

    chosen: a key, or anything else for the first of `wanted` that is there, in the names that the system
    gives ("de-AT", "zh-Hans-CN"). English when there is none.
    """
    if chosen in NAMES:
        return chosen
    for name in wanted:
        parts = name.replace("_", "-").split("-")
        if parts[0] == "zh":
            if not {"Hant", "TW", "HK", "MO"} & set(parts):
                return "zh_CN"
        elif parts[0] in NAMES:
            return parts[0]
    return "en"


def speak(chosen: str) -> str:
    """Let all that is made from now on speak the chosen language, or that of the system; returns its key.

    Numbers follow: in the manner of the system where it speaks that language, too.
    """
    app = QCoreApplication.instance()
    assert app is not None
    system = QLocale.system()
    language = language_for(chosen, system.uiLanguages())
    if language_for("", [system.bcp47Name()]) != language:
        QLocale.setDefault(QLocale(language))
    if language != "en":
        of_qt = QTranslator(app)
        if of_qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(of_qt)
        ours = Texts(app)
        with resources.as_file(resources.files("resources") / "translations" / f"{language}.qm") as path:
            ours.load(str(path))
        app.installTranslator(ours)
    return language


class Texts(QTranslator):
    """Our texts in one language. A text has one translation, whichever widget says it.

    Qt would look for it below the name of the class that asks, which is not that of the class where the text
    stands when one widget asks by another.
    """

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        """Return the translation; None, which lets Qt ask its own texts, where there is none."""
        mine = context if context in (CORE, RECIPES) else WINDOW
        return super().translate(mine, source, disambiguation, n) or None
