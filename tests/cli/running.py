"""The `headway` command as people run it: a process of its own, with an environment of its own."""

import os
import subprocess
import sys

_MAIN = "from headway.cli import main; main()"


def headway(*arguments: str, code: int = 0, **settings: str) -> str:
    """Run it with HEADWAY_... settings and expect that exit code; what it printed, errors last."""
    given = {f"HEADWAY_{name.upper()}": value for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-c", _MAIN, *arguments], capture_output=True, text=True, timeout=90,
        env={**os.environ, "COLUMNS": "160", **given}, check=False,
    )  # fmt: skip
    said = ended.stdout + ended.stderr
    assert ended.returncode == code, f"exit code {ended.returncode}\n{said}"
    assert "Traceback" not in said, said
    return said
