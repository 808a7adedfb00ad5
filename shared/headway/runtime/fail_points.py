"""Named places where a proof may kill this process, to show that nothing is lost or doubled.

Armed only by the environment: HEADWAY_FAIL_POINTS="name[:nth],..." kills the process at the
nth time (the first, if not said) that `fail_point(name)` is reached. Before that it writes an
empty file `name` into HEADWAY_FAIL_POINTS_DIR, so that the proof knows that it fired.
"""

import os
import signal
from pathlib import Path


def _parse(text: str) -> dict[str, int]:
    armed = {}
    for part in text.split(","):
        name, _, nth = part.strip().partition(":")
        if name:
            armed[name] = int(nth or "1")
    return armed


_ARMED = _parse(os.environ.get("HEADWAY_FAIL_POINTS", ""))


def fail_point(name: str) -> None:
    """Die here by SIGKILL if this place is armed and its turn has come; else do nothing."""
    if not _ARMED:
        return
    left = _ARMED.get(name)
    if left is None:
        return
    if left > 1:
        _ARMED[name] = left - 1
        return
    _record(name)
    os.kill(os.getpid(), signal.SIGKILL)


def _record(name: str) -> None:
    folder = os.environ.get("HEADWAY_FAIL_POINTS_DIR")
    if not folder:
        return
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    with (path / name).open("wb") as file:
        file.flush()
        os.fsync(file.fileno())
