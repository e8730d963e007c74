"""Runs every measurement and prints one table: `make bench`, or `make bench ARGS=images` for a part."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from core.machine import processors
from tests.benchmarks import cluster, images, many_jobs, peers, queue, window
from tests.benchmarks.row import Row, table

SECTIONS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "images": images.measure,
    "peers": peers.measure,
    "queue": queue.measure,
    "window": window.measure,
    "jobs": many_jobs.measure,
    "cluster": cluster.measure,
}


def main() -> int:
    """Measure, print, and return 0 whatever the figures are: a benchmark is no test."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all when none is named")
    parser.add_argument("--only", default="", metavar="TEXT", help="of the peers' works those with this text")
    parser.add_argument("--folder", type=Path, help="where to work; what is synced there decides the figures")
    chosen = parser.parse_args()
    sections = SECTIONS | {"peers": partial(peers.measure, only=chosen.only)}
    rows: list[Row] = []
    started = time.perf_counter()
    for name in chosen.sections or SECTIONS:
        with tempfile.TemporaryDirectory(prefix="imagequeue-bench-", dir=chosen.folder) as folder:
            for row in sections[name](Path(folder)):
                print(f"  {row.what}: {row.figure}", file=sys.stderr, flush=True)
                rows.append(row)
    seconds = time.perf_counter() - started
    print(f"\nImage Queue on {processors()} cores, Python {platform.python_version()}, in {seconds:.0f} s\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
