"""Runs the attacks and prints a table: `make attack`, or `make attack ARGS="kill --seconds 60"` for a part.

The exit status is 1 when an attack found anything, or one could not be run here.
"""

from __future__ import annotations

import argparse
import platform
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from core.machine import processors
from tests.brokers import BROKERS
from tests.reliability.attack import Result, Scale, table
from tests.reliability.attacks import ATTACKS, why_not

README: Final = Path(__file__).with_name("README.md")
FIGURES: Final = re.compile(r"(<!-- figures -->)\n(.*?)(<!-- end of figures -->)", re.DOTALL)
_LISTED: Final = 40  # findings of one attack that are printed


def main() -> int:
    """Attack, print, and return the exit status."""
    names = [attack.name for attack in ATTACKS]
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all when none is named"
    )
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    parser.add_argument("--seconds", type=float, help="begin no round of an attack after this time")
    parser.add_argument("--seed", type=int, default=1, help="of all that is left to chance")
    parser.add_argument("--folder", type=Path, help="where to work; else the system's place for such")
    parser.add_argument("--write", action="store_true", help=f"write the table into {README.name}")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(names)
    if unknown:
        parser.error(f"there is no attack named {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    results: list[tuple[str, Result]] = []
    missing: list[str] = []
    for attack in ATTACKS:
        if chosen.names and attack.name not in chosen.names:
            continue
        why = why_not(attack)
        if why:
            print(f"{attack.name}: {why}", file=sys.stderr, flush=True)
            missing += [attack.name]
            continue
        print(f"{attack.name} ...", file=sys.stderr, flush=True)
        until = None if chosen.seconds is None else time.monotonic() + chosen.seconds
        with tempfile.TemporaryDirectory(
            prefix=f"imagequeue-{attack.name}-", dir=chosen.folder, ignore_cleanup_errors=True
        ) as folder:
            result = attack.run(Scale(chosen.short, chosen.seed, until), Path(folder))
        results.append((attack.name, result))
        for finding in result.findings[:_LISTED]:
            print(f"  {finding}", file=sys.stderr, flush=True)
        print(table([(attack.name, result)]).splitlines()[-1], file=sys.stderr, flush=True)
        if chosen.write:  # now, so that a run which is cut off keeps what it has found
            write(report(results))
    print(f"\n{report(results)}")
    return 0 if not missing and all(result.clean for _, result in results) else 1


def report(results: Sequence[tuple[str, Result]]) -> str:
    """Return the table, and below it a line for each attack that says how, when and where it was run."""
    command = shlex.join(one for one in sys.argv[1:] if one != "--write")
    where = f"{time.strftime('%Y-%m-%d')}, {processors()} cores, Python {platform.python_version()}"
    how = "`make attack" + (f' ARGS="{command}"`' if command else "`")
    said = [f"- {name}: {'; '.join((f'{how}, {where}', *result.notes))}" for name, result in results]
    return f"{table(results)}\n\n" + "\n".join(said)


def write(text: str) -> None:
    """Put a report into the README; rows and lines of attacks that were not run stay as they are."""
    whole = README.read_text("utf-8")
    found = FIGURES.search(whole)
    assert found is not None, "the README has lost its marks"
    head, ruler = text.splitlines()[:2]
    rows, lines = {}, {}
    for line in (*found[2].splitlines(), *text.splitlines()[2:]):
        for attack in ATTACKS:
            if line.startswith(f"| {attack.name} "):
                rows[attack.name] = line
            elif line.startswith(f"- {attack.name}: "):
                lines[attack.name] = line
    names = [attack.name for attack in ATTACKS]
    parts = [head, ruler, *(rows[one] for one in names if one in rows)]
    parts += ["", *by_broker(head, rows), "", *(lines[one] for one in names if one in lines)]
    README.write_text(FIGURES.sub(lambda marks: "\n".join([marks[1], *parts, marks[3]]), whole), "utf-8")


def by_broker(head: str, rows: Mapping[str, str]) -> list[str]:
    """Return the rows of the brokers once more, as a table with a column for each of them.

    How long they took is left out: there is an attack that is named `time`, as that line would begin.
    """
    brokers = [name for name in BROKERS if name in rows]
    columns = [_cells(head), *(_cells(rows[name]) for name in brokers)]
    first, *others, _ = zip(*columns, strict=True)
    lines = [("behind a broker", *first[1:]), ("---", *("---:" for _ in brokers)), *others]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


if __name__ == "__main__":
    sys.exit(main())
