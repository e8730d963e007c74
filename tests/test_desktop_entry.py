"""The desktop entry is one that file managers take."""

from __future__ import annotations

import configparser
import mimetypes
from pathlib import Path

from core.formats import FORMATS

ENTRY = Path(__file__).parents[1] / "resources" / "imagequeue.desktop"


def test_it_opens_every_common_format_folders_and_archives_with_the_window() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ENTRY, encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Type"] == "Application"
    assert entry["Exec"] == "imagequeue %U"  # files and links
    types = set(entry["MimeType"].removesuffix(";").split(";"))
    assert {"inode/directory", "application/zip"} <= types
    for name in ("jpeg", "png", "webp", "gif", "tiff", "bmp", "svg"):
        suffix = next(one for one in FORMATS if one.name == name).suffix
        assert mimetypes.types_map.get(suffix, f"image/{name}") in types
