"""The same pair by pgbench: the ledger's own statements, and nothing between them."""

import asyncio
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from bench.desk.figures import Run
from bench.desk.statements import PAIR, script
from bench.sampling import Sampler
from bench.timing import RunFailed

_THREADS = 2
_TAKEN_EVERY_S = 0.2


async def visit(
    program: Path, postgres: psutil.Process, dsn: str, texts: Mapping[str, str],
    *, members: int, clients: int, warm: float, seconds: float,
) -> Run:  # fmt: skip
    """So many clients for `warm` + `seconds`, of which the first are not counted."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pair.sql")
        file.write_text(script(PAIR.read_text(encoding="utf-8")), encoding="utf-8")
        said = Path(folder, "said")
        command = [
            str(program), "--no-vacuum", "--protocol=prepared", f"--file={file}",
            f"--client={clients}", f"--jobs={min(clients, _THREADS)}",
            f"--time={round(warm + seconds)}", "--log", f"--log-prefix={folder}/log",
            f"--define=members={members}", "--define=none={}",
            *(f"--define={name}={text}" for name, text in texts.items()), dsn,
        ]  # fmt: skip
        with said.open("wb") as output:
            process = psutil.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        sampler = Sampler(psutil.Process(process.pid), postgres, None)
        while process.poll() is None:
            sampler.take()
            await asyncio.sleep(_TAKEN_EVERY_S)
        if process.returncode:
            raise RunFailed("pgbench:\n" + said.read_text()[-2_000:])
        return _counted(Path(folder), sampler, warm)


def _counted(folder: Path, sampler: Sampler, warm: float) -> Run:
    """Lines of the log are: client, number, microseconds, script, end (seconds, microseconds)."""
    ends: list[tuple[float, float]] = []
    for log in folder.glob("log.*"):
        for line in log.read_text().splitlines():
            _, _, took, _, second, micro = line.split()
            ends.append((int(second) + int(micro) / 1e6, int(took) / 1000))
    start, end = min(at for at, _ in ends) + warm, max(at for at, _ in ends)
    cpu = sampler.spent(start, end)
    spent = {"clients": cpu["program"], "postgres": cpu["postgres"]}
    return Run.of([took for at, took in ends if at > start], end - start, spent)


def program(folder: Path) -> Path:
    """pgbench beside the server's programs. Raises RunFailed if it is not there."""
    found = folder / "pgbench"
    if not found.exists():
        raise RunFailed(f"{found} is missing: install Headway with its extra, local, again")
    return found


