"""`python tests/oracle ...` from any folder."""

import sys
from pathlib import Path


def run() -> int:
    """Put the checkout on the path, then leave all to the command."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.oracle.command import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
