"""Real servers for tests: a Kafka and a PostgreSQL for the run, a database and topics per test.

Servers: those that HEADWAY_TEST_KAFKA and HEADWAY_TEST_POSTGRES name (both or neither); else the
local stack, or with HEADWAY_TEST_SERVERS=docker containers. An engine that happens to run changes
nothing.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import settings

from headway.local import Endpoints

Result = TypeVar("Result")

# Many more examples than a test run has time for: --hypothesis-profile=proof.
settings.register_profile("proof", max_examples=2_000)

_ROOT = Path(__file__).parent.parent
_START_SECONDS = 240
_APART_SECONDS = 120


# A developer's own settings must not reach the services under test.
for _name in [name for name in os.environ if name.startswith("HEADWAY_")]:
    if not _name.startswith(("HEADWAY_TEST_", "HEADWAY_CACHE")):
        del os.environ[_name]


def run_apart(work: Coroutine[object, object, Result]) -> Result:
    """Run `work` on an event loop of its own, so that a test's loop is none of its business.

    Raises TimeoutError: what waits for ever would outlive the test's own time limit, for the
    thread that it waits in cannot be interrupted.
    """

    async def within() -> Result:
        async with asyncio.timeout(_APART_SECONDS):
            return await work

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, within()).result()


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """The run's servers, started by whichever worker asks first."""
    given = os.environ.get("HEADWAY_TEST_KAFKA"), os.environ.get("HEADWAY_TEST_POSTGRES")
    if given[0] and given[1]:
        yield Endpoints(given[0], given[1])
        return
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not (folder / "endpoints").exists():
                _start_servers(folder)
        found = json.loads((folder / "endpoints").read_text())
        yield Endpoints(found["kafka"], found["postgres"])


def _start_servers(folder: Path) -> None:
    """Start tests/servers.py and wait until it has published where the servers are."""
    with (folder / "servers.log").open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(folder)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not (folder / "endpoints").exists():
        if program.poll() is not None or time.monotonic() > deadline:
            program.terminate()
            program.wait()
            raise RuntimeError("no servers to test on:\n" + (folder / "servers.log").read_text())
        time.sleep(0.05)
    # It outlives this worker on purpose, and ends when the last worker has gone.
    program.returncode = 0


@pytest.fixture
def kafka(endpoints: Endpoints) -> str:
    """Kafka's bootstrap address, as host:port."""
    return endpoints.kafka_bootstrap


@pytest.fixture
def topics(kafka: str) -> Iterator[str]:
    """A topic prefix that no other test has (`topic_prefix` in settings); its topics go after."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    yield prefix
    run_apart(_delete_topics(kafka, prefix))


async def _delete_topics(bootstrap: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        mine = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if mine:
            await admin.delete_topics(mine)
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def template(endpoints: Endpoints) -> str:
    """The name of a migrated, empty database, made once for these migrations."""
    return run_apart(_make_template(endpoints.postgres_dsn))


@pytest.fixture
def database(endpoints: Endpoints, template: str) -> Iterator[str]:
    """The DSN of a migrated database of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = endpoints.postgres_dsn
    # Copying the files is quicker than logging their pages.
    run_apart(_execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield in_database(server, name)
    run_apart(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


def in_database(dsn: str, name: str) -> str:
    """The same server's other database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _make_template(dsn: str) -> str:
    """Make the template under a draft name, so that a half-made one is never used."""
    from headway.ledger.migrate import available, migrate

    texts = "\0".join(f"{name}\0{text}" for name, text in available())
    name = f"headway_template_{hashlib.sha256(texts.encode()).hexdigest()[:12]}"
    connection = await asyncpg.connect(dsn)
    try:
        # Held by the session: workers, and other runs on the same server, come one by one.
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            draft = f"{name}_draft"
            await connection.execute(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {draft}")
            await migrate(in_database(dsn, draft))
            with contextlib.suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    finally:
        await connection.close()
    return name
