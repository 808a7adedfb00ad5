"""The redeem service as it ships, and the clients that come to it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import psutil

from bench.desk.clients import Errand
from bench.desk.figures import Run
from bench.sampling import Sampler
from bench.timing import RunFailed, stop
from headway.local.ports import accepts, free_ports

COMMAND = (sys.executable, "-m", "headway_redeem")
CLIENTS = (sys.executable, "-m", "bench.desk.clients")
_READY_S = 60
_ENDS_IN_S = 60
_TAKEN_EVERY_S = 0.2


class Servers(NamedTuple):
    """Where redeem finds Kafka and its topics; Postgres's first process, for its CPU."""

    bootstrap: str
    prefix: str
    postgres: psutil.Process


class Desk(NamedTuple):
    """A redeem process that answers on that port."""

    process: psutil.Process
    port: int


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str], settings: Mapping[str, str]
) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """A service from here to the end of the block. Raises RunFailed if it ended by itself."""
    with tempfile.TemporaryFile() as said:
        program = await asyncio.to_thread(
            subprocess.Popen, command, env=dict(settings), stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield program
        finally:
            ended = program.poll() is not None
            await asyncio.to_thread(stop, program)
            if ended:
                said.seek(0)
                raise RunFailed(f"{command} ended:\n" + said.read().decode()[-2_000:])


@contextlib.asynccontextmanager
async def desk(servers: Servers, dsn: str) -> AsyncIterator[Desk]:
    """Redeem on this database, everything but its addresses and the rate limit as it ships."""
    port = free_ports(["api"])["api"]
    settings = dict(os.environ) | {
        "HEADWAY_KAFKA_BOOTSTRAP": servers.bootstrap,
        "HEADWAY_POSTGRES_DSN": dsn,
        "HEADWAY_TOPIC_PREFIX": servers.prefix,
        "HEADWAY_LOG_LEVEL": "WARNING",
        "HEADWAY_API_PORT": str(port),
        "HEADWAY_WEB_PORT": "0",
        "HEADWAY_REDEEM_RATE_KEY": "100000000",
    }
    async with running(COMMAND, settings) as program:
        until = time.monotonic() + _READY_S
        while program.poll() is None and not accepts(port):
            if time.monotonic() > until:
                raise RunFailed("redeem was not ready in time")
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)  # what else starts with it
        yield Desk(psutil.Process(program.pid), port)


async def visit(servers: Servers, at: Desk, errand: Errand) -> Run:
    """Send clients, and say how they fared. Raises RunFailed if any was refused."""
    sampler = Sampler(at.process, servers.postgres, None)
    program = await asyncio.create_subprocess_exec(
        *CLIENTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    told = asyncio.create_task(program.communicate(json.dumps(asdict(errand)).encode()))
    until = time.monotonic() + errand.warm + errand.seconds + _ENDS_IN_S
    while not told.done():
        if time.monotonic() > until:
            program.kill()
        sampler.take()
        await asyncio.wait([told], timeout=_TAKEN_EVERY_S)
    sampler.take()
    if program.returncode:
        raise RunFailed(f"the clients ended with exit code {program.returncode}")
    done = json.loads(told.result()[0])
    if done["refused"]:
        raise RunFailed(f"refused: {done['refused']}")
    cpu = sampler.spent(done["began"], done["ended"]) | {"clients": done["cpu"]}
    return Run.of(done["milliseconds"], errand.seconds, cpu, done["busy"])
