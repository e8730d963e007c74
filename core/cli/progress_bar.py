"""The bar that a run shows on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from core.cli.terminal import Printer

if TYPE_CHECKING:
    from tqdm import tqdm


class ProgressBar:
    """Shows how many jobs have ended of how many; where standard error is no terminal it shows nothing."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._wanted = not printer.quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar: tqdm[Any] | None = None

    def show(self, ended: int, total: int, note: str) -> None:
        """Show this many of that many, and a note behind. The bar appears when there is something to do."""
        if self._bar is None:
            if not self._wanted or not total:
                return
            self._bar = self._appear()
        self._bar.total = total
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(ended - self._bar.n)

    def close(self) -> None:
        """Take the bar away, for good."""
        self._wanted = False
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _appear(self) -> tqdm[Any]:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own for a bar that moves by itself
        self._printer.around = self._write
        return tqdm(total=0, unit=" images", file=sys.stderr, dynamic_ncols=True, leave=False)

    def _write(self, line: str, stream: TextIO) -> None:
        if self._bar is not None and stream.isatty():
            self._bar.write(line, file=stream)
        else:
            stream.write(line + "\n")
