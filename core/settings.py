"""Typed settings, kept as TOML in the data folder, which this module also finds."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import platformdirs
import tomli_w

from core.command import AFTER_ALL, AFTER_EACH, words_of
from core.errors import BadUsage, StoreUnusable, from_os_error
from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder, watched_from
from core.remote.address import parse_address
from core.remote.shared_folder import SharedFolder, shared_from
from core.whole_file import write_whole

SETTINGS_NAME: Final = "settings.toml"
DATA_DIR_VARIABLE: Final = "IMAGEQUEUE_DATA_DIR"
MAX_WORKERS: Final = 64
MAX_TIMEOUT: Final = 86_400.0  # seconds: a day
MAX_AGING: Final = 525_600  # minutes: a year
LANGUAGES: Final = ("system", "en", "de", "fr", "zh_CN")
"""What the window speaks: as the system says, or one of these."""

WHEN_DONE: Final = ("nothing", "notify", "open")
"""What is done at the end of each run, when nothing else was chosen for it."""

_EXISTING: Final = ("keep", "number", "replace", "newer")


def data_folder(option: str | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the absolute path of the folder with the store and the settings; it may not be there yet.

    `option` (from --data-dir) goes before the variable IMAGEQUEUE_DATA_DIR, which goes before the platform's
    own place for an app's data. An empty value counts as none.
    """
    variables = os.environ if environ is None else environ
    chosen = (
        option
        or variables.get(DATA_DIR_VARIABLE)
        or platformdirs.user_data_dir("imagequeue", appauthor=False)
    )
    return Path(os.path.abspath(os.path.expanduser(chosen)))  # noqa: PTH100, PTH111 (a "~x" that is no user stays)


