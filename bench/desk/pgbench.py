"""The same pair by pgbench: the ledger's own statements, and nothing between them."""

import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.desk.figures import Run
from bench.desk.statements import PAIR, script
from bench.sampling import Sampler
from bench.timing import RunFailed

_THREADS = 2
_TAKEN_EVERY_S = 0.2
_AFTER_S = 1  # goes on for so long after what is counted, as clients end one by one


class Load(NamedTuple):
    """So many clients on so many members. The first `warm` seconds are not counted."""

    members: int
    clients: int
    warm: float
    seconds: float


def program(folder: Path) -> Path:
    """pgbench beside the server's programs. Raises RunFailed if it is not there."""
    found = folder / "pgbench"
    if not found.exists():
        raise RunFailed(f"{found} is missing: install Headway with its extra, local, again")
    return found


def command(
    pgbench: Path, dsn: str, folder: Path, texts: Mapping[str, str], load: Load, *ends: str
) -> list[str]:
    """The command line of a run that `ends` when they say; its script and log are in `folder`."""
    file = folder / "pair.sql"
    file.write_text(script(PAIR.read_text(encoding="utf-8")), encoding="utf-8")
    return [
        str(pgbench), "--no-vacuum", "--protocol=prepared", f"--file={file}",
        f"--client={load.clients}", f"--jobs={min(load.clients, _THREADS)}", *ends,
        "--log", f"--log-prefix={folder}/log", f"--define=members={load.members}",
        "--define=none={}", *(f"--define={name}={text}" for name, text in texts.items()), dsn,
    ]  # fmt: skip


def visit(
    pgbench: Path, postgres: psutil.Process, dsn: str, texts: Mapping[str, str], load: Load
) -> Run:
    """A run of that load. Raises RunFailed with what pgbench said if it failed."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as said:
        folder = Path(name)
        time_ = f"--time={round(load.warm + load.seconds + _AFTER_S)}"
        process = psutil.Popen(
            command(pgbench, dsn, folder, texts, load, time_), stdout=said, stderr=subprocess.STDOUT
        )
        sampler = Sampler(psutil.Process(process.pid), postgres, None)
        while process.poll() is None:
            sampler.take()
            time.sleep(_TAKEN_EVERY_S)
        if process.returncode:
            said.seek(0)
            raise RunFailed("pgbench:\n" + said.read().decode()[-2_000:])
        return _counted(folder, sampler, load)


def _counted(folder: Path, sampler: Sampler, load: Load) -> Run:
    """Lines of the log are: client, number, microseconds, script, end (seconds, microseconds)."""
    ends: list[tuple[float, float]] = []
    for log in folder.glob("log.*"):
        for line in log.read_text().splitlines():
            _, _, took, _, second, micro = line.split()
            ends.append((int(second) + int(micro) / 1e6, int(took) / 1000))
    start = min((at for at, _ in ends), default=0.0) + load.warm
    end = start + load.seconds
    cpu = sampler.spent(start, end)
    spent = {"clients": cpu["program"], "postgres": cpu["postgres"]}
    return Run.of([took for at, took in ends if start < at <= end], load.seconds, spent)
