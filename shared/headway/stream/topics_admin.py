"""Creating Headway's topics, as often as one likes."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from headway.contracts.topics import Topic, Topics
from headway.errors import Retryable, UserError
from headway.runtime.kafka import Brokers, arguments

_NO_ERROR: Final = 0
_ALREADY_EXISTS: Final = 36
_READY_SECONDS: Final = 30.0


async def create_topics(
    kafka: Brokers, prefix: str, replication: int = 1, in_sync: int | None = None
) -> list[str]:
    """Create the topics that are not there yet; the full names of those created.

    Kafka acknowledges a record once `in_sync` of its `replication` copies hold it, and takes none
    while fewer copies are up. None lets one copy be away: two of three, and never less than one.
    Returns once every topic can be used. A topic that exists keeps its settings, which may be its
    operator's own, but must have the right number of partitions: UserError otherwise, as it would
    split a member between processes. Also UserError when Kafka refuses; Retryable when it does
    not answer.
    """
    wanted = Topics(prefix).all()
    needed = max(1, replication - 1) if in_sync is None else in_sync
    if needed > replication:
        raise UserError(
            f"{needed} copies in sync cannot be had of {replication}: nothing could be written.",
            "Ask for fewer in sync (usually one fewer than there are copies) or for more copies.",
        )
    client = AIOKafkaAdminClient(**arguments(kafka))
    try:
        with _quiet():
            await client.start()
    except (KafkaError, OSError) as error:
        await client.close()
        raise Retryable(
            f"Kafka does not answer at {kafka}: check HEADWAY_KAFKA_BOOTSTRAP, "
            "or start one with `headway up`"
        ) from error
    try:
        there = set(await client.list_topics())
        missing = [topic for topic in wanted if topic.name not in there]
        created = await _create(client, missing, replication, needed) if missing else []
        _check(await _ready(client, wanted), wanted)
        return created
    finally:
        await client.close()


async def _create(
    client: AIOKafkaAdminClient, topics: Sequence[Topic], replication: int, in_sync: int
) -> list[str]:
    # Said for each topic, whatever the brokers' own default: theirs is one, and then a record
    # that was acknowledged by a single broker goes with it.
    durable = {"min.insync.replicas": str(in_sync)}
    answer = await client.create_topics(
        [
            NewTopic(
                topic.name, topic.partitions, replication, topic_configs=topic.config | durable
            )
            for topic in topics
        ]
    )
    created = []
    for name, code, *message in answer.topic_errors:
        if code == _NO_ERROR:
            created.append(name)
        elif code != _ALREADY_EXISTS:  # somebody else was quicker
            said = (message and message[0]) or for_code(code).__name__
            raise UserError(
                f"Kafka would not create the topic {name}: {said}",
                "Check the prefix (letters, digits, '.', '_', '-'), the replication (not above "
                "the number of brokers) and the right to create topics; then run it again.",
            )
    return created


async def _ready(client: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, int]:
    """Partitions by topic, once each has a leader that every broker knows of."""
    names = [topic.name for topic in topics]
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while True:
        described = await client.describe_topics(names)
        if len(described) == len(names) and all(
            topic["error_code"] == _NO_ERROR
            and all(partition["leader"] >= 0 for partition in topic["partitions"])
            for topic in described
        ):
            return {topic["topic"]: len(topic["partitions"]) for topic in described}
        if asyncio.get_running_loop().time() > deadline:
            raise Retryable("Kafka has created the topics, but some partition has no leader yet")
        await asyncio.sleep(0.05)


def _check(partitions: dict[str, int], topics: Sequence[Topic]) -> None:
    wrong = [
        f"{topic.name} has {partitions[topic.name]}"
        for topic in topics
        if partitions[topic.name] != topic.partitions
    ]
    if wrong:
        raise UserError(
            f"Every topic needs {topics[0].partitions} partitions, but {', '.join(wrong)}.",
            "Use another prefix (HEADWAY_TOPIC_PREFIX), or move what these topics hold into new "
            "ones with that many partitions.",
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka from logging, line by line, what the one error raised says."""
    logger = logging.getLogger("aiokafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
