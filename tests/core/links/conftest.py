"""A server, and a folder to download to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from core.links.download import Limits, download
from tests.core.links.server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@dataclass
class Fetch:
    """Downloads into one folder, as one job does, attempt by attempt."""

    folder: Path
    limits: Limits = Limits(seconds=10, silence=5)  # noqa: RUF009 (it is frozen)
    told: list[float] = field(default_factory=list)

    def __call__(self, link: str) -> Path:
        return download(link, self.folder, self.told.append, self.limits)


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path / "downloads" / "job")


@pytest.fixture
def png() -> bytes:
    content = io.BytesIO()
    Image.radial_gradient("L").resize((20, 16)).convert("RGB").save(content, "PNG")
    return content.getvalue()
