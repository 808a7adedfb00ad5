"""What conftest.py promises to every test: a database and topics of its own."""

import asyncio

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_a_database_is_migrated_and_nobody_elses(database: str, turn: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM migrations") > 0
        assert await connection.fetchval("SELECT to_regclass('footprint')") is None
        await connection.execute("CREATE TABLE footprint ()")
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_topics_are_nobody_elses(kafka: str, topics: str, turn: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        assert not [name for name in await admin.list_topics() if name.startswith(topics)]
        await admin.create_topics([NewTopic(f"{topics}orders", 1, 1)])
        # The controller has it; the broker that is asked hears of it a moment later.
        async with asyncio.timeout(20):
            while f"{topics}orders" not in await admin.list_topics():
                await asyncio.sleep(0.05)
    finally:
        await admin.close()
