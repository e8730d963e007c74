"""`python -m gui` does what the command `imagequeue` does."""

import sys

from core.cli import main

if __name__ == "__main__":
    sys.exit(main())
