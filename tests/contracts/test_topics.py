"""Topics: one place states them, and `headway topics create` makes them so."""

import asyncio
import json

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner

from headway.cli.topics import command
from headway.contracts.registry import CONTRACTS
from headway.contracts.topics import EARN_INPUTS, PARTITIONS, TOPICS, Topics
from headway.errors import Retryable, UserError
from headway.stream.topics_admin import create_topics


def test_topics_are_stated_once_and_agree() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    # A member has the same partition number everywhere only if all counts are equal.
    assert {topic.partitions for topic in TOPICS} == {PARTITIONS}
    assert set(EARN_INPUTS) <= set(names)
    assert {contract.topic for contract in CONTRACTS.values()} <= set(names)
    # Contacts are personal data: only notify may read them, so earn must not.
    assert CONTRACTS["contact.updated"].topic not in EARN_INPUTS
    # What is told to members is no input: earn would decide on its own words.
    assert not {"balance-changed", "member-notices", "notifications"} & set(EARN_INPUTS)
    assert [topic.name for topic in TOPICS if topic.compacted] == ["member-contacts"]


def test_names_stand_behind_the_prefix() -> None:
    topics = Topics("shop.")
    attributes = {value for name, value in vars(topics).items() if name != "prefix"}
    assert attributes == {topic.name for topic in topics.all()}
    assert topics.of("order.refunded") == topics.orders == "shop.orders"
    assert topics.of("contact.updated") == topics.member_contacts
    for notice in ("points.expiring", "tier.changed", "tier.at-risk", "membership.ended"):
        assert topics.of(notice) == topics.member_notices == "shop.member-notices"
    assert topics.earn_inputs == tuple(f"shop.{name}" for name in EARN_INPUTS)


async def test_create_makes_every_topic_and_again_nothing(kafka: str, topics: str) -> None:
    wanted = {topic.name: topic for topic in Topics(topics).all()}
    assert set(await create_topics(kafka, topics)) == set(wanted)
    assert await create_topics(kafka, topics) == []

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics(list(wanted))
        assert {t["topic"]: len(t["partitions"]) for t in described} == dict.fromkeys(
            wanted, PARTITIONS
        )
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        found = {
            resource[3]: {entry[0]: entry[1] for entry in resource[4]}
            for answer in await admin.describe_configs(asked)
            for resource in answer.resources
        }
        for name, topic in wanted.items():
            assert topic.config.items() <= found[name].items()
            assert found[name]["min.insync.replicas"] == "1"
    finally:
        await admin.close()


async def test_create_several_at_once(kafka: str, topics: str) -> None:
    made = await asyncio.gather(*(create_topics(kafka, topics) for _ in range(4)))
    assert sorted(name for names in made for name in names) == sorted(
        topic.name for topic in Topics(topics).all()
    )


async def test_a_member_has_one_partition_number_everywhere(kafka: str, topics: str) -> None:
    await create_topics(kafka, topics)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        for member in (b"m-1", b"m-2", "mémbre".encode()):
            sent = [
                await producer.send_and_wait(topic.name, b"{}", key=member)
                for topic in Topics(topics).all()
            ]
            assert len({metadata.partition for metadata in sent}) == 1
    finally:
        await producer.stop()


async def test_wrong_partition_count_is_refused_with_a_way_out(kafka: str, topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{topics}orders", 3, 1)])
    finally:
        await admin.close()
    with pytest.raises(UserError, match=r"orders has 3") as refused:
        await create_topics(kafka, topics)
    assert "HEADWAY_TOPIC_PREFIX" in refused.value.next_step


async def test_a_prefix_that_kafka_refuses(kafka: str) -> None:
    with pytest.raises(UserError, match="would not create the topic") as refused:
        await create_topics(kafka, "not allowed/")
    assert "Check the prefix" in refused.value.next_step


async def test_more_copies_than_brokers(kafka: str, topics: str) -> None:
    with pytest.raises(UserError, match="would not create the topic"):
        await create_topics(kafka, topics, replication=99)


async def test_more_in_sync_than_copies(kafka: str, topics: str) -> None:
    with pytest.raises(UserError, match="2 copies in sync cannot be had of 1"):
        await create_topics(kafka, topics, in_sync=2)


async def test_no_kafka_there() -> None:
    with pytest.raises(Retryable, match="HEADWAY_KAFKA_BOOTSTRAP"):
        await create_topics("127.0.0.1:1", "x.")


def test_command_creates_and_reports(
    kafka: str, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_KAFKA_BOOTSTRAP", kafka)
    monkeypatch.setenv("HEADWAY_TOPIC_PREFIX", topics)
    run = CliRunner()
    first = run.invoke(command, ["create", "--json"])
    assert first.exit_code == 0, first.output
    assert sorted(json.loads(first.stdout)["created"]) == sorted(
        topic.name for topic in Topics(topics).all()
    )
    second = run.invoke(command, ["create"])
    assert second.exit_code == 0
    assert f"{topics}orders" in second.stdout
    assert "was there" in second.stdout
    assert "created" not in second.stdout

    monkeypatch.setenv("HEADWAY_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    nowhere = run.invoke(command, ["create"])
    assert nowhere.exit_code == 1
    assert "HEADWAY_KAFKA_BOOTSTRAP" in nowhere.output
