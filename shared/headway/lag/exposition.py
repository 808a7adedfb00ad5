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

_PARTITION = ("consumergroup", "topic", "partition")
_MEMBER = ("cluster_name", "group", "topic", "partition", "member_host", "consumer_id", "client_id")

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


def _gauge(
    name: str, meaning: str, labels: Iterable[str], values: Iterable[Value]
) -> GaugeMetricFamily:
    """One family; values that are not known are left out."""
    family = GaugeMetricFamily(name, meaning, labels=tuple(labels))
    for names, value in values:
        if value is not None:
            family.add_metric([str(name) for name in names], value)
    return family


def _about_measuring(snapshot: LagSnapshot) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "headway_lag_up", "1 if Kafka could be measured at the last try, else 0.", (),
        [((), 0 if snapshot.down else 1)],
    )  # fmt: skip
    if snapshot.database_asked:
        yield _gauge(
            "headway_lag_database_up", "1 if the database told what it has applied, else 0.", (),
            [((), 0 if snapshot.database_down else 1)],
        )  # fmt: skip
    yield _gauge(
        "headway_lag_measured_timestamp_seconds", "When the last try was, in seconds since 1970.",
        (), [((), snapshot.at)],
    )  # fmt: skip


def _logs(snapshot: LagSnapshot) -> Iterator[GaugeMetricFamily]:
    count: dict[str, int] = {}
    for log in snapshot.topics:
        count[log.topic] = count.get(log.topic, 0) + 1
    yield _gauge(
        "kafka_brokers", "Number of Brokers in the Kafka Cluster.", (), [((), snapshot.brokers)]
    )
    yield _gauge(
        "kafka_topic_partitions", "Number of partitions for this Topic", ("topic",),
        [((topic,), parts) for topic, parts in count.items()],
    )  # fmt: skip
    yield _gauge(
        "kafka_topic_partition_current_offset", "Current Offset of a Broker at Topic/Partition",
        ("topic", "partition"), [((log.topic, log.partition), log.end) for log in snapshot.topics],
    )  # fmt: skip
    yield _gauge(
        "kafka_topic_partition_oldest_offset", "Oldest Offset of a Broker at Topic/Partition",
        ("topic", "partition"),
        [((log.topic, log.partition), log.begin) for log in snapshot.topics],
    )  # fmt: skip


def _offsets(groups: list[GroupLag]) -> Iterator[GaugeMetricFamily]:
    lags = [lag for group in groups for lag in group.partitions]
    yield _gauge(
        "kafka_consumergroup_current_offset",
        "Current Offset of a ConsumerGroup at Topic/Partition",
        _PARTITION, [(_place(lag), lag.committed) for lag in lags],
    )  # fmt: skip
    yield _gauge(
        "kafka_consumergroup_current_offset_sum",
        "Current Offset of a ConsumerGroup at Topic for all partitions",
        _PARTITION[:2], _by_topic(lags, lambda lag: lag.committed),
    )  # fmt: skip
    yield _gauge(
        "kafka_consumergroup_lag",
        "Current Approximate Lag of a ConsumerGroup at Topic/Partition",
        _PARTITION, [(_place(lag), lag.committed_lag) for lag in lags],
    )  # fmt: skip
    yield _gauge(
        "kafka_consumergroup_lag_sum",
        "Current Approximate Lag of a ConsumerGroup at Topic for all partitions",
        _PARTITION[:2], _by_topic(lags, lambda lag: lag.committed_lag),
    )  # fmt: skip
    yield _gauge(
        "kafka_consumergroup_members", "Amount of members in a consumer group",
        _PARTITION[:1], [((group.name,), group.members) for group in groups],
    )  # fmt: skip
    yield _gauge(
        "headway_consumergroup_applied_lag",
        "Records in the log that the database has not applied yet.",
        _PARTITION, [(_place(lag), lag.lag) for lag in lags if lag.in_ledger],
    )  # fmt: skip


def _seconds(groups: list[GroupLag], cluster_name: str) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "kafka_consumergroup_group_lag_seconds", "Group time lag of a partition", _MEMBER,
        [
            ((cluster_name, *_place(lag), *_owner(lag.owner or Member())), lag.seconds)
            for group in groups
            for lag in group.partitions
        ],
    )  # fmt: skip
    yield _gauge(
        "kafka_consumergroup_group_max_lag_seconds", "Max group time lag", _MEMBER[:2],
        [((cluster_name, group.name), group.seconds) for group in groups],
    )  # fmt: skip


def _words(groups: list[GroupLag]) -> Iterator[GaugeMetricFamily]:
    words = "0 NOTFOUND, 1 OK, 2 WARN, 3 ERR"
    told = [(group.name, group.status) for group in groups if group.status is not None]
    yield _gauge(
        "headway_consumergroup_status", f"A group's word after Burrow's rules: {words}.",
        _PARTITION[:1], [((name,), status.status) for name, status in told],
    )  # fmt: skip
    yield _gauge(
        "headway_consumergroup_complete",
        "Share of a group's partitions whose window of commits is full, from 0 to 1.",
        _PARTITION[:1], [((name,), status.complete) for name, status in told],
    )  # fmt: skip
    lags = [lag for group in groups for lag in group.partitions]
    yield _gauge(
        "headway_consumergroup_partition_status",
        f"A partition's word after Burrow's rules: {words}, 4 STOP, 5 STALL, 6 REWIND.",
        _PARTITION, [(_place(lag), lag.status and lag.status.status) for lag in lags],
    )  # fmt: skip


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
