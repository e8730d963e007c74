"""The command line: the same queue as in the window, for terminals and scripts."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status; see `core.cli.entry`.

    This is what the installed command calls. It imports little by itself: the window is loaded only when it
    is asked for, the image libraries never here.
    """
    from core.cli.entry import run_command

    return run_command(argv)
