"""Takes the disk away in every way that a disk can fail (G1, G4, G5, G9, G12).

The tricks are played in a process of its own, which may mount small disks that nobody else sees, and which no
permission is waived for: see `disk_tricks`. Where that takes rights that are not to be had, limits of the
process stand in for a full disk, and the notes say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.lives import ROOT

_LONGEST: Final = 400.0  # seconds that one round may take, on a machine that is busy with other things
_LONGEST_FULL: Final = 600.0
_WAYS: Final = (("unshare", "-m"), ("unshare", "-rm"))


class Disk:
    """Full, read-only, vanishing and stalling disks, and sources of every odd kind."""

    name = "disk"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        way = _way_to_mount()
        for number in scale.rounds(8, 1):
            here = folder / f"round-{number}"
            here.mkdir()
            command = [
                *way,
                sys.executable,
                "-m",
                "tests.reliability.disk_tricks",
                str(here),
                str(scale.seed + number),
            ]
            if scale.short:
                command.append("short")
            longest = _LONGEST if scale.short else _LONGEST_FULL
            environ = {**os.environ, "IMAGEQUEUE_MAY_MOUNT": "1" if way else ""}
            try:
                done = subprocess.run(
                    command,
                    cwd=ROOT,
                    env=environ,
                    capture_output=True,
                    text=True,
                    timeout=longest,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                with tally.blow(f"round {number}"):
                    tally.finding("stuck", f"the tricks were not over in {longest:g} s: {error.stderr!r}")
                continue
            if done.returncode != 0:
                with tally.blow(f"round {number}"):
                    tally.finding("lost", f"the tricks ended with {done.returncode}: {done.stderr[-1_500:]}")
                continue
            said = json.loads(done.stdout.splitlines()[-1])
            tally.count += said["count"]
            tally.survived += said["survived"]
            tally.findings += [(kind, f"round {number}: {sentence}") for kind, sentence in said["findings"]]
            if not number:
                tally.notes += said["notes"]
        return tally.result()


def _way_to_mount() -> tuple[str, ...]:
    """Return the command under which small disks can be mounted that nobody else sees; empty for none."""
    for way in _WAYS:
        try:
            mount = "mount -t tmpfs -o size=64k tmpfs /mnt"
            if subprocess.run([*way, "sh", "-c", mount], capture_output=True, check=False).returncode == 0:
                return way
        except OSError:
            continue
    return ()
