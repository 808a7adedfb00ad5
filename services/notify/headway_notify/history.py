"""Reading the whole history of balances and notices from Kafka, belonging to no group."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.contracts.codec import Event, decode
from headway.contracts.topics import PARTITIONS, Topics
from headway.errors import Poison
from headway.runtime.kafka import Brokers, arguments


async def told_so_far(kafka: Brokers, topics: Topics) -> AsyncIterator[Event]:
    """Every event of balance-changed and member-notices until now, partition by partition. What
    cannot be read is left out: notify dead-letters it."""
    consumer = AIOKafkaConsumer(
        **arguments(kafka), enable_auto_commit=False, auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
    )  # fmt: skip
    await consumer.start()
    try:
        await consumer.topics()
        for topic in (topics.balance_changed, topics.member_notices):
            for number in range(PARTITIONS):
                async for event in _partition(consumer, TopicPartition(topic, number)):
                    yield event
    finally:
        await consumer.stop()


async def _partition(consumer: AIOKafkaConsumer, place: TopicPartition) -> AsyncIterator[Event]:
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    await consumer.seek_to_beginning(place)
    while await consumer.position(place) < end:
        found = await consumer.getmany(place, timeout_ms=500, max_records=2000)
        for record in (record for records in found.values() for record in records):
            try:
                yield decode(record.key, record.value, list(record.headers))
            except Poison:
                continue
