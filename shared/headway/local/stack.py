"""Kafka and PostgreSQL together, owned by this process."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from headway.local.errors import LocalStackError
from headway.local.kafka import KafkaServer
from headway.local.postgres import PostgresServer
from headway.local.startup import folder_for

DEFAULT_ROOT = Path(".headway")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers answer; empty for a server that was not asked for."""

    kafka_bootstrap: str
    postgres_dsn: str


class LocalStack:
    """Real servers with all they keep under `root`: data, logs, run files.

    They end with this process, however it ends. Data stays: a later stack on the same root goes
    on with it, on the same ports if those are still free. Everything here blocks; from async
    code call it through `asyncio.to_thread`.
    """

    def __init__(
        self,
        root: Path = DEFAULT_ROOT,
        *,
        fast_start: bool = True,
        kafka_port: int | None = None,
        postgres_port: int | None = None,
    ) -> None:
        self.root = root.absolute()
        self.kafka = KafkaServer(self.root, port=kafka_port, fast_start=fast_start)
        self.postgres = PostgresServer(self.root, port=postgres_port)
        self._owned: TextIO | None = None

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, *, fast_start: bool = True) -> Iterator[Self]:
        """A stack, not yet started, that leaves nothing behind."""
        root = Path(tempfile.mkdtemp(prefix="headway-"))
        try:
            with cls(root, fast_start=fast_start) as stack:
                yield stack
        finally:
            cls(root).erase()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, *, kafka: bool = True, postgres: bool = True) -> Endpoints:
        """Start what is asked for, and return when all of it is ready.

        Raises LocalStackError with what to do next; then nothing is left running.
        """
        self._own()
        servers = [self.kafka] * kafka + [self.postgres] * postgres
        try:
            with ThreadPoolExecutor(2) as pool:
                for started in [pool.submit(server.start) for server in servers]:
                    started.result()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise LocalStackError(
                    f"The local stack cannot work in {self.root}: {error}.",
                    "Make room or make it writable, or choose another folder (--root).",
                ) from error
            raise
        return Endpoints(
            self.kafka.bootstrap if kafka else "", self.postgres.dsn() if postgres else ""
        )

    def stop(self) -> None:
        """Stop both and wait until they have stopped. Stopping twice does nothing."""
        with ThreadPoolExecutor(2) as pool:
            for stopped in [pool.submit(self.kafka.stop), pool.submit(self.postgres.close)]:
                stopped.result()
        if self._owned is not None:
            self._owned.close()
            self._owned = None

    def erase(self) -> None:
        """Stop, and remove everything that is kept under the root."""
        self.stop()
        # It may lie elsewhere, behind a link.
        self.postgres.erase()
        shutil.rmtree(self.root, ignore_errors=True)

    def _own(self) -> None:
        """Take the root for this process, or say who has it."""
        if self._owned is not None:
            return
        for name in ("run", "logs"):
            folder_for(self.root / name)
        try:
            if os.geteuid() == 0:
                # PostgreSQL's user passes through to its data folder; it reads nothing here.
                self.root.chmod(self.root.stat().st_mode | 0o011)
            owned = (self.root / "run" / "owner").open("a+")
        except OSError as error:
            raise LocalStackError(
                f"{self.root} is not writable: {error.strerror}.",
                "Make it writable, or choose another folder (--root).",
            ) from error
        try:
            fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owned.seek(0)
            owner = owned.read().strip() or "unknown"
            owned.close()
            raise LocalStackError(
                f"Process {owner} already runs a local stack in {self.root}.",
                "Use that one, stop it (Ctrl-C where it runs), or choose another folder (--root).",
            ) from None
        owned.seek(0)
        owned.truncate()
        owned.write(f"{os.getpid()}\n")
        owned.flush()
        self._owned = owned
