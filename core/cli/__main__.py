"""`python -m core.cli` is `imagequeue`."""

import sys

from core.cli import main

sys.exit(main())
