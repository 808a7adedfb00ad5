"""What was measured at one moment, as values that never change."""

from dataclasses import dataclass

from headway.lag.burrow import GroupStatus, PartitionStatus
from headway.lag.groups import Member


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition of one group, in records.

    `committed` is Kafka's offset and `applied` the database's, None where there is none yet.
    `in_ledger` says whether the group keeps its place in the database, so that `applied` is the
    truth. `seconds` is the age of the record at the committed offset, 0 if nothing is waiting
    and None if it cannot be known. `status` is None where commits cannot be read, or were not
    read to their end yet.
    """

    group: str
    topic: str
    partition: int
    begin: int
    end: int
    committed: int | None
    applied: int | None
    in_ledger: bool
    owner: Member | None = None
    seconds: float | None = None
    status: PartitionStatus | None = None

    @property
    def lag(self) -> int:
        """Records not applied yet; counted from the log's start if nothing ever was."""
        return self._behind(self.applied) if self.in_ledger else self.committed_lag

    @property
    def committed_lag(self) -> int:
        """Records beyond Kafka's committed offset; all in the log if nothing was committed."""
        return self._behind(self.committed)

    def _behind(self, offset: int | None) -> int:
        return max(self.end - (self.begin if offset is None else offset), 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of a group's course: when (seconds since 1970), records and seconds behind.

    Rates are records a second since the sample before, None at the first.
    """

    at: float
    lag: int
    seconds: float | None
    consumed_per_second: float | None = None
    produced_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class GroupLag:
    """One group. `in_kafka` is False for one that only the database remembers.

    Rates are those of the newest sample; `series` is the course so far, oldest first, that sample
    included.
    """

    name: str
    in_kafka: bool
    state: str
    members: int | None
    status: GroupStatus | None
    partitions: tuple[PartitionLag, ...]
    consumed_per_second: float | None = None
    produced_per_second: float | None = None
    series: tuple[Sample, ...] = ()

    @property
    def lag(self) -> int:
        """Records not applied yet, over all partitions."""
        return sum(partition.lag for partition in self.partitions)

    @property
    def seconds(self) -> float | None:
        """The longest that a record is known to have been waiting; None if it is of no partition.

        One partition whose age cannot be known must not silence the others.
        """
        ages = [partition.seconds for partition in self.partitions]
        known = [age for age in ages if age is not None]
        return max(known) if known else None if ages else 0.0


@dataclass(frozen=True, slots=True)
class TopicPartitionEnds:
    """Where one partition's log begins, and where it ends (the next record's offset)."""

    topic: str
    partition: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LagSnapshot:
    """Everything measured at `at`, in seconds since 1970.

    `down` says why Kafka could not be measured: then there is nothing else in it.
    `database_down` says why the database could not, if it was asked: then lags are Kafka's.
    """

    at: float
    groups: tuple[GroupLag, ...] = ()
    topics: tuple[TopicPartitionEnds, ...] = ()
    brokers: int | None = None
    down: str = ""
    database_asked: bool = False
    database_down: str = ""