def make_data_folder(data_dir: Path) -> None:
    """Make the data folder, for its owner alone, when it is missing. Raises StoreUnusable."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreUnusable(f"The data folder {data_dir} is a file, not a folder.") from None
    except OSError as error:
        raise StoreUnusable(
            f"The data folder {data_dir} cannot be made: {error.strerror or error}. "
            f"Choose another one with --data-dir or {DATA_DIR_VARIABLE}."
        ) from error


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose for every run. Raises BadUsage, naming the field, for a value that cannot be."""

    workers: int = 4  # jobs that run at the same time, 1 to 64
    max_retries: int = 3  # attempts after the first, 0 to 1,000
    timeout: float = 300.0  # seconds that an attempt may take, up to a day; 0 for no limit
    memory_limit_mb: int = 2048  # megabytes (2**20 bytes) that a worker may use, 64 and up; 0 for no limit
    recipe: str = "Thumbnail and resize"  # the name of the recipe that is chosen at the start
    output_folder: str | None = None  # an absolute path; None for what the recipe says
    existing: str = "keep"  # what becomes of files that are there already: keep, number, replace or newer
    grace: float = 5.0  # seconds that running jobs get at the end of the app, 0 to 600
    aging_minutes: int = 0  # after which a waiting job runs before any priority, up to a year; 0 for never
    ignore: tuple[str, ...] = ()  # patterns, as lines of a .gitignore, of what is left out of folders
    only_formats: tuple[str, ...] = ()  # the formats that are taken of folders; none for all
    min_bytes: int = 0  # files of a folder that are smaller are left out
    by_content: bool = False  # whether a source's content tells if it has changed, in the place of its time
    take_hidden: bool = False  # whether hidden files of folders are taken, too
    open_archives: bool = False  # whether archives in folders are opened; those that are given always are
    notify: bool = True  # whether the end of a run is told where the window is not in front
    tray: bool = True  # whether there is an icon in the tray, where the platform has one
    keep_awake: bool = True  # whether the machine is kept from going to sleep while work runs
    when_done: str = "nothing"  # what "when done" is at each start: nothing, notify or open
    language: str = "system"  # of the window, from its next start on
    watched: tuple[WatchedFolder, ...] = ()  # folders whose images become jobs as they arrive
    mirror: bool = False  # in the output folder, the folders of the source below the one that was added
    replace_originals: bool = False  # what is made takes its original's place, which goes to the trash
    after_each: str = ""  # a command after each job that is done, see core.command; "" for none
    after_all: str = ""  # the same after all
    after_seconds: float = 60.0  # that such a command may take, 1 to a day
    broker: str = ""  # the address of what workers on other machines are reached by, without a password
    shared: tuple[SharedFolder, ...] = ()  # folders that those machines have, too
    notice: str = field(default="", compare=False)  # what was wrong with the file that was read; never saved

    def __post_init__(self) -> None:
        _check_whole("workers", self.workers, 1, MAX_WORKERS)
        _check_whole("max_retries", self.max_retries, 0, 1_000)
        _check_number("timeout", self.timeout, 0, MAX_TIMEOUT)
        _check_whole("memory_limit_mb", self.memory_limit_mb, 0, 2**30)
        if 0 < self.memory_limit_mb < 64:
            raise BadUsage("memory_limit_mb takes 64 megabytes or more, or 0 for no limit.")
        if not isinstance(self.recipe, str) or not self.recipe.strip():
            raise BadUsage("recipe takes the name of a recipe.")
        if self.output_folder is not None and (
            not isinstance(self.output_folder, str) or not os.path.isabs(self.output_folder)  # noqa: PTH117
        ):
            raise BadUsage("output_folder takes the absolute path of a folder.")
        for name in ("mirror", "replace_originals"):
            if not isinstance(getattr(self, name), bool):
                raise BadUsage(f"{name} takes true or false.")
        words_of(self.after_each, AFTER_EACH, "after_each")
        words_of(self.after_all, AFTER_ALL, "after_all")
        _check_number("after_seconds", self.after_seconds, 1, MAX_TIMEOUT)
        if self.existing not in _EXISTING:
            raise BadUsage(f"existing takes one of {', '.join(_EXISTING)}.")
        if self.language not in LANGUAGES:
            raise BadUsage(f"language takes one of {', '.join(LANGUAGES)}.")
        _check_number("grace", self.grace, 0, 600)
        _check_whole("aging_minutes", self.aging_minutes, 0, MAX_AGING)
        for name in ("by_content", "take_hidden", "open_archives", "notify", "tray", "keep_awake"):
            _check_choice(name, getattr(self, name))
        if self.when_done not in WHEN_DONE:
            raise BadUsage(f"when_done takes one of {', '.join(WHEN_DONE)}.")
        wanted = self.wanted()
        object.__setattr__(self, "ignore", wanted.ignore)
        object.__setattr__(self, "only_formats", wanted.only_formats)
        object.__setattr__(self, "watched", watched_from(self.watched))
        object.__setattr__(self, "broker", _broker(self.broker))
        object.__setattr__(self, "shared", shared_from(self.shared))

    @property
    def memory_limit(self) -> int | None:
        """The bytes that a worker may use; None for no limit."""
        return self.memory_limit_mb * 2**20 or None

    @property
    def aging(self) -> float | None:
        """The seconds after which a waiting job runs before any priority; None for never."""
        return self.aging_minutes * 60.0 or None

    def wanted(self) -> Wanted:
        """Return what of folders is wanted. Raises BadUsage."""
        return Wanted(self.ignore, self.only_formats, self.min_bytes, self.take_hidden, self.open_archives)

    def with_wanted(self, wanted: Wanted) -> Settings:
        """Return these settings with this in the place of what of folders is wanted."""
        return replace(
            self, ignore=wanted.ignore, only_formats=wanted.only_formats, min_bytes=wanted.min_bytes,
            take_hidden=wanted.hidden, open_archives=wanted.archives,
        )  # fmt: skip

    @classmethod
    def load(cls, data_dir: Path) -> Settings:
        """Return the settings of this data folder; the defaults where it has none.

        A file that is no TOML is set aside under another name. A value that cannot be is replaced by its
        default. Both are said by `notice`, one or more sentences.
        """
        path = data_dir / SETTINGS_NAME
        try:
            values = _read(path)
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            return cls(notice=f"The settings could not be read ({error.strerror}); the defaults are used.")
        except ValueError:  # no TOML
            return cls(notice=_set_aside(path))
        settings, refused = cls(), []
        for name in _SAVED:
            if name not in values:
                continue
            try:
                settings = replace(settings, **{name: values[name]})
            except BadUsage as error:
                refused.append(f"{error} The default is used.")
        return replace(settings, notice=" ".join(refused))

    def save(self, data_dir: Path) -> None:
        """Write the settings so that a crash leaves the old file or the new one, whole.

        What the file holds beside them, such as the settings of a newer version, stays in it. Raises a member
        of the error family when it cannot be written.
        """
        path = data_dir / SETTINGS_NAME
        try:
            kept = _read(path)
        except (OSError, ValueError):
            kept = {}
        for name in _SAVED:
            value = getattr(self, name)
            if name in ("watched", "shared"):
                value = [asdict(one) for one in value]
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value
        make_data_folder(data_dir)
        try:
            write_whole(path, tomli_w.dumps(kept).encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise from_os_error(error, writing=True) from error


_SAVED: Final = tuple(one.name for one in fields(Settings) if one.name != "notice")


def _read(path: Path) -> dict[str, Any]:
    # Folders' names that are not Unicode stand in the file as their bytes, and come back as they were.
    return tomllib.loads(path.read_bytes().decode("utf-8", "surrogateescape"))


def _set_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        return (
            f"The settings are damaged and could not be set aside ({error.strerror}); the defaults are used."
        )
    return f"The settings were damaged; they were moved to {aside}, and the defaults are used."


def _broker(value: object) -> str:
    if not isinstance(value, str):
        raise BadUsage("broker takes the URL of a broker.")
    if not value.strip():
        return ""
    address = parse_address(value)
    if address.password:
        raise BadUsage("The settings keep no password of a broker: the keyring does, or IMAGEQUEUE_BROKER.")
    return str(address)


def _check_choice(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadUsage(f"{name} takes true or false.")


def _check_whole(name: str, value: object, lowest: int, highest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise BadUsage(f"{name} takes a whole number from {lowest:,} to {highest:,}.")


def _check_number(name: str, value: object, lowest: float, highest: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadUsage(f"{name} takes a number from {lowest:,g} to {highest:,g}.")
    if not lowest <= value <= highest:
        raise BadUsage(f"{name} takes a number from {lowest:,g} to {highest:,g}.")
