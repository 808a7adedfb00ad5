"""From records to inputs: what can be decided on, and what is refused before that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import TopicPartition

from headway.contracts import codec
from headway.contracts.registry import CONTRACTS
from headway.contracts.topics import EARN_INPUTS
from headway.domain.account import Input
from headway.errors import Conflict, Poison
from headway.ledger.erasing import is_blinded
from headway.stream.alignment import WINDOW
from headway.stream.batch import Batch, Record

KINDS = frozenset(name for name, contract in CONTRACTS.items() if contract.topic in EARN_INPUTS)


@dataclass(slots=True)
class Read:
    """A batch, decoded.

    `inputs` are (member, input, record) by business time, source and id; `refused` records with
    why; `repeats` counts what was known already, `again` keeps what came twice in this batch.
    """

    inputs: list[tuple[str, Input, Record]] = field(default_factory=list)
    refused: list[tuple[Record, Poison]] = field(default_factory=list)
    business_times: dict[TopicPartition, datetime] = field(default_factory=dict)
    repeats: int = 0
    again: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    """Names in repeats of what was decided before they were erased."""
    cuts: dict[TopicPartition, int] = field(default_factory=dict)
    """Where the batch is cut short; `ahead`: the business time of what waits there."""
    ahead: dict[TopicPartition, datetime] = field(default_factory=dict)

    def refuse(self, item: Input, record: Record, why: Poison) -> None:
        """Refuse a record, and those of the batch that repeat it: each on its own would be."""
        repeated = self.again.pop((item.source, item.id), [])
        self.refused += [(one, why) for one in (record, *repeated)]
        self.repeats -= len(repeated)


def read(batch: Batch, now: datetime) -> Read:
    """Decode every record. Of repeats inside the batch the first of its partition counts.

    What is more than a day of business time ahead of a partition that lags is left for later.
    """
    result = Read()
    seen: dict[tuple[str, str], bytes] = {}
    decoded = [_decoded(record, now) for record in batch.records]
    if batch.whole:
        _cut(batch, decoded, result)
    for record, event in zip(batch.records, decoded, strict=True):
        if result.cuts and record.offset >= result.cuts.get(
            TopicPartition(record.topic, record.partition), record.offset + 1
        ):
            continue
        if isinstance(event, Poison):
            result.refused.append((record, event))
            continue
        _note_time(result.business_times, record, event.time)
        before = seen.setdefault((event.source, event.id), event.digest)
        if before is not event.digest:
            if before == event.digest:
                result.repeats += 1
                result.again.setdefault((event.source, event.id), []).append(record)
            else:
                result.refused.append((record, conflict(event.id)))
            continue
        result.inputs.append((event.member_id, input_of(event), record))
    result.inputs.sort(key=lambda entry: (entry[1].time, entry[1].source, entry[1].id))
    return result


def _decoded(record: Record, now: datetime) -> codec.Event | Poison:
    try:
        event = codec.decode(record.key, record.value, record.headers)
        codec.check_time(event, now)
        _check_kind(event)
    except Poison as poison:
        return poison
    return event


def _cut(batch: Batch, decoded: Sequence[codec.Event | Poison], result: Read) -> None:
    """Find where partitions run more than WINDOW ahead of the slowest that has more to come."""
    latest: dict[TopicPartition, datetime] = {}
    for record, event in zip(batch.records, decoded, strict=True):
        if not isinstance(event, Poison):
            _note_time(latest, record, event.time)
    more = [tp for tp in latest if batch.next_offsets[tp] < batch.ends.get(tp, 0)]
    slowest = min([*(latest[tp] for tp in more), *batch.lagging.values()], default=None)
    if slowest is None or all(reached - slowest <= WINDOW for reached in latest.values()):
        return
    for record, event in zip(batch.records, decoded, strict=True):
        if isinstance(event, Poison) or event.time - slowest <= WINDOW:
            continue
        tp = TopicPartition(record.topic, record.partition)
        if tp not in result.cuts:
            result.cuts[tp] = record.offset
            result.ahead[tp] = event.time


def _check_kind(event: codec.Event) -> None:
    if event.type not in KINDS:
        raise Poison(
            "wrong-topic", "type", f"{event.type} does not belong here; send it to its own topic"
        )


def input_of(event: codec.Event) -> Input:
    """The event as decisions take it."""
    return Input(
        event.source,
        event.id,
        event.type,
        event.time,
        event.data,
        event.digest,
        event.canonical_data,
    )


def conflict(event_id: str) -> Conflict:
    """The refusal of an event whose id is known with other content."""
    return Conflict(
        "id", f"event {event_id} is known with other content; send a change under a new id"
    )


def _note_time(times: dict[TopicPartition, datetime], record: Record, moment: datetime) -> None:
    tp = TopicPartition(record.topic, record.partition)
    latest = times.get(tp)
    if latest is None or moment > latest:
        times[tp] = moment


def repeats_or_conflicts(
    read_: Read, known: Mapping[tuple[str, str], bytes]
) -> list[tuple[str, Input, Record]]:
    """The inputs that are new to the ledger; repeats are counted, conflicts refused."""
    new = []
    for entry in read_.inputs:
        item = entry[1]
        digest = known.get((item.source, item.id))
        if digest is None:
            new.append(entry)
        elif digest == item.digest:
            read_.repeats += 1
        elif is_blinded(digest):
            read_.repeats += 1
            read_.erased.add(entry[0])
        else:
            read_.refuse(item, entry[2], conflict(item.id))
    return new
