"""The lag in Prometheus' form, under the names that people's dashboards and alerts know.

Names, labels and types are those of kafka_exporter and, for seconds, of kafka-lag-exporter.
Series come from one snapshot each time: what has gone is gone, and what cannot be measured now
is not there, save for `headway_lag_up`, which then is 0.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headway.lag.groups import Member
from headway.lag.snapshot import GroupLag, LagSnapshot, PartitionLag
from headway.runtime.declaring import Declarations, Declared

_PARTITION = ("consumergroup", "topic", "partition")
_MEMBER = ("cluster_name", "group", "topic", "partition", "member_host", "consumer_id", "client_id")
_WORDS = "0 NOTFOUND, 1 OK, 2 WARN, 3 ERR"

LAG = Declarations("Lag", "`headway lag --serve` and `headway status --serve`", order=8)
OTHERS = Declarations(
    "Lag under known names",
    "the same two, under the names of kafka_exporter and, for seconds, of kafka-lag-exporter",
    order=9,
)

UP = LAG.collected("headway_lag_up", "1 if Kafka could be measured at the last try, else 0.")
DATABASE_UP = LAG.collected(
    "headway_lag_database_up", "1 if the database told what it has applied, else 0."
)
MEASURED_AT = LAG.collected(
    "headway_lag_measured_timestamp_seconds", "When the last try was, in seconds since 1970."
)
APPLIED_LAG = LAG.collected(
    "headway_consumergroup_applied_lag",
    "Records in the log that the database has not applied yet.",
    _PARTITION,
)
STATUS = LAG.collected(
    "headway_consumergroup_status",
    f"A group's word after Burrow's rules: {_WORDS}.",
    _PARTITION[:1],
)
COMPLETE = LAG.collected(
    "headway_consumergroup_complete",
    "Share of a group's partitions whose window of commits is full, from 0 to 1.",
    _PARTITION[:1],
)
PARTITION_STATUS = LAG.collected(
    "headway_consumergroup_partition_status",
    f"A partition's word after Burrow's rules: {_WORDS}, 4 STOP, 5 STALL, 6 REWIND.",
    _PARTITION,
)

BROKERS = OTHERS.collected("kafka_brokers", "Number of Brokers in the Kafka Cluster.")
TOPIC_PARTITIONS = OTHERS.collected(
    "kafka_topic_partitions", "Number of partitions for this Topic.", ["topic"]
)
TOPIC_END = OTHERS.collected(
    "kafka_topic_partition_current_offset",
    "Current Offset of a Broker at Topic/Partition.",
    ["topic", "partition"],
)
TOPIC_BEGIN = OTHERS.collected(
    "kafka_topic_partition_oldest_offset",
    "Oldest Offset of a Broker at Topic/Partition.",
    ["topic", "partition"],
)
OFFSET = OTHERS.collected(
    "kafka_consumergroup_current_offset",
    "Current Offset of a ConsumerGroup at Topic/Partition.",
    _PARTITION,
)
OFFSET_SUM = OTHERS.collected(
    "kafka_consumergroup_current_offset_sum",
    "Current Offset of a ConsumerGroup at Topic for all partitions.",
    _PARTITION[:2],
)
COMMITTED_LAG = OTHERS.collected(
    "kafka_consumergroup_lag",
    "Current Approximate Lag of a ConsumerGroup at Topic/Partition.",
    _PARTITION,
)
COMMITTED_LAG_SUM = OTHERS.collected(
    "kafka_consumergroup_lag_sum",
    "Current Approximate Lag of a ConsumerGroup at Topic for all partitions.",
    _PARTITION[:2],
)
MEMBERS = OTHERS.collected(
    "kafka_consumergroup_members", "Amount of members in a consumer group.", _PARTITION[:1]
)
SECONDS = OTHERS.collected(
    "kafka_consumergroup_group_lag_seconds", "Group time lag of a partition.", _MEMBER
)
MAX_SECONDS = OTHERS.collected(
    "kafka_consumergroup_group_max_lag_seconds", "Max group time lag.", _MEMBER[:2]
)

Value = tuple[tuple[object, ...], float | None]


class LagCollector(Collector):
    """All series of the newest snapshot. `cluster_name` is what kafka-lag-exporter's label says."""

    def __init__(self, snapshot: Callable[[], LagSnapshot], cluster_name: str) -> None:
        self._snapshot = snapshot
        self._cluster_name = cluster_name

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families that have any series."""
        for family in families(self._snapshot(), self._cluster_name):
            if family.samples:
                yield family


def registry(snapshot: Callable[[], LagSnapshot], cluster_name: str) -> CollectorRegistry:
    """A registry that holds the lag and nothing else."""
    made = CollectorRegistry()
    made.register(LagCollector(snapshot, cluster_name))
    return made


def families(snapshot: LagSnapshot, cluster_name: str) -> Iterator[GaugeMetricFamily]:
    """Every family, also those without a series now."""
    yield from _about_measuring(snapshot)
    yield from _logs(snapshot)
    groups = [group for group in snapshot.groups if group.in_kafka]
    yield from _offsets(groups)
    yield from _seconds(groups, cluster_name)
    yield from _words(groups)


def _gauge(declared: Declared, values: Iterable[Value]) -> GaugeMetricFamily:
    """One family; values that are not known are left out."""
    family = GaugeMetricFamily(declared.name, declared.meaning, labels=declared.labels)
    for names, value in values:
        if value is not None:
            family.add_metric([str(name) for name in names], value)
    return family


def _about_measuring(snapshot: LagSnapshot) -> Iterator[GaugeMetricFamily]:
    yield _gauge(UP, [((), 0 if snapshot.down else 1)])
    if snapshot.database_asked:
        yield _gauge(DATABASE_UP, [((), 0 if snapshot.database_down else 1)])
    yield _gauge(MEASURED_AT, [((), snapshot.at)])


def _logs(snapshot: LagSnapshot) -> Iterator[GaugeMetricFamily]:
    logs = snapshot.topics
    count: dict[str, int] = {}
    for log in logs:
        count[log.topic] = count.get(log.topic, 0) + 1
    yield _gauge(BROKERS, [((), snapshot.brokers)])
    yield _gauge(TOPIC_PARTITIONS, [((topic,), parts) for topic, parts in count.items()])
    yield _gauge(TOPIC_END, [((log.topic, log.partition), log.end) for log in logs])
    yield _gauge(TOPIC_BEGIN, [((log.topic, log.partition), log.begin) for log in logs])


def _offsets(groups: list[GroupLag]) -> Iterator[GaugeMetricFamily]:
    lags = [lag for group in groups for lag in group.partitions]
    yield _gauge(OFFSET, [(_place(lag), lag.committed) for lag in lags])
    yield _gauge(OFFSET_SUM, _by_topic(lags, lambda lag: lag.committed))
    yield _gauge(COMMITTED_LAG, [(_place(lag), lag.committed_lag) for lag in lags])
    yield _gauge(COMMITTED_LAG_SUM, _by_topic(lags, lambda lag: lag.committed_lag))
    yield _gauge(MEMBERS, [((group.name,), group.members) for group in groups])
    yield _gauge(APPLIED_LAG, [(_place(lag), lag.lag) for lag in lags if lag.in_ledger])


def _seconds(groups: list[GroupLag], cluster_name: str) -> Iterator[GaugeMetricFamily]:
    lags = [lag for group in groups for lag in group.partitions]
    yield _gauge(
        SECONDS,
        [
            ((cluster_name, *_place(lag), *_owner(lag.owner or Member())), lag.seconds)
            for lag in lags
        ],
    )
    yield _gauge(MAX_SECONDS, [((cluster_name, group.name), group.seconds) for group in groups])


def _words(groups: list[GroupLag]) -> Iterator[GaugeMetricFamily]:
    told = [(group.name, group.status) for group in groups if group.status is not None]
    yield _gauge(STATUS, [((name,), status.status) for name, status in told])
    yield _gauge(COMPLETE, [((name,), status.complete) for name, status in told])
    lags = [lag for group in groups for lag in group.partitions]
    yield _gauge(
        PARTITION_STATUS, [(_place(lag), lag.status and lag.status.status) for lag in lags]
    )


def _by_topic(
    lags: list[PartitionLag], number: Callable[[PartitionLag], int | None]
) -> list[Value]:
    sums: dict[tuple[object, ...], float | None] = {}
    for lag in lags:
        value = number(lag)
        if value is not None:
            key = (lag.group, lag.topic)
            sums[key] = (sums.get(key) or 0) + value
    return list(sums.items())


def _place(lag: PartitionLag) -> tuple[str, str, int]:
    return lag.group, lag.topic, lag.partition


def _owner(member: Member) -> tuple[str, str, str]:
    return member.host, member.consumer_id, member.client_id
