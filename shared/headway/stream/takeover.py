"""Where to start reading partitions that have just been assigned. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from headway.errors import UserError
from headway.stream.batch import Position


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one partition when it is taken over.

    `committed` is Kafka's offset for the group (None: never committed), `stored` the
    database's (None: never stored), `begin` and `end` the bounds of the log, `reached` what this
    process itself saw the database store before (None: nothing).
    """

    committed: int | None
    stored: Position | None
    begin: int
    end: int
    reached: int | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """Kafka has seen the group further than the database has: the database lost its latest part."""

    committed: int
    stored: int


def starting_point(group: str, tp: TopicPartition, known: Known) -> int:
    """The lower of what Kafka and the database say; the log's begin for a new group.

    Raises UserError when records that were never applied are gone from the log, or the log
    ends before the position: both need a person.
    """
    stored = known.stored.next_offset if known.stored else None
    if stored is None:
        # Without a row here nothing of this partition was ever applied to this database.
        return known.begin
    start = stored if known.committed is None else min(stored, known.committed)
    if start < known.begin and stored >= known.begin:
        # Kafka's own offset is only a hint: what the database has applied needs no reading.
        start = known.begin
    where = f"{tp.topic} partition {tp.partition}"
    if start < known.begin:
        raise UserError(
            f"group {group} has applied {where} up to offset {start}, but its log now starts at "
            f"{known.begin}: {known.begin - start} records were deleted before they were read",
            "bring those records back, or accept the loss by setting next_offset to "
            f"{known.begin} for this group, topic and partition in the table positions",
        )
    if start > known.end:
        raise UserError(
            f"group {group} has applied {where} up to offset {start}, but its log ends at "
            f"{known.end}: the topic was created anew or Kafka was restored to an earlier point",
            "let this database read the topic it belongs to; if the new log is the right one, "
            "delete this group's rows of the topic in the table positions and its committed "
            "offsets, and what was applied before is recognised by its ids",
        )
    return start


def restored_partitions(known: Mapping[TopicPartition, Known]) -> dict[TopicPartition, Restored]:
    """The partitions that show that the database was restored to an earlier point.

    Offsets are committed to Kafka only after the database has them, so Kafka (or this process)
    can be ahead in no other way.
    """
    behind = {}
    for tp, what in known.items():
        stored = what.stored.next_offset if what.stored else what.begin
        seen = max(what.committed or 0, what.reached or 0)
        if seen > stored:
            behind[tp] = Restored(seen, stored)
    return behind
