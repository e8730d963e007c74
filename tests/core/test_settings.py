"""Settings are typed, kept whole on disk, and never the reason that the app does not start."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from core.errors import BadUsage, ImageQueueError, StoreUnusable
from core.remote.shared_folder import SharedFolder
from core.settings import SETTINGS_NAME, Settings, data_folder, make_data_folder


def test_a_new_folder_gives_the_defaults(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path / "missing")
    assert settings == Settings()
    assert settings.workers == 4
    assert settings.max_retries == 3
    assert settings.notice == ""


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    chosen = Settings(2, 0, 12.5, 512, "Web", str(tmp_path / "out"), "number", 0)
    chosen.save(tmp_path / "new folder")
    assert Settings.load(tmp_path / "new folder") == chosen
    replace(chosen, output_folder=None).save(tmp_path / "new folder")
    assert Settings.load(tmp_path / "new folder").output_folder is None


def test_a_folder_whose_name_is_no_unicode_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = str(tmp_path / 'caf\udce9 ☕ \x1b "quoted"')
    Settings(output_folder=folder).save(tmp_path)
    assert Settings.load(tmp_path).output_folder == folder


def test_the_settings_of_a_newer_version_stay_in_the_file(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text('workers = 2\nshiny = "yes"\n[future]\nx = 1\n')
    settings = Settings.load(tmp_path)
    assert settings.workers == 2
    replace(settings, workers=3).save(tmp_path)
    text = (tmp_path / SETTINGS_NAME).read_text()
    assert "workers = 3" in text
    assert 'shiny = "yes"' in text
    assert "[future]" in text
    assert "notice" not in text


@pytest.mark.parametrize("content", [b"workers = = 2", b"\xff\xfe\x00", b"workers = 1\nworkers = 2\n"])
def test_a_damaged_file_is_set_aside_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    for number in (1, 2):
        (tmp_path / SETTINGS_NAME).write_bytes(content)
        settings = Settings.load(tmp_path)
        assert settings == Settings()
        assert f"broken-{number}" in settings.notice
        assert (tmp_path / f"{SETTINGS_NAME}.broken-{number}").read_bytes() == content
        assert not (tmp_path / SETTINGS_NAME).exists()


def test_a_value_that_cannot_be_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text('workers = 0\nmax_retries = 7\nexisting = "burn"\n')
    settings = Settings.load(tmp_path)
    assert (settings.workers, settings.max_retries, settings.existing) == (4, 7, "keep")
    assert "workers takes a whole number from 1 to 64" in settings.notice
    assert "existing takes one of keep, number, replace" in settings.notice


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", 65),
        ("workers", True),
        ("workers", 2.0),
        ("max_retries", -1),
        ("timeout", -0.1),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("memory_limit_mb", 63),
        ("recipe", " "),
        ("output_folder", "somewhere"),
        ("existing", "KEEP"),
        ("grace", 601),
        ("grace", "5"),
        ("aging_minutes", -1),
        ("aging_minutes", 525_601),
        ("notify", 1),
        ("tray", "yes"),
        ("keep_awake", None),
        ("when_done", "shutdown"),
        ("broker", 5672),
        ("shared", "photos"),
    ],
)
def test_values_out_of_range_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(BadUsage, match=name):
        replace(Settings(), **{name: value})  # type: ignore[arg-type]


def test_a_broker_and_shared_folders_are_kept_and_no_password_ever(tmp_path: Path) -> None:
    chosen = Settings(broker="amqp://ann@rabbit:5672", shared=(SharedFolder("photos", "/mnt/photos"),))
    assert chosen.broker == "amqp://ann@rabbit/"
    chosen.save(tmp_path)
    assert Settings.load(tmp_path) == chosen
    (tmp_path / SETTINGS_NAME).write_text('broker = "amqp://ann:s3cret@rabbit"\n')
    settings = Settings.load(tmp_path)
    assert settings.broker == ""
    assert "The settings keep no password of a broker" in settings.notice
    assert "s3cret" not in settings.notice
    (tmp_path / SETTINGS_NAME).write_text('broker = "http://rabbit"\n')
    assert "begins with amqp://" in Settings.load(tmp_path).notice


def test_saving_leaves_no_temporary_file_and_is_private(tmp_path: Path) -> None:
    Settings().save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SETTINGS_NAME]
    assert stat.S_IMODE((tmp_path / SETTINGS_NAME).stat().st_mode) == 0o600


def test_a_save_that_fails_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Settings(workers=2).save(tmp_path)

    def full(source: object, target: object) -> None:
        raise OSError(28, os.strerror(28), str(target))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ImageQueueError, match="full"):
        Settings(workers=3).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SETTINGS_NAME]
    assert Settings.load(tmp_path).workers == 2


def test_the_option_goes_before_the_variable_and_that_before_the_platforms_place(tmp_path: Path) -> None:
    variables = {"IMAGEQUEUE_DATA_DIR": str(tmp_path / "variable")}
    assert data_folder(str(tmp_path / "option"), variables) == tmp_path / "option"
    assert data_folder(None, variables) == tmp_path / "variable"
    own = Path(platformdirs.user_data_dir("imagequeue", appauthor=False))
    assert data_folder(None, {}) == own
    assert data_folder("", {"IMAGEQUEUE_DATA_DIR": ""}) == own


def test_a_relative_data_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_folder("here/../there", {}) == tmp_path / "there"


def test_a_data_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="is a file"):
        make_data_folder(tmp_path / "file")
    with pytest.raises(StoreUnusable, match="--data-dir"):
        make_data_folder(tmp_path / "file" / "below")
