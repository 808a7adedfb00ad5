"""What a cluster says of its brokers: who leads, who coordinates, who has caught up."""

import asyncio
from collections import Counter
from contextlib import suppress

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError


async def coordinator(bootstrap: str, group: str) -> int:
    """The node that coordinates a consumer group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return int(await admin.find_coordinator(group))
    finally:
        await admin.close()


async def leads(bootstrap: str, prefix: str) -> Counter[int]:
    """How many partitions of the topics behind `prefix` each node leads."""
    return Counter(
        leader for topic, leader, _, _ in await _partitions(bootstrap) if topic.startswith(prefix)
    )


async def in_sync_again(bootstrap: str, within: float = 60) -> None:
    """Wait until every copy of every partition is in sync, as before touching the next broker."""
    async with asyncio.timeout(within):
        while True:
            with suppress(KafkaError):
                found = await _partitions(bootstrap)
                if found and all(copies == synced for _, _, copies, synced in found):
                    return
            await asyncio.sleep(0.2)


async def _partitions(bootstrap: str) -> list[tuple[str, int, set[int], set[int]]]:
    """Topic, leader, copies and copies in sync of every partition there is."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return [
            (t["topic"], p["leader"], set(p["replicas"]), set(p["isr"]))
            for t in await admin.describe_topics()
            for p in t["partitions"]
        ]
    finally:
        await admin.close()
