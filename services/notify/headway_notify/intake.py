"""What notify does with a batch of Kafka records: one transaction, durable on return."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from aiokafka import TopicPartition

from headway.contracts.balance import BalanceChanged
from headway.contracts.codec import Event, decode, forgotten
from headway.contracts.contact import ContactUpdated
from headway.contracts.notice import Notice
from headway.contracts.topics import Topics
from headway.errors import Poison
from headway.runtime.fail_points import fail_point
from headway.runtime.phases import Phases
from headway.sealing.vault import Vault
from headway.stream.batch import Applied, Batch, Position, Record
from headway.stream.positions import (
    Connection,
    Pool,
    confirm_reached,
    read_positions,
    write_positions,
)
from headway.stream.takeover import Restored
from headway_notify import metrics, store
from headway_notify.contacts.writing import write_contacts
from headway_notify.noticing import due_for
from headway_notify.plan import plan
from headway_notify.programmes import Programmes
from headway_notify.refusals import Refusals


class Read:
    """A batch, decoded: what it says of accounts and contacts, and what it could not say."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self.verdicts: list[Poison | None] = []
        """Of each record: None, or why it is refused."""
        self.changes: list[tuple[BalanceChanged, bytes]] = []
        self.notices: list[Event] = []
        self.contacts: dict[str, ContactUpdated | None] = {}
        """The last word on each member: a contact, or None for forgotten."""
        self.refused: list[tuple[Record, Exception]] = []
        self.times: dict[TopicPartition, datetime] = {}
        """Latest business time of balance changes per partition. Contacts and notices have none:
        they do not move notify's clock, but hold it back while they are still to be read."""

    def add(self, record: Record) -> None:
        """Take in one record; what cannot be read is kept as refused."""
        try:
            if record.topic == self._topics.member_contacts:
                self._contact(record)
            elif record.topic == self._topics.member_notices:
                self._notice(record)
            else:
                self._change(record)
        except Poison as poison:
            self.refused.append((record, poison))
            self.verdicts.append(poison)
        else:
            self.verdicts.append(None)

    def _contact(self, record: Record) -> None:
        member_id = forgotten(record.key, record.value)
        if member_id is not None:
            self.contacts[member_id] = None
            return
        event = decode(record.key, record.value, record.headers)
        if not isinstance(event.data, ContactUpdated):
            raise _misplaced(event, "contact.updated")
        self.contacts[event.member_id] = event.data

    def _notice(self, record: Record) -> None:
        event = decode(record.key, record.value, record.headers)
        if not isinstance(event.data, Notice):
            raise Poison("unknown-type", "type", f"{event.type} is no notice; send it elsewhere")
        self.notices.append(event)

    def _change(self, record: Record) -> None:
        event = decode(record.key, record.value, record.headers)
        if not isinstance(event.data, BalanceChanged):
            raise _misplaced(event, "balance.changed")
        self.changes.append((event.data, event.canonical_data))
        place = TopicPartition(record.topic, record.partition)
        self.times[place] = max(event.data.cause.time, self.times.get(place, event.data.cause.time))


def _misplaced(event: Event, wanted: str) -> Poison:
    return Poison(
        "unknown-type", "type", f"this topic carries {wanted} alone; send {event.type} elsewhere"
    )


class Intake:
    """The batch handler of notify's consumer group."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        vault: Callable[[], Vault],
        group: str,
        topics: Topics,
        programmes: Programmes,
        *,
        stop_on_refusals: bool = True,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._group = group
        self._topics = topics
        self._programmes = programmes
        self._refusals = Refusals(group, topics, stop=stop_on_refusals)

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        """Where the database stands."""
        return await read_positions(self._pool(), self._group, partitions)

    async def apply(self, batch: Batch) -> Applied:
        """Contacts, latest balances, mails due, dead letters and positions: all or none."""
        phases = Phases()
        read = Read(self._topics)
        for record in batch.records:
            read.add(record)
        breaker = self._refusals.judge(read.verdicts)
        if read.changes or read.notices:
            await self._programmes.need({change.program_version for change, _ in read.changes})
        phases.end("decode")
        async with self._pool().acquire() as connection, connection.transaction():
            phases.end("connect")
            await confirm_reached(connection, batch)
            repeats = await self._write(connection, read)
            await self._refusals.write(connection, read.refused)
            await write_positions(connection, batch.positions(read.times))
            fail_point("notify.before_commit")
            phases.end("write")
        phases.end("commit")
        self._refusals.keep(breaker, read.refused)
        metrics.REPEATS.inc(repeats)
        facts = {"repeats": repeats, "refused": len(read.refused)}
        return Applied(read.times, facts, phases=phases.seconds)

    async def _write(self, connection: Connection, read: Read) -> int:
        """Write what was read; returns how many changes were repeats."""
        contacts = [contact for contact in read.contacts.values() if contact is not None]
        gone = [member_id for member_id, contact in read.contacts.items() if contact is None]
        await write_contacts(connection, self._vault(), contacts, gone)
        found = (due_for(event, self._programmes.at) for event in read.notices)
        noticed = sorted({due for due in found if due is not None})
        if not read.changes:
            await store.write_due(connection, noticed)
            return 0
        members = {change.member_id for change, _ in read.changes}
        seen = await store.seen_before(connection, members, whole=self._compares(read))
        planned = plan(read.changes, seen, self._programmes.version)
        await store.write_balances(connection, planned.balances)
        await store.write_moved(connection, planned.moved)
        await store.write_due(connection, sorted({*planned.due, *noticed}))
        return planned.repeats

    def _compares(self, read: Read) -> bool:
        """Whether what is due depends on what there was before."""
        numbers = {change.program_version for change, _ in read.changes}
        policies = [self._programmes.version(number).messages for number in numbers]
        return any(
            "reward_ready" in one.kinds or one.every_percent or one.last_percent for one in policies
        )

    async def poison(self, batch: Batch, error: Exception) -> None:
        """Dead-letter the one record that the database refuses."""
        verdict = Poison("refused", "", "the database refuses it", stage="write")
        breaker = self._refusals.judge(verdict for _ in batch.records)
        async with self._pool().acquire() as connection, connection.transaction():
            refused = [(record, error) for record in batch.records]
            await self._refusals.write(connection, refused)
            await write_positions(connection, batch.positions())
        self._refusals.keep(breaker, refused)

    async def taken_over(self) -> None:
        """The ledger's epoch is confirmed by earn, whose topics it comes from."""

    async def restored(self, partitions: Mapping[TopicPartition, Restored]) -> None:
        """Count it: mails sent since that point may be sent again. The epoch is the ledger's."""
        metrics.RESTORED.inc()
