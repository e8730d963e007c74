"""Puts the app into the menus of a freedesktop.org desktop for one user, and takes it out again."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from core.cli.manual import SHELLS, completion_script, manual_page
from core.cli.terminal import Printer
from core.errors import BadUsage, from_os_error
from core.recipe import builtin_recipes
from core.whole_file import write_whole

_MARK: Final = "Made by `imagequeue desktop install`, and removed by `imagequeue desktop remove`."
_COMPLETIONS: Final = {
    "bash": "bash-completion/completions/imagequeue",
    "zsh": "zsh/site-functions/_imagequeue",
    "fish": "fish/vendor_completions.d/imagequeue.fish",
}
_SCRIPTS: Final = "nautilus/scripts/Image Queue"
_INDEXES: Final = (("update-desktop-database", "applications"), ("update-mime-database", "mime"))

# Names may hold anything, and thousands of them are more than a command takes: they go through a pipe.
_SCRIPT: Final = """\
#!/bin/sh
if [ "$#" -gt 0 ]; then printf '%s\\0' "$@"; else printf '%s' "$NAUTILUS_SCRIPT_SELECTED_URIS"; fi |
    exec {command} --recipe {recipe} --paths-from -
"""


def change_desktop(options: argparse.Namespace, printer: Printer) -> int:
    """Install or remove; returns 1 when a file of another's making was left. Raises BadUsage, NotWritable."""
    if sys.platform in ("win32", "darwin"):
        raise BadUsage("This is for desktops such as GNOME and KDE on Linux; nothing was changed.")
    home = data_home(os.environ)
    files = files_for(command_words())
    foreign = [home / name for name in files if _is_foreign(home / name)]
    own = {home / name: content for name, content in files.items() if home / name not in foreign}
    try:
        if options.do == "install":
            for path, content in own.items():
                _install(path, content)
            _renew_indexes(home)
            printer.tell(f"Put {len(own)} files into {home}.")
        else:
            there = [path for path in own if path.exists()]
            for path in there:
                path.unlink()
            _renew_indexes(home)
            for path in there:
                _remove_empty(path.parent, home)
            printer.tell(f"Removed {len(there)} files from {home}.")
    except OSError as error:
        raise from_os_error(error, writing=True) from error
    for path in foreign:
        printer.complain(f"{path} is not of Image Queue's making, and was left as it is.")
    return int(bool(foreign))


def data_home(environ: Mapping[str, str]) -> Path:
    """Return where a user's own desktop files are (XDG Base Directory Specification)."""
    given = environ.get("XDG_DATA_HOME", "")
    return Path(given) if given.startswith("/") else Path.home() / ".local" / "share"


def command_words() -> list[str]:
    """Return the command that starts this very app, from anywhere."""
    script = Path(sys.executable).with_name("imagequeue")
    return [str(script)] if script.exists() else [sys.executable, "-m", "core.cli"]


def files_for(command: Sequence[str]) -> dict[str, bytes]:
    """Return the files that the desktop takes, by their names below `data_home`."""
    ours = resources.files("resources")
    entry = (ours / "imagequeue.desktop").read_text(encoding="utf-8")
    entry = re.sub(r"(?m)^Exec=imagequeue", lambda _: f"Exec={_in_entry(command)}", entry)
    texts = {
        "applications/imagequeue.desktop": f"{entry}\n# {_MARK}\n",
        "mime/packages/imagequeue.xml": (ours / "imagequeue.xml").read_text(encoding="utf-8")
        + f"<!-- {_MARK} -->\n",
        "icons/hicolor/scalable/apps/imagequeue.svg": (ours / "icons" / "app.svg").read_text(encoding="utf-8")
        + f"\n<!-- {_MARK} -->\n",
        "kio/servicemenus/imagequeue.desktop": f"{_service_menu(entry)}\n# {_MARK}\n",
        "man/man1/imagequeue.1": f'{manual_page()}\n.\\" {_MARK}\n',
    }
    for shell in SHELLS:
        texts[_COMPLETIONS[shell]] = f"{completion_script(shell)}\n# {_MARK}\n"
    for recipe in builtin_recipes():
        script = _SCRIPT.format(command=shlex.join(command), recipe=shlex.quote(recipe.name))
        texts[f"{_SCRIPTS}/{recipe.name}"] = f"{script}# {_MARK}\n"
    return {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()}


def _in_entry(command: Sequence[str]) -> str:
    r"""Return a command as `Exec=` takes it: quoted, then with the string's own escapes.

    https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
    """
    quoted = ['"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%") + '"' for word in command]
    return " ".join(quoted).replace("\\", "\\\\")


def _service_menu(entry: str) -> str:
    """Return the menu for Dolphin: the entry's own actions, for its own types."""
    head, *actions = re.split(r"(?m)^(?=\[Desktop Action )", entry)
    kept = [line for line in head.splitlines() if line.startswith(("MimeType=", "Actions=", "Icon="))]
    menu = ["[Desktop Entry]", "Type=Service", "X-KDE-ServiceTypes=KonqPopupMenu/Plugin"]
    menu += [*kept, "X-KDE-Submenu=Image Queue", ""]
    return "\n".join(menu) + "\n" + "".join(f"{one.rstrip()}\nIcon=imagequeue\n\n" for one in actions)


def _renew_indexes(home: Path) -> None:
    """Let the desktop know what has changed, as far as its programs are here."""
    for program, folder in _INDEXES:
        if shutil.which(program) and (home / folder).is_dir():
            subprocess.run([program, str(home / folder)], capture_output=True, timeout=60, check=False)


def _is_foreign(path: Path) -> bool:
    try:
        return _MARK.encode() not in path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _install(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    program = content.startswith(b"#!") or path.parent.name == "servicemenus"  # which Dolphin wants so
    path.chmod(0o755 if program else 0o644)


def _remove_empty(folder: Path, home: Path) -> None:
    """Remove folders that nothing is in any more, up to `home`."""
    while folder != home and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
