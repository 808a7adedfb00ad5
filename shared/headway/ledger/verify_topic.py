"""`headway verify --topic`: what was published about every account equals the ledger.

Reads the whole topic once. Memory grows with the members, and with the versions of one partition.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from headway.contracts import codec
from headway.contracts.balance import BalanceChanged
from headway.contracts.topics import PARTITIONS
from headway.errors import Poison, UserError
from headway.ledger.verify import QUERIES, Check, Report
from headway.ledger.verify_lives import Life, Lost
from headway.runtime.kafka import Brokers, arguments

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

_AT_ONCE = 2000
_EVENTS = frozenset(("event", "effect"))


class _Told(NamedTuple):
    """One message: the event's content, and where it was found."""

    data: BalanceChanged
    content: bytes
    offset: int


class _Account(NamedTuple):
    account_id: int
    version: int
    head: bytes
    told_before: int


class Published:
    """The topic balance-changed, as long as it was when this was made."""

    def __init__(self, kafka: Brokers, topic: str, ends: dict[TopicPartition, int]) -> None:
        self._kafka = kafka
        self._topic = topic
        self._ends = ends
        self._accounts: dict[str, _Account] = {}
        self._lives: dict[str, Life] = {}
        self._epoch = 0
        self._whole = True

    @classmethod
    async def so_far(cls, kafka: Brokers, topic: str) -> "Published":
        """Note where the topic ends now: whatever is in it is in a snapshot taken later."""
        async with _consumer(kafka, topic) as (consumer, partitions):
            return cls(kafka, topic, await consumer.end_offsets(partitions))

    async def compare(self, connection: "Connection", report: Report) -> None:
        """Add the checks of what was published to the report on the same snapshot."""
        published = Check(
            "published", "versions told without gaps, as the ledger has them", "messages"
        )
        current = Check(
            "current", "the last version told is the account's, or on its way", "accounts"
        )
        report.checks.update({check.name: check for check in (published, current)})
        self._epoch = await connection.fetchval(QUERIES.epoch)
        for row in await connection.fetch(QUERIES.published_accounts):
            self._accounts[row["member_id"]] = _Account(
                row["account_id"], row["version"], row["head_hash"], row["told_before"]
            )
        async with _consumer(self._kafka, self._topic) as (consumer, partitions):
            differing: list[tuple[str, int, int]] = []
            for partition in partitions:
                differing += await self._read(connection, consumer, partition, published)
            await self._judge_current(connection, current)
            lost = [one for life in self._lives.values() for one in life.lost]
            for said in differing:
                if not any(one.covers(*said) for one in lost):
                    self._found(
                        published, said[0], f"version {said[2]} names another hash than the ledger"
                    )
            if lost:
                await self._judge_lost(connection, consumer, partitions, lost, report)

    def _found(self, check: Check, member_id: str | None, what: str) -> None:
        account = self._accounts.get(member_id or "")
        check.found(None if account is None else account.account_id, what, member_id)

    async def _read(
        self, connection: "Connection", consumer: AIOKafkaConsumer, partition: TopicPartition,
        check: Check,
    ) -> list[tuple[str, int, int]]:  # fmt: skip
        """Follow the versions of one partition; what names another hash than the ledger has."""
        whole = (await consumer.beginning_offsets([partition]))[partition] == 0
        self._whole &= whole
        lives: dict[str, Life] = {}
        differing: list[tuple[str, int, int]] = []
        async for records in _records(consumer, partition):
            heads: list[tuple[str, int, int, int, bytes]] = []
            for record in records:
                told = self._decoded(record, check)
                if told is None:
                    continue
                data, head = told.data, bytes.fromhex(told.data.head_hash)
                if self._too_new(data, told.offset, partition):
                    continue
                life = lives.get(data.member_id)
                if life is None:
                    life = lives[data.member_id] = self._life(data.member_id)
                wrong = life.hear(data.epoch, data.version, head, told.content, whole)
                if wrong:
                    self._found(check, data.member_id, wrong)
                if data.seq_to is not None:
                    heads.append((data.member_id, data.epoch, data.version, data.seq_to, head))
            if heads:
                columns = list(zip(*heads, strict=True))
                rows = await connection.fetch(QUERIES.heads_that_differ, *columns)
                differing += [(row["member_id"], row["epoch"], row["version"]) for row in rows]
        for life in lives.values():
            life.contents = {}
        self._lives.update(lives)
        return differing

    def _life(self, member_id: str) -> Life:
        account = self._accounts.get(member_id)
        return Life(member_id, 0 if account is None else account.told_before)

    def _decoded(self, record: "ConsumerRecord[bytes, bytes]", check: Check) -> _Told | None:
        check.examined += 1
        try:
            event = codec.decode(record.key, record.value, list(record.headers))
        except Poison as poison:
            check.found(None, f"partition {record.partition}, offset {record.offset}: {poison}")
            return None
        data = event.data
        if not isinstance(data, BalanceChanged) or event.id != (
            f"{data.member_id}:{data.epoch}:{data.version}"
        ):
            check.found(None, f"partition {record.partition}, offset {record.offset}: no balance")
            return None
        return _Told(data, blake2b(record.value or b"", digest_size=8).digest(), record.offset)

    def _too_new(self, data: BalanceChanged, offset: int, partition: TopicPartition) -> bool:
        """Whether it was published after the snapshot, and tells of something after it."""
        if offset < self._ends.get(partition, 0):
            return False
        account = self._accounts.get(data.member_id)
        return account is None or data.version > account.version or data.epoch > self._epoch

    async def _judge_current(self, connection: "Connection", check: Check) -> None:
        rows = await connection.fetch(QUERIES.waiting_to_publish, self._topic)
        waiting = {row["member_id"]: (row["first"], row["last"]) for row in rows}
        for member_id, account in self._accounts.items():
            check.examined += 1
            life = self._lives.get(member_id)
            if life is None:
                if not self._whole:
                    continue  # Told long ago, and no longer kept.
                life = self._life(member_id)
            wrong = life.against(account.version, account.head, self._epoch, waiting.get(member_id))
            if wrong:
                self._found(check, member_id, wrong)
        erased = await _erased(connection)
        for member_id in sorted(self._lives.keys() - self._accounts.keys()):
            life = self._lives[member_id]
            if member_id in waiting or _took_name(erased, life):
                continue
            wrong = life.against(0, b"", self._epoch, None)
            if wrong:
                self._found(check, member_id, wrong)

    async def _judge_lost(
        self, connection: "Connection", consumer: AIOKafkaConsumer,
        partitions: Sequence[TopicPartition], lost: list[Lost], report: Report,
    ) -> None:  # fmt: skip
        """After a restore: what came from topics must be in the ledger again; name what is not."""
        check = Check("restored", "what the restore lost was read again", "lost versions")
        report.checks[check.name] = check
        by_member: dict[str, list[Lost]] = {}
        for one in lost:
            by_member.setdefault(one.member_id, []).append(one)
        for partition in partitions:
            async for records in _records(consumer, partition):
                told = [self._decoded(record, Check("", "", "")) for record in records]
                gone = [
                    one.data for one in told if one is not None and _covered(one.data, by_member)
                ]
                check.examined += len(gone)
                await self._name_lost(connection, gone, check, report)
        report.notes.append(
            f"{check.examined} versions of {len(by_member)} members were published before a "
            "restore, and are not the ledger's now"
        )

    async def _name_lost(
        self, connection: "Connection", gone: Sequence[BalanceChanged], check: Check, report: Report
    ) -> None:
        rows = await connection.fetch(
            QUERIES.unknown_inputs,
            [data.cause.source for data in gone], [data.cause.id for data in gone],
        )  # fmt: skip
        unknown = {(row["source"], row["id"]) for row in rows}
        for data in gone:
            cause = data.cause
            if (cause.source, cause.id) not in unknown:
                continue
            if cause.kind in _EVENTS:
                self._found(
                    check, data.member_id, f"{cause.source} {cause.id} is not in the ledger"
                )
            elif cause.kind == "redemption":
                report.notes.append(
                    f"lost redemption: member {data.member_id}, version {data.version} of epoch "
                    f"{data.epoch}, {cause.source} {cause.id}, {cause.time.isoformat()}"
                )


