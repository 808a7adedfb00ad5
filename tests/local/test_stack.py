"""The local stack, on the real servers: ready, reused, restarted, and gone with its owner."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from headway.local import Endpoints, LocalStack, LocalStackError


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack.temporary() as stack:
        stack.start()
        yield stack


async def _keep_and_read(endpoints: Endpoints, *, first_time: bool) -> tuple[int, bytes]:
    """Store one row and one message (the first time), then read both."""
    connection = await asyncpg.connect(endpoints.postgres_dsn)
    admin = AIOKafkaAdminClient(bootstrap_servers=endpoints.kafka_bootstrap)
    await admin.start()
    try:
        if first_time:
            await connection.execute("CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)")
            await admin.create_topics([NewTopic("kept", 1, 1)])
            async with AIOKafkaProducer(bootstrap_servers=endpoints.kafka_bootstrap) as producer:
                await producer.send_and_wait("kept", b"seven")
        consumer = AIOKafkaConsumer(
            bootstrap_servers=endpoints.kafka_bootstrap, auto_offset_reset="earliest"
        )
        async with consumer:
            partition = TopicPartition("kept", 0)
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            message = await asyncio.wait_for(consumer.getone(), 20)
        return await connection.fetchval("SELECT value FROM kept"), message.value
    finally:
        await admin.close()
        await connection.close()


async def test_a_later_stack_goes_on_with_the_data_and_the_ports(root: Path) -> None:
    with LocalStack(root) as stack:
        first = await asyncio.to_thread(stack.start)
        assert await _keep_and_read(first, first_time=True) == (7, b"seven")
    with LocalStack(root) as stack:
        second = await asyncio.to_thread(stack.start)
        assert second == first
        assert await _keep_and_read(second, first_time=False) == (7, b"seven")
    assert (root / "logs" / "kafka.log").stat().st_size > 0
    assert (root / "logs" / "postgres.log").stat().st_size > 0


async def test_postgres_answers_by_tcp_and_by_socket_and_keeps_what_it_commits(
    stack: LocalStack,
) -> None:
    hosts: tuple[Literal["tcp", "socket"], ...] = ("tcp", "socket")
    for host in hosts:
        connection = await asyncpg.connect(stack.postgres.dsn(host=host))
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert (await connection.fetchval("SHOW server_version")).startswith("18")
        await connection.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_kafka_comes_back_at_the_same_address(stack: LocalStack, how: str) -> None:
    before = stack.kafka.bootstrap
    await asyncio.to_thread(getattr(stack.kafka, how))
    assert not stack.kafka.running
    await asyncio.to_thread(stack.kafka.start)
    assert stack.kafka.bootstrap == before
    async with AIOKafkaProducer(bootstrap_servers=before) as producer:
        assert await producer.client.fetch_all_metadata()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgres_comes_back_at_the_same_address(
    stack: LocalStack, mode: Literal["fast", "immediate"]
) -> None:
    before = stack.postgres.dsn()
    held = await asyncpg.connect(before)
    await asyncio.to_thread(stack.postgres.stop, mode)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await held.fetchval("SELECT 1")
    await asyncio.to_thread(stack.postgres.start)
    assert stack.postgres.dsn() == before
    connection = await asyncpg.connect(before)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def test_a_killed_postgres_recovers(stack: LocalStack) -> None:
    stack.postgres.kill()
    assert not stack.postgres.running
    stack.postgres.start()
    assert stack.postgres.running


def test_a_paused_kafka_is_still_and_a_resumed_one_goes_on(stack: LocalStack) -> None:
    assert stack.kafka.pid is not None
    process = psutil.Process(stack.kafka.pid)
    stack.kafka.pause()
    _await(lambda: process.status() == psutil.STATUS_STOPPED)
    stack.kafka.resume()
    _await(lambda: process.status() != psutil.STATUS_STOPPED)


async def test_a_proxy_fits_between_kafka_and_its_clients(stack: LocalStack) -> None:
    passed = 0

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        nonlocal passed
        try:
            while data := await source.read(65536):
                passed += len(data)
                sink.write(data)
        finally:
            sink.close()
            await sink.wait_closed()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        upstream, downstream = await asyncio.open_connection("127.0.0.1", stack.kafka.proxied_port)
        await asyncio.gather(pump(reader, downstream), pump(upstream, writer))

    handlers: set[asyncio.Task[None] | None] = set()
    port = stack.kafka.proxy_port
    async with await asyncio.start_server(forward, "127.0.0.1", port):
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
        await admin.start()
        await admin.create_topics([NewTopic("proxied", 1, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{port}") as producer:
            await producer.send_and_wait("proxied", bytes(100_000))
        # The clients have hung up: every connection ends by itself, and leaves no socket open.
        async with asyncio.timeout(20):
            await asyncio.gather(*(handler for handler in handlers if handler))
    assert passed > 100_000


def test_a_second_owner_is_told_who_has_the_folder(stack: LocalStack) -> None:
    other = LocalStack(stack.root)
    with pytest.raises(LocalStackError, match=f"Process {os.getpid()} already runs") as told:
        other.start()
    assert "choose another folder" in told.value.next_step
    assert stack.kafka.running


_OWNER = """
import sys, time
from pathlib import Path
from headway.local import LocalStack
stack = LocalStack(Path(sys.argv[1]))
stack.start()
print(stack.kafka.pid, stack.postgres.pid, flush=True)
time.sleep(600)
"""


def test_servers_end_when_their_owner_is_killed_and_start_again_after(root: Path) -> None:
    command = [sys.executable, "-c", _OWNER, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        servers = [psutil.Process(int(pid)) for pid in owner.stdout.readline().split()]
        assert len(servers) == 2
        assert all(server.is_running() for server in servers)
        owner.send_signal(signal.SIGKILL)
    # At once, while the old servers may still be stopping.
    with LocalStack(root) as stack:
        stack.start()
        _await(lambda: not any(_lives(server) for server in servers))
        assert stack.postgres.running


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
