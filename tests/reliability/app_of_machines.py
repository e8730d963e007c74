"""The command line that works on other machines alone, with less patience for them, for short attacks.

Usage: python -m tests.reliability.app_of_machines run --json --data-dir DIR ...
"""

from __future__ import annotations

import sys
from functools import partial

from core.cli import main, run
from core.remote.flights import Limits
from tests.reliability.machines import Elsewhere

if __name__ == "__main__":
    limits = Limits(gone=3.0, resend=2.0)
    vars(run)["Everywhere"] = partial(Elsewhere, limits=limits, ask_every=0.5)
    sys.exit(main())
