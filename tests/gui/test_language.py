"""The window speaks the language that was chosen, or that of the system; numbers and sentences follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTranslator
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QWidget

from core.errors import from_os_error
from core.intake.adding import AddSummary
from gui import sentences, words
from gui.added import summary_sentence
from gui.language import language_for, speak

Close = QDialogButtonBox.StandardButton.Close


@pytest.fixture(autouse=True)
def _english_again(qapp: QApplication) -> Iterator[None]:
    before, locale = set(qapp.findChildren(QTranslator)), QLocale()
    yield
    for made in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(made)
        made.setParent(None)
    QLocale.setDefault(locale)
    sentences.forget()


@pytest.mark.parametrize(
    ("chosen", "system", "language"),
    [
        ("fr", ["de-DE"], "fr"),
        ("en", ["de-DE"], "en"),
        ("system", ["de-AT", "de"], "de"),
        ("system", ["pt-PT", "fr-CA"], "fr"),
        ("system", ["zh-Hans-CN", "zh-CN"], "zh_CN"),
        ("system", ["zh-Hant-TW", "zh-TW"], "en"),  # other characters: better none than the wrong ones
        ("system", ["C"], "en"),
        ("system", [], "en"),
    ],
)
def test_the_chosen_language_goes_before_those_of_the_system(
    chosen: str, system: list[str], language: str
) -> None:
    assert language_for(chosen, system) == language


def test_a_text_is_translated_whichever_widget_says_it(qapp: QApplication) -> None:
    assert speak("de") == "de"
    assert QWidget().tr("&Paste") == "E&infügen"
    assert QObject().tr("&Paste") == "E&infügen"
    assert QCoreApplication.translate("anything", "Retry") == "Erneut versuchen"
    assert words.recipe("Web set") == "Web-Satz"
    assert words.recipe("Retry") == "Retry"  # a recipe of the user's own is called as it is


def test_qts_own_texts_are_translated_too(qapp: QApplication) -> None:
    speak("fr")
    assert QDialogButtonBox(Close).button(Close).text().replace("&", "") == "Fermer"


def test_numbers_are_written_as_the_language_writes_them(qapp: QApplication) -> None:
    assert (words.images(12_345), words.size(3_140_000)) == ("12,345 images", "3.1 MB")
    speak("de")
    assert (words.images(12_345), words.size(3_140_000)) == ("12.345 Bilder", "3,1 MB")


def test_labels_lose_the_marks_of_their_keys() -> None:
    assert words.plain("&Add files…") == "Add files"
    assert words.plain("添加文件(&A)…") == "添加文件"
    assert words.plain("Save && close:") == "Save & close"


def test_a_sentence_of_the_core_is_said_in_the_language_with_its_values(qapp: QApplication) -> None:
    full = OSError(28, "No space left", "/out/a.jpg")
    sentence = str(from_os_error(full, writing=True))
    assert words.said(sentence) == sentence == "The disk with /out/a.jpg is full."
    speak("de")
    sentences.forget()
    assert words.said(sentence) == "Das Laufwerk mit /out/a.jpg ist voll."
    failed = str(from_os_error(OSError(5, "Input/output error", "/in/{0}.png"), writing=False))
    assert words.said(failed) == "/in/{0}.png konnte nicht gelesen werden: Input/output error."
    several = "The EXIF is broken and was left out. The animation was reduced to its first frame."
    assert words.said(several) == (
        "Die EXIF-Daten sind defekt und wurden weggelassen. Die Animation wurde auf ihr erstes Bild verkürzt."
    )
    assert words.said("Something else happened.") == "Something else happened."
    assert words.said("/home/a/is empty.jpg") == "/home/a/is empty.jpg"


def test_a_row_says_the_sentence_without_the_name_in_each_language(qapp: QApplication) -> None:
    sentence = "a.jpg is not an image that can be read (JPEG)."
    for language, said in (
        ("de", "Kein Bild, das gelesen werden kann (JPEG)."),
        ("zh_CN", "不是可读取的图片 (JPEG)。"),
    ):
        speak(language)
        sentences.forget()
        assert words.without_name(words.said(sentence), "a.jpg") == said


def test_what_was_added_is_summed_up_as_the_core_does(qapp: QApplication) -> None:
    summary = AddSummary(
        added=1_214, duplicates=3, results_count=1, not_images_count=2, left_out_count=1, unreadable_count=4,
        cancelled=True, numbered=1, homes=(("links", "/home/a/Pictures"),), without_original=True,
    )  # fmt: skip
    assert summary_sentence(summary) == summary.sentence()
    assert summary_sentence(AddSummary()) == AddSummary().sentence()
    speak("de")
    assert summary_sentence(summary).startswith(
        "1.214 hinzugefügt, 3 waren schon hier, 1 wurde mit diesem Rezept"
    )