async def _erased(connection: "Connection") -> Counter[tuple[int, bytes]]:
    """How far those are told whose names were erased: the last version and its hash."""
    rows = await connection.fetch(QUERIES.erased_names)
    return Counter((row["version"], bytes(row["head_hash"])) for row in rows)


def _took_name(erased: Counter[tuple[int, bytes]], life: Life) -> bool:
    """Whether it is the name of somebody erased, who is told of under another since."""
    last = (life.version, life.head)
    erased[last] -= 1
    return erased[last] >= 0


def _covered(data: BalanceChanged, lost: Mapping[str, Sequence[Lost]]) -> bool:
    return any(
        one.covers(data.member_id, data.epoch, data.version) for one in lost.get(data.member_id, ())
    )


@asynccontextmanager
async def _consumer(
    kafka: Brokers, topic: str
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    """A reader of the whole topic that belongs to no group and commits nothing."""
    consumer = AIOKafkaConsumer(
        **arguments(kafka), enable_auto_commit=False, isolation_level="read_committed",
        # A reset to the end may be under way when a partition is sought; it would win silently.
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        # Going on to the next partition waits for the fetch that is under way.
        fetch_max_wait_ms=20,
    )  # fmt: skip
    try:
        await consumer.start()
        # Asking for the partitions would be in vain: this client knows only topics it has used.
        if topic not in await consumer.topics():
            raise UserError(f"there is no topic {topic}", "run `headway topics create` first")
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        yield consumer, partitions
    except KafkaError as error:
        raise UserError(
            f"Kafka cannot be read: {error}",
            "check that it runs and that HEADWAY_KAFKA_BOOTSTRAP names it",
        ) from error
    finally:
        await consumer.stop()


async def _records(
    consumer: AIOKafkaConsumer, partition: TopicPartition
) -> AsyncIterator[list["ConsumerRecord[bytes, bytes]"]]:
    """All records of one partition, from its start to where it ends now."""
    begin = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    if begin == end:
        return
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    while await consumer.position(partition) < end:
        got = await consumer.getmany(partition, timeout_ms=500, max_records=_AT_ONCE)
        for records in got.values():
            yield records
