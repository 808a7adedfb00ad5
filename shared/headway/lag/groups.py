"""What Kafka knows of consumer groups: their members, and where each has committed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

_GONE = "Dead"


@dataclass(frozen=True, slots=True)
class Member:
    """Who reads a partition: Kafka's id for the member, its client id, and where it runs.

    `host` is as Kafka writes it, which kafka-lag-exporter leaves: /10.0.0.7.
    """

    consumer_id: str = ""
    client_id: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One group. `members` is None where Kafka does not tell: groups of its newer protocol."""

    name: str
    state: str
    members: int | None
    owners: dict[TopicPartition, Member] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)


async def read_groups(admin: AIOKafkaAdminClient, wanted: Callable[[str], bool]) -> list[Group]:
    """The groups of that name that exist now, sorted; those that commit to Kafka, no others."""
    listed = await admin.list_consumer_groups()
    names = {name for name, kind in listed if kind in ("", "consumer") and wanted(name)}
    return [await _read(admin, name) for name in sorted(names)]


async def _read(admin: AIOKafkaAdminClient, name: str) -> Group:
    # One at a time: aiokafka 0.14 reads an answer about several groups wrongly.
    ((code, _, state, kind, _, members),) = (await admin.describe_consumer_groups([name]))[0].groups
    if code:
        raise for_code(code)(f"group {name} cannot be described")
    owners = {}
    for consumer_id, client_id, host, _, assigned in members if kind == "consumer" else ():
        member = Member(consumer_id, client_id, host)
        for tp in (
            ConsumerProtocolMemberAssignment.decode(assigned).partitions() if assigned else ()
        ):
            owners[TopicPartition(*tp)] = member
    offsets = await admin.list_consumer_group_offsets(name)
    return Group(
        name,
        state,
        None if state == _GONE else len(members),
        owners,
        {TopicPartition(*tp): known.offset for tp, known in offsets.items() if known.offset >= 0},
    )
